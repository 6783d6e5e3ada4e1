//! What was done, how it ended, and why, read from the response.

use indelible::{Outcome, Severity};

use super::{
    app::{App, alice},
    client::{get, post},
};

const RIGHT: &str = r#"{"email":"alice@example.com","password":"correct horse"}"#;
const WRONG: &str = r#"{"email":" Alice@Example.com","password":"hunter2"}"#;

#[tokio::test]
async fn a_sign_in_is_an_event_with_everything_about_it() {
    let app = App::better_auth().await;
    let headers = &["User-Agent: tests/1", "X-Request-Id: req-7"];
    let answer = post(app.address, "/api/auth/sign-in/email", headers, RIGHT).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"token":"token-0"}"#));
    let event = app.only().event;
    assert_eq!(event.action, "auth.login.succeeded");
    assert_eq!((event.outcome, event.severity), (Some(Outcome::Success), Some(Severity::Medium)));
    assert_eq!((event.actor, event.session_id.as_deref()), (Some(alice()), Some("session-of-u1")));
    assert_eq!(event.metadata["original_action"], "sign-in:email");
    assert_eq!(event.request_id.as_deref(), Some("req-7"));
    assert_eq!(event.trace_id.map(|id| id.len()), Some(32));
    let context = event.context.unwrap();
    assert_eq!(context.ip, Some([127, 0, 0, 1].into()));
    assert_eq!(context.user_agent.as_deref(), Some("tests/1"));
    let http = event.http.unwrap();
    assert_eq!((http.method.as_deref(), http.status), (Some("POST"), Some(200)));
    assert_eq!(http.route.as_deref(), Some("/api/auth/sign-in/email"));
    assert!(http.latency_us.is_some());
}

#[tokio::test]
async fn a_failed_sign_in_tells_who_was_tried_by_a_keyed_hash() {
    let app = App::with_layer(|builder| builder.pseudonym_key([7; 32])).await;
    assert_eq!(post(app.address, "/api/auth/sign-in/email", &[], WRONG).await.status, 401);
    let event = app.only().event;
    assert_eq!((event.action.as_str(), event.outcome), ("auth.login.failed", Some(Outcome::Failure)));
    assert_eq!(event.reason.as_deref(), Some("invalid_credentials"));
    assert_eq!(event.metadata["error_code"], "INVALID_EMAIL_OR_PASSWORD");
    assert_eq!(event.actor.unwrap().r#type.as_deref(), Some("anonymous"));
    let target = &event.targets[0];
    assert_eq!((target.r#type.as_deref(), &target.name), (Some("identifier"), &None));
    assert!(target.id.as_deref().unwrap().starts_with("hmac:"));

    // Case and blanks do not make another identifier of it.
    post(app.address, "/api/auth/sign-in/email", &[], r#"{"email":"alice@example.com","password":"x"}"#).await;
    assert_eq!(app.last().event.targets[0].id, target.id);
}

#[tokio::test]
async fn the_identifier_is_kept_in_clear_where_that_was_asked_for() {
    let app = App::with_layer(indelible::capture::AuditLayerBuilder::keep_identifiers).await;
    post(app.address, "/api/auth/sign-in/email", &[], WRONG).await;
    assert_eq!(app.only().event.targets[0].name.as_deref(), Some("alice@example.com"));
}

#[tokio::test]
async fn the_fifth_failure_within_minutes_matters_more() {
    let app = App::better_auth().await;
    for _ in 0..5 {
        post(app.address, "/api/auth/sign-in/email", &[], WRONG).await;
    }
    app.recorder.flush();
    let severities: Vec<_> = app.store.recorded().iter().map(|it| it.event.severity.unwrap()).collect();
    use Severity::{High, Medium};
    assert_eq!(severities, [Medium, Medium, Medium, Medium, High]);
    assert_eq!(app.last().event.metadata["recent_failures"], 5);
}

#[tokio::test]
async fn a_password_that_still_needs_a_second_factor_is_no_sign_in() {
    let app = App::better_auth().await;
    post(app.address, "/api/auth/sign-in/email", &[], r#"{"email":"alice@example.com","password":"with-2fa"}"#).await;
    assert_eq!(app.only().event.action, "auth.mfa.challenged");
}

#[tokio::test]
async fn the_way_to_a_provider_is_no_sign_in() {
    let app = App::better_auth().await;
    post(app.address, "/api/auth/sign-in/social", &[], r#"{"provider":"github"}"#).await;
    let event = app.only().event;
    assert_eq!((event.action.as_str(), event.targets[0].id.as_deref()), ("auth.login.requested", Some("github")));
}

#[tokio::test]
async fn a_redirect_is_success_unless_it_carries_an_error() {
    let app = App::better_auth().await;
    assert_eq!(get(app.address, "/api/auth/verify-email?token=t0ps3cret", &[]).await.status, 302);
    assert_eq!(app.last().event.outcome, Some(Outcome::Success));
    assert_eq!(get(app.address, "/api/auth/reset-password/t0ps3cret", &[]).await.status, 302);
    let event = app.last().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("invalid_token")));
    assert_eq!(event.http.unwrap().path.as_deref(), Some("/api/auth/reset-password/[REDACTED]"));
}

#[tokio::test]
async fn reading_is_no_event_and_an_endpoint_of_some_plugin_is_one_only_when_it_is_there() {
    let app = App::better_auth().await;
    get(app.address, "/api/auth/get-session", &[]).await;
    post(app.address, "/api/auth/get-session", &[], "{}").await;
    assert_eq!(post(app.address, "/api/auth/no-plugin/at-all", &[], "{}").await.status, 404);
    post(app.address, "/api/auth/my-plugin/do-thing", &[], "{}").await;
    let event = app.only().event;
    assert_eq!(event.action, "auth.endpoint.called");
    assert_eq!(event.metadata["original_action"], "my-plugin:do-thing");
}

#[tokio::test]
async fn other_spellings_of_a_path_are_no_way_around_the_log() {
    let app = App::better_auth().await;
    for path in ["/api/auth/sign%2Din/email", "/api/auth//sign-in/email", "/api/auth/sign-in/email/"] {
        post(app.address, path, &[], WRONG).await;
        assert_eq!(app.last().event.action, "auth.login.failed", "{path}");
    }
    assert_eq!(app.store.recorded().len(), 3);
}
