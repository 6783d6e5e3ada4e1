//! An authorization server, and what of its requests is found in the log.

use axum::{
    Form, Json, Router,
    extract::Query,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post as on_post},
};
use indelible::{Actor, Outcome, Target, capture::oauth2, oauth::Fingerprints};
use serde_json::{Value, json};

use super::{
    app::App,
    client::{exchange, get as fetch, request},
};

const REGISTERED: &str = "https://app.example.com/callback";

/// Without a key of the application's own.
async fn app() -> App {
    app_with(None).await
}

async fn app_with(key: Option<[u8; 32]>) -> App {
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
    let rules = oauth2().under("/oauth");
    App::around(routes, rules, |builder| key.into_iter().fold(builder, |builder, key| builder.pseudonym_key(key))).await
}

async fn authorize(Query(query): Query<Value>) -> Response {
    let uri = query["redirect_uri"].as_str().unwrap_or_default();
    if uri != REGISTERED {
        let description = "redirect_uri does not match";
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_request", "error_description": description})))
            .into_response();
    }
    let answer = match query["scope"].as_str() {
        Some("admin") => "?error=invalid_scope",
        Some("refused") => "?error=access_denied",
        Some("implicit") => "#access_token=impl1cit&token_type=Bearer&expires_in=60&scope=read",
        Some("sign-in") => {
            return (StatusCode::FOUND, [(header::LOCATION, "/sign-in?code=d0e5-not-count")]).into_response();
        }
        _ => "?code=c0de&iss=https%3A%2F%2Fid.example.com",
    };
    (StatusCode::FOUND, [(header::LOCATION, format!("{uri}{answer}&state=xyz"))]).into_response()
}

async fn token(headers: HeaderMap, Form(form): Form<Value>) -> Response {
    if form["code"] == "used" {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    if headers.get(header::AUTHORIZATION).is_none() && form["client_secret"].is_null() {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let token_type = if headers.contains_key("dpop") { "DPoP" } else { "Bearer" };
    Json(json!({
        "access_token": "acc3ss",
        "refresh_token": "r3fresh",
        "token_type": token_type,
        "scope": "read write",
        "expires_in": 3600,
    }))
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
    assert_eq!((event.action.as_str(), event.outcome), ("oauth.authorization.granted", Some(Outcome::Success)));
    let oauth = event.oauth.unwrap();
    assert_eq!(
        (oauth.response_type.as_deref(), oauth.issuer.as_deref()),
        (Some("code"), Some("https://id.example.com"))
    );
    assert_eq!(event.targets, []);
    fetch(app.address, &format!("/oauth/authorize?{query}&scope=sign-in"), &[]).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.outcome), ("oauth.authorization.requested", Some(Outcome::Success)));
    fetch(app.address, &format!("/oauth/authorize?{query}&scope=refused"), &[]).await;
    let event = app.last().event;
    assert_eq!((event.action.as_str(), event.outcome), ("oauth.authorization.denied", Some(Outcome::Denied)));
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

const KEY: [u8; 32] = [7; 32];

fn target(kind: &str, secret: &str) -> Target {
    Target::new(kind, Fingerprints::new(KEY).of(secret))
}

/// What an event says of credential and targets, without when these expire.
fn tokens(event: indelible::Event) -> (Option<String>, Option<String>, Vec<Target>) {
    let credential = event.credential.unwrap_or_default();
    let plain = |target: Target| Target { attrs: Default::default(), ..target };
    (credential.kind, credential.fingerprint, event.targets.into_iter().map(plain).collect())
}

#[tokio::test]
async fn with_a_key_the_tokens_of_a_grant_lead_from_one_to_the_next() {
    let app = app_with(Some(KEY)).await;
    let of = |secret| Some(Fingerprints::new(KEY).of(secret));
    let given = || vec![target("access_token", "acc3ss"), target("refresh_token", "r3fresh")];
    let query =
        "client_id=web&response_type=code&code_challenge=dGhlcmU&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback";
    fetch(app.address, &format!("/oauth/authorize?{query}"), &[]).await;
    let event = app.last().event;
    assert_eq!(event.metadata["code_challenge_method"], "plain");
    assert_eq!(tokens(event), (None, None, vec![target("authorization_code", "c0de")]));
    fetch(app.address, &format!("/oauth/authorize?{query}&scope=implicit"), &[]).await;
    let event = app.last().event;
    assert_eq!(
        (event.action.as_str(), &event.oauth.as_ref().unwrap().scopes_granted),
        ("oauth.authorization.granted", &vec!["read".to_owned()])
    );
    assert!(event.targets[0].attrs.contains_key("expires_at"));
    assert_eq!(tokens(event).2, [target("access_token", "impl1cit")]);

    let client = "client_id=web&client_secret=s3cret";
    for (presented, kind, secret) in [
        ("grant_type=authorization_code&code=c0de&refresh_token=n0t", "authorization_code", "c0de"),
        ("grant_type=refresh_token&refresh_token=r3fresh", "refresh_token", "r3fresh"),
        (
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d3vice",
            "device_code",
            "d3vice",
        ),
        (
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=acc3ss&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
            "access_token",
            "acc3ss",
        ),
    ] {
        form(&app, "/oauth/token", &[], &format!("{client}&{presented}")).await;
        assert_eq!(tokens(app.last().event), (Some(kind.to_owned()), of(secret), given()), "{presented}");
    }
    form(&app, "/oauth/token", &[], &format!("{client}&grant_type=authorization_code&code=used")).await;
    assert_eq!(tokens(app.last().event), (Some("authorization_code".to_owned()), of("used"), vec![]));
    form(&app, "/oauth/introspect", &[], &format!("{client}&token=acc3ss")).await;
    let event = app.last().event;
    assert_eq!(event.metadata["active"], true);
    assert_eq!(tokens(event).2, [target("token", "acc3ss")]);
    form(&app, "/oauth/revoke", &[], &format!("{client}&token=r3fresh&token_type_hint=refresh_token")).await;
    assert_eq!(tokens(app.last().event).2, [target("refresh_token", "r3fresh")]);
    form(&app, "/oauth/device_authorization", &[], "client_id=tv").await;
    assert_eq!(tokens(app.last().event).2, [target("device_code", "d3vice")]);
    fetch(app.address, "/oauth/userinfo", &["Authorization: Bearer unknown"]).await;
    assert_eq!(tokens(app.last().event).1, of("unknown"));

    let told = format!("{:?}", app.store.recorded());
    for secret in ["c0de", "acc3ss", "r3fresh", "impl1cit", "d3vice", "s3cret", "Bearer unknown"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_token_bound_to_a_key_is_told_with_its_thumbprint() {
    let app = app_with(Some(KEY)).await;
    // {"typ":"dpop+jwt","alg":"ES256","jwk":{the key of RFC 9449, 4.1}}, whose thumbprint stands in 6.1.
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.e30.c2ln";
    let body = "grant_type=authorization_code&code=c0de&client_id=web&client_secret=s3cret";
    form(&app, "/oauth/token", &[&format!("DPoP: {proof}")], body).await;
    let event = app.last().event;
    assert_eq!(event.oauth.unwrap().token_type.as_deref(), Some("DPoP"));
    assert_eq!(event.metadata["dpop_jkt"], "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    for broken in ["", "x", "e30.e30.x", "eyJqd2siOnsia3R5IjoiRUMifX0.e30.x"] {
        form(&app, "/oauth/token", &[&format!("DPoP: {broken}")], body).await;
        assert_eq!(app.last().event.metadata.get("dpop_jkt"), None, "{broken}");
    }
}
