use serde_json::json;

use super::*;
use crate::{Outcome, Timestamp};

fn refused(event: &Event) -> String {
    event.validate().expect_err("the event is beyond a limit").to_string()
}

fn long(bytes: usize) -> Option<String> {
    Some("x".repeat(bytes))
}

#[test]
fn an_action_is_dotted_lower_case_words() {
    for action in ["token.revoked", "a.b", "x-1.y_2.z"] {
        assert!(Event::new(action).validate().is_ok(), "{action}");
    }
    assert!(refused(&Event::default()).starts_with("action: is required"));
    for action in ["token", "Token.Revoked", "token..revoked", ".a", "a.", "a b.c", "a.b\0", "ä.b", "sign-in:email"] {
        assert!(refused(&Event::new(action)).starts_with("action: must be two or more words"), "{action}");
    }
    assert_eq!(refused(&Event::new("a.".repeat(65) + "b")), "action: is 131 bytes long; at most 128 are allowed");
}

#[test]
fn a_reason_is_a_known_code_or_has_the_prefix() {
    for code in ["token_expired", "invalid_grant", "x_frozen_card"] {
        assert!(Event::new("a.b").reason(code).validate().is_ok(), "{code}");
    }
    assert_eq!(
        refused(&Event::new("a.b").reason("token_expird")),
        "reason: is no known code; did you mean \"token_expired\"? codes of your own begin with x_ (a-z, 0-9, _)"
    );
    for code in ["x_", "x_Frozen", "frozen_card"] {
        assert!(refused(&Event::new("a.b").reason(code)).contains("codes of your own begin with x_"), "{code}");
    }
}

#[test]
fn empty_overlong_and_nul_text_is_refused_at_its_path() {
    let actor = |id: &str| Actor { id: Some(id.to_owned()), ..Actor::default() };
    assert_eq!(refused(&Event::new("a.b").actor(actor(""))), "actor.id: is an empty string; leave the field out");
    assert_eq!(
        refused(&Event::new("a.b").actor(actor(&"x".repeat(513)))),
        "actor.id: is 513 bytes long; at most 512 are allowed"
    );
    assert!(refused(&Event::new("a.b").actor(actor("a\0b"))).starts_with("actor.id: contains a NUL character"));
    assert!(
        refused(&Event::new("a.b").on_behalf_of(actor("1")).on_behalf_of(actor(""))).starts_with("on_behalf_of[1].id")
    );
    assert!(refused(&Event::new("a.b").tag("a").tag("")).starts_with("tags[1]: "));
}

#[test]
fn every_text_has_a_limit() {
    let base = || Event::new("a.b");
    let over = 5000;
    let events = [
        ("tenant", Event { tenant: long(over), ..base() }),
        ("session_id", Event { session_id: long(over), ..base() }),
        ("request_id", Event { request_id: long(over), ..base() }),
        ("trace_id", Event { trace_id: long(over), ..base() }),
        ("span_id", Event { span_id: long(over), ..base() }),
        ("correlation_id", Event { correlation_id: long(over), ..base() }),
        ("idempotency_key", Event { idempotency_key: long(129), ..base() }),
        ("source.host", Event { source: Some(Source { host: long(over), ..Source::default() }), ..base() }),
        ("client.name", Event { client: Some(Client { name: long(over), ..Client::default() }), ..base() }),
        ("oauth.issuer", Event { oauth: Some(OAuth { issuer: long(over), ..OAuth::default() }), ..base() }),
        ("http.path", Event { http: Some(Http { path: long(over), ..Http::default() }), ..base() }),
        ("credential.kind", base().credential(Credential { kind: long(over), ..Credential::default() })),
        (
            "credential.scopes[0]",
            base().credential(Credential { scopes: vec!["x".repeat(257)], ..Credential::default() }),
        ),
        ("context.user_agent", base().user_agent("x".repeat(2049))),
        ("targets[0].name", base().target(Target { name: long(over), ..Target::default() })),
    ];
    for (field, event) in events {
        let error = event.validate().unwrap_err();
        assert_eq!(error.field, field);
        assert!(error.problem.contains("bytes long"), "{error}");
    }
}

#[test]
fn every_list_has_a_limit() {
    let event = Event { targets: vec![Target::new("t", "1"); 101], ..Event::new("a.b") };
    assert_eq!(refused(&event), "targets: has 101 entries; at most 100 are allowed");
    let event = Event { on_behalf_of: vec![Actor::user("1"); 17], ..Event::new("a.b") };
    assert_eq!(event.validate().unwrap_err().field, "on_behalf_of");
    let event = Event { tags: vec!["t".into(); 65], ..Event::new("a.b") };
    assert_eq!(event.validate().unwrap_err().field, "tags");
    let oauth = OAuth { scopes_granted: vec!["s".into(); 257], ..OAuth::default() };
    assert_eq!(Event::new("a.b").oauth(oauth).validate().unwrap_err().field, "oauth.scopes_granted");
}

#[test]
fn an_empty_entry_of_a_list_is_refused() {
    assert_eq!(refused(&Event::new("a.b").target(Target::default())), "targets[0]: is empty; leave it out");
}

#[test]
fn closed_words_and_ranges_hold() {
    assert!(refused(&Event::new("a.b").actor(Actor::new("robot", "1"))).starts_with("actor.type: is not one of user,"));
    for status in [0, 99, 600] {
        let http = Http { status: Some(status), ..Http::default() };
        assert!(refused(&Event::new("a.b").http(http)).starts_with("http.status: "));
    }
    assert!(refused(&Event { count: Some(0), ..Event::new("a.b") }).starts_with("count: "));
    assert!(refused(&Event { count: Some(1 << 53), ..Event::new("a.b") }).starts_with("count: "));
    let http = Http { latency_us: Some(1 << 53), ..Http::default() };
    assert!(refused(&Event::new("a.b").http(http)).starts_with("http.latency_us: "));
    let [first_at, last_at] = [2, 1].map(|micros| Some(Timestamp::from_micros(micros).unwrap()));
    assert_eq!(refused(&Event { first_at, last_at, ..Event::new("a.b") }), "last_at: is before first_at");
    assert!(
        refused(&Event { trace_id: Some("a b".into()), ..Event::new("a.b") })
            .starts_with("trace_id: must be printable")
    );
}

#[test]
fn free_data_from_a_builder_is_held_to_what_the_reader_enforces() {
    let deep = (0..8).fold(json!(1), |inner, _| json!([inner]));
    assert!(
        refused(&Event::new("a.b").meta("k", deep)).starts_with("metadata.k[0][0][0][0][0][0][0]: is nested too deep")
    );
    assert!(refused(&Event::new("a.b").meta("k", u64::MAX)).starts_with("metadata.k: is a number beyond"));
    assert!(refused(&Event::new("a.b").meta("k", 1e300)).starts_with("metadata.k: is a number beyond"));
    assert!(refused(&Event::new("a.b").meta("k", "\0")).starts_with("metadata.k: contains a NUL"));
    assert!(
        refused(&Event::new("a.b").target(Target::new("t", "1").attr("k", "\0"))).starts_with("targets[0].attrs.k: ")
    );
}

#[test]
fn a_large_event_within_each_limit_is_still_bounded_as_a_whole() {
    let attrs = || Target::new("t", "1").attr("k", "v".repeat(8000));
    let event = Event { targets: (0..100).map(|_| attrs()).collect(), ..Event::new("a.b").outcome(Outcome::Success) };
    assert!(refused(&event).contains("at most 524288 are allowed"), "{}", refused(&event));
}
