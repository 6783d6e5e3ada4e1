//! What is told, and what never is.

use indelible_proof::{Outcome, Severity};
use proptest::prelude::*;

use super::*;
use crate::{
    MemoryStore, Recorder,
    oauth::{Fingerprints, TokenKind},
};

fn fingerprints() -> Fingerprints {
    Fingerprints::new([7; 32])
}

/// Every event of one request: each has every token and text it may have.
fn all(request: &Request, one: &Token, other: &Token, text: &str) -> Vec<Event> {
    let object = || Object::from_iter([("name".to_owned(), text.replace('\0', "").into())]);
    vec![
        request.authorization_requested(),
        request.authorization_granted([one]),
        request.authorization_denied(text),
        request.consent_granted(),
        request.consent_denied(),
        request.consent_revoked(),
        request.token_issued(one, [one, other]),
        request.token_issued(None, [other]),
        request.token_refreshed(one, [one, other]),
        request.token_exchanged(one, [other]),
        request.token_failed(text, one),
        request.token_revoked([one, other], text),
        request.token_introspected(one, true),
        request.refresh_token_reused(one, [other]),
        request.token_used(one),
        request.token_refused(text, one),
        request.device_requested(one),
        request.device_approved(one),
        request.device_denied(one),
        request.client_created(),
        request.client_updated(object(), object()),
        request.client_secret_rotated(),
        request.client_disabled(),
        request.client_enabled(),
        request.client_deleted(),
    ]
}

proptest! {
    #[test]
    fn whatever_the_secrets_no_event_holds_one(secrets in prop::array::uniform2("[!-~]{8,200}")) {
        let [one, other] = secrets.each_ref().map(|secret| fingerprints().refresh_token(secret).scopes("read"));
        for event in all(&Request::of("web").token_family("7"), &one, &other, "invalid_grant") {
            let json = serde_json::to_string(&event).unwrap();
            for secret in &secrets {
                prop_assert!(!json.contains(secret.as_str()), "{json}");
            }
        }
    }

    #[test]
    fn whatever_comes_from_outside_the_log_takes_the_event(text in prop_oneof![any::<String>(), "[a\0 é]{4000,6000}"]) {
        let request = Request::of(&text)
            .client_name(&text)
            .grant_type(&text)
            .response_type(&text)
            .scopes_requested(&text)
            .scopes_granted(&text)
            .redirect_uri(&text)
            .token_family(&text)
            .issuer(&text)
            .audience(&text)
            .code_challenge_method(&text)
            .dpop_jkt(&text);
        let [one, other] = [TokenKind::of_hint(&text), TokenKind::Assertion]
            .map(|kind| fingerprints().token(kind, &text).scopes(&text));
        let store = std::sync::Arc::new(MemoryStore::default());
        let recorder = Recorder::new(store);
        for event in all(&request, &one, &other, &text) {
            prop_assert!(recorder.record(event).is_ok());
        }
    }
}

#[test]
fn an_event_is_of_a_known_action_and_ends_as_that_does() {
    let code = fingerprints().code("c0de");
    for event in all(&Request::of("web"), &code, &code, "invalid_grant") {
        assert!(vocabulary::is_action(&event.action), "{}", event.action);
        assert_eq!(event.outcome, None, "{}", event.action);
    }
    let reused = Request::of("web").token_family("f1").refresh_token_reused(&code, [&code]);
    assert_eq!(vocabulary::outcome_of(&reused.action), Outcome::Denied);
    assert_eq!(vocabulary::severity_of(&reused), Severity::High);
    assert_eq!(reused.targets[0], Target::new("token_family", "f1"));
}

#[test]
fn the_client_acts_unless_somebody_else_does() {
    let client = Request::of("web").token_issued(None, []);
    assert_eq!(client.actor, Some(Actor::new("client", "web")));
    let user = Request::of("web").by(Actor::user("42")).token_issued(None, []);
    assert_eq!((user.actor, user.client.unwrap().id.as_deref()), (Some(Actor::user("42")), Some("web")));
    assert_eq!(Request::of("").authorization_denied("invalid_request").actor, Some(Actor::anonymous()));
    let exchanged = Request::of("gateway").by(Actor::service("billing")).on_behalf_of(Actor::user("42"));
    let exchanged =
        exchanged.token_exchanged(&fingerprints().access_token("one"), [&fingerprints().access_token("two")]);
    assert_eq!((exchanged.actor, exchanged.on_behalf_of), (Some(Actor::service("billing")), vec![Actor::user("42")]));
}

#[test]
fn what_is_presented_is_the_credential_and_what_is_made_the_targets() {
    let at = "2026-11-20T13:00:00Z".parse().unwrap();
    let [code, access] = [fingerprints().code("c0de"), fingerprints().access_token("acc3ss").expires_at(at)];
    let event = Request::of("web").dpop_jkt("0ZcOCORZNYy").token_issued(&code, [&access]);
    let credential = event.credential.unwrap();
    assert_eq!(credential.kind.as_deref(), Some("authorization_code"));
    assert_eq!(credential.fingerprint, Some(fingerprints().of("c0de")));
    let expected = Target::new("access_token", fingerprints().of("acc3ss"));
    assert_eq!(event.targets, [expected.attr("expires_at", at.to_string())]);
    assert_eq!(
        (event.oauth.unwrap().token_type.as_deref(), &event.metadata["dpop_jkt"]),
        (Some("DPoP"), &"0ZcOCORZNYy".into())
    );
}

#[test]
fn an_error_code_that_nobody_knows_is_one_of_your_own() {
    let reason = |error| Request::of("web").token_failed(error, None).reason;
    assert_eq!(reason("invalid_grant").as_deref(), Some("invalid_grant"));
    assert_eq!(reason("Device-Unknown").as_deref(), Some("x_device_unknown"));
    assert_eq!(reason(""), None);
    assert_eq!(Request::of("web").token_refused("insufficient_scope", None).action, "token.scope_denied");
}

#[test]
fn of_more_tokens_than_an_event_has_room_for_the_rest_is_counted() {
    let token = fingerprints().access_token("acc3ss");
    let event = Request::of("web").token_revoked(std::iter::repeat_n(&token, TARGETS_MAX + 7), "signed out");
    assert_eq!((event.targets.len(), &event.metadata["targets_left_out"]), (TARGETS_MAX, &7.into()));
    event.validate().unwrap();
}

#[test]
fn a_token_that_is_not_there_is_not_told_of() {
    let none = fingerprints().access_token("");
    for event in all(&Request::of("web"), &none, &none, "invalid_token") {
        assert_eq!(event.credential, None, "{}", event.action);
        assert!(event.targets.iter().all(|target| target.r#type.as_deref() == Some("client")), "{event:?}");
    }
}
