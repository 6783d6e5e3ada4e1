//! Bodies pass through unchanged, whether a rule reads them or not.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    http::header,
    routing::post as on_post,
};
use indelible::capture::{Capture, Rule, RuleSet};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};

use super::{
    app::App,
    client::{exchange, post, request},
};

/// Sends back what it gets.
fn echo() -> Router {
    Router::new().route("/echo", on_post(async |body: Bytes| body))
}

fn rules() -> RuleSet {
    let capture = Capture { request_body: true, response_fields: vec!["answer.deep".to_owned()], ..Capture::default() };
    RuleSet::new([Rule::post("/echo", "resource.updated").capture(capture)])
}

#[tokio::test]
async fn a_body_arrives_whole_below_at_and_above_the_limit() {
    let app = App::around(echo(), rules(), |builder| builder.body_bytes_max(100)).await;
    for len in [0, 1, 98, 99, 100, 101, 5_000, 300_000] {
        let body = format!("\"{}\"", "x".repeat(len));
        let answer = post(app.address, "/echo", &[], &body).await;
        assert_eq!(answer.body, body, "{len}");
        let event = app.last().event;
        if len <= 98 {
            assert_eq!(event.metadata["request_body"], "x".repeat(len), "{len}");
        } else {
            assert_eq!(event.metadata["request_body"], json!({"left_out": "too_large"}), "{len}");
        }
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_read_along() {
    let app = App::around(echo(), rules(), |builder| builder).await;
    let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let answer = exchange(app.address, format!("{head}4\r\n{{\"a\"\r\n3\r\n:1}}\r\n0\r\n\r\n").as_bytes()).await;
    assert!(answer.body.contains(r#"{"a":1}"#), "{}", answer.body);
    assert_eq!(app.only().event.metadata["request_body"], json!({"a": 1}));
}

#[tokio::test]
async fn what_no_event_can_hold_is_kept_as_text_and_what_is_no_json_is_told() {
    let app = App::around(echo(), rules(), |builder| builder).await;
    let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
    for body in [r#"{"n":9007199254740993}"#, r#"{"n":"a\u0000b"}"#, &deep] {
        post(app.address, "/echo", &[], body).await;
        assert_eq!(app.last().event.metadata["request_body"], *body);
    }
    post(app.address, "/echo", &[], "{broken").await;
    assert_eq!(app.last().event.metadata["request_body"], json!({"left_out": "malformed"}));
    exchange(app.address, &request("POST /echo", &["Content-Type: image/png"], "{}")).await;
    assert!(!app.last().event.metadata.contains_key("request_body"));
}

#[tokio::test]
async fn fields_of_a_response_are_kept_and_the_response_is_as_it_was() {
    let handler = async || Json(json!({"answer": {"deep": 42, "token": "t0ps3cret"}}));
    let app = App::around(Router::new().route("/echo", on_post(handler)), rules(), |builder| builder).await;
    let answer = post(app.address, "/echo", &[], "{}").await;
    assert_eq!(answer.body, r#"{"answer":{"deep":42,"token":"t0ps3cret"}}"#);
    assert_eq!(answer.header("content-length"), Some("42"));
    assert_eq!(app.only().event.metadata["response"], json!({"answer.deep": 42}));
}

#[tokio::test]
async fn a_stream_is_not_held_up_even_when_it_calls_itself_json() {
    let (frames, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let handler = async move || {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let stream = ReceiverStream::new(receiver).map(Ok::<_, Infallible>);
        ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(stream))
    };
    let app = App::around(Router::new().route("/echo", on_post(handler)), rules(), |builder| builder).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(&request("POST /echo", &["Content-Type: application/json"], "{}")).await.unwrap();
    // The head and the first frame are there before the handler has a second one.
    frames.send("[1,").await.unwrap();
    let mut text = String::new();
    while !text.contains("[1,") {
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    assert_eq!(app.only().event.http.unwrap().status, Some(200));
    frames.send("2]").await.unwrap();
    drop(frames);
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("2]"), "{text}");
}
