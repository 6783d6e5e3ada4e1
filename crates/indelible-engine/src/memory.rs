//! The store in memory: for tests, and for logs that need not outlive the process.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use hashbrown::HashMap;
use indelible_proof::{Entry, EpochKey, Event, EventId, Recorded, Timestamp};

use crate::{
    chunk::Chunk,
    limits::{BATCH_EVENTS_MAX, CHUNK_ROWS, IDEMPOTENCY_US, PAGE_ROWS_MAX},
    listeners::{Listener, Listeners},
    query::{Aggregate, Cancel, Filter, Order, Page, Part, Query, Snapshot, Table, Value},
    source::{ReadError, Source},
    store::{AppendError, Durability, Pending, Ready, Receipt, Status, Store},
};

/// A bounded log in memory.
///
/// It keeps at least the newest `events_max` events and forgets older ones some at a time; sequence numbers go on.
/// Every acknowledgement is as good as memory is, whatever [`Durability`] was asked for.
///
/// In tests it says what was recorded:
///
/// ```
/// use indelible_engine::{memory::MemoryStore, store::{Durability, Ready, Redacted, Store}};
/// use indelible_proof::{Actor, Event, Timestamp};
///
/// let store = MemoryStore::default();
/// let event = Event::new("token.revoked").actor(Actor::user("42"));
/// let now: Timestamp = "2026-11-20T12:00:00Z".parse()?;
/// store.append(vec![Ready::new(Redacted::vouched(event), now)?], Durability::Durable)?.wait()?;
///
/// store.assert_recorded("action:token.revoked actor:user:42");
/// store.assert_not_recorded("action:token.created");
/// assert_eq!(store.count("actor:42"), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    events_max: u64,
    epoch_key: EpochKey,
    state: Mutex<State>,
    /// Locked before `state` by whoever appends, and until the listeners know: they hear of commits in order, and may
    /// read the store meanwhile.
    listeners: Mutex<Listeners>,
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first; only the last one grows.
    chunks: VecDeque<Arc<RwLock<Chunk>>>,
    first_seq: u64,
    next_seq: u64,
    /// By tenant and key: when it was recorded, and the receipt. Forgotten together with the event.
    keys: HashMap<(String, String), (Timestamp, Receipt)>,
    closed: bool,
}

impl Default for MemoryStore {
    /// One that keeps a million events.
    fn default() -> Self {
        Self::new(1_000_000)
    }
}

impl MemoryStore {
    /// An empty log that keeps at least this many events.
    pub fn new(events_max: u64) -> Self {
        let mut key = [0; 32];
        // Without entropy the salts can be guessed, which matters only to events that outlive this process: none.
        let _ = getrandom::fill(&mut key);
        Self {
            events_max: events_max.max(1),
            epoch_key: EpochKey(key),
            state: Mutex::default(),
            listeners: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Snapshot {
        let state = self.state();
        let parts = state.chunks.iter().map(|chunk| Part::Growing(Arc::clone(chunk))).collect();
        Snapshot { parts, end_seq: state.next_seq, log_number: 0 }
    }

    /// Few enough rows that dropping a chunk drops at most a quarter of what is to be kept.
    fn chunk_rows(&self) -> u64 {
        (self.events_max / 4).clamp(1, u64::from(CHUNK_ROWS))
    }

    fn commit(&self, batch: Vec<Ready>) -> Result<(Vec<Receipt>, u64), AppendError> {
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let receipts = batch.into_iter().map(|ready| self.record(&mut state, &ready)).collect();
        state.forget(self.events_max);
        Ok((receipts, state.next_seq))
    }

    fn record(&self, state: &mut State, ready: &Ready) -> Receipt {
        let event = &ready.event;
        let now = event.recorded_at.unwrap_or(Timestamp::MIN);
        let key = event.idempotency_key.clone().map(|key| (event.tenant.clone().unwrap_or_default(), key));
        if let Some((first_at, first)) = key.as_ref().and_then(|key| state.keys.get(key))
            && now.as_micros() - first_at.as_micros() < IDEMPOTENCY_US
        {
            return Receipt { duplicate: true, ..first.clone() };
        }
        let seq = state.next_seq;
        let leaf = Entry::of(&ready.canonical, &self.epoch_key).leaf_hash();
        let receipt = Receipt { id: EventId::new(now, 0, seq), seq, leaf, duplicate: false };
        state.push(event, self.chunk_rows());
        if let Some(key) = key {
            state.keys.insert(key, (now, receipt.clone()));
        }
        receipt
    }

    /// Every event that it still has, oldest first.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.matching(Filter::default())
    }

    /// How many events a filter line finds. Times such as `since:1h` count back from the newest event.
    ///
    /// # Panics
    /// When the line is no filter.
    #[track_caller]
    pub fn count(&self, line: &str) -> u64 {
        let filter = self.filter(line);
        let table = self.aggregate(&Aggregate::count(filter), &Cancel::default()).unwrap_or_default();
        match table.rows.first().and_then(|row| row.first()) {
            Some(Value::Int(count)) => count.unsigned_abs(),
            _ => 0,
        }
    }

    /// Asserts that a filter line finds something.
    ///
    /// # Panics
    /// With a list of what was recorded, when it finds nothing or the line is no filter.
    #[track_caller]
    pub fn assert_recorded(&self, line: &str) {
        assert!(self.count(line) > 0, "nothing recorded matches\n    {line}\nrecorded:\n{}", listing(&self.recorded()));
    }

    /// Asserts that a filter line finds nothing.
    ///
    /// # Panics
    /// With a list of what it found, when it finds something or the line is no filter.
    #[track_caller]
    pub fn assert_not_recorded(&self, line: &str) {
        let found = self.matching(self.filter(line));
        assert!(found.is_empty(), "{} recorded events match\n    {line}\nthese:\n{}", found.len(), listing(&found));
    }

    #[track_caller]
    fn filter(&self, line: &str) -> Filter {
        let query = Query { limit: 1, ..Query::newest(Filter::default()) };
        let newest = self.query(&query, &Cancel::default()).unwrap_or_default().events.pop();
        let now = newest.and_then(|newest| newest.event.recorded_at).unwrap_or(Timestamp::MIN);
        match Filter::parse(line, now) {
            Ok(filter) => filter,
            Err(error) => panic!("not a filter:\n{}", error.render(line)),
        }
    }

    fn matching(&self, filter: Filter) -> Vec<Recorded> {
        let mut query = Query { order: Order::OldestFirst, limit: PAGE_ROWS_MAX, ..Query::newest(filter) };
        let mut all = Vec::new();
        loop {
            // Memory does not fail to be read.
            let page = self.query(&query, &Cancel::default()).unwrap_or_default();
            all.extend(page.events);
            query.after = page.next;
            if query.after.is_none() {
                return all;
            }
        }
    }
}

impl State {
    fn push(&mut self, event: &Event, chunk_rows: u64) {
        let rows = |chunk: &Arc<RwLock<Chunk>>| u64::from(read(chunk, |chunk| chunk.rows()));
        let chunk = match self.chunks.back() {
            Some(last) if rows(last) < chunk_rows => Arc::clone(last),
            _ => {
                let new = Arc::new(RwLock::new(Chunk::new(self.next_seq)));
                self.chunks.push_back(Arc::clone(&new));
                new
            }
        };
        chunk.write().unwrap_or_else(PoisonError::into_inner).push(event);
        self.next_seq += 1;
    }

