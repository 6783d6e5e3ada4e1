//! Tokens by what they are, page by page.

use std::fs;

use indelible::tokens::{
    Abilities, Attempt, Derive, Entity, Find, FindOrder, Issue, Revoke, Standing,
    state::{Sqlite, StateError},
};

use super::{
    Bench,
    bench::{minutes, sk},
};

fn found(bench: &Bench, find: Find) -> Vec<String> {
    let (tokens, _) = bench.tokens.find(find.clone()).unwrap();
    assert_eq!(bench.tokens.count(find).unwrap(), tokens.len() as u64);
    tokens.into_iter().map(|token| token.name).collect()
}

#[test]
fn each_condition_finds_its_tokens_newest_first() {
    let bench = Bench::new();
    let issue = |issue: Issue| {
        bench.clock.advance(minutes(1));
        bench.tokens.issue(&issue).unwrap()
    };
    let named = |kind: &str, name: &str| Issue::new(kind, name, Entity::user("42"));
    let (team, job) = (Entity::new("team", "7"), Entity::new("job", "9"));
    let plain = issue(named("sk", "plain"));
    issue(named("pk", "live").environment("live"));
    issue(named("rk", "bound").boundary(team.clone()).context(job.clone()));
    issue(Issue::new("rk", "other's", Entity::new("service", "x")));
    issue(named("rk", "orders").abilities(Abilities::new(["orders:*", "read"]).unwrap()));
    issue(named("rk", "order").abilities(Abilities::new(["orders:read"]).unwrap()));
    let revoked = issue(named("rk", "revoked"));
    bench.tokens.revoke(&Revoke::new(&revoked.token.id)).unwrap();
    let scheduled = issue(named("rk", "scheduled"));
    bench.tokens.revoke(&Revoke::new(&scheduled.token.id).after(minutes(60))).unwrap();
    issue(named("rk", "expired").expires_in(minutes(1)));
    bench.clock.advance(minutes(1));
    let group = bench.tokens.issue_group(&[named("sk", "grouped")]).unwrap().remove(0).token.group.unwrap();
    bench.clock.advance(minutes(1));
    bench.tokens.derive(&Derive::from(&plain.token.id).name("child")).unwrap();

    let find = Find::default;
    assert_eq!(found(&bench, find().kind("sk")), ["child", "grouped", "plain"]);
    assert_eq!(found(&bench, find().id(&plain.token.id)), ["plain"]);
    bench.tokens.verify(Attempt::new(plain.plaintext.reveal())).unwrap();
    bench.tokens.close();
    assert_eq!(found(&bench, find().kind("sk").never_used()), ["child", "grouped"]);
    let totals = bench.tokens.totals(find().ungrouped()).unwrap();
    assert_eq!((totals.total, totals.active, totals.by_type["sk"], totals.by_environment["live"]), (10, 8, 2, 1));
    assert_eq!(found(&bench, find().prefix("pk")), ["live"]);
    assert_eq!(found(&bench, find().environment("live")), ["live"]);
    assert_eq!(found(&bench, find().boundary(team)), ["bound"]);
    assert_eq!(found(&bench, find().context(job)), ["bound"]);
    assert_eq!(found(&bench, find().owner(Entity::new("service", "x"))), ["other's"]);
    assert_eq!(found(&bench, find().kind("rk").ability("orders:read")), ["order", "orders"]);
    assert_eq!(found(&bench, find().kind("rk").ability("orders:*")), ["orders"]);
    assert_eq!(found(&bench, find().ability("anything")), ["child", "grouped", "plain"]);
    assert_eq!(found(&bench, find().standing(Standing::Revoked)), ["revoked"]);
    assert_eq!(found(&bench, find().standing(Standing::Expired)), ["expired"]);
    assert_eq!(found(&bench, find().standing(Standing::Active)).len(), 9);
    assert_eq!(found(&bench, find().group(&group)), ["grouped"]);
    assert_eq!(found(&bench, find().ungrouped()).len(), 10);
    assert_eq!(found(&bench, find().parent(&plain.token.id)), ["child"]);
    assert_eq!(found(&bench, find().unused_since(plain.token.created_at)), [""; 0]);
    assert_eq!(bench.tokens.descendants(&plain.token.id).unwrap()[0].name, "child");
    assert_eq!(bench.tokens.sibling(&plain.token.id, "sk").unwrap(), None);
}

