//! Who did it: before the request, after it, and in whose name.

use axum::{Extension, Router, middleware, routing::post as on_post};
use indelible::{
    Actor, Outcome,
    capture::{Rule, RuleSet},
    identity::{Identity, JwtClaims, ResolveError, SessionCookie},
};

use super::{
    app::{App, admin, alice},
    client::post,
};

async fn sign_in(app: &App, email: &str) -> String {
    let body = format!(r#"{{"email":"{email}","password":"correct horse"}}"#);
    format!("Cookie: {}", post(app.address, "/api/auth/sign-in/email", &[], &body).await.cookie())
}

#[tokio::test]
async fn who_signs_out_is_who_was_signed_in() {
    let app = App::better_auth().await;
    let cookie = sign_in(&app, "alice@example.com").await;
    post(app.address, "/api/auth/sign-out", &[&cookie], "{}").await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.actor), ("auth.logout", Some(alice())));
    assert_eq!((event.outcome, event.session_id.as_deref()), (Some(Outcome::Success), Some("session-of-u1")));
}

#[tokio::test]
async fn signing_out_without_a_session_is_not_a_success() {
    let app = App::better_auth().await;
    post(app.address, "/api/auth/sign-out", &[], "{}").await;
    let event = app.only().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("x_failed_to_get_session")));
}

#[tokio::test]
async fn deleting_an_account_with_a_wrong_password_is_a_failure_of_its_owner() {
    let app = App::better_auth().await;
    let cookie = sign_in(&app, "alice@example.com").await;
    post(app.address, "/api/auth/delete-user", &[&cookie], r#"{"password":"hunter2"}"#).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.outcome), ("account.deleted", Some(Outcome::Failure)));
    assert_eq!((event.actor, event.reason.as_deref()), (Some(alice()), Some("invalid_credentials")));

    post(app.address, "/api/auth/delete-user", &[&cookie], r#"{"password":"correct horse"}"#).await;
    let event = app.last().event;
    assert_eq!((event.outcome, event.actor), (Some(Outcome::Success), Some(alice())));
}

#[tokio::test]
async fn impersonation_is_done_by_the_administrator_to_the_user() {
    let app = App::better_auth().await;
    let cookie = sign_in(&app, "admin@example.com").await;
    let started = post(app.address, "/api/auth/admin/impersonate-user", &[&cookie], r#"{"userId":"u1"}"#).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.actor), ("session.impersonation.started", Some(admin())));
    assert_eq!(event.targets.len(), 1, "{:?}", event.targets);
    assert_eq!(event.targets[0].id.as_deref(), Some("u1"));

    let cookie = format!("Cookie: {}", started.cookie());
    post(app.address, "/api/auth/admin/stop-impersonating", &[&cookie], "{}").await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.actor), ("session.impersonation.ended", Some(admin())));
    assert_eq!((event.on_behalf_of, event.targets[0].id.as_deref()), (vec![alice()], Some("u1")));
}

#[tokio::test]
async fn what_is_done_while_impersonating_is_done_by_the_administrator_on_behalf_of_the_user() {
    let app = App::better_auth().await;
    let cookie = sign_in(&app, "admin@example.com").await;
    let started = post(app.address, "/api/auth/admin/impersonate-user", &[&cookie], r#"{"userId":"u1"}"#).await;
    let cookie = format!("Cookie: {}", started.cookie());
    post(app.address, "/api/auth/sign-out", &[&cookie], "{}").await;
    let event = app.last().event;
    assert_eq!((event.actor, event.on_behalf_of), (Some(admin()), vec![alice()]));
}

#[tokio::test]
async fn a_refused_impersonation_is_denied() {
    let app = App::better_auth().await;
    let cookie = sign_in(&app, "alice@example.com").await;
    post(app.address, "/api/auth/admin/impersonate-user", &[&cookie], r#"{"userId":"u9"}"#).await;
    let event = app.last().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Denied), Some("policy_denied")));
    assert_eq!((event.actor, event.targets[0].id.as_deref()), (Some(alice()), Some("u9")));
}

