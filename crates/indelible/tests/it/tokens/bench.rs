//! A service over a log in memory and a database on disk, with a clock that the test turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use indelible::{
    Actor, Event, Filter, MemoryStore, Object, Recorder, Store, Timestamp,
    tokens::{Builder, Entity, Issue, Issued, Tokens},
};
use tempfile::TempDir;

/// When a test's clock begins.
pub(crate) const START: &str = "2026-11-20T12:00:00Z";

#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START.parse::<Timestamp>().unwrap().as_micros())))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::saturating_from_micros(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn put_back(&self, time: Duration) {
        self.0.fetch_sub(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

pub(crate) struct Bench {
    pub(crate) tokens: Tokens,
    pub(crate) recorder: Recorder,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Clock,
    pub(crate) directory: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(choose: impl FnOnce(Builder) -> Builder) -> Self {
        let (clock, directory) = (Clock::new(), tempfile::tempdir().unwrap());
        let store = Arc::new(MemoryStore::default());
        let recorder = recorder(&clock, store.clone());
        let builder = choose(builder(&clock, &recorder));
        let tokens = builder.open(directory.path().join("state.db")).unwrap().by(Actor::user("admin"));
        Self { tokens, recorder, store, clock, directory }
    }

    /// A token of type `sk` that may do everything.
    pub(crate) fn secret_key(&self) -> Issued {
        self.tokens.issue(&sk()).unwrap()
    }

    /// The events that a line finds, oldest first, once all that was queued is there.
    pub(crate) fn events(&self, line: &str) -> Vec<Event> {
        self.recorder.flush();
        let filter = Filter::parse(line, self.clock.now()).unwrap();
        let query = indelible::Query { limit: 1000, ..indelible::Query::newest(filter) };
        let page = self.store.query(&query, &indelible::Cancel::default()).unwrap();
        page.events.into_iter().rev().map(|recorded| recorded.event).collect()
    }

    /// The free data of the only event that a line finds.
    pub(crate) fn metadata(&self, line: &str) -> Object {
        let mut events = self.events(line);
        assert_eq!(events.len(), 1, "{line}: {events:#?}");
        events.remove(0).metadata
    }
}

pub(crate) fn recorder(clock: &Clock, store: Arc<dyn Store>) -> Recorder {
    let clock = clock.clone();
    Recorder::builder(store).clock(move || clock.now()).tenant("acme").build()
}

pub(crate) fn builder(clock: &Clock, recorder: &Recorder) -> Builder {
    let clock = clock.clone();
    Tokens::builder(recorder.clone()).clock(move || clock.now())
}

pub(crate) fn sk() -> Issue {
    Issue::new("sk", "ci key", Entity::user("42"))
}

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}
