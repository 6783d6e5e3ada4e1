//! What Bearer for Laravel promises and does not do: each is done here.

use std::time::Duration;

use indelible::{
    Context,
    tokens::{
        Abilities, AllowedDomains, AllowedIps, Attempt, Derive, Entity, Issue, RevocationMode, Revoke, Rotate,
        RotationMode,
    },
};

use super::{
    Bench,
    bench::{minutes, sk},
    checks::from,
};

fn one() -> std::num::NonZeroU32 {
    std::num::NonZeroU32::MIN
}

#[test]
fn every_authentication_is_in_the_log() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    (0..10).for_each(|_| drop(bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap()));
    assert_eq!(bench.events("action:token.authenticated").len(), 10);
}

#[test]
fn every_failed_authentication_is_in_the_log() {
    let bench = Bench::new();
    bench.tokens.verify(Attempt::new("sk_test_nobody").from(from("203.0.113.9"))).unwrap_err();
    assert_eq!(bench.events("action:token.authentication_failed outcome:failure").len(), 1);
}

#[test]
fn every_step_of_a_life_is_an_event() {
    let bench = Bench::new();
    let group = [Issue::new("sk", "a", Entity::user("42")), Issue::new("pk", "b", Entity::user("42"))];
    let first = bench.tokens.issue_group(&group).unwrap().remove(0).token;
    let second = bench.tokens.rotate(&Rotate::new(&first.id)).unwrap().token;
    bench.tokens.revoke(&Revoke::new(&second.id)).unwrap();
    let actions: Vec<_> = bench.events("").into_iter().map(|event| event.action).collect();
    let expected =
        ["token.group_created", "token.created", "token.created", "token.rotated", "token.created", "token.revoked"];
    assert_eq!(actions, expected);
}

#[test]
fn a_rate_limit_limits_by_type_and_by_token() {
    let bench = Bench::new();
    let uses = |text: &str| (0..1_500).filter(|_| bench.tokens.verify(Attempt::new(text)).is_ok()).count();
    let by_type = bench.tokens.issue(&Issue::new("pk", "web", Entity::user("42"))).unwrap().plaintext;
    let by_token = bench.tokens.issue(&sk().rate_limit(one())).unwrap().plaintext;
    assert_eq!((uses(by_type.reveal()), uses(by_token.reveal())), (1_000, 1));
}

#[test]
fn networks_and_wildcard_domains_are_understood() {
    let bench = Bench::new();
    let ips = AllowedIps::new(["10.0.0.0/8", "2001:db8::/32"]).unwrap();
    let domains = AllowedDomains::new(["*.example.com"]).unwrap();
    let text = bench.tokens.issue(&sk().allowed_ips(ips).allowed_domains(domains)).unwrap().plaintext;
    let verify = |ip: &str, origin: Option<&str>, referer: Option<&str>| {
        let attempt = Attempt::new(text.reveal()).from(from(ip)).origin(origin).referer(referer);
        bench.tokens.verify(attempt).is_ok()
    };
    assert!(verify("10.1.2.3", Some("https://app.example.com"), None));
    assert!(verify("2001:db8::1", None, Some("https://app.example.com/page")));
    assert!(!verify("11.0.0.1", Some("https://app.example.com"), None));
    assert!(!verify("10.1.2.3", Some("https://example.org"), Some("https://app.example.com/")));
    assert!(!verify("10.1.2.3", None, None));
}

#[test]
fn a_types_defaults_are_applied_and_enforced() {
    let bench = Bench::new();
    let issue = |kind: &str| bench.tokens.issue(&Issue::new(kind, kind, Entity::user("42"))).unwrap();
    let (sk, pk, rk) = (issue("sk"), issue("pk"), issue("rk"));
    assert_eq!((sk.token.abilities.len(), sk.token.expires_at), (1, None));
    assert_eq!(pk.token.abilities, Abilities::new(["read"]).unwrap());
    let days = |token: &indelible::tokens::Token| {
        (token.expires_at.unwrap().as_micros() - token.created_at.as_micros()) / 86_400_000_000
    };
    assert_eq!((days(&pk.token), days(&rk.token), rk.token.abilities.len()), (30, 365, 0));
    assert!(bench.tokens.issue(&super::bench::sk().environment("production")).is_err());
    let in_browser = |text: &str| bench.tokens.verify(Attempt::new(text).origin(Some("https://example.com"))).is_ok();
    assert!(!in_browser(sk.plaintext.reveal()) && in_browser(pk.plaintext.reveal()));
}

#[test]
fn revoke_revokes() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap();
    bench.tokens.revoke(&Revoke::new(&issued.token.id)).unwrap();
    bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap_err();
}