fn one_rule() -> RuleSet {
    RuleSet::new([Rule::post("/projects/{id}/close", "resource.disabled").target("project", "id")])
}

#[tokio::test]
async fn an_identity_that_the_application_leaves_in_a_response_counts() {
    let handler = async || (Extension(Identity::new(Actor::service("ci")).tenant("acme")), "done");
    let routes = Router::new().route("/projects/{id}/close", on_post(handler));
    let app = App::around(routes, one_rule(), |builder| builder).await;
    post(app.address, "/projects/p1/close", &[], "{}").await;
    let event = app.only().event;
    assert_eq!((event.actor, event.tenant.as_deref()), (Some(Actor::service("ci")), Some("acme")));
    assert_eq!(event.targets[0].id.as_deref(), Some("p1"));
}

#[tokio::test]
async fn a_token_names_its_subject_and_who_acts_for_it() {
    let routes = Router::new().route("/projects/{id}/close", on_post(async || "done"));
    let app = App::around(routes, one_rule(), |builder| builder.resolver(JwtClaims::hs256(b"key"))).await;
    // {"sub":"u1","act":{"sub":"agent-7"},"sid":"s1"} under the keys "key" and "other".
    let signed = "Authorization: Bearer \
                  eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSIsImFjdCI6eyJzdWIiOiJhZ2VudC03In0sInNpZCI6InMxIn0";
    let bearer = format!("{signed}.RGp1pHifOW1jhil-WOAWHyftAwXKHGQaB4jbU4k3yB0");
    post(app.address, "/projects/p1/close", &[&bearer], "{}").await;
    let event = app.last().event;
    assert_eq!((event.actor, event.on_behalf_of), (Some(Actor::user("agent-7")), vec![Actor::user("u1")]));
    assert_eq!(event.session_id.as_deref(), Some("s1"));

    let forged = format!("{signed}.jH-C_3xxut3lVlo87rysHZboM-mHEtCBxV1KpMUSpZ4");
    post(app.address, "/projects/p1/close", &[&forged], "{}").await;
    assert_eq!(app.last().event.actor, Some(Actor::anonymous()));
}

#[tokio::test]
async fn a_resolver_that_fails_or_panics_costs_the_event_its_actor_and_the_client_nothing() {
    for panics in [false, true] {
        let resolver = SessionCookie::new("session", move |_| async move {
            assert!(!panics, "the database");
            Err(ResolveError::new("no connection"))
        });
        let routes = Router::new().route("/projects/{id}/close", on_post(async || "done"));
        let app = App::around(routes, one_rule(), |builder| builder.resolver(resolver)).await;
        let answer = post(app.address, "/projects/p1/close", &["Cookie: session=x"], "{}").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
        let event = app.only().event;
        let error = if panics { "the resolver panicked" } else { "no connection" };
        assert_eq!(event.metadata["identity_error"], error);
        assert_eq!(event.outcome, Some(Outcome::Success));
    }
}

#[tokio::test]
async fn an_identity_from_middleware_outside_the_layer_counts() {
    use axum::{extract::Request, middleware::Next};
    let handler = Router::new().route("/projects/{id}/close", on_post(async || "done"));
    let store = std::sync::Arc::new(indelible::MemoryStore::default());
    let layer = indelible::capture::AuditLayer::new(indelible::Recorder::new(store.clone()), one_rule()).unwrap();
    let authenticate = middleware::from_fn(async |mut request: Request, next: Next| {
        request.extensions_mut().insert(Identity::new(alice()));
        next.run(request).await
    });
    let address = super::client::serve(handler.layer(layer).layer(authenticate)).await;
    post(address, "/projects/p1/close", &[], "{}").await;
    store.assert_recorded("action:resource.disabled actor:user:u1");
}