    /// Drops the oldest chunks for as long as enough events are left.
    fn forget(&mut self, events_max: u64) {
        let before = self.first_seq;
        while let Some(second) = self.chunks.get(1).map(|chunk| read(chunk, |chunk| chunk.first_seq()))
            && self.next_seq - second >= events_max
        {
            self.chunks.pop_front();
            self.first_seq = second;
        }
        if self.first_seq != before {
            let first_seq = self.first_seq;
            self.keys.retain(|_, (_, receipt)| receipt.seq >= first_seq);
        }
    }
}

fn read<T>(chunk: &RwLock<Chunk>, get: impl FnOnce(&Chunk) -> T) -> T {
    get(&chunk.read().unwrap_or_else(PoisonError::into_inner))
}

/// One line an event, as far as a reader of a failed test wants to read.
fn listing(events: &[Recorded]) -> String {
    const SHOWN: usize = 20;
    let line = |recorded: &Recorded| {
        let event = &recorded.event;
        let actor = event.actor.as_ref().and_then(|actor| actor.id.as_deref().or(actor.email.as_deref()));
        let outcome = event.outcome.map_or("-", |outcome| outcome.as_str());
        let (action, actor) = (&event.action, actor.unwrap_or("-"));
        format!("    seq:{} action:{action} outcome:{outcome} actor:{actor}\n", recorded.seq)
    };
    let mut text: String = events.iter().take(SHOWN).map(line).collect();
    match events.len() {
        0 => text.push_str("    nothing\n"),
        more if more > SHOWN => text.push_str(&format!("    and {} more\n", more - SHOWN)),
        _ => {}
    }
    text
}

impl Store for MemoryStore {
    fn append(&self, batch: Vec<Ready>, _: Durability) -> Result<Pending, AppendError> {
        if batch.len() > BATCH_EVENTS_MAX {
            return Err(AppendError::TooLarge { events: batch.len(), events_max: BATCH_EVENTS_MAX });
        }
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let (receipts, next_seq) = self.commit(batch)?;
        listeners.tell(next_seq);
        Ok(Pending::completed(Ok(receipts)))
    }

    fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError> {
        self.snapshot().get(tenant, seq)
    }

    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        self.snapshot().query(query, cancel)
    }

    fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        self.snapshot().aggregate(aggregate, cancel)
    }

    fn status(&self) -> Status {
        let state = self.state();
        Status {
            next_seq: state.next_seq,
            first_seq: state.first_seq,
            tail_events: state.next_seq - state.first_seq,
            ..Status::default()
        }
    }

    fn on_commit(&self, listener: Listener) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).add(listener);
    }

    fn close(&self) {
        self.state().closed = true;
    }
}

#[cfg(test)]
mod tests;
