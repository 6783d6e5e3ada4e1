//! A log on a simulated disk, with its steps taken one by one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use indelible_proof::{Event, Recorded, Timestamp};

use crate::{
    fs::SimulatedFs,
    limits::PAGE_ROWS_MAX,
    log::{
        Expired, Log, LogConfig, OpenError, RETENTION_APPLIED, RetainError,
        committer::Committer,
        queue::{Asks, Taken, Waiting},
        sealer::Sealer,
    },
    query::{Cancel, Filter, Order, Query},
    store::{AppendError, Durability, Ready, Receipt, Redacted, Store},
};

pub(super) const DAY_US: i64 = 24 * 3_600_000_000;
/// 2026-11-20T12:00:00Z
const NOON_US: i64 = 1_795_176_000_000_000;

pub(super) struct Harness {
    pub(super) disk: SimulatedFs,
    clock: Arc<AtomicI64>,
}

impl Harness {
    pub(super) fn new(seed: u64) -> Self {
        Self { disk: SimulatedFs::new(seed), clock: Arc::new(AtomicI64::new(NOON_US)) }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::saturating_from_micros(self.clock.load(Ordering::Relaxed))
    }

    pub(super) fn advance(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn config(&self) -> LogConfig {
        let clock = Arc::clone(&self.clock);
        let now = move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed));
        LogConfig { fs: Arc::new(self.disk.clone()), ..LogConfig::new("/log", Arc::new(now)) }
    }

    pub(super) fn ready(&self, n: u64) -> Ready {
        ready(event(n), self.now())
    }
}

pub(super) fn event(n: u64) -> Event {
    Event::new("token.authenticated").session(format!("s{n}")).meta("n", n)
}

/// The event that tells of a retention.
pub(super) fn applied(n: u64) -> Event {
    Event::new(RETENTION_APPLIED).meta("n", n)
}

pub(super) fn ready(event: Event, now: Timestamp) -> Ready {
    Ready::new(Redacted::vouched(event), now).unwrap()
}

/// Every event, oldest first.
pub(super) fn all(log: &Log) -> Vec<Recorded> {
    let mut events = Vec::new();
    let mut query = Query { filter: Filter::default(), order: Order::OldestFirst, limit: PAGE_ROWS_MAX, after: None };
    loop {
        let page = log.query(&query, &Cancel::default()).unwrap();
        events.extend(page.events);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return events,
        }
    }
}

pub(super) type Append<'a> = &'a mut dyn FnMut(Vec<Ready>) -> Result<Vec<Receipt>, AppendError>;

/// A log without threads.
pub(super) struct Steps {
    pub(super) log: Log,
    pub(super) committer: Committer,
    pub(super) sealer: Sealer,
}

impl Steps {
    pub(super) fn open(harness: &Harness) -> Result<Self, OpenError> {
        Self::open_with(harness.config())
    }

    pub(super) fn open_with(config: LogConfig) -> Result<Self, OpenError> {
        let (log, committer, sealer) = Log::open_at_rest(config)?;
        Ok(Self { log, committer, sealer })
    }

    pub(super) fn append(&mut self, batch: Vec<Ready>, durability: Durability) -> Result<Vec<Receipt>, AppendError> {
        let pending = self.log.append(batch, durability)?;
        self.commit();
        pending.wait()
    }

    pub(super) fn commit(&mut self) {
        while let Some(group) = self.take() {
            self.committer.commit(group);
        }
    }

    /// What the committer would take, without waiting.
    pub(super) fn take(&self) -> Option<Vec<Waiting>> {
        match self.log.shared.queue.take(Some(Duration::ZERO)) {
            Taken::Group(group) => Some(group),
            Taken::Nothing | Taken::Closed => None,
        }
    }

    /// Retention up to its marker. `record` is given a way to append.
    pub(super) fn begin_retention(
        &mut self,
        before: Timestamp,
        sizes: &[u64],
        record: impl FnOnce(&Expired, Append<'_>) -> Result<u64, AppendError>,
    ) -> Result<Option<Expired>, RetainError> {
        let Self { log, committer, .. } = self;
        log.begin_retention(before, sizes, &|_, _| (), |expired| {
            let mut append = |batch| {
                let pending = log.append(batch, Durability::Durable)?;
                while let Taken::Group(group) = log.shared.queue.take(Some(Duration::ZERO)) {
                    committer.commit(group);
                }
                pending.wait()
            };
            Ok(record(expired, &mut append)?)
        })
    }

    /// Removes what was recorded before the day of `before`.
    pub(super) fn retain(&mut self, before: Timestamp, sizes: &[u64]) -> Result<Option<Expired>, RetainError> {
        let now = (self.log.shared.config.clock)();
        let expired =
            self.begin_retention(before, sizes, |_, append| Ok(append(vec![ready(applied(0), now)])?[0].seq))?;
        self.seal_all();
        Ok(expired)
    }

    pub(super) fn rotate(&mut self) {
        let _asked = self.log.shared.ask(Asks::NewFile);
        self.commit();
    }

    /// Changes the key that signs.
    pub(super) fn rotate_key(&mut self) -> Result<(), AppendError> {
        let asked = self.log.shared.ask(Asks::NewKey)?;
        self.commit();
        asked.wait().map(drop)
    }

    pub(super) fn seal_all(&mut self) {
        while self.sealer.step().unwrap() {}
    }
}
