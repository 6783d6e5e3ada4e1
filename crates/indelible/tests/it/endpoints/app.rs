//! A small application with the endpoints under `/api/auth`, its users, and its clock.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::Router;
use indelible::{
    Actor, Credential, MemoryStore, Recorder, Store, Timestamp,
    endpoints::{Endpoints, audit_router},
    identity::{Identity, SessionCookie, SessionResolver},
};

use crate::capture::client::{Answer, exchange, request, serve};

pub(crate) const ALICE: &str = "Cookie: session=alice";
pub(crate) const BOB: &str = "Cookie: session=bob";
pub(crate) const ADMIN: &str = "Cookie: session=admin";
/// A user with Alice's id, in another tenant; and the administrator of that tenant.
pub(crate) const ALICE_ELSEWHERE: &str = "Cookie: session=alice-elsewhere";
pub(crate) const ADMIN_ELSEWHERE: &str = "Cookie: session=admin-elsewhere";

/// 2026-11-20T12:00:00.123456Z.
const START_US: i64 = 1_795_176_000_123_456;

pub(crate) struct App {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) recorder: Recorder,
    pub(crate) address: SocketAddr,
    clock: Arc<AtomicI64>,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(|endpoints| endpoints).await
    }

    pub(crate) async fn with(choose: impl FnOnce(Endpoints) -> Endpoints) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(AtomicI64::new(START_US));
        let recorder = Recorder::builder(store.clone()).clock(reading(&clock)).build();
        let endpoints = Endpoints::new(recorder.clone())
            .resolver(sessions())
            .admin(|identity| identity.has_scope("admin"))
            .clock(reading(&clock));
        let address = mounted(choose(endpoints)).await;
        Self { store, recorder, address, clock }
    }

    /// Lets time pass.
    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.fetch_add(ms * 1000, Ordering::Relaxed);
    }

    pub(crate) async fn get(&self, path: &str, who: &str) -> Answer {
        self.send(&format!("GET /api/auth/audit-log{path}"), &[who, "User-Agent: Test/1"], "").await
    }

    /// Inserts from a page of the application itself.
    pub(crate) async fn insert(&self, body: &str, who: &str) -> Answer {
        let headers = [who, "Origin: http://localhost", "Content-Type: application/json", "User-Agent: Test/1"];
        self.send("POST /api/auth/audit-log/insert", &headers, body).await
    }

    pub(crate) async fn send(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let headers: Vec<_> = headers.iter().copied().filter(|header| !header.is_empty()).collect();
        exchange(self.address, &request(line, &headers, body)).await
    }

    /// Actions and total of a list.
    pub(crate) async fn list(&self, query: &str, who: &str) -> (Vec<String>, u64) {
        let answer = self.get(&format!("/list{query}"), who).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let list: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let action = |entry: &serde_json::Value| entry["action"].as_str().unwrap().to_owned();
        (list["entries"].as_array().unwrap().iter().map(action).collect(), list["total"].as_u64().unwrap())
    }
}

pub(crate) async fn mounted(endpoints: Endpoints) -> SocketAddr {
    serve(Router::new().nest("/api/auth", audit_router(endpoints))).await
}

/// Endpoints over any store, without an allowance.
pub(crate) fn endpoints(store: Arc<dyn Store>) -> Endpoints {
    Endpoints::new(Recorder::new(store)).resolver(sessions()).requests_a_minute(u32::MAX)
}

fn reading(clock: &Arc<AtomicI64>) -> impl Fn() -> Timestamp + Send + Sync + use<> {
    let clock = Arc::clone(clock);
    move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed))
}

fn sessions() -> impl SessionResolver {
    SessionCookie::new("session", |token| {
        let admin = || Credential { scopes: vec!["admin".to_owned()], ..Credential::default() };
        let identity = match token.as_str() {
            "alice" => Some(Identity::new(Actor::user("u_alice").email("alice@example.com")).session("s_alice")),
            "bob" => Some(Identity::new(Actor::user("u_bob"))),
            "admin" => Some(Identity::new(Actor::user("u_admin")).credential(admin())),
            "alice-elsewhere" => Some(Identity::new(Actor::user("u_alice")).tenant("elsewhere")),
            "admin-elsewhere" => Some(Identity::new(Actor::user("u_admin")).credential(admin()).tenant("elsewhere")),
            "named-like-alices-mail" => Some(Identity::new(Actor::user("alice@example.com"))),
            _ => None,
        };
        async move { Ok(identity) }
    })
}
