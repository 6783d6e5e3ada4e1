//! What `AuditLayer` adds to a request when events are queued: `cargo run --release -p indelible --example capture_cost`.
//!
//! A service that answers at once is called with and without the layer, on one thread; the difference is the layer.
//! What the background thread does later is not in it. Time is that of the thread's own work, so others on the machine
//! blur it less. Each figure is the smallest, the median and the largest of the rounds, in nanoseconds a request.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use indelible::{
    Durability, NullStore, Recorder,
    capture::{AuditLayer, Proxies, better_auth, oauth2},
};
use tower_layer::Layer as _;
use tower_service::Service;

const ROUNDS: usize = 21;
const REQUESTS: usize = 10_000;

/// Answers at once, without a look at the request.
#[derive(Clone)]
struct Answer(StatusCode, &'static str);

impl<B> Service<Request<B>> for Answer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let response = Response::builder().status(self.0).header("content-type", "application/json");
        ready(Ok(response.body(Body::from(self.1)).unwrap()))
    }
}

struct Case {
    name: &'static str,
    path: &'static str,
    body: (&'static str, &'static str),
    answer: Answer,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn cases() -> [Case; 5] {
    let case = |name, path, body, status, text| Case { name, path, body, answer: Answer(status, text) };
    let form = "grant_type=client_credentials&client_id=web&client_secret=s3cret&scope=read+write";
    let token = r#"{"access_token":"acc3ss","token_type":"Bearer","scope":"read write","expires_in":3600}"#;
    [
        case("no rule for it", "/index.html", (JSON, ""), StatusCode::OK, "{}"),
        case("sign-out", "/api/auth/sign-out", (JSON, "{}"), StatusCode::OK, "{}"),
        case(
            "sign-in",
            "/api/auth/sign-in/email",
            (JSON, r#"{"email":"alice@example.com","password":"hunter2"}"#),
            StatusCode::OK,
            r#"{"redirect":false,"token":"t0ken","user":{"id":"u1"}}"#,
        ),
        case(
            "failed sign-in",
            "/api/auth/sign-in/email",
            (JSON, r#"{"email":"alice@example.com","password":"hunter2"}"#),
            StatusCode::UNAUTHORIZED,
            r#"{"code":"INVALID_EMAIL_OR_PASSWORD","message":"Invalid email or password"}"#,
        ),
        case("token issued", "/oauth/token", (FORM, form), StatusCode::OK, token),
    ]
}

fn requests(case: &Case) -> Vec<Request<Body>> {
    let request = |_| {
        Request::builder()
            .method(Method::POST)
            .uri(case.path)
            .header("content-type", case.body.0)
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .header("x-forwarded-for", "203.0.113.9, 10.1.1.1")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .extension(std::net::SocketAddr::from(([10, 0, 0, 1], 443)))
            .body(Body::from(case.body.1))
            .unwrap()
    };
    (0..REQUESTS).map(request).collect()
}

/// Nanoseconds a request.
fn time<S: Service<Request<Body>>>(service: &mut S, requests: Vec<Request<Body>>) -> f64 {
    let mut context = Context::from_waker(Waker::noop());
    let start = cpu_ns();
    for request in requests {
        let mut future = pin!(service.call(request));
        assert!(black_box(future.as_mut().poll(&mut context)).is_ready(), "nothing here waits");
    }
    (cpu_ns() - start) as f64 / REQUESTS as f64
}

/// Processor time of this thread.
fn cpu_ns() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn main() {
    let recorder = Recorder::builder(Arc::new(NullStore::default())).queue_events_max(2 * REQUESTS).build();
    let layer = AuditLayer::builder(recorder.clone(), better_auth().under("/api/auth").and(oauth2().under("/oauth")))
        .durability(Durability::Queued)
        .proxies(Proxies::trusting(["10.0.0.0/8"]).unwrap())
        .pseudonym_key([7; 32])
        .build()
        .unwrap();
    println!("{:<16}{:>24}{:>24}", "ns a request", "without the layer", "what it adds");
    for case in cases() {
        let (mut bare, mut layered) = (case.answer.clone(), layer.layer(case.answer.clone()));
        let (mut without, mut added) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let base = time(&mut bare, requests(&case));
            without.push(base);
            added.push(time(&mut layered, requests(&case)) - base);
            recorder.flush();
        }
        println!("{:<16}{:>24}{:>24}", case.name, spread(without), spread(added));
    }
    let stats = recorder.stats();
    assert_eq!((stats.lost, stats.failed), (0, 0));
    println!("{} events recorded", stats.recorded);
}

fn spread(mut figures: Vec<f64>) -> String {
    figures.sort_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or_default();
    format!("{:.0}, {:.0}, {:.0}", at(0), at(ROUNDS / 2), at(ROUNDS - 1))
}
