//! Who passes, what the others are answered, and what the log has of it.

use std::num::NonZeroU32;

use axum::{
    Extension, Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use indelible::{
    Object, Outcome,
    identity::Identity,
    tokens::{
        Abilities, Accepted, AllowedDomains, AllowedIps, Entity, Issue, Issued, Plaintext, RequireToken, Requirement,
        Revoke, UsageMetadata,
    },
};
use serde_json::json;

use super::{Answer, Bench, app, order, order_with, send, sk};
use crate::tokens::bench::minutes;

#[tokio::test]
async fn a_request_with_a_token_passes_and_is_one_event_when_it_is_answered() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().abilities(Abilities::new(["orders:*"]).unwrap())).unwrap();
    let handler = async |Extension(token): Extension<Accepted>, Extension(identity): Extension<Identity>| -> Response {
        assert!(identity.has_scope("orders:*"));
        let metadata = Object::from_iter([("response_time_ms".to_owned(), 145.into())]);
        (StatusCode::CREATED, Extension(UsageMetadata(metadata)), token.owner.id.clone()).into_response()
    };
    let layer = RequireToken::new(bench.tokens.clone()).needs(Requirement::default().all(["orders:read"]));
    let app = Router::new().nest("/v1", Router::new().route("/orders/{id}", get(handler))).layer(layer);
    let request = Request::get("/v1/orders/7?access_token=x")
        .header(header::AUTHORIZATION, super::bearer(&issued))
        .header(header::USER_AGENT, "client/1.0")
        .header("x-request-id", "req-1")
        .body(Body::empty());
    let answer = send(&app, request.unwrap()).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::CREATED, "42"));

    let events = bench.events("action:token.*  -action:token.created");
    let [event] = &events[..] else { panic!("{events:#?}") };
    assert_eq!((event.action.as_str(), event.request_id.as_deref()), ("token.authenticated", Some("req-1")));
    let http = event.http.clone().unwrap();
    assert_eq!((http.method.as_deref(), http.status), (Some("GET"), Some(201)));
    assert_eq!((http.route.as_deref(), http.path.as_deref()), (Some("/v1/orders/{id}"), Some("/v1/orders/7")));
    assert!(http.latency_us.is_some());
    assert_eq!(event.metadata, Object::from_iter([("response_time_ms".to_owned(), 145.into())]));
    assert_eq!(event.credential.as_ref().unwrap().id.as_ref(), Some(&issued.token.id));
    assert_eq!(event.actor.as_ref().unwrap().id.as_deref(), Some("42"));
    assert_eq!(event.oauth.as_ref().unwrap().scopes_requested, ["orders:read"]);
    assert_eq!(event.context.as_ref().unwrap().user_agent.as_deref(), Some("client/1.0"));
}

#[tokio::test]
async fn metadata_that_no_event_may_have_costs_the_event_nothing_else() {
    let bench = Bench::new();
    let handler = async || {
        let metadata = Object::from_iter([("text".to_owned(), "x".repeat(1 << 20).into())]);
        (Extension(UsageMetadata(metadata)), "done")
    };
    let app = Router::new().route("/orders/{id}", get(handler)).layer(RequireToken::new(bench.tokens.clone()));
    assert_eq!(send(&app, order_with(&bench.secret_key())).await.status, StatusCode::OK);
    assert!(bench.metadata("action:token.authenticated").contains_key("left_out"));
}

#[tokio::test]
async fn what_is_refused_is_answered_as_rfc_6750_has_it_and_logged() {
    let bench = Bench::new();
    let issue = |issue: Issue| bench.tokens.issue(&issue).unwrap();
    let reads = || Abilities::new(["orders:read"]).unwrap();
    let revoked = bench.secret_key();
    bench.tokens.revoke(&Revoke::new(&revoked.token.id)).unwrap();
    let expired = issue(sk().expires_in(minutes(1)));
    bench.clock.advance(minutes(2));
    let unknown = Bench::new().secret_key();
    let live = issue(sk().environment("live"));
    let publishable = issue(Issue::new("pk", "web", Entity::user("42")).abilities(reads()));
    let confined = issue(sk().boundary(Entity::new("team", "7")));
    let by_ip = issue(sk().allowed_ips(AllowedIps::new(["10.0.0.0/8"]).unwrap()));
    let by_domain = issue(sk().allowed_domains(AllowedDomains::new(["example.com"]).unwrap()));
    let writes = issue(sk().abilities(Abilities::new(["orders:write"]).unwrap()));
    let needs = Requirement::default().all(["orders:read"]).kinds(["sk"]).environments(["test"]);
    let app = app(RequireToken::new(bench.tokens.clone()).needs(needs).realm("orders"));
    let invalid = r#"Bearer realm="orders", error="invalid_token""#;
    let insufficient = r#"Bearer realm="orders", error="insufficient_scope""#;
    let scope = r#"Bearer realm="orders", error="insufficient_scope", scope="orders:read""#;
    let cases: [(&Issued, u16, &str, &str); 9] = [
        (&unknown, 401, invalid, "token_unknown"),
        (&revoked, 401, invalid, "token_revoked"),
        (&expired, 401, invalid, "token_expired"),
        (&publishable, 403, insufficient, "x_type_mismatch"),
        (&live, 403, insufficient, "x_environment_mismatch"),
        (&confined, 403, insufficient, "x_boundary_mismatch"),
        (&by_ip, 403, insufficient, "ip_blocked"),
        (&by_domain, 403, insufficient, "domain_blocked"),
        (&writes, 403, scope, "insufficient_scope"),
    ];
    for (issued, status, challenge, reason) in cases {
        let answer = send(&app, order_with(issued)).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (status, Some(challenge)), "{reason}");
        assert!(challenge.contains(answer.json()["error"].as_str().unwrap()));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(!answer.body.contains(issued.plaintext.reveal()));
        let events = bench.events(&format!("reason:{reason} -outcome:success"));
        let [event] = &events[..] else { panic!("{reason}: {events:#?}") };
        let http = event.http.clone().unwrap();
        assert_eq!((http.status, http.route.as_deref()), (Some(status), Some("/orders/{id}")));
    }
}

