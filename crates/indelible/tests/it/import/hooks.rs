//! What identity servers send to webhooks, checked field by field.

use indelible::import::{Format, delivery};
use serde_json::{Value, json};

use super::{mapped, security_events};

/// A record of each.
pub(super) fn examples() -> Vec<(Format, Vec<u8>)> {
    let uri = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
    let user = json!({"format": "complex", "user": {"format": "email", "email": "alice@example.com"}});
    let caep = security_events::token(uri, &user, &json!({"credential_type": "app", "change_type": "create"}));
    let of = [
        (Format::Hydra, hydra()),
        (Format::Keycloak, keycloak()),
        (Format::Kratos, kratos()),
        (Format::SecurityEvents, caep),
        (Format::Zitadel, zitadel()),
    ];
    of.into_iter().map(|(format, record)| (format, record.to_string().into_bytes())).collect()
}

fn zitadel() -> Value {
    json!({
        "aggregateID": "V2_340", "aggregateType": "oidc_session", "resourceOwner": "336", "instanceID": "i1", "version": "v1",
        "sequence": 7, "event_type": "oidc_session.refresh_token.renewed", "created_at": "2026-01-02T03:04:05.678901Z",
        "userID": "42", "event_payload": {"id": "rt_2", "idleLifetime": 1000},
    })
}

fn hydra() -> Value {
    json!({
        "session": {
            "id_token": {
                "id_token_claims": {"iss": "https://id.example.com", "sub": "alice@example.com", "aud": ["c1"]},
                "headers": {"extra": {}}, "username": "", "subject": "alice@example.com",
            },
            "extra": {}, "client_id": "c1", "consent_challenge": "2aa3f1",
        },
        "request": {
            "client_id": "c1", "granted_scopes": ["openid", "offline"], "granted_audience": ["api"],
            "grant_types": ["refresh_token"], "payload": {},
        },
    })
}

fn kratos() -> Value {
    json!({
        "flow": {"id": "f1", "type": "browser", "active": "password"},
        "identity": {"id": "u1", "schema_id": "person", "traits": {"email": "alice@example.com"}},
        "request_url": "https://id.example.com/self-service/login?flow=f1", "request_method": "POST",
        "request_headers": {"User-Agent": ["Firefox"], "True-Client-Ip": ["192.0.2.7"]},
    })
}

fn keycloak() -> Value {
    json!({
        "time": 1_711_651_627_565_u64, "realmId": "r1", "uid": "d2e0fe26", "type": "access.REFRESH_TOKEN",
        "authDetails": {"realmId": "acme", "clientId": "app", "userId": "u1", "ipAddress": "192.0.2.7", "username": "alice@example.com", "sessionId": "s1"},
        "details": {"grant_type": "refresh_token", "refresh_token_id": "rt1", "updated_refresh_token_id": "rt2", "token_id": "at2", "scope": "openid email"},
    })
}

#[test]
fn zitadel_a_refreshed_token_belongs_to_the_family_of_its_session() {
    let record = zitadel();
    assert_eq!(
        mapped(Format::Zitadel, &record),
        json!({
            "occurred_at": "2026-01-02T03:04:05.678901Z",
            "action": "oauth.token.refreshed",
            "outcome": "success",
            "actor": {"type": "user", "id": "42"},
            "credential": {"kind": "refresh_token"},
            "oauth": {"token_family": "V2_340"},
            "targets": [{"type": "refresh_token", "id": "rt_2"}],
            "metadata": {"original_action": "oidc_session.refresh_token.renewed"},
        })
    );
}

#[test]
fn zitadel_an_authorization_is_requested_and_a_password_is_wrong() {
    let mut record = json!({
        "aggregateID": "V2_1", "aggregateType": "auth_request", "instanceID": "i1", "sequence": 1,
        "event_type": "auth_request.added", "created_at": "2026-01-02T03:04:05Z", "userID": "login",
        "event_payload": {
            "client_id": "c1", "redirect_uri": "https://app.example.com/cb", "scope": ["openid", "email"],
            "response_type": 0, "audience": ["c1"], "issuer": "https://id.example.com",
        },
    });
    let event = mapped(Format::Zitadel, &record);
    assert_eq!(event["action"], "oauth.authorization.requested");
    assert_eq!(event["client"], json!({"id": "c1"}));
    assert_eq!(
        event["oauth"],
        json!({
            "scopes_requested": ["openid", "email"],
            "redirect_uri": "https://app.example.com/cb",
            "issuer": "https://id.example.com",
            "audience": "c1",
        })
    );
    record["aggregateType"] = "user".into();
    record["aggregateID"] = "42".into();
    record["event_type"] = "user.human.password.check.failed".into();
    record["event_payload"] = json!({"browserInfo": {"userAgent": "curl/8", "remoteIP": "192.0.2.7"}});
    let event = mapped(Format::Zitadel, &record);
    assert_eq!((&event["action"], &event["outcome"]), (&json!("auth.login.failed"), &json!("failure")));
    assert_eq!(event["actor"], json!({"type": "user", "id": "42"}), "and not the login's own account");
    assert_eq!(event["context"], json!({"ip": "192.0.2.7", "user_agent": "curl/8"}));
}

