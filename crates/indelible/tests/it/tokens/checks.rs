//! What is accepted, what is not, and what the log says of it.

use indelible::{
    Context, Http, Object, Outcome,
    tokens::{
        Abilities, AllowedDomains, AllowedIps, Attempt, Coalescing, Derive, Entity, Find, Import, Issue, Issued, Kind,
        Kinds, Refusal, Requirement, Revoke, Rotate, RotationMode, Standing, Vault, hash,
    },
    usage::{Scope, Usage},
};

use super::{
    Bench,
    bench::{minutes, sk},
};

pub(crate) fn from(ip: &str) -> Context {
    Context { ip: Some(ip.parse().unwrap()), ..Context::default() }
}

#[test]
fn a_success_is_one_event_with_what_came_of_the_request() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().abilities(Abilities::new(["orders:*"]).unwrap())).unwrap();
    let needs = Requirement::default().all(["orders:read"]);
    let attempt = Attempt::new(issued.plaintext.reveal()).from(from("203.0.113.9")).needs(&needs).request_id("req-1");
    let check = bench.tokens.check(attempt);
    assert_eq!(check.verdict().unwrap().id, issued.token.id);
    assert_eq!(bench.events("action:token.authenticated"), []);
    let http = Http { method: Some("GET".into()), status: Some(200), latency_us: Some(145_000), ..Http::default() };
    let metadata = Object::from_iter([("response_time_ms".to_owned(), 145.into())]);
    check.finish(Some(http.clone()), metadata.clone()).unwrap();
    let events = bench.events("action:token.authenticated actor:user:42 ip:203.0.113.9");
    let [event] = &events[..] else { panic!("{events:#?}") };
    assert_eq!((event.http.as_ref(), &event.metadata), (Some(&http), &metadata));
    let credential = event.credential.clone().unwrap();
    assert_eq!(credential.id, Some(issued.token.id));
    assert_eq!(credential.scopes, ["orders:*"]);
    assert_eq!(event.oauth.clone().unwrap().scopes_requested, ["orders:read"]);
    assert_eq!(event.request_id.as_deref(), Some("req-1"));
}

#[test]
fn the_uses_of_a_user_a_team_and_a_firm_of_the_same_id_are_told_apart() {
    let bench = Bench::new();
    let owners = [("user", 1), ("team", 2), ("firm", 3)];
    for (kind, uses) in owners {
        let issued = bench.tokens.issue(&Issue::new("sk", "ci key", Entity::new(kind, "42"))).unwrap();
        for _ in 0..uses {
            bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap();
        }
    }
    bench.recorder.flush();
    for (kind, uses) in owners {
        let scope = Scope::Owner { r#type: kind.to_owned(), id: "42".to_owned() };
        assert_eq!(Usage::of(&*bench.store, scope).total().unwrap().uses, uses, "{kind}");
    }
}

#[test]
fn a_check_that_is_dropped_is_logged_all_the_same() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    drop(bench.tokens.check(Attempt::new(issued.plaintext.reveal())));
    assert_eq!(bench.events("action:token.authenticated").len(), 1);
}