#[tokio::test]
async fn a_token_that_is_used_too_often_is_told_when_to_come_back() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().rate_limit(NonZeroU32::MIN)).unwrap();
    let app = app(RequireToken::new(bench.tokens.clone()));
    assert_eq!(send(&app, order_with(&issued)).await.status, StatusCode::OK);
    let answer = send(&app, order_with(&issued)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after").unwrap(), answer.json()["retry_after_s"].to_string());
    assert_eq!((answer.json()["error"].as_str(), answer.header("www-authenticate")), (Some("rate_limited"), None));
    let event = bench.events("action:token.rate_limited").remove(0);
    assert_eq!((event.outcome, event.http.unwrap().status), (Some(Outcome::Denied), Some(429)));
}

fn no_token(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="api", scope="read""#));
}

#[tokio::test]
async fn a_request_without_a_token_is_told_what_is_needed_and_is_no_attempt() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let app = app(RequireToken::new(bench.tokens.clone()).needs(Requirement::default().all(["read"])));
    no_token(&send(&app, order().body(Body::empty()).unwrap()).await);
    let basic = order().header(header::AUTHORIZATION, "Basic YWxpY2U6aHVudGVyMg==");
    no_token(&send(&app, basic.body(Body::empty()).unwrap()).await);
    // Never from the address.
    let path = format!("/orders/7?access_token={}", issued.plaintext.reveal());
    no_token(&send(&app, Request::get(path).body(Body::empty()).unwrap()).await);
    assert_eq!(bench.events("action:token.* -action:token.created").len(), 0);
}

#[tokio::test]
async fn a_header_that_cannot_be_a_token_is_a_bad_request_and_an_attempt() {
    let bench = Bench::new();
    let good = super::bearer(&bench.secret_key());
    let app = app(RequireToken::new(bench.tokens.clone()));
    let ambiguous = [good.as_str(), "Bearer other"];
    let folded = format!("{good}, {good}");
    for lines in [&["Bearer"][..], &["bearer "], &["Bearer one two"], &ambiguous, &["Basic x", &good], &[&folded]] {
        let mut request = order().body(Body::empty()).unwrap();
        lines.iter().for_each(|line| _ = request.headers_mut().append(header::AUTHORIZATION, line.parse().unwrap()));
        let answer = send(&app, request).await;
        let challenge = r#"Bearer realm="api", error="invalid_request""#;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (400, Some(challenge)), "{lines:?}");
    }
    assert_eq!(bench.events("reason:x_token_malformed http.status:400").len(), 6);
    assert_eq!(bench.events("action:token.authenticated").len(), 0);
}

#[tokio::test]
async fn the_schemes_case_does_not_matter_and_a_mistyped_token_is_a_token() {
    let bench = Bench::new();
    let app = app(RequireToken::new(bench.tokens.clone()));
    let with = |text: String| order().header(header::AUTHORIZATION, text).body(Body::empty()).unwrap();
    let good = bench.secret_key();
    assert_eq!(send(&app, with(format!("bEARER  {}", good.plaintext.reveal()))).await.status, StatusCode::OK);
    let mistyped = Plaintext::generate("sk", "test").unwrap().reveal().to_owned() + "x";
    for text in ["hello".to_owned(), mistyped] {
        assert_eq!(send(&app, with(format!("Bearer {text}"))).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn any_of_several_abilities_is_enough_where_any_will_do() {
    let bench = Bench::new();
    let of = |ability: &str| bench.tokens.issue(&sk().abilities(Abilities::new([ability]).unwrap())).unwrap();
    let app = app(RequireToken::new(bench.tokens.clone()).needs(Requirement::default().any(["orders:read", "admin"])));
    assert_eq!(send(&app, order_with(&of("admin"))).await.status, StatusCode::OK);
    assert_eq!(send(&app, order_with(&of("orders:*"))).await.status, StatusCode::OK);
    let answer = send(&app, order_with(&of("read"))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.header("www-authenticate").unwrap().ends_with(r#"scope="orders:read admin""#));
    assert_eq!(bench.metadata("action:token.scope_denied")["missing"], json!(["orders:read", "admin"]));
}
