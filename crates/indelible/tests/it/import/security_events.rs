//! What Security Event Tokens tell, checked field by field.

use indelible::import::{Format, delivery};
use serde_json::{Value, json};

use super::mapped;

/// The claims of a Security Event Token of one event.
pub(super) fn token(uri: &str, subject: &Value, event: &Value) -> Value {
    json!({"iss": "https://idp.example.com", "jti": "756E69", "iat": 1_767_323_045, "aud": "https://log.example.com", "sub_id": subject, "events": {uri: event}})
}

#[test]
fn caep_a_session_is_revoked_by_a_policy() {
    let subject = json!({
        "format": "complex",
        "session": {"format": "opaque", "id": "dMTlD|1600"},
        "user": {"format": "iss_sub", "iss": "https://idp.example.com", "sub": "99beb27c"},
        "tenant": {"format": "opaque", "id": "acme"},
    });
    let told =
        json!({"event_timestamp": 1_767_323_000, "initiating_entity": "policy", "reason_admin": {"en": "Landspeed"}});
    let uri = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    assert_eq!(
        mapped(Format::SecurityEvents, &token(uri, &subject, &told)),
        json!({
            "occurred_at": "2026-01-02T03:03:20.000000Z",
            "action": "session.revoked",
            "outcome": "success",
            "actor": {"type": "system", "id": "https://idp.example.com"},
            "session_id": "dMTlD|1600",
            "oauth": {"issuer": "https://idp.example.com", "audience": "https://log.example.com"},
            "targets": [
                {"type": "user", "id": "99beb27c", "attrs": {"issuer": "https://idp.example.com"}},
                {"type": "session", "id": "dMTlD|1600"},
                {"type": "tenant", "id": "acme"},
            ],
            "metadata": {"original_action": uri, "initiating_entity": "policy"},
        })
    );
}

#[test]
fn caep_and_risc_become_our_actions_with_what_was_before_and_after() {
    let email = json!({"format": "email", "email": "alice@example.com"});
    for (uri, told, action, changes) in [
        (
            "caep/event-type/credential-change",
            json!({"credential_type": "password", "change_type": "update"}),
            "auth.password.changed",
            Value::Null,
        ),
        (
            "caep/event-type/credential-change",
            json!({"credential_type": "fido2-roaming", "change_type": "create"}),
            "auth.mfa.enrolled",
            Value::Null,
        ),
        (
            "caep/event-type/credential-change",
            json!({"credential_type": "app", "change_type": "revoke"}),
            "auth.mfa.removed",
            Value::Null,
        ),
        (
            "caep/event-type/assurance-level-change",
            json!({"current_level": "nist-aal1", "previous_level": "nist-aal2"}),
            "session.assurance_changed",
            json!({"before": {"level": "nist-aal2"}, "after": {"level": "nist-aal1"}}),
        ),
        (
            "caep/event-type/device-compliance-change",
            json!({"current_status": "not-compliant", "previous_status": "compliant"}),
            "device.compliance_changed",
            json!({"before": {"status": "compliant"}, "after": {"status": "not-compliant"}}),
        ),
        (
            "caep/event-type/token-claims-change",
            json!({"claims": {"role": "ro-admin"}}),
            "token.updated",
            json!({"after": {"role": "ro-admin"}}),
        ),
        ("risc/event-type/account-disabled", json!({"reason": "hijacking"}), "account.disabled", Value::Null),
        ("risc/event-type/account-enabled", json!({}), "account.enabled", Value::Null),
        ("risc/event-type/account-purged", json!({}), "account.deleted", Value::Null),
        (
            "risc/event-type/identifier-changed",
            json!({"new-value": "alice.new@example.com"}),
            "account.email_changed",
            json!({"after": {"identifier": "alice.new@example.com"}}),
        ),
        (
            "risc/event-type/credential-compromise",
            json!({"credential_type": "password"}),
            "auth.password.leaked",
            Value::Null,
        ),
        (
            "ssf/event-type/verification",
            json!({"state": "VGhpcyBpcyBhbiBleGFtcGxlIHN0YXRlIHZhbHVlLgo="}),
            "stream.verified",
            Value::Null,
        ),
        ("acme/event-type/coffee-spilled", json!({}), "security_events.coffee_spilled", Value::Null),
    ] {
        let uri = format!("https://schemas.openid.net/secevent/{uri}");
        let event = mapped(Format::SecurityEvents, &token(&uri, &email, &told));
        assert_eq!(event["action"], action, "{uri}");
        assert_eq!(event.get("changes").cloned().unwrap_or_default(), changes, "{uri}");
        assert_eq!(event["targets"][0]["id"], "alice@example.com", "{uri}");
    }
}

