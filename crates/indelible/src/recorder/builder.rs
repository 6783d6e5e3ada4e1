//! The choices of a recorder.

use std::{
    fmt,
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::{SystemTime, UNIX_EPOCH},
};

use indelible_engine::store::{Receipt, Store};
use indelible_proof::{Event, Source, Timestamp};

use super::{
    RecordError, Recorder, Shared,
    pipeline::{Hooks, Pipeline},
    queue::Queue,
    stats::Counters,
};
use crate::{limits, redaction::Redaction};

/// What a before hook wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Record the event, as it is now.
    Record,
    /// Do not record it. Counted in [`Stats::suppressed`](super::Stats::suppressed).
    Suppress,
}

/// Builds a [`Recorder`].
#[must_use]
pub struct Builder {
    store: Arc<dyn Store>,
    hooks: Hooks,
    redaction: Redaction,
    source: Source,
    tenant: Option<String>,
    queue_events_max: usize,
    #[cfg(feature = "geo")]
    places: Option<crate::geo::Places>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Builder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            hooks: Hooks::default(),
            redaction: Redaction::default(),
            source: Source::default(),
            tenant: None,
            queue_events_max: limits::QUEUE_EVENTS_DEFAULT,
            #[cfg(feature = "geo")]
            places: None,
            clock: Box::new(system_time),
        }
    }

    /// Adds a hook that sees every event before redaction, and may change or suppress it. Hooks run in the order in
    /// which they were added; the first that suppresses ends the row.
    pub fn before(mut self, hook: impl Fn(&mut Event) -> Decision + Send + Sync + 'static) -> Self {
        self.hooks.before.push(Box::new(hook));
        self
    }

    /// Adds a hook that is called once for each stored event, after the store has acknowledged it. Not called for
    /// duplicates.
    pub fn after(mut self, hook: impl Fn(&Receipt, &Event) + Send + Sync + 'static) -> Self {
        self.hooks.after.push(Box::new(hook));
        self
    }

    /// Adds a hook that is called exactly once for each call whose events were not stored, and once for each queued
    /// batch that was given up.
    ///
    /// It gets the redacted events of the batch, so that it can put them elsewhere. There are none when the error came
    /// before redaction: an invalid event, a before hook that panicked, a full queue.
    pub fn on_write_error(mut self, hook: impl Fn(&RecordError, &[Event]) + Send + Sync + 'static) -> Self {
        self.hooks.write_error.push(Box::new(hook));
        self
    }

    /// Sets what counts as secret. Default: [`Redaction::default`].
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Sets the fields of `source` for events that leave them out.
    pub fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Sets the tenant of events that name none. Default: `default`.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets how many queued events may wait to be stored; what comes beyond is lost. Default: 16,384.
    pub fn queue_events_max(mut self, events: usize) -> Self {
        self.queue_events_max = events.max(1);
        self
    }

    /// Sets where addresses are looked up, before any hook. Default: nowhere.
    #[cfg(feature = "geo")]
    pub fn places(mut self, places: crate::geo::Places) -> Self {
        self.places = Some(places);
        self
    }

    /// Sets the clock that `recorded_at` is read from. Default: the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The recorder.
    pub fn build(self) -> Recorder {
        let pipeline = Pipeline {
            store: self.store,
            hooks: self.hooks,
            redaction: self.redaction,
            source: self.source,
            tenant: self.tenant,
            #[cfg(feature = "geo")]
            places: self.places,
            clock: self.clock,
            stats: Counters::default(),
        };
        Recorder(Arc::new(Shared {
            pipeline: Arc::new(pipeline),
            queue: Arc::new(Queue::new(self.queue_events_max)),
            worker: OnceLock::new(),
            closed: AtomicBool::new(false),
        }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Builder")
            .field("redaction", &self.redaction)
            .field("source", &self.source)
            .field("tenant", &self.tenant)
            .field("queue_events_max", &self.queue_events_max)
            .finish_non_exhaustive()
    }
}

/// The system's clock, for a recorder and a log.
pub fn system_time() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::saturating_from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