#[test]
fn every_failure_is_logged_with_its_cause() {
    let bench = Bench::new();
    let text = |issue: Issue| bench.tokens.issue(&issue).unwrap().plaintext;
    let plain = bench.secret_key();
    let good = plain.plaintext.reveal();
    let mut mistyped = good.to_owned();
    mistyped.replace_range(10..11, if &good[10..11] == "x" { "y" } else { "x" });
    let unknown = Bench::new().secret_key();
    let revoked = bench.secret_key();
    bench.tokens.revoke(&Revoke::new(&revoked.token.id)).unwrap();
    let expired = text(sk().expires_in(minutes(1)));
    bench.clock.advance(minutes(2));
    let by_ip = text(sk().allowed_ips(AllowedIps::new(["10.0.0.0/8"]).unwrap()));
    let by_domain = text(sk().allowed_domains(AllowedDomains::new(["*.example.com"]).unwrap()));
    let confined = text(sk().boundary(Entity::new("team", "7")));
    let limited = text(sk().rate_limit(1.try_into().unwrap()));
    let read_only = text(sk().abilities(Abilities::new(["read"]).unwrap()));
    let needs = Requirement::default;
    let cases = [
        ("hello", needs(), "token.authentication_failed", "x_token_malformed"),
        (&mistyped, needs(), "token.authentication_failed", "x_token_checksum"),
        (unknown.plaintext.reveal(), needs(), "token.authentication_failed", "token_unknown"),
        (revoked.plaintext.reveal(), needs(), "token.authentication_failed", "token_revoked"),
        (expired.reveal(), needs(), "token.expired", "token_expired"),
        (by_ip.reveal(), needs(), "token.ip_blocked", "ip_blocked"),
        (by_domain.reveal(), needs(), "token.domain_blocked", "domain_blocked"),
        (good, needs().environments(["live"]), "token.authentication_failed", "x_environment_mismatch"),
        (good, needs().kinds(["pk"]), "token.authentication_failed", "x_type_mismatch"),
        (confined.reveal(), needs(), "token.authentication_failed", "x_boundary_mismatch"),
        (read_only.reveal(), needs().all(["write"]), "token.scope_denied", "insufficient_scope"),
    ];
    for (text, needs, action, reason) in cases {
        let attempt = Attempt::new(text).from(from("203.0.113.9")).needs(&needs);
        bench.tokens.verify(attempt).unwrap_err();
        let events = bench.events(&format!("action:{action} reason:{reason} ip:203.0.113.9 -outcome:success"));
        assert_eq!(events.len(), 1, "{reason}");
    }
    bench.tokens.verify(Attempt::new(limited.reveal())).unwrap();
    let refused = bench.tokens.verify(Attempt::new(limited.reveal())).unwrap_err();
    assert_eq!((refused.status(), refused.retry_after_s().is_some()), (429, true));
    assert_eq!(bench.events("action:token.rate_limited reason:rate_limited").len(), 1);
    let event = bench.events("reason:token_unknown").remove(0);
    let credential = event.credential.unwrap();
    assert_eq!((credential.prefix.as_deref(), credential.environment.as_deref()), (Some("sk"), Some("test")));
    assert!(credential.fingerprint.unwrap().starts_with("hmac:"));
}

#[test]
fn a_boundary_is_enforced_both_ways() {
    let bench = Bench::new();
    let (seven, eight) = (Entity::new("team", "7"), Entity::new("team", "8"));
    let confined = bench.tokens.issue(&sk().boundary(seven.clone())).unwrap().plaintext;
    let free = bench.secret_key().plaintext;
    let verdict = |text: &str, boundary| bench.tokens.verify(Attempt::new(text).boundary(boundary)).is_ok();
    assert!(verdict(confined.reveal(), Some(&seven)));
    assert!(!verdict(confined.reveal(), Some(&eight)));
    assert!(!verdict(confined.reveal(), None));
    assert!(!verdict(free.reveal(), Some(&seven)));
}

#[test]
fn another_tenants_token_is_unknown() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap();
    let refused = bench.tokens.within("globex").verify(Attempt::new(issued.plaintext.reveal())).unwrap_err();
    assert_eq!(refused, Refusal::Unknown);
    assert_eq!(bench.events("tenant:globex reason:token_unknown").len(), 1);
}

#[test]
fn a_child_ends_with_its_parent_unless_orphans_live() {
    for (orphans_live, expected) in [(false, Err(Refusal::Revoked)), (true, Ok(()))] {
        let bench = Bench::with(|builder| if orphans_live { builder.orphans_live() } else { builder });
        let parent = bench.secret_key().token;
        let child = bench.tokens.derive(&Derive::from(&parent.id)).unwrap();
        let grandchild = bench.tokens.derive(&Derive::from(&child.token.id)).unwrap().plaintext;
        let verify = || bench.tokens.verify(Attempt::new(grandchild.reveal())).map(drop);
        assert_eq!(verify(), Ok(()));
        bench.tokens.revoke(&Revoke::new(&parent.id)).unwrap();
        assert_eq!(verify(), expected);
        assert_eq!(bench.tokens.rotate(&Rotate::new(&child.token.id)).is_ok(), orphans_live);
    }
}

