//! The life of a token, and what the log says of it.

use indelible::tokens::{
    Abilities, AllowedIps, Derive, Entity, Find, Issue, RevocationMode, Revoke, Rotate, RotationMode, Standing,
};

use super::{
    Bench,
    bench::{minutes, sk},
};

#[test]
fn an_issued_token_has_what_its_type_gives() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&Issue::new("pk", "web", Entity::user("42")).environment("live")).unwrap();
    let token = bench.tokens.get(&issued.token.id).unwrap().unwrap();
    assert_eq!(token, issued.token);
    assert_eq!((token.prefix.as_str(), token.environment.as_str(), token.tenant.as_str()), ("pk", "live", "acme"));
    assert_eq!(token.abilities, Abilities::new(["read"]).unwrap());
    assert_eq!(token.expires_at.unwrap().to_string(), "2026-12-20T12:00:00.000000Z");
    assert!(issued.plaintext.reveal().starts_with("pk_live_"));
    bench
        .store
        .assert_recorded(&format!("action:token.created target:token:{} actor:user:admin tenant:acme", token.id));
}

#[test]
fn a_token_is_not_issued_for_an_environment_that_its_type_does_not_allow() {
    let bench = Bench::new();
    let refused = bench.tokens.issue(&sk().environment("production")).unwrap_err();
    assert_eq!(refused.to_string(), r#"tokens of type sk are not made for "production": use one of test, live"#);
    assert_eq!(bench.store.count("action:token.*"), 0);
}

#[test]
fn a_group_gives_every_plaintext_and_an_event_for_each_token() {
    let bench = Bench::new();
    let kinds = ["sk", "pk", "rk"];
    let issued = bench.tokens.issue_group(&kinds.map(|kind| Issue::new(kind, kind, Entity::user("42")))).unwrap();
    let group = issued[0].token.group.clone().unwrap();
    assert!(issued.iter().zip(kinds).all(|(one, kind)| one.plaintext.reveal().starts_with(&format!("{kind}_test_"))));
    assert_eq!(bench.events(&format!("action:token.created target:token_group:{group}")).len(), 3);
    assert_eq!(bench.events("action:token.group_created").len(), 1);
    let sibling = bench.tokens.sibling(&issued[0].token.id, "pk").unwrap().unwrap();
    assert_eq!(sibling.id, issued[1].token.id);
    let mistyped = ["sk", "sx"].map(|kind| Issue::new(kind, kind, Entity::user("42")));
    let refused = bench.tokens.issue_group(&mistyped).unwrap_err().to_string();
    assert!(refused.starts_with("token 2 of the group: there is no token type \"sx\""), "{refused}");
}

#[test]
fn a_rotation_keeps_everything_but_the_text() {
    let bench = Bench::new();
    let issue = sk().allowed_ips(AllowedIps::new(["10.0.0.0/8"]).unwrap()).meta("team", "ci").expires_in(minutes(90));
    let old = bench.tokens.issue(&issue).unwrap();
    let child = bench.tokens.derive(&Derive::from(&old.token.id)).unwrap().token;
    let new = bench.tokens.rotate(&Rotate::new(&old.token.id).mode(RotationMode::Grace(minutes(5)))).unwrap();
    assert_ne!(new.plaintext.reveal(), old.plaintext.reveal());
    assert_eq!((new.token.expires_at, &new.token.metadata), (old.token.expires_at, &old.token.metadata));
    assert_eq!(new.token.allowed_ips, old.token.allowed_ips);
    let before = bench.tokens.get(&old.token.id).unwrap().unwrap();
    assert_eq!(
        (before.rotated_to.as_ref(), before.standing(bench.clock.now())),
        (Some(&new.token.id), Standing::Active)
    );
    assert!(before.is_revocation_scheduled(bench.clock.now()));
    assert_eq!(bench.tokens.get(&child.id).unwrap().unwrap().parent.as_ref(), Some(&new.token.id));
    let said = bench.metadata("action:token.rotated");
    assert_eq!((&said["mode"], &said["new_token_id"]), (&"grace".into(), &new.token.id.into()));
    bench.clock.advance(minutes(5));
    assert_eq!(before.standing(bench.clock.now()), Standing::Revoked);
}

#[test]
fn a_partial_revocation_takes_back_what_is_for_servers() {
    let bench = Bench::new();
    let issued =
        bench.tokens.issue_group(&["sk", "pk", "rk"].map(|kind| Issue::new(kind, kind, Entity::user("42")))).unwrap();
    let revoke = Revoke::new(&issued[1].token.id).mode(RevocationMode::Partial).reason("leaked");
    let revoked = bench.tokens.revoke(&revoke).unwrap();
    let mut kinds: Vec<_> = revoked.iter().map(|token| token.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["rk", "sk"]);
    for event in bench.events("action:token.revoked") {
        assert_eq!((&event.metadata["mode"], &event.metadata["affected_count"]), (&"partial".into(), &2.into()));
        assert_eq!(event.metadata["server_side_types"], serde_json::json!(["rk", "sk"]));
        assert_eq!(event.metadata["revoked_with"], issued[1].token.id);
    }
    assert_eq!(bench.tokens.count(Find::default().standing(Standing::Active)).unwrap(), 1);
}

#[test]
fn descendants_go_with_their_ancestor() {
    let bench = Bench::new();
    let root = bench.secret_key().token;
    let child = bench.tokens.derive(&Derive::from(&root.id)).unwrap().token;
    let grandchild = bench.tokens.derive(&Derive::from(&child.id)).unwrap().token;
    assert_eq!((grandchild.depth, bench.events("action:token.derived").len()), (2, 2));
    assert_eq!(bench.events("action:token.created").len(), 3);
    let revoked = bench.tokens.revoke(&Revoke::new(&root.id).mode(RevocationMode::Descendants)).unwrap();
    assert_eq!(revoked.len(), 3);
    assert!(bench.tokens.derive(&Derive::from(&grandchild.id)).is_err());
}

#[test]
fn what_ended_long_ago_is_pruned_and_the_log_keeps_it() {
    let bench = Bench::new();
    let (gone, kept) = (bench.secret_key().token, bench.secret_key().token);
    bench.tokens.revoke(&Revoke::new(&gone.id)).unwrap();
    bench.clock.advance(minutes(25 * 60));
    assert_eq!(bench.tokens.prune(minutes(24 * 60)).unwrap(), 1);
    assert_eq!((bench.tokens.get(&gone.id).unwrap(), bench.tokens.get(&kept.id).unwrap()), (None, Some(kept)));
    assert_eq!(bench.events(&format!("target:token:{}", gone.id)).len(), 3);
}

#[test]
fn one_tenant_never_sees_the_tokens_of_another() {
    let bench = Bench::new();
    let token = bench.secret_key().token;
    let other = bench.tokens.within("globex");
    assert_eq!(other.get(&token.id).unwrap(), None);
    assert!(other.rotate(&Rotate::new(&token.id)).is_err());
    assert!(other.revoke(&Revoke::new(&token.id)).is_err());
    assert!(other.derive(&Derive::from(&token.id)).is_err());
    assert_eq!(other.count(Find::default()).unwrap(), 0);
    assert_eq!(bench.store.count("tenant:globex"), 0);
}