#[test]
fn a_timed_revocation_waits_for_its_time() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    bench.tokens.revoke(&Revoke::new(&issued.token.id).after(minutes(60)).reason("moving")).unwrap();
    assert_eq!(bench.metadata("action:token.revoked")["mode"], "timed");
    let verify = || bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).is_ok();
    bench.clock.advance(minutes(59));
    assert!(verify());
    bench.clock.advance(minutes(1));
    assert!(!verify());
    // Nothing brings it back: not even a revocation for later.
    bench.tokens.revoke(&Revoke::new(&issued.token.id).after(minutes(60))).unwrap();
    assert!(!verify());
}

#[test]
fn derivation_obeys_its_settings() {
    let bench = Bench::with(|builder| builder.depth_max(1));
    let issue = sk().abilities(Abilities::new(["orders:*"]).unwrap()).expires_in(minutes(60));
    let parent = bench.tokens.issue(&issue.allowed_ips(AllowedIps::new(["10.0.0.0/8"]).unwrap())).unwrap().token;
    let derive = || Derive::from(&parent.id);
    let child = bench.tokens.derive(&derive().abilities(Abilities::new(["orders:read"]).unwrap())).unwrap().token;
    assert_eq!((&child.allowed_ips, child.expires_at), (&parent.allowed_ips, parent.expires_at));
    assert!(bench.tokens.derive(&derive().abilities(Abilities::new(["*"]).unwrap())).is_err());
    assert!(bench.tokens.derive(&derive().expires_in(minutes(61))).is_err());
    assert!(bench.tokens.derive(&Derive::from(&child.id)).unwrap_err().to_string().contains("depth 1"));
    assert_eq!(bench.events("action:token.derived").len(), 1);
}

#[test]
fn one_path_of_rotation_keeps_expiry_and_ancestry() {
    let bench = Bench::new();
    let parent = bench.tokens.issue(&sk().expires_in(minutes(60))).unwrap().token;
    let child = bench.tokens.derive(&Derive::from(&parent.id)).unwrap().token;
    for mode in [RotationMode::Dual, RotationMode::Grace(minutes(5)), RotationMode::Immediate] {
        let new = bench.tokens.rotate(&Rotate::new(&child.id).mode(mode).expires_in(minutes(10))).unwrap().token;
        assert_eq!((&new.parent, new.depth), (&child.parent, child.depth));
        let same = bench.tokens.rotate(&Rotate::new(&new.id).mode(mode)).unwrap().token;
        assert_eq!(same.expires_at, new.expires_at);
    }
}

#[test]
fn a_rotation_does_not_bring_back_what_was_revoked_or_expired() {
    let bench = Bench::new();
    let revoked = bench.secret_key().token;
    bench.tokens.revoke(&Revoke::new(&revoked.id)).unwrap();
    assert!(bench.tokens.rotate(&Rotate::new(&revoked.id)).is_err());
    let expired = bench.tokens.issue(&sk().expires_in(Duration::from_secs(1))).unwrap().token;
    bench.clock.advance(minutes(1));
    assert!(bench.tokens.rotate(&Rotate::new(&expired.id)).is_err());
    for id in [&revoked.id, &expired.id] {
        let revived = bench.tokens.rotate(&Rotate::new(id).revive().expires_in(minutes(5))).unwrap();
        bench.tokens.verify(Attempt::new(revived.plaintext.reveal())).unwrap();
    }
}

#[test]
fn clearing_tokens_away_clears_nothing_from_the_log() {
    let bench = Bench::new();
    let token = bench.secret_key().token;
    bench.tokens.revoke(&Revoke::new(&token.id)).unwrap();
    bench.clock.advance(minutes(60));
    assert_eq!(bench.tokens.prune(minutes(30)).unwrap(), 1);
    let actions: Vec<_> = bench.events(&format!("target:token:{}", token.id)).into_iter().map(|e| e.action).collect();
    assert_eq!(actions, ["token.created", "token.revoked", "token.deleted"]);
}

#[test]
fn a_cascade_stays_in_its_group_and_tells_of_each_token() {
    let bench = Bench::new();
    let issue = || ["sk", "pk", "rk"].map(|kind| Issue::new(kind, kind, Entity::user("42")));
    let group = bench.tokens.issue_group(&issue()).unwrap();
    let other = bench.tokens.issue_group(&issue()).unwrap();
    let revoke = Revoke::new(&group[0].token.id).mode(RevocationMode::Cascade);
    assert_eq!(bench.tokens.revoke(&revoke).unwrap().len(), 3);
    let is_valid = |issued: &indelible::tokens::Issued| {
        bench.tokens.verify(Attempt::new(issued.plaintext.reveal()).from(Context::default())).is_ok()
    };
    assert!(!group.iter().any(is_valid) && other.iter().all(is_valid));
    for event in bench.events("action:token.revoked") {
        assert_eq!((&event.metadata["mode"], &event.metadata["affected_count"]), (&"cascade".into(), &3.into()));
        assert_eq!(event.metadata.get("reason"), None);
    }
}
