//! A database that is slow or away; a handler that panics, a service that fails, a client that does not wait.

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    task::{Context, Waker},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use indelible::{
    outbox::Outbox,
    tokens::{
        Find, RequireToken, Token, Tokens,
        state::{Change, Sqlite, State, StateError, Tally, Use},
    },
};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{Bench, app, order_with, send};
use crate::tokens::bench::builder;

type Gate = Box<dyn Fn() -> Result<(), StateError> + Send + Sync>;

/// A database before whose look-ups something happens.
struct Gated(Sqlite, Gate);

impl State for Gated {
    fn get(&self, tenant: &str, id: &str) -> Result<Option<Token>, StateError> {
        self.0.get(tenant, id)
    }

    fn by_hash(&self, tenant: &str, hash: &[u8; 32]) -> Result<Option<Token>, StateError> {
        (self.1)()?;
        self.0.by_hash(tenant, hash)
    }

    fn list(&self, tenant: &str, find: &Find) -> Result<Vec<Token>, StateError> {
        self.0.list(tenant, find)
    }

    fn tally(&self, tenant: &str, find: &Find) -> Result<Vec<Tally>, StateError> {
        self.0.tally(tenant, find)
    }

    fn tenants(&self) -> Result<Vec<String>, StateError> {
        self.0.tenants()
    }

    fn commit(&self, change: &Change) -> Result<(), StateError> {
        self.0.commit(change)
    }

    fn outbox(&self) -> &dyn Outbox {
        self.0.outbox()
    }

    fn touch(&self, uses: &[Use]) -> Result<(), StateError> {
        self.0.touch(uses)
    }
}

/// A service over the same log as that of a bench, and a database of its own behind a gate.
fn gated(bench: &Bench, gate: impl Fn() -> Result<(), StateError> + Send + Sync + 'static) -> Tokens {
    let file = bench.directory.path().join("gated.db");
    let state = Gated(Sqlite::open(&file).unwrap(), Box::new(gate));
    builder(&bench.clock, &bench.recorder).start(Arc::new(state)).unwrap()
}

#[tokio::test]
async fn while_the_database_is_away_the_answer_is_503_and_the_log_knows() {
    let bench = Bench::new();
    let tokens = gated(&bench, || Err(StateError::Failed { cause: "away".to_owned() }));
    let issued = tokens.issue(&super::sk()).unwrap();
    let answer = send(&app(RequireToken::new(tokens)), order_with(&issued)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((answer.header("retry-after"), answer.header("www-authenticate")), (Some("1"), None));
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert!(!answer.body.contains("away"));
    assert_eq!(bench.events("reason:internal_error outcome:failure http.status:503").len(), 1);
}

/// A gate that tells when somebody waits at it, and opens when it is told; some time it gives up, so that a test that
/// holds the thread which would open it fails.
fn door() -> (Receiver<()>, Sender<()>, impl Fn() -> Result<(), StateError> + Send + Sync + 'static) {
    let ((entered, entries), (open, opened)) = (channel(), channel());
    let (entered, opened) = (Mutex::new(entered), Mutex::new(opened));
    let gate = move || {
        let _ = entered.lock().unwrap().send(());
        let closed = |_| StateError::Failed { cause: "never opened".to_owned() };
        opened.lock().unwrap().recv_timeout(Duration::from_secs(10)).map_err(closed)
    };
    (entries, open, gate)
}

#[tokio::test]
async fn a_look_at_the_database_keeps_no_other_request_waiting() {
    let bench = Bench::new();
    let (_entries, open, gate) = door();
    let tokens = gated(&bench, gate);
    let issued = tokens.issue(&super::sk()).unwrap();
    let app = Router::new().merge(app(RequireToken::new(tokens))).route(
        "/open",
        get(async move || {
            open.send(()).unwrap();
            "opened"
        }),
    );
    // On one thread: the second is only answered when the first does not hold it.
    let first = send(&app, order_with(&issued));
    let second = send(&app, Request::get("/open").body(Body::empty()).unwrap());
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn an_attempt_whose_client_went_away_during_the_look_up_is_logged() {
    let bench = Bench::new();
    let (entries, open, gate) = door();
    let tokens = gated(&bench, gate);
    let issued = tokens.issue(&super::sk()).unwrap();
    let app = app(RequireToken::new(tokens.clone()));
    {
        let mut request = pin!(app.oneshot(order_with(&issued)));
        assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        entries.recv_timeout(Duration::from_secs(10)).unwrap();
    }
    open.send(()).unwrap();
    // The thread that looks up ends only when it has logged.
    while bench.events("action:token.authenticated").is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.metadata("action:token.authenticated http.route:/orders/{id}")["unanswered"], "client_gone");
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_logged() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let layer = RequireToken::new(bench.tokens.clone());
    let app: Router = Router::new().route("/orders/{id}", get(async || pending::<()>().await)).layer(layer);
    // In memory from here on.
    bench.tokens.verify(indelible::tokens::Attempt::new(issued.plaintext.reveal())).unwrap();
    {
        let mut request = pin!(app.oneshot(order_with(&issued)));
        assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(bench.events("action:token.authenticated http.route:*").len(), 0);
    }
    assert_eq!(bench.metadata("action:token.authenticated http.route:/orders/{id}")["unanswered"], "client_gone");
}

#[tokio::test]
async fn a_handler_that_panics_is_logged() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let layer = RequireToken::new(bench.tokens.clone());
    let app: Router = Router::new().route("/orders/{id}", get(async || -> () { panic!("the handler") })).layer(layer);
    let request = order_with(&issued);
    tokio::spawn(app.oneshot(request)).await.unwrap_err();
    let events = bench.events("action:token.authenticated");
    assert_eq!((events.len(), &events[0].metadata["unanswered"]), (1, &"panicked".into()));
    let http = events[0].http.clone().unwrap();
    assert_eq!((http.status, http.latency_us.is_some()), (None, true));
}

#[tokio::test]
async fn a_service_that_fails_is_logged_and_its_error_passed_on() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let fails = service_fn(async |_: Request<Body>| Err::<axum::response::Response, _>(std::io::Error::other("away")));
    let service = RequireToken::new(bench.tokens.clone()).layer(fails);
    assert_eq!(service.oneshot(order_with(&issued)).await.unwrap_err().to_string(), "away");
    assert_eq!(bench.metadata("action:token.authenticated")["unanswered"], "failed");
}
