//! What the test suites and the contract of the Better Auth audit plugin expect of capturing, held against ours. Where
//! ours differs on purpose, the test says why.

use axum::{Json, Router, http::StatusCode, routing::post as on_post};
use indelible::{
    Decision, Outcome, Redaction, Severity, Strategy,
    capture::{AuditLayer, Capture, Rule, RuleSet, SeverityRules, better_auth},
};
use serde_json::json;

use super::{
    app::App,
    client::{post, serve},
};

const BODY: &str = r#"{"email":"alice@example.com","password":"hunter2"}"#;

fn ok() -> Router {
    let routes =
        ["/sign-in/email", "/sign-up/email", "/sign-out", "/delete-user", "/revoke-session", "/revoke-sessions"];
    let routes = routes.into_iter().chain(["/revoke-other-sessions", "/admin/ban-user", "/admin/unban-user"]);
    let routes = routes.chain(["/two-factor/enable", "/change-password", "/reset-password", "/update-user"]);
    let routes = routes.chain(["/admin/impersonate-user", "/admin/revoke-user-sessions"]);
    routes.fold(Router::new(), |app, path| app.route(path, on_post(async || Json(json!({})))))
}

/// "sign-in entry: action, userId, success": the name is kept beside our own word.
#[tokio::test]
async fn hooks_a_sign_in_keeps_the_name_that_the_plugin_gives() {
    let app = App::around(ok(), better_auth(), |builder| builder).await;
    post(app.address, "/sign-in/email", &[], BODY).await;
    let event = app.only().event;
    assert_eq!(event.metadata["original_action"], "sign-in:email");
    assert_eq!((event.action.as_str(), event.outcome), ("auth.login.succeeded", Some(Outcome::Success)));
}

/// "null userId when no session": nobody has a type of its own here, so that events of nobody can be asked for.
#[tokio::test]
async fn hooks_without_a_session_the_actor_is_anonymous() {
    let app = App::around(ok(), better_auth(), |builder| builder).await;
    post(app.address, "/sign-out", &[], "{}").await;
    assert_eq!(app.only().event.actor.unwrap().r#type.as_deref(), Some("anonymous"));
}

/// "Error returned: failed and metadata.error". The plugin keeps it under `error.code`, a name that redaction takes for
/// an authorization code; ours is flat, and a reason beside it that can be asked for.
#[tokio::test]
async fn hooks_an_error_is_kept_with_its_code_and_message() {
    let handler =
        async || (StatusCode::BAD_REQUEST, Json(json!({"code": "PASSWORD_TOO_SHORT", "message": "Too short"})));
    let app =
        App::around(Router::new().route("/sign-up/email", on_post(handler)), better_auth(), |builder| builder).await;
    post(app.address, "/sign-up/email", &[], BODY).await;
    let event = app.only().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("x_password_too_short")));
    assert_eq!(event.metadata["error_code"], "PASSWORD_TOO_SHORT");
    assert_eq!(event.metadata["error_message"], "Too short");
}

