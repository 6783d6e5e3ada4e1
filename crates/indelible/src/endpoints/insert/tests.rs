use indelible_proof::Actor;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn inserted(body: Value) -> Result<Event, Refusal> {
    Insert::parse(Some(body))?.into_event(Identity::new(Actor::user("u1")))
}

#[test]
fn an_action_of_the_log_or_of_better_auth_or_what_looks_like_one_is_reserved() {
    for action in [
        "auth.login.succeeded",
        "auth.anything",
        "token.revoked",
        "audit.gap",
        "audit.log.read",
        "alert.raised",
        "indelible.x",
        "sign-in:email",
        "/sign-in/email",
        "sign-out",
        "Sign-In:Email",
        "sign-in.email",
        "sign_in:email ",
        "sign-in:email\u{200b}",
        "auth\u{200b}:login",
        "AUTH:LOGIN",
        "  sign-in / email ",
        "admin:ban-user",
        "reset-password::token",
        "auth.\u{200b}",
        "token:---",
        "auth.ü",
    ] {
        assert_eq!(inserted(json!({ "action": action })), Err(Refusal::Reserved), "{action:?}");
    }
    for action in ["invoice.paid", "custom:thing", "a", "session", "Report exported", "sign-in:email:button", "  "] {
        assert!(inserted(json!({ "action": action })).is_ok(), "{action:?}");
    }
}

#[test]
fn an_action_of_another_form_becomes_one_of_ours_and_keeps_its_name() {
    for (action, ours) in [
        ("invoice.paid", "invoice.paid"),
        ("custom:thing", "custom.thing"),
        ("a", "client.a"),
        ("Report exported", "report.exported"),
        ("  ", "client.unnamed"),
        ("naïve/Ünï", "na_ve._n_"),
        (".", "client.unnamed"),
    ] {
        let event = inserted(json!({ "action": action })).unwrap();
        let original = event.metadata.get(ORIGINAL_ACTION).and_then(Value::as_str).unwrap_or(&event.action);
        assert_eq!((event.action.as_str(), original), (ours, action));
    }
}

#[test]
fn metadata_cannot_name_another_action() {
    let event = inserted(json!({"action": "invoice.paid", "metadata": {"original_action": "sign-in:email"}})).unwrap();
    assert!(event.metadata.is_empty());
    let event = inserted(json!({"action": "x:y", "metadata": {"original_action": "sign-in:email"}})).unwrap();
    assert_eq!(event.metadata[ORIGINAL_ACTION], "x:y");
}

#[test]
fn an_event_says_that_a_client_asserts_it_and_who_acts_for_whom() {
    let who = Identity::new(Actor::user("u1")).acted_by(Actor::user("admin")).session("s1").tenant("acme");
    let insert =
        Insert::parse(Some(json!({"action": "invoice.paid", "status": "failed", "severity": "high"}))).unwrap();
    let event = insert.into_event(who).unwrap();
    assert_eq!(event.source.unwrap().service.as_deref(), Some("client"));
    assert_eq!((event.actor, event.on_behalf_of), (Some(Actor::user("admin")), vec![Actor::user("u1")]));
    assert_eq!((event.session_id.as_deref(), event.tenant.as_deref()), (Some("s1"), Some("acme")));
    assert_eq!((event.outcome, event.severity), (Some(Outcome::Failure), Some(Severity::High)));
}

#[test]
fn depth_counts_from_what_is_in_the_object() {
    for (metadata, levels) in [
        (json!({}), 0),
        (json!({"a": 1}), 1),
        (json!({"a": {}}), 1),
        (json!({"a": []}), 1),
        (json!({"a": [1]}), 2),
        (json!({"a": {"b": {"c": {"d": {"e": 1}}}}, "z": 1}), 5),
    ] {
        assert_eq!(depth(metadata.as_object().unwrap().values()), levels, "{metadata}");
    }
}

proptest! {
    #[test]
    fn any_name_becomes_a_valid_action_and_an_action_stays_itself(name in ".{0,200}", ours in "[a-z]{1,9}(\\.[a-z0-9_-]{1,9}){1,4}") {
        let mut event = Event::new(dotted(&name));
        event.source = None;
        prop_assert!(event.validate().is_ok(), "{:?}", event.action);
        prop_assert_eq!(dotted(&ours), ours);
    }
}
