//! Whatever a client sends and a service answers, there is one event of it, and one that the log takes.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode},
};
use indelible::{
    Durability, MemoryStore, Recorder,
    capture::{AuditLayer, Capture, Rule, RuleSet},
};
use proptest::prelude::*;
use tower::ServiceExt as _;

const HEADERS: [&str; 8] = [
    "user-agent",
    "x-forwarded-for",
    "x-request-id",
    "traceparent",
    "cookie",
    "authorization",
    "content-encoding",
    "expect",
];

fn header_value() -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        (1..5_000_usize).prop_map(|len| vec![0xc3; len]),
        Just(b"Basic OnMzY3JldA==".to_vec()),
        Just(b"Bearer x".to_vec()),
    ];
    bytes.prop_filter_map("a header", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let key =
        prop::sample::select(&["who", "what", "code", "error", "scope", "client_id", "redirect_uri", "\u{0}"][..]);
    let leaf = prop_oneof!["\\PC{0,20}", "[\\x00-\\x20]{0,3}", "a{600}", Just("\u{0}".to_owned())];
    let json = prop_oneof![
        leaf.clone().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
    ];
    let json = json.prop_recursive(12, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..4).prop_map(|fields| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<serde_json::Value>()
            }),
        ]
    });
    prop_oneof![
        json.prop_map(|json| json.to_string().into_bytes()),
        leaf.prop_map(|text| format!("who={text}&what=%00&scope={text}+%FF&redirect_uri={text}&&=&x").into_bytes()),
        prop::collection::vec(any::<u8>(), 0..50),
        (0..60_000_usize).prop_map(|len| format!("\"{}\"", "x".repeat(len)).into_bytes()),
    ]
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &["application/json", "application/x-www-form-urlencoded", "APPLICATION/LD+JSON; q=1", "text/plain", ""][..],
    )
}

proptest! {
    #[test]
    fn every_request_is_one_event_that_the_log_takes(
        path in "/[!$-;=@-Z_a-z~]{0,40}",
        query in "([!$-;=?-Z_a-z~]|%[0-9A-F]{2}){0,60}",
        method in prop::sample::select(&["POST", "GET", "WHATEVER"][..]),
        headers in prop::collection::vec((prop::sample::select(&HEADERS[..]), header_value()), 0..6),
        sent in (kind(), body()),
        status in 200..600_u16,
        location in prop::option::of(header_value()),
        answered in (kind(), body()),
    ) {
        let store = Arc::new(MemoryStore::default());
        let recorder = Recorder::new(store.clone());
        let capture = Capture {
            request_body: true,
            response_fields: ["who", "error", "what.who"].map(str::to_owned).to_vec(),
            oauth: true,
            ..Capture::default()
        };
        let rule = Rule::new(&[], "/{*rest}", "oauth.token.issued").capture(capture).identifier("who");
        let rule = rule.target("thing", "what").target("path", "rest").secret_target("secret", "who").named("*rest");
        let layer = AuditLayer::builder(recorder.clone(), RuleSet::new([rule.clone(), Rule { path: "/".to_owned(), ..rule }]));
        let layer = layer.durability(Durability::Queued).keep_identifiers().build().unwrap();
        let (answer_kind, answer) = answered;
        let expected = answer.clone();
        let handler = async move || {
            let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
            response = response.header("content-type", answer_kind);
            if let Some(location) = location {
                response = response.header("location", location);
            }
            response.body(Body::from(answer)).unwrap()
        };
        let app = Router::new().fallback(handler).layer(layer);
        let uri = format!("{path}?{query}");
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(uri);
        request = request.header("content-type", sent.0);
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(app.oneshot(request.body(Body::from(sent.1)).unwrap())).unwrap();
        prop_assert_eq!(response.status().as_u16(), status);
        let bytes = runtime.block_on(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap();
        prop_assert!(bytes == expected || matches!(status, 204 | 205 | 304));
        recorder.close();
        let events = store.recorded();
        prop_assert_eq!(events.len(), 1);
        prop_assert!(events[0].event.action.starts_with("oauth.token."), "{:?}", events[0].event);
    }
}