/// "requestBody captured", and unlike the plugin's, redacted below the first level too.
#[tokio::test]
async fn hooks_a_captured_body_is_redacted_at_any_depth() {
    let capture = |rule: Rule| rule.capture(Capture { request_body: true, ..Capture::default() });
    let app = App::around(ok(), better_auth().map(capture), |builder| builder).await;
    post(app.address, "/sign-in/email", &[], r#"{"email":"a","users":[{"password":"hunter2"}],"password":"hunter2"}"#)
        .await;
    let body = json!({"email": "a", "users": [{"password": "[REDACTED]"}], "password": "[REDACTED]"});
    assert_eq!(app.only().event.metadata["request_body"], body);
}

/// "per-path capture": the plugin ignores it for bodies.
#[tokio::test]
async fn hooks_what_is_kept_is_chosen_path_by_path() {
    let quiet = Capture { ip: false, user_agent: false, ..Capture::default() };
    let rules = better_auth().with(Rule::post("/sign-out", "auth.logout").capture(quiet));
    let app = App::around(ok(), rules, |builder| builder).await;
    post(app.address, "/sign-out", &["User-Agent: x"], "{}").await;
    assert_eq!(app.last().event.context, None);
    post(app.address, "/sign-in/email", &["User-Agent: x"], BODY).await;
    let context = app.last().event.context.unwrap();
    assert_eq!((context.ip.is_some(), context.user_agent.as_deref()), (true, Some("x")));
}

/// "mask, remove, hash, custom fields", here rule by rule.
#[tokio::test]
async fn pii_a_rule_hides_more_in_its_own_way() {
    let redaction = Redaction::default()
        .hash_key([7; 32])
        .hide("ssn", Strategy::Hash)
        .hide("creditCard", Strategy::Remove)
        .hide("name", Strategy::Mask);
    let rule = Rule::post("/update-user", "account.updated")
        .capture(Capture { request_body: true, ..Capture::default() })
        .redaction(redaction);
    let app = App::around(ok(), RuleSet::new([rule]), |builder| builder).await;
    let body = r#"{"ssn":"1234","credit_card":"4111","name":"Alice","email":"alice@example.com"}"#;
    post(app.address, "/update-user", &[], body).await;
    let first = app.last().event.metadata["request_body"].clone();
    assert_eq!((&first["name"], &first["email"]), (&json!("[REDACTED]"), &json!("alice@example.com")));
    assert_eq!(first["ssn"].as_str().map(|hash| (hash.len(), &hash[..5])), Some((37, "hmac:")));
    assert!(first.get("credit_card").is_none());
    post(app.address, "/update-user", &[], body).await;
    assert_eq!(app.last().event.metadata["request_body"]["ssn"], first["ssn"]);
}

/// "paths whitelist both ways", "beforeLog null": a rule says what is no event, a hook suppresses one.
#[tokio::test]
async fn plugin_what_is_no_event_is_said_by_a_rule_or_a_hook() {
    let app = App::around(ok(), better_auth().with(Rule::ignore("/sign-out")), |builder| builder).await;
    post(app.address, "/sign-out", &[], "{}").await;
    post(app.address, "/sign-in/email", &[], BODY).await;
    assert_eq!(app.only().event.action, "auth.login.succeeded");

    let store = std::sync::Arc::new(indelible::MemoryStore::default());
    let recorder = indelible::Recorder::builder(store.clone()).before(|_| Decision::Suppress).build();
    let address = serve(ok().layer(AuditLayer::new(recorder, better_auth()).unwrap())).await;
    assert_eq!(post(address, "/sign-in/email", &[], BODY).await.status, 200);
    assert!(store.recorded().is_empty());
}

/// "severity": at least what the plugin says, with its mistakes mended: unban is not ban, revoking one user's sessions is
/// not low. A failed sign-in is high only when it is repeated; see `outcomes`.
#[tokio::test]
async fn severity_is_at_least_that_of_the_plugin() {
    use Severity::{Critical, High, Low, Medium};
    let app = App::around(ok(), better_auth(), |builder| builder).await;
    for (path, severity) in [
        ("/admin/ban-user", Critical),
        ("/admin/impersonate-user", Critical),
        ("/delete-user", High),
        ("/revoke-sessions", High),
        ("/revoke-other-sessions", High),
        ("/admin/revoke-user-sessions", High),
        ("/sign-in/email", Medium),
        ("/sign-out", Medium),
        ("/revoke-session", Medium),
        ("/two-factor/enable", Medium),
        ("/change-password", Medium),
        ("/reset-password", Medium),
        ("/sign-up/email", Low),
        ("/update-user", Low),
        ("/admin/unban-user", Medium),
    ] {
        post(app.address, path, &[], "{}").await;
        assert_eq!(app.last().event.severity, Some(severity), "{path}");
    }
}

/// "path config over the defaults".
#[tokio::test]
async fn severity_is_overridden_by_path_and_by_action() {
    let severities =
        SeverityRules::default().on_path("/admin/*", Severity::Info).on_action("auth.logout", Severity::High);
    let app = App::around(ok(), better_auth(), |builder| builder.severities(severities)).await;
    post(app.address, "/admin/ban-user", &[], "{}").await;
    assert_eq!(app.last().event.severity, Some(Severity::Info));
    post(app.address, "/sign-out", &[], "{}").await;
    assert_eq!(app.last().event.severity, Some(Severity::High));
}

/// "target of ban": the plugin keeps none.
#[tokio::test]
async fn who_was_banned_is_the_target_and_a_revoked_session_is_known_by_its_hash_alone() {
    let app = App::around(ok(), better_auth(), |builder| builder).await;
    post(app.address, "/admin/ban-user", &[], r#"{"userId":"u2","banReason":"spam"}"#).await;
    let target = app.last().event.targets.remove(0);
    assert_eq!((target.r#type.as_deref(), target.id.as_deref()), (Some("user"), Some("u2")));
    post(app.address, "/revoke-session", &[], r#"{"token":"t0ps3cret"}"#).await;
    let target = app.last().event.targets.remove(0);
    assert_eq!(target.r#type.as_deref(), Some("session"));
    assert!(target.id.unwrap().starts_with("hmac:"));
}
