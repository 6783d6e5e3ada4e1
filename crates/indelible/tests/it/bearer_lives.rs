//! Cases of Bearer for Laravel that concern the lives of its tokens and what its log says of them. Where we deviate, the
//! test says so and why. docs/TOKENS.md says which test has which case.

use std::{num::NonZeroU32, time::Duration};

use indelible::{
    Cancel, Filter, Object, Query, Store,
    engine::query::Order,
    tokens::{
        Abilities, AllowedDomains, AllowedIps, Attempt, Derive, Entity, Find, Import, Issue, Issued, Kind, Kinds,
        Rates, Refusal, RevocationMode, Revoke, Rotate, RotationMode, Token, Tokens, Vault, hash,
    },
};
use serde_json::json;

use crate::tokens::{
    Bench,
    bench::{minutes, sk},
    checks::from,
};

const fn hours(count: u64) -> Duration {
    minutes(60 * count)
}

fn group(tokens: &Tokens) -> Vec<Issued> {
    tokens.issue_group(&["sk", "pk", "rk"].map(|kind| Issue::new(kind, kind, Entity::user("42")))).unwrap()
}

fn is_good(tokens: &Tokens, issued: &Issued) -> bool {
    tokens.verify(Attempt::new(issued.plaintext.reveal())).is_ok()
}

fn abilities<const N: usize>(names: [&str; N]) -> Abilities {
    Abilities::new(names).unwrap()
}

/// Its eleven kinds of events, each written by what it is for: it writes six of them, and none when a token is used.
#[test]
fn each_of_its_eleven_events_is_written_by_what_it_tells_of() {
    let kinds = Kinds::default().with("rv", Kind { revealable: true, ..Kind::new("Revealable", "rv") }).unwrap();
    let bench = Bench::with(|builder| builder.kinds(kinds).vault(Vault::new(&[7; 32])));
    let tokens = &bench.tokens;
    let shown = tokens.issue(&Issue::new("rv", "shown", Entity::user("42"))).unwrap();
    assert_eq!(tokens.reveal(&shown.token.id).unwrap().reveal(), shown.plaintext.reveal());
    let child = tokens.derive(&Derive::from(&shown.token.id)).unwrap();
    tokens.rotate(&Rotate::new(&child.token.id)).unwrap();
    assert!(!is_good(tokens, &child) && is_good(tokens, &shown));
    tokens.revoke(&Revoke::new(&shown.token.id)).unwrap();
    let with = |issue: Issue| tokens.issue(&issue).unwrap();
    for issued in [
        with(sk().allowed_ips(AllowedIps::new(["192.168.1.1"]).unwrap())),
        with(sk().allowed_domains(AllowedDomains::new(["example.com"]).unwrap())),
        with(sk().rate_limit(NonZeroU32::MIN)),
        with(sk().expires_in(minutes(1))),
    ] {
        is_good(tokens, &issued);
        bench.clock.advance(Duration::from_secs(59));
        is_good(tokens, &issued);
        bench.clock.advance(minutes(2));
        is_good(tokens, &issued);
    }
    for (event, action) in [
        ("created", "token.created"),
        ("authenticated", "token.authenticated"),
        ("revoked", "token.revoked"),
        ("rotated", "token.rotated"),
        ("failed", "token.authentication_failed"),
        ("rate_limited", "token.rate_limited"),
        ("ip_blocked", "token.ip_blocked"),
        ("domain_blocked", "token.domain_blocked"),
        ("expired", "token.expired"),
        ("derived", "token.derived"),
        ("revealed", "token.revealed"),
    ] {
        assert!(!bench.events(&format!("action:{action}")).is_empty(), "{event}");
    }
}

#[test]
fn the_log_of_a_token_is_counted_by_event_found_by_time_and_read_in_both_orders() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().rate_limit(2.try_into().unwrap())).unwrap();
    (0..3).for_each(|_| {
        bench.clock.advance(Duration::from_secs(1));
        is_good(&bench.tokens, &issued);
    });
    let of = |line: &str| bench.events(&format!("credential:{} {line}", issued.token.id)).len();
    assert_eq!((of("action:token.authenticated"), of("action:token.rate_limited")), (2, 1));
    // Up to now, now included.
    assert_eq!((of("since:2026-11-20T12:00:02Z"), of("since:2026-11-20T12:00:03Z"), of("since:2026-11-21")), (2, 1, 0));
    let read = |order| {
        let filter = Filter::parse("action:token.*", bench.clock.now()).unwrap();
        let page = bench.store.query(&Query { order, ..Query::newest(filter) }, &Cancel::default()).unwrap();
        page.events.into_iter().map(|recorded| recorded.event.action).collect::<Vec<_>>()
    };
    let expected = ["token.created", "token.authenticated", "token.authenticated", "token.rate_limited"];
    assert_eq!(read(Order::OldestFirst), expected);
    assert!(read(Order::NewestFirst).iter().eq(expected.iter().rev()));
}

