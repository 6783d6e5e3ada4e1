//! A log that is down, slow or full: responses stay right, and when it comes back nothing is missing or doubled.

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex},
};

use axum::{Json, Router, routing::post as on_post};
use indelible::{
    Aggregate, AppendError, Cancel, Durability, MemoryStore, Page, Pending, Query, ReadError, Recorded, Recorder,
    Status, Store, Table,
    capture::{AuditLayer, session_auth},
    engine::store::{Durability as Acknowledged, Ready},
};
use serde_json::json;

use super::client::{post, serve};

const REQUESTS: usize = 40;

/// Takes nothing until it is back.
#[derive(Default)]
struct Away {
    is_back: Mutex<bool>,
    change: Condvar,
    /// Whether it keeps who appends waiting until then; else it says that it is busy.
    is_slow: bool,
    store: MemoryStore,
}

impl Away {
    fn come_back(&self) {
        *self.is_back.lock().unwrap() = true;
        self.change.notify_all();
    }
}

impl Store for Away {
    fn append(&self, batch: Vec<Ready>, durability: Acknowledged) -> Result<Pending, AppendError> {
        let is_back = self.is_back.lock().unwrap();
        let is_back = *self.change.wait_while(is_back, |is_back| self.is_slow && !*is_back).unwrap();
        if is_back { self.store.append(batch, durability) } else { Err(AppendError::Busy { retry_after_ms: 1 }) }
    }

    fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError> {
        self.store.get(tenant, seq)
    }

    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        self.store.query(query, cancel)
    }

    fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        self.store.aggregate(aggregate, cancel)
    }

    fn status(&self) -> Status {
        self.store.status()
    }

    fn on_commit(&self, listener: Box<dyn Fn(u64) -> bool + Send + Sync>) {
        self.store.on_commit(listener);
    }

    fn close(&self) {
        self.store.close();
    }
}

/// Sends sign-ins while the store is away, lets it come back, and gives what it has then.
async fn recorded(away: Away, durability: Durability, queue_events_max: usize) -> Vec<Recorded> {
    let away = Arc::new(away);
    let recorder = Recorder::builder(away.clone()).queue_events_max(queue_events_max).build();
    let layer = AuditLayer::builder(recorder.clone(), session_auth()).durability(durability).build().unwrap();
    let routes = Router::new().route("/login", on_post(async || Json(json!({"welcome": true}))));
    let address = serve(routes.layer(layer)).await;
    for nth in 0..REQUESTS {
        let id = format!("X-Request-Id: req-{nth}");
        let answer = post(address, "/login", &[&id], r#"{"email":"alice@example.com"}"#).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"welcome":true}"#));
    }
    assert!(away.store.recorded().is_empty());
    away.come_back();
    recorder.close();
    away.store.recorded()
}

#[tokio::test]
async fn what_happened_while_the_log_was_away_is_there_once_when_it_is_back() {
    for durability in [Durability::Durable, Durability::Written, Durability::Queued] {
        assert_all_once(&recorded(Away::default(), durability, REQUESTS).await);
    }
}

/// Would the queue wait for the log, this would never end.
#[tokio::test]
async fn a_log_that_is_slow_holds_up_no_response_when_queued() {
    let slow = Away { is_slow: true, ..Away::default() };
    assert_all_once(&recorded(slow, Durability::Queued, REQUESTS).await);
}

fn assert_all_once(events: &[Recorded]) {
    let ids: BTreeSet<_> = events.iter().filter_map(|it| it.event.request_id.clone()).collect();
    assert_eq!((events.len(), ids.len()), (REQUESTS, REQUESTS));
}

#[tokio::test]
async fn what_a_full_queue_could_not_keep_is_told_to_the_last_event() {
    let events = recorded(Away::default(), Durability::Queued, 10).await;
    let (gaps, kept): (Vec<_>, Vec<_>) = events.iter().partition(|it| it.event.action == "audit.gap");
    let lost: u64 = gaps.iter().filter_map(|gap| gap.event.metadata["lost"].as_u64()).sum();
    assert_eq!(kept.len() as u64 + lost, REQUESTS as u64, "{gaps:#?}");
}