#[test]
fn a_subject_of_any_format_is_a_target() {
    let uri = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
    for (subject, kind, id) in [
        (json!({"format": "account", "uri": "acct:alice@example.com"}), "user", "acct:alice@example.com"),
        (json!({"format": "email", "email": "alice@example.com"}), "user", "alice@example.com"),
        (json!({"format": "iss_sub", "iss": "https://idp.example.com", "sub": "145234573"}), "user", "145234573"),
        (json!({"format": "opaque", "id": "11112222333344445555"}), "user", "11112222333344445555"),
        (json!({"format": "phone_number", "phone_number": "+12065550100"}), "user", "+12065550100"),
        (json!({"format": "did", "url": "did:example:123456"}), "user", "did:example:123456"),
        (json!({"format": "uri", "uri": "urn:uuid:4e851e98"}), "user", "urn:uuid:4e851e98"),
        (json!({"format": "jwt_id", "iss": "https://idp.example.com", "jti": "B70BA622"}), "token", "B70BA622"),
        (
            json!({"format": "aliases", "identifiers": [{"format": "email", "email": "alice@example.com"}]}),
            "user",
            "alice@example.com",
        ),
        (
            json!({"subject_type": "iss-sub", "iss": "https://idp.example.com", "sub": "7375626A656374"}),
            "user",
            "7375626A656374",
        ),
        (
            json!({"subject_type": "oauth_token", "token_type": "refresh_token", "token_identifier_alg": "hash_SHA512_double", "token": "q83v"}),
            "refresh_token",
            "q83v",
        ),
    ] {
        let event = mapped(Format::SecurityEvents, &token(uri, &subject, &json!({})));
        assert_eq!((&event["targets"][0]["type"], &event["targets"][0]["id"]), (&json!(kind), &json!(id)), "{subject}");
    }
}

#[test]
fn each_event_of_a_token_is_one_of_ours_and_a_person_acts_who_did_it_themselves() {
    let caep = "https://schemas.openid.net/secevent/caep/event-type/";
    let mut claims =
        token(&format!("{caep}session-revoked"), &json!({"format": "email", "email": "alice@example.com"}), &json!({}));
    claims["events"][format!("{caep}credential-change")] =
        json!({"initiating_entity": "user", "credential_type": "password"});
    let events = delivery(Format::SecurityEvents, None, claims.to_string().as_bytes());
    let actors: Vec<_> =
        events.iter().map(|it| (it.action.as_str(), it.actor.as_ref().unwrap().r#type.as_deref())).collect();
    assert_eq!(actors, [("auth.password.changed", Some("user")), ("session.revoked", Some("system"))]);
    assert_ne!(events[0].idempotency_key, events[1].idempotency_key);
}

#[test]
fn a_token_that_an_issuer_names_as_it_is_or_by_its_beginning_is_in_no_target() {
    let uri = "https://schemas.openid.net/secevent/oauth/event-type/token-revoked";
    let target = |how: &str| {
        let subject = json!({"subject_type": "oauth_token", "token_type": "refresh_token", "token_identifier_alg": how, "token": "1//0gsecret"});
        mapped(Format::SecurityEvents, &token(uri, &subject, &json!({})))["targets"].clone()
    };
    assert_eq!(target("hash_base64_sha512_sha512"), json!([{"type": "refresh_token", "id": "1//0gsecret"}]));
    for how in ["plain", "prefix", ""] {
        assert_eq!(target(how), json!(null), "{how}");
    }
}