#[test]
fn pages_follow_each_other_in_every_order() {
    let bench = Bench::new();
    let issued: Vec<_> = (0..7).map(|_| bench.secret_key()).collect();
    for issued in issued.iter().step_by(2) {
        bench.clock.advance(minutes(1));
        bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap();
    }
    bench.tokens.close();
    for order in [FindOrder::Created, FindOrder::LastUsed] {
        let whole = bench.tokens.find(Find::default().order(order)).unwrap().0;
        let (mut paged, mut find) = (Vec::new(), Find::default().order(order).limit(2));
        loop {
            let (page, next) = bench.tokens.find(find.clone()).unwrap();
            paged.extend(page);
            match next {
                Some(next) => find = find.after(next),
                None => break,
            }
        }
        assert_eq!(paged, whole);
        assert_eq!(whole.len(), 7);
    }
    let by_use = bench.tokens.find(Find::default().order(FindOrder::LastUsed)).unwrap().0;
    assert_eq!(by_use[0].id, issued[6].token.id);
    assert!(by_use[4].last_used_at.is_none());
}

#[test]
fn a_query_of_sql_finds_nothing_and_breaks_nothing() {
    let bench = Bench::new();
    bench.secret_key();
    let text = "'; DROP TABLE tokens; --";
    assert_eq!(found(&bench, Find::default().kind(text).ability(text).group(text)), [""; 0]);
    assert_eq!(bench.tokens.within(text).get(text).unwrap(), None);
    assert_eq!(bench.tokens.count(Find::default()).unwrap(), 1);
}

#[test]
fn the_database_is_its_owners_alone_and_no_newer_one_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.db");
    drop(Sqlite::open(&file).unwrap());
    drop(Sqlite::open(&file).unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(matches!(Sqlite::open(&file), Err(StateError::Newer { version: 99, .. })));
    fs::write(&file, "no database at all, but a text of some length: long enough to be looked at").unwrap();
    assert!(matches!(Sqlite::open(&file), Err(StateError::Failed { .. })));
}

#[test]
fn a_token_of_any_texts_comes_back_as_it_went_in() {
    let bench = Bench::new();
    let text = "Ünï\"'\\\u{1f511}\n%_";
    let issue = Issue::new("sk", text, Entity::new(text, text))
        .context(Entity::new(text, text))
        .meta(text, serde_json::json!({ "nested": [1, 1.5, null, text] }))
        .never_expires();
    let token = bench.tokens.issue(&issue).unwrap().token;
    assert_eq!(bench.tokens.get(&token.id).unwrap(), Some(token.clone()));
    assert_eq!(bench.tokens.find(Find::default().owner(Entity::new(text, text))).unwrap().0, [token]);
    let mut deep = serde_json::json!(1);
    (0..200).for_each(|_| deep = serde_json::json!([deep]));
    assert!(bench.tokens.issue(&sk().meta("deep", deep)).is_err());
    assert!(bench.tokens.issue(&sk().meta("long", "x".repeat(100_000))).is_err());
    assert!(bench.tokens.issue(&Issue::new("sk", "", Entity::user("42"))).is_err());
    assert!(bench.tokens.issue(&Issue::new("sk", "x", Entity::user(""))).is_err());
    assert!(bench.tokens.issue(&sk().expires_at(bench.clock.now())).is_err());
    assert_eq!(bench.tokens.count(Find::default()).unwrap(), 1);
}