#[test]
fn zitadel_a_call_of_the_api_before_and_after_it_ran() {
    let record = json!({
        "fullMethod": "/zitadel.user.v2.UserService/AddHumanUser", "instanceID": "i1", "orgID": "o1", "projectID": "p1",
        "userID": "7", "request": {"username": "alice"},
    });
    let event = mapped(Format::Zitadel, &record);
    assert_eq!(event["action"], "account.created");
    assert_eq!(event["changes"], json!({"after": {"username": "alice"}}));
    let mut done = record;
    done["response"] = json!({"userId": "42"});
    assert_eq!(mapped(Format::Zitadel, &done)["outcome"], "success");
}

#[test]
fn hydra_asks_before_a_token_is_refreshed() {
    let record = hydra();
    assert_eq!(
        mapped(Format::Hydra, &record),
        json!({
            "action": "oauth.token.refreshed",
            "outcome": "success",
            "actor": {"type": "user", "id": "alice@example.com"},
            "credential": {"kind": "refresh_token"},
            "client": {"id": "c1"},
            "oauth": {
                "grant_type": "refresh_token",
                "scopes_granted": ["openid", "offline"],
                "token_family": "2aa3f1",
                "issuer": "https://id.example.com",
                "audience": "api",
            },
            "metadata": {"original_action": "refresh_token"},
        })
    );
    let service =
        json!({"session": {"id_token": {}}, "request": {"client_id": "c2", "grant_types": ["client_credentials"]}});
    let event = mapped(Format::Hydra, &service);
    assert_eq!(
        (&event["action"], &event["actor"]),
        (&json!("oauth.token.issued"), &json!({"type": "client", "id": "c2"}))
    );
    assert_eq!(event.get("credential"), None);
}

#[test]
fn kratos_a_sign_in_and_a_change_of_traits() {
    let mut record = kratos();
    assert_eq!(
        mapped(Format::Kratos, &record),
        json!({
            "action": "auth.login.succeeded",
            "outcome": "success",
            "actor": {"type": "user", "id": "u1", "email": "alice@example.com"},
            "credential": {"kind": "password"},
            "context": {"ip": "192.0.2.7", "user_agent": "Firefox"},
            "http": {"method": "POST", "path": "/self-service/login"},
            "correlation_id": "f1",
            "metadata": {"original_action": "LoginSucceeded"},
        })
    );
    record["event"] = "SettingsSucceeded".into();
    let event = mapped(Format::Kratos, &record);
    assert_eq!(event["action"], "account.updated");
    assert_eq!(event["targets"], json!([{"type": "user", "id": "u1"}]));
    assert_eq!(event["changes"], json!({"after": {"email": "alice@example.com"}}));
}

#[test]
fn keycloak_as_its_webhook_extension_sends_it() {
    let record = keycloak();
    assert_eq!(
        mapped(Format::Keycloak, &record),
        json!({
            "occurred_at": "2024-03-28T18:47:07.565000Z",
            "action": "oauth.token.refreshed",
            "outcome": "success",
            "actor": {"type": "user", "id": "u1", "name": "alice@example.com"},
            "credential": {"kind": "refresh_token", "id": "rt1"},
            "session_id": "s1",
            "client": {"id": "app"},
            "oauth": {"grant_type": "refresh_token", "scopes_granted": ["openid", "email"]},
            "targets": [
                {"type": "access_token", "id": "at2"},
                {"type": "refresh_token", "id": "rt2"},
                {"type": "realm", "id": "r1"},
            ],
            "context": {"ip": "192.0.2.7"},
            "metadata": {"original_action": "REFRESH_TOKEN"},
        })
    );
    let admin = json!({
        "uid": "1", "type": "admin.CLIENT-UPDATE", "realmId": "r1", "operationType": "UPDATE", "resourceType": "CLIENT",
        "resourcePath": "clients/c1", "representation": "{\"redirectUris\":[\"https://a.example.com\"]}",
        "authDetails": {"userId": "admin", "ipAddress": "192.0.2.8"},
    });
    let event = mapped(Format::Keycloak, &admin);
    assert_eq!((&event["action"], &event["targets"][0]["id"]), (&json!("oauth.client.updated"), &json!("c1")));
    assert_eq!(event["changes"], json!({"after": {"redirectUris": ["https://a.example.com"]}}));
}

