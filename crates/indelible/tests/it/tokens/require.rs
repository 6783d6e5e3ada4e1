//! Routes that only requests with a token reach.

mod answers;
mod nested;
mod places;
mod unanswered;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
    routing::get,
};
use indelible::tokens::{Issued, RequireToken};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Bench, bench::sk};

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A small application behind the layer.
fn app(layer: RequireToken) -> Router {
    Router::new().route("/orders/{id}", get(async || "an order")).layer(layer)
}

fn order() -> axum::http::request::Builder {
    Request::get("/orders/7")
}

fn bearer(issued: &Issued) -> String {
    format!("Bearer {}", issued.plaintext.reveal())
}

fn order_with(issued: &Issued) -> Request<Body> {
    order().header(header::AUTHORIZATION, bearer(issued)).body(Body::empty()).unwrap()
}

async fn send(app: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}
