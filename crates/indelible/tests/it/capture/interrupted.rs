//! No response comes: a panic, an error, a client that goes away; and a log that takes nothing.

use std::sync::Arc;

use axum::{Json, Router, routing::post as on_post};
use indelible::{
    Durability, MemoryStore, NullStore, Outcome, Recorder, Store,
    capture::{AuditLayer, Rule, RuleSet},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    sync::{mpsc, watch},
};

use super::{
    app::App,
    client::{exchange, post, request, serve},
};

fn rules() -> RuleSet {
    RuleSet::new([Rule::post("/slow", "resource.deleted").identifier("who")])
}

#[tokio::test]
async fn a_handler_that_panics_is_a_failure() {
    for durability in [Durability::Durable, Durability::Queued] {
        let handler = async |_: Json<Value>| -> () { panic!("the handler") };
        let routes = Router::new().route("/slow", on_post(handler));
        let app = App::around(routes, rules(), |builder| builder.durability(durability)).await;
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(&request("POST /slow", &["Content-Type: application/json"], r#"{"who":"x"}"#)).await.unwrap();
        // The server closes the connection without an answer.
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await.unwrap();
        assert!(rest.is_empty());
        let event = app.only().event;
        assert_eq!((event.outcome, event.reason.as_deref()), (Some(Outcome::Failure), Some("internal_error")));
        assert_eq!(event.metadata["panicked"], true);
        assert_eq!(event.targets.len(), 1);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_is_a_failure() {
    let (entered, mut entries) = mpsc::channel::<()>(1);
    let handler = async move |_: Json<Value>| {
        entered.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let (stored, mut is_stored) = watch::channel(false);
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::builder(store.clone()).after(move |_, _| _ = stored.send_replace(true)).build();
    let layer = AuditLayer::new(recorder, rules()).unwrap();
    let address = serve(Router::new().route("/slow", on_post(handler)).layer(layer)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request("POST /slow", &["Content-Type: application/json"], r#"{"who":"x"}"#)).await.unwrap();
    entries.recv().await.unwrap();
    drop(stream);
    is_stored.wait_for(|stored| *stored).await.unwrap();
    store.assert_recorded("action:resource.deleted outcome:failure reason:x_client_gone");
}

#[tokio::test]
async fn an_answer_of_the_service_that_is_an_error_is_a_failure() {
    use tower::{Layer as _, ServiceExt as _, service_fn};
    let store = Arc::new(MemoryStore::default());
    let layer = AuditLayer::new(Recorder::new(store.clone()), rules()).unwrap();
    let fails = service_fn(async |_: axum::http::Request<indelible::capture::AuditBody<axum::body::Body>>| {
        Err::<axum::response::Response, _>(std::io::Error::other("away"))
    });
    let request = axum::http::Request::post("/slow").body(axum::body::Body::empty()).unwrap();
    let error = layer.layer(fails).oneshot(request).await.unwrap_err();
    assert_eq!(error.to_string(), "away");
    store.assert_recorded("action:resource.deleted outcome:failure reason:internal_error");
}

#[tokio::test]
async fn a_log_that_takes_nothing_costs_no_response() {
    for durability in [Durability::Durable, Durability::Queued] {
        let store = Arc::new(MemoryStore::default());
        store.close();
        let recorder = Recorder::builder(store).queue_events_max(1).build();
        let layer = AuditLayer::builder(recorder, rules()).durability(durability).build().unwrap();
        let routes = Router::new().route("/slow", on_post(async || Json(json!({"done": true}))));
        let address = serve(routes.layer(layer)).await;
        for _ in 0..3 {
            let answer = post(address, "/slow", &[], "{}").await;
            assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"done":true}"#));
        }
    }
}

#[tokio::test]
async fn a_request_that_no_rule_describes_goes_straight_through() {
    let store = Arc::new(NullStore::default());
    let layer = AuditLayer::new(Recorder::new(store.clone()), rules()).unwrap();
    let routes = Router::new().route("/other", on_post(async |body: String| body));
    let address = serve(routes.layer(layer)).await;
    assert_eq!(exchange(address, &request("POST /other", &[], "hello")).await.body, "hello");
    assert_eq!(store.status().next_seq, 0);
}
