//! An authorization server, and what of its requests is found in the log.

use axum::{
    Form, Json, Router,
    extract::Query,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post as on_post},
};
use indelible::{Actor, Outcome, capture::oauth2};
use serde_json::{Value, json};

use super::{
    app::App,
    client::{exchange, get as fetch, request},
};

const REGISTERED: &str = "https://app.example.com/callback";

async fn app() -> App {
    let routes = Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", on_post(token))
        .route("/oauth/revoke", on_post(async || StatusCode::OK))
        .route(
            "/oauth/introspect",
            on_post(async || Json(json!({"active": true, "scope": "read", "client_id": "web"}))),
        )
        .route(
            "/oauth/device_authorization",
            on_post(async || Json(json!({"device_code": "d3vice", "user_code": "WDJB"}))),
        )
        .route("/oauth/par", on_post(async || (StatusCode::CREATED, Json(json!({"request_uri": "urn:x"})))))
        .route("/oauth/userinfo", get(async || StatusCode::UNAUTHORIZED));
    App::around(routes, oauth2().under("/oauth"), |builder| builder).await
}

async fn authorize(Query(query): Query<Value>) -> Response {
    let uri = query["redirect_uri"].as_str().unwrap_or_default();
    if uri != REGISTERED {
        let description = "redirect_uri does not match";
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_request", "error_description": description})))
            .into_response();
    }
    let answer = if query["scope"] == "admin" { "error=invalid_scope" } else { "code=c0de" };
    (StatusCode::FOUND, [(header::LOCATION, format!("{uri}?{answer}&state=xyz"))]).into_response()
}

async fn token(headers: HeaderMap, Form(form): Form<Value>) -> Response {
    if form["code"] == "used" {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    if headers.get(header::AUTHORIZATION).is_none() && form["client_secret"].is_null() {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    Json(json!({"access_token": "acc3ss", "token_type": "Bearer", "scope": "read write", "expires_in": 3600}))
        .into_response()
}

async fn form(app: &App, path: &str, headers: &[&str], body: &str) -> super::client::Answer {
    let headers = [headers, &["Content-Type: application/x-www-form-urlencoded"]].concat();
    exchange(app.address, &request(&format!("POST {path}"), &headers, body)).await
}

#[tokio::test]
async fn an_issued_token_is_known_by_grant_client_and_scopes() {
    let app = app().await;
    let body = "grant_type=authorization_code&code=c0de&scope=read+write+admin&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";
    // web:s3cret
    let answer = form(&app, "/oauth/token", &["Authorization: Basic d2ViOnMzY3JldA=="], body).await;
    assert!(answer.body.contains("acc3ss"));
    let event = app.only().event;
    assert_eq!((event.action.as_str(), event.outcome), ("oauth.token.issued", Some(Outcome::Success)));
    assert_eq!((event.actor, event.client.unwrap().id.as_deref()), (Some(Actor::new("client", "web")), Some("web")));
    let oauth = event.oauth.unwrap();
    assert_eq!(oauth.grant_type.as_deref(), Some("authorization_code"));
    assert_eq!((oauth.scopes_requested.len(), oauth.scopes_granted), (3, vec!["read".to_owned(), "write".to_owned()]));
    assert_eq!((oauth.redirect_uri.as_deref(), oauth.token_type.as_deref()), (Some(REGISTERED), Some("Bearer")));
}

#[tokio::test]
async fn a_grant_type_says_more_of_the_action() {
    let app = app().await;
    let exchange = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
    for (grant, action) in [("refresh_token", "oauth.token.refreshed"), (exchange, "oauth.token.exchanged")] {
        form(&app, "/oauth/token", &[], &format!("grant_type={grant}&client_id=web&client_secret=s3cret")).await;
        assert_eq!(app.last().event.action, action);
    }
}

#[tokio::test]
async fn an_error_code_is_the_reason_and_nobody_is_taken_for_the_client() {
    let app = app().await;
    form(&app, "/oauth/token", &[], "grant_type=authorization_code&code=used&client_id=web&client_secret=x").await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.reason.as_deref()), ("oauth.token.failed", Some("invalid_grant")));
    form(&app, "/oauth/token", &[], "grant_type=client_credentials&client_id=web").await;
    let event = app.last().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("invalid_client")));
    assert_eq!((event.actor, event.client.unwrap().id.as_deref()), (Some(Actor::anonymous()), Some("web")));
}

#[tokio::test]
async fn an_authorization_is_known_by_its_redirect() {
    let app = app().await;
    let query = "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";
    fetch(app.address, &format!("/oauth/authorize?{query}&scope=read"), &[]).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.outcome), ("oauth.authorization.requested", Some(Outcome::Success)));
    assert_eq!(event.oauth.unwrap().response_type.as_deref(), Some("code"));
    fetch(app.address, &format!("/oauth/authorize?{query}&scope=admin"), &[]).await;
    let event = app.last().event;
    assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("invalid_scope")));
}

#[tokio::test]
async fn a_mismatched_or_malformed_redirect_uri_is_found_in_the_log() {
    let app = app().await;
    for (sent, kept) in [
        ("https%3A%2F%2Fevil.example.com%2F", "https://evil.example.com/"),
        ("javascript:alert(1)%00", "javascript:alert(1)\u{fffd}"),
        ("%FF%FE", "\u{fffd}\u{fffd}"),
        ("//evil.example.com", "//evil.example.com"),
    ] {
        fetch(app.address, &format!("/oauth/authorize?client_id=web&redirect_uri={sent}"), &[]).await;
        let event = app.last().event;
        assert_eq!(event.reason.as_deref(), Some("redirect_uri_mismatch"), "{sent}");
        assert_eq!(event.oauth.unwrap().redirect_uri.as_deref(), Some(kept));
    }
    app.store.assert_recorded("reason:redirect_uri_mismatch oauth.redirect_uri:\"https://evil.example.com/\"");
}

#[tokio::test]
async fn the_other_endpoints_are_events_too() {
    let app = app().await;
    for (path, action) in [
        ("/oauth/revoke", "oauth.token.revoked"),
        ("/oauth/introspect", "oauth.token.introspected"),
        ("/oauth/device_authorization", "oauth.device.requested"),
        ("/oauth/par", "oauth.authorization.requested"),
    ] {
        form(&app, path, &[], "client_id=web&token=t0ps3cret").await;
        let event = app.last().event;
        assert_eq!((event.action.as_str(), event.client.unwrap().id.as_deref()), (action, Some("web")));
    }
    fetch(app.address, "/oauth/userinfo", &["Authorization: Bearer unknown"]).await;
    assert_eq!(app.last().event.action, "token.authentication_failed");
    assert!(!format!("{:?}", app.store.recorded()).contains("t0ps3cret"));
}