#[test]
fn keycloak_a_changed_address_keeps_what_it_was() {
    let record = json!({
        "id": "1", "time": 1_711_651_627_565_u64, "type": "UPDATE_EMAIL", "realmId": "r1", "userId": "u1", "clientId": "account",
        "details": {"previous_email": "alice@example.com", "updated_email": "alice.new@example.com", "context": "ACCOUNT"},
    });
    let event = mapped(Format::Keycloak, &record);
    assert_eq!(
        event["changes"],
        json!({"before": {"email": "alice@example.com"}, "after": {"email": "alice.new@example.com"}})
    );
}

#[test]
fn auth0_an_exchange_names_code_client_scopes_and_address() {
    let record = json!({"log_id": "9", "data": {
        "type": "s", "date": "2026-01-02T03:04:05Z", "client_id": "c1", "user_id": "auth0|42", "scope": ["openid"], "audience": "https://api.example.com",
        "details": {"qs": {"response_type": "code", "redirect_uri": "https://app.example.com/cb", "code_challenge": "x", "code_challenge_method": "S256"}},
    }});
    let event = mapped(Format::Auth0, &record);
    assert_eq!(
        event["oauth"],
        json!({
            "response_type": "code",
            "scopes_requested": ["openid"],
            "redirect_uri": "https://app.example.com/cb",
            "audience": "https://api.example.com",
        })
    );
    assert_eq!(event["metadata"]["code_challenge_method"], "S256");
    let reused = json!({"type": "ferrt", "client_id": "c1", "user_id": "auth0|42", "details": {"familyId": "fam-1"}});
    let event = mapped(Format::Auth0, &reused);
    assert_eq!(
        (&event["action"], &event["oauth"]["token_family"]),
        (&json!("oauth.refresh_token.reused"), &json!("fam-1"))
    );
    assert_eq!(event["credential"], json!({"kind": "refresh_token"}));
}

#[test]
fn google_and_github_tell_what_an_application_may_do_and_when_it_may_no_more() {
    let google = |name: &str| {
        mapped(
            Format::GoogleWorkspace,
            &json!({
                "id": {"time": "2026-01-02T03:04:05Z", "uniqueQualifier": name, "applicationName": "token"},
                "actor": {"email": "alice@example.com"},
                "events": [{"type": "auth", "name": name, "parameters": [
                    {"name": "client_id", "value": "c1.apps.example.com"}, {"name": "app_name", "value": "Mailer"},
                    {"name": "scope", "multiValue": ["mail.read"]},
                ]}],
            }),
        )
    };
    for (name, action) in [
        ("authorize", "oauth.consent.granted"),
        ("revoke", "oauth.consent.revoked"),
        ("activity", "token.authenticated"),
        ("request", "oauth.authorization.requested"),
    ] {
        let event = google(name);
        assert_eq!(event["action"], action);
        assert_eq!(event["client"], json!({"id": "c1.apps.example.com", "name": "Mailer"}));
        assert_eq!(event["oauth"]["scopes_granted"], json!(["mail.read"]));
    }
    let github = json!({
        "action": "oauth_authorization.create", "actor": "alice", "created_at": 1_767_323_045_000_u64, "_document_id": "d1",
        "oauth_application_id": 7, "oauth_application_name": "CI", "token_scopes": "repo,read:org",
    });
    let event = mapped(Format::Github, &github);
    assert_eq!(
        (&event["client"], &event["oauth"]["scopes_granted"]),
        (&json!({"id": "7", "name": "CI"}), &json!(["repo", "read:org"]))
    );
}

#[test]
fn an_event_hook_of_okta_is_taken_out_of_its_envelope() {
    let hook = json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1", "eventId": "b5a1",
        "eventTime": "2026-01-02T03:04:05.000Z", "source": "https://acme.example.com/api/v1/eventHooks/who1",
        "data": {"events": [
            {"uuid": "u-1", "eventType": "user.session.start", "published": "2026-01-02T03:04:04.000Z", "actor": {"id": "42", "type": "User"}},
            {"uuid": "u-2", "eventType": "user.session.end", "published": "2026-01-02T03:04:05.000Z"},
        ]},
    });
    let events = delivery(Format::Okta, None, hook.to_string().as_bytes());
    let seen: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.idempotency_key.as_deref())).collect();
    assert_eq!(seen, [("auth.login.succeeded", Some("okta:u-1")), ("auth.logout", Some("okta:u-2"))]);
    assert_eq!(indelible::import::detect(&hook.to_string()), Some(Format::Okta));
}