#[test]
fn where_a_token_is_used_from_and_what_is_said_of_it_come_back_as_they_were() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let mut context = from("192.168.1.100");
    context.user_agent = Some("Mozilla/5.0 (Test Browser)".to_owned());
    let said = json!({ "endpoint": "/api/users", "method": "GET", "response_time_ms": 145, "nested": { "ok": true } });
    let said: Object = serde_json::from_value(said).unwrap();
    bench
        .tokens
        .check(Attempt::new(issued.plaintext.reveal()).from(context.clone()))
        .finish(None, said.clone())
        .unwrap();
    let event = bench.events("action:token.authenticated ip:192.168.1.100").remove(0);
    assert_eq!((event.context, event.metadata), (Some(context), said));
}

/// Ended are those that expired and those that were revoked; 24 hours are its default, any other number will do.
#[test]
fn tokens_that_ended_longer_ago_than_some_hours_are_pruned_and_the_others_stay() {
    for limit in [24, 48, 72] {
        let bench = Bench::new();
        let of = |owner: &str| Issue::new("sk", "key", Entity::user(owner));
        let ended = |before: u64| {
            let expired = bench.tokens.issue(&of("7").expires_in(hours(100 - before))).unwrap().token;
            let revoked = bench.tokens.issue(&of("8")).unwrap().token;
            bench.tokens.revoke(&Revoke::new(&revoked.id).after(hours(100 - before))).unwrap();
            [expired, revoked]
        };
        let (long_ago, lately) = (ended(limit + 1), ended(limit - 1));
        let valid = bench.secret_key().token;
        bench.clock.advance(hours(100));
        assert_eq!(bench.tokens.prune(hours(limit)).unwrap(), 2);
        let is_there = |token: &Token| bench.tokens.get(&token.id).unwrap().is_some();
        assert!(!long_ago.iter().any(is_there) && lately.iter().all(is_there) && is_there(&valid));
    }
}

#[test]
fn a_single_revocation_says_so_and_one_of_a_group_without_a_group_is_single() {
    for mode in [None, Some(RevocationMode::Cascade), Some(RevocationMode::Partial)] {
        let bench = Bench::new();
        let (token, other) = (bench.secret_key().token, bench.secret_key());
        let revoke = Revoke::new(&token.id);
        let revoked = bench.tokens.revoke(&mode.map_or(revoke.clone(), |mode| revoke.mode(mode))).unwrap();
        assert_eq!((revoked.len(), revoked[0].revoked_at), (1, Some(bench.clock.now())));
        let said = bench.metadata("action:token.revoked");
        assert_eq!((&said["mode"], said.get("reason")), (&"single".into(), None));
        assert!(is_good(&bench.tokens, &other));
    }
}

#[test]
fn the_reason_of_a_revocation_stays_whatever_is_chosen_after_it() {
    let bench = Bench::new();
    let issued = group(&bench.tokens);
    let revoke = Revoke::new(&issued[0].token.id).reason("security breach").mode(RevocationMode::Cascade);
    bench.tokens.revoke(&revoke).unwrap();
    let events = bench.events("action:token.revoked");
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.metadata["reason"] == "security breach"));
    let kept = bench.tokens.get(&issued[2].token.id).unwrap().unwrap();
    assert_eq!(kept.revocation_reason.as_deref(), Some("security breach"));
}

/// Deviation: since when a token was revoked stays what it was; it moves it. That it was revoked again is told.
#[test]
fn revoking_again_is_told_again_and_changes_nothing() {
    let bench = Bench::new();
    let token = bench.secret_key().token;
    bench.tokens.revoke(&Revoke::new(&token.id)).unwrap();
    let first = bench.clock.now();
    bench.clock.advance(minutes(5));
    bench.tokens.revoke(&Revoke::new(&token.id)).unwrap();
    assert_eq!(bench.tokens.get(&token.id).unwrap().unwrap().revoked_at, Some(first));
    assert_eq!(bench.events("action:token.revoked").len(), 2);
}