#[test]
fn a_grace_period_ends_when_it_said() {
    let bench = Bench::new();
    let old = bench.secret_key();
    let new = bench.tokens.rotate(&Rotate::new(&old.token.id).mode(RotationMode::Grace(minutes(5)))).unwrap();
    let verify = |text: &str| bench.tokens.verify(Attempt::new(text)).map(drop);
    assert_eq!((verify(old.plaintext.reveal()), verify(new.plaintext.reveal())), (Ok(()), Ok(())));
    bench.clock.advance(minutes(5));
    assert_eq!(verify(old.plaintext.reveal()), Err(Refusal::Revoked));
    assert_eq!(verify(new.plaintext.reveal()), Ok(()));
}

#[test]
fn without_usage_in_the_log_failures_and_last_use_are_still_noted() {
    let bench = Bench::with(|builder| builder.log_usage(false));
    let issued = bench.secret_key();
    bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).unwrap();
    bench.tokens.verify(Attempt::new("hello")).unwrap_err();
    bench.tokens.close();
    assert_eq!(bench.events("action:token.authenticated"), []);
    assert_eq!(bench.events("reason:x_token_malformed").len(), 1);
    assert_eq!(bench.tokens.get(&issued.token.id).unwrap().unwrap().last_used_at, Some(bench.clock.now()));
}

#[test]
fn a_flood_of_failures_is_counted_to_the_last() {
    let coalescing = Coalescing { singly: 3, window: minutes(1) };
    let bench = Bench::with(|builder| builder.coalescing(coalescing));
    for _ in 0..1_000 {
        bench.tokens.verify(Attempt::new("hello").from(from("203.0.113.9"))).unwrap_err();
    }
    bench.tokens.close();
    let events = bench.events("reason:x_token_malformed ip:203.0.113.9");
    assert_eq!(events.len(), 4);
    assert_eq!(events.iter().map(|event| event.count.unwrap_or(1)).sum::<u64>(), 1_000);
    assert!(events.iter().all(|event| event.outcome == Some(Outcome::Failure)));
}

#[test]
fn a_flood_from_the_addresses_of_one_network_is_one() {
    let coalescing = Coalescing { singly: 3, window: minutes(1) };
    let bench = Bench::with(|builder| builder.coalescing(coalescing));
    for host in 0..1_000 {
        bench.tokens.verify(Attempt::new("hello").from(from(&format!("2001:db8:1:2::{host:x}")))).unwrap_err();
    }
    bench.tokens.verify(Attempt::new("hello").from(from("2001:db8:1:3::1"))).unwrap_err();
    bench.tokens.close();
    let events = bench.events("reason:x_token_malformed ip:2001:db8:1:2::/64");
    let [.., counted] = &events[..] else { panic!("no events") };
    assert_eq!(
        (events.len(), counted.count, &counted.metadata["network"]),
        (4, Some(997), &"2001:db8:1:2::/64".into())
    );
    assert_eq!(bench.events("reason:x_token_malformed").len(), 5);
}

#[test]
fn nothing_that_a_client_sends_keeps_an_attempt_out_of_the_log() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let long = "\0x".repeat(10_000);
    let context = Context { user_agent: Some(long.clone()), forwarded_for: Some(long.clone()), ..Context::default() };
    let attempt = Attempt::new(issued.plaintext.reveal()).from(context).request_id(&long).trace(&long, "");
    let http = Http { method: Some(long.clone()), path: Some(long), status: Some(0), ..Http::default() };
    bench.tokens.check(attempt).finish(Some(http), Object::new()).unwrap();
    bench.tokens.verify(Attempt::new(&"x".repeat(100_000))).unwrap_err();
    assert_eq!(bench.events("action:token.authenticated").len(), 1);
    assert_eq!(bench.events("reason:x_token_malformed").len(), 1);
    assert_eq!(bench.recorder.stats().lost, 0);
}