#[test]
fn a_partial_revocation_leaves_the_token_that_it_began_from_when_that_is_for_browsers() {
    let bench = Bench::new();
    let issued = group(&bench.tokens);
    bench.tokens.revoke(&Revoke::new(&issued[1].token.id).mode(RevocationMode::Partial)).unwrap();
    assert_eq!(issued.iter().map(|one| is_good(&bench.tokens, one)).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn a_rotation_keeps_all_that_makes_the_token_and_nothing_of_its_use() {
    let bench = Bench::new();
    let mut issues = ["sk", "pk"].map(|kind| Issue::new(kind, kind, Entity::user("42")));
    issues[0] = sk()
        .environment("live")
        .abilities(abilities(["users:read", "users:write"]))
        .allowed_ips(AllowedIps::new(["192.168.1.1"]).unwrap())
        .allowed_domains(AllowedDomains::new(["example.com"]).unwrap())
        .rate_limit(100.try_into().unwrap())
        .context(Entity::new("app", "1"))
        .boundary(Entity::new("team", "7"))
        .meta("team", "ci");
    let old = bench.tokens.issue_group(&issues).unwrap().remove(0);
    let new = bench.tokens.rotate(&Rotate::new(&old.token.id)).unwrap();
    assert_ne!((&new.token.hash, new.plaintext.reveal()), (&old.token.hash, old.plaintext.reveal()));
    let own = |token: Token| Token {
        id: String::new(),
        hash: [0; 32],
        last_four: String::new(),
        rotated_from: None,
        ..token
    };
    assert_eq!(own(new.token.clone()), own(old.token.clone()));
    assert_eq!((new.token.last_used_at, &new.token.rotated_from), (None, &Some(old.token.id)));
    assert_eq!(bench.tokens.sibling(&new.token.id, "pk").unwrap().unwrap().kind, "pk");
}

#[test]
fn of_tokens_rotated_one_after_the_other_the_last_is_good() {
    let bench = Bench::new();
    let mut all = vec![bench.secret_key()];
    for _ in 0..3 {
        all.push(bench.tokens.rotate(&Rotate::new(&all[all.len() - 1].token.id)).unwrap());
    }
    assert_eq!(all.iter().map(|one| is_good(&bench.tokens, one)).collect::<Vec<_>>(), [false, false, false, true]);
}

/// Deviation: that a token was rotated is a field of it (`rotated_to`) and an event, not metadata, which is the
/// application's.
#[test]
fn after_a_dual_rotation_both_are_good_and_after_one_with_grace_the_old_one_for_its_time() {
    let bench = Bench::new();
    for (mode, later) in [(RotationMode::Dual, true), (RotationMode::Grace(minutes(5)), false)] {
        let old = bench.secret_key();
        let before = bench.tokens.count(Find::default()).unwrap();
        let new = bench.tokens.rotate(&Rotate::new(&old.token.id).mode(mode)).unwrap();
        assert_eq!(bench.tokens.count(Find::default()).unwrap(), before + 1);
        let kept = bench.tokens.get(&old.token.id).unwrap().unwrap();
        assert_eq!((kept.rotated_to, kept.metadata), (Some(new.token.id.clone()), old.token.metadata.clone()));
        assert!(is_good(&bench.tokens, &old) && is_good(&bench.tokens, &new));
        bench.clock.advance(minutes(6));
        assert_eq!((is_good(&bench.tokens, &old), is_good(&bench.tokens, &new)), (later, true));
    }
    let said = &bench.events("action:token.rotated")[1].metadata;
    assert_eq!((&said["mode"], &said["grace_period_s"]), (&"grace".into(), &300.into()));
}

#[test]
fn what_is_derived_has_no_more_than_its_parent_and_ends_with_it() {
    let bench = Bench::with(|builder| builder.depth_max(2));
    let issue = sk()
        .abilities(abilities(["users:read", "users:write", "posts:read"]))
        .allowed_ips(AllowedIps::new(["192.168.1.1"]).unwrap())
        .allowed_domains(AllowedDomains::new(["example.com"]).unwrap())
        .rate_limit(100.try_into().unwrap())
        .expires_in(hours(24));
    let root = bench.tokens.issue(&issue).unwrap().token;
    let derive = || Derive::from(&root.id).name("for a reseller").abilities(abilities(["users:read"]));
    let child = bench.tokens.derive(&derive().meta("reseller", "r1").expires_in(hours(1))).unwrap().token;
    assert_eq!((child.parent.as_ref(), child.depth, &*child.name), (Some(&root.id), 1, "for a reseller"));
    assert_eq!((&child.kind, &child.environment, child.rate_limit), (&root.kind, &root.environment, root.rate_limit));
    assert_eq!((&child.allowed_ips, &child.allowed_domains), (&root.allowed_ips, &root.allowed_domains));
    assert_eq!((&child.metadata["reseller"], child.abilities.len()), (&"r1".into(), 1));
    let life = child.expires_at.unwrap().as_micros() - child.created_at.as_micros();
    assert_eq!(life, 3_600_000_000);
    let second = bench.tokens.derive(&derive()).unwrap().token;
    assert_eq!(second.expires_at, root.expires_at);
    let grandchild = bench.tokens.derive(&Derive::from(&child.id)).unwrap().token;
    assert_eq!(bench.tokens.find(Find::default().parent(&root.id)).unwrap().0.len(), 2);
    assert_eq!(bench.tokens.descendants(&root.id).unwrap().len(), 3);
    let said = &bench.events("action:token.derived")[0].metadata;
    assert_eq!((&said["parent_token_id"], &said["depth"]), (&root.id.clone().into(), &1.into()));

    for refused in [
        Derive::from(&grandchild.id),
        derive().abilities(abilities(["users:delete"])),
        derive().abilities(abilities(["*"])),
        derive().expires_in(hours(25)),
    ] {
        bench.tokens.derive(&refused).unwrap_err();
    }
    // One that is to be revoked may be derived from until then.
    bench.tokens.revoke(&Revoke::new(&root.id).after(hours(1))).unwrap();
    bench.tokens.derive(&derive()).unwrap();
    let revoked = bench.tokens.revoke(&Revoke::new(&root.id).mode(RevocationMode::Descendants)).unwrap();
    assert_eq!(revoked.len(), 5);
    bench.tokens.derive(&derive()).unwrap_err();
    let expired = bench.tokens.issue(&sk().expires_in(minutes(1))).unwrap().token;
    bench.clock.advance(minutes(1));
    bench.tokens.derive(&Derive::from(&expired.id)).unwrap_err();
}

/// Deviation: there is no lifetime for all tokens by the time since they were made; each type has its own, which a token
/// shows as `expires_at` from the beginning.
#[test]
fn a_token_that_does_not_expire_is_good_after_ten_years_and_its_use_is_noted() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    assert_eq!(issued.token.last_used_at, None);
    bench.clock.advance(hours(24 * 3653));
    assert!(is_good(&bench.tokens, &issued));
    bench.tokens.close();
    assert_eq!(bench.tokens.get(&issued.token.id).unwrap().unwrap().last_used_at, Some(bench.clock.now()));
}

#[test]
fn empty_lists_allow_every_address_and_domain() {
    let bench = Bench::new();
    let none: [&str; 0] = [];
    let issue = sk().allowed_ips(AllowedIps::new(none).unwrap()).allowed_domains(AllowedDomains::new(none).unwrap());
    let issued = bench.tokens.issue(&issue).unwrap();
    let attempt = || Attempt::new(issued.plaintext.reveal());
    bench.tokens.verify(attempt()).unwrap();
    bench.tokens.verify(attempt().from(from("203.0.113.9")).referer(Some("https://example.org/"))).unwrap();
}

#[test]
fn an_imported_token_is_found_by_its_id_and_text_and_by_nothing_else() {
    let bench = Bench::new();
    let text = "sk_test_4fzYp1kQ8aZt3mNbVcXw9RsT";
    let sha256: String = hash(text).iter().map(|byte| format!("{byte:02x}")).collect();
    bench.tokens.import(&[Import::new(sk(), &sha256).unwrap().id("17")]).unwrap();
    let verdict = |text: &str| bench.tokens.verify(Attempt::new(text)).map(|token| token.kind.clone());
    assert_eq!(verdict(&format!("17|{text}")), Ok("sk".to_owned()));
    assert_eq!(verdict(&format!("99999|{text}")), Err(Refusal::Unknown));
    assert_eq!(verdict("17|sk_test_4fzYp1kQ8aZt3mNbVcXw9RsU"), Err(Refusal::Unknown));
    assert_eq!(verdict(&format!("17|{text}|extra")), Err(Refusal::Malformed));
}

/// Promised by its documentation, and absent: the nearest limit counts.
#[test]
fn a_rate_limit_is_the_tokens_own_or_that_of_type_and_environment_or_type_or_environment_or_all() {
    let one = |uses: u32| NonZeroU32::new(uses).unwrap();
    let rates: Rates = serde_json::from_value(json!({
        "types": { "sk": { "live": 4 } }, "environments": { "test": 3, "live": 9 }, "global": 2,
    }))
    .unwrap();
    let kind = |id: &str, rate_limit| Kind {
        rate_limit,
        environments: ["test", "live", "other"].map(Into::into).to_vec(),
        abilities: abilities(["*"]),
        ..Kind::new(id, id)
    };
    let kinds = Kinds::default().with("own", kind("own", Some(one(5)))).unwrap();
    let kinds = kinds.with("free", kind("free", None)).unwrap();
    let bench = Bench::with(|builder| builder.rates(rates).kinds(kinds));
    let uses = |issue: Issue| {
        let issued = bench.tokens.issue(&issue).unwrap();
        (0..20).filter(|_| is_good(&bench.tokens, &issued)).count()
    };
    let of = |kind: &str, environment: &str| Issue::new(kind, kind, Entity::user("42")).environment(environment);
    assert_eq!(uses(of("sk", "live").rate_limit(one(6))), 6);
    assert_eq!((uses(of("sk", "live")), uses(of("own", "test"))), (4, 5));
    assert_eq!((uses(of("sk", "test")), uses(of("free", "live")), uses(of("free", "other"))), (3, 9, 2));
}