#[test]
fn nothing_that_is_asked_of_a_token_keeps_its_refusal_out_of_the_log() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().abilities(Abilities::new(["read"]).unwrap())).unwrap();
    let many = || (0..20_000).map(|n| format!("orders:{n}"));
    let asked = [
        Requirement::default().any(["x".repeat(300_000)]),
        Requirement::default().any(many()),
        Requirement::default().all(["a\0b"]),
        Requirement::default().all([""]),
    ];
    for needs in &asked {
        let check = bench.tokens.check(Attempt::new(issued.plaintext.reveal()).needs(needs));
        let refused = check.finish(None, Object::from_iter([("note".to_owned(), "y".repeat(65_000).into())]));
        assert!(matches!(refused, Err(Refusal::Scope(_))));
    }
    let denied = bench.events("action:token.scope_denied");
    assert_eq!((denied.len(), bench.recorder.stats().lost), (asked.len(), 0));
    assert_eq!(denied[1].metadata["missing"][1], "orders:1");
    assert_eq!(denied[1].oauth.as_ref().unwrap().scopes_requested.len(), 256);
}

#[test]
fn a_clock_that_is_put_back_brings_nothing_back_that_was_revoked() {
    let bench = Bench::new();
    let (revoked, rotated) = (bench.secret_key(), bench.secret_key());
    let child = bench.tokens.derive(&Derive::from(&revoked.token.id)).unwrap();
    let later = bench.secret_key();
    bench.tokens.revoke(&Revoke::new(&revoked.token.id)).unwrap();
    bench.tokens.rotate(&Rotate::new(&rotated.token.id)).unwrap();
    bench.tokens.revoke(&Revoke::new(&later.token.id).after(minutes(5))).unwrap();
    bench.clock.put_back(minutes(60));
    let verify = |issued: &Issued| bench.tokens.verify(Attempt::new(issued.plaintext.reveal())).map(drop);
    for ended in [&revoked, &rotated, &child] {
        assert_eq!(verify(ended), Err(Refusal::Revoked));
    }
    assert_eq!(verify(&later), Ok(()));
    let found = |standing| bench.tokens.count(Find::default().standing(standing)).unwrap();
    assert_eq!((found(Standing::Revoked), found(Standing::Active)), (2, 3));
    let again = bench.tokens.revoke(&Revoke::new(&revoked.token.id).reason("again")).unwrap();
    assert_eq!((again[0].revoked_at > Some(bench.clock.now()), again[0].revocation_reason.as_deref()), (true, None));
}

#[test]
fn tokens_of_bearer_are_taken_over_with_their_ids() {
    let bench = Bench::new();
    let text = "sk_test_7YhB3nVqkzLmP9wXtR2sDfGj";
    let sha256: String = hash(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let import = [Import::new(sk().never_expires(), &sha256).unwrap().id("17")];
    let imported = bench.tokens.import(&import).unwrap();
    assert_eq!(bench.tokens.import(&import).unwrap(), []);
    for (text, is_accepted) in [
        (text.to_owned(), true),
        (format!("17|{text}"), true),
        (format!("18|{text}"), false),
        (format!("17|x|{text}"), false),
    ] {
        assert_eq!(bench.tokens.verify(Attempt::new(&text)).is_ok(), is_accepted, "{text}");
    }
    assert_eq!(bench.metadata("action:token.created")["imported"], true);
    assert_eq!(imported[0].imported_id.as_deref(), Some("17"));
    assert!(Import::new(sk(), &"00".repeat(64)).is_err());
    let unusable = [Import::new(sk(), &"00".repeat(32)).unwrap().id("x".repeat(65))];
    assert!(bench.tokens.import(&unusable).unwrap_err().to_string().starts_with("id: "));
}

#[test]
fn a_revealable_token_is_shown_again_and_the_log_knows() {
    let kinds = Kinds::default().with("rv", Kind { revealable: true, ..Kind::new("Revealable", "rv") }).unwrap();
    let bench = Bench::with(|builder| builder.kinds(kinds).vault(Vault::new(&[7; 32])));
    let issued = bench.tokens.issue(&Issue::new("rv", "shown", Entity::user("42"))).unwrap();
    assert_eq!(bench.tokens.reveal(&issued.token.id).unwrap().reveal(), issued.plaintext.reveal());
    assert_eq!(bench.events("action:token.revealed").len(), 1);
    let secret = bench.secret_key().token;
    assert!(bench.tokens.reveal(&secret.id).unwrap_err().to_string().contains("not revealable"));
}
