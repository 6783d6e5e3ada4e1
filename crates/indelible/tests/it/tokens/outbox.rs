//! A death at every step between database and log, and a start more than a day later.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc::SyncSender,
    },
    time::Duration,
};

use indelible::{
    AppendError, Cancel, MemoryStore, Page, Pending, Query, ReadError, Recorded, Status, Store, Table,
    engine::store::{Durability, Ready},
    outbox::{self, Outbox, OutboxError, Row},
    tokens::{
        Derive, Find, Revoke, Rotate, Token, TokenError, Tokens,
        state::{Change, Sqlite, State, StateError, Tally, Use},
    },
};

use super::{
    bench::{Clock, builder, minutes, recorder, sk},
    consistent::{assert_consistent, kept, recorded},
};

/// Ends everything at a step, before or after it was done; what comes later is not done.
struct Fuse {
    steps: AtomicI64,
    does_the_last: bool,
}

impl Fuse {
    fn step<T, E>(&self, step: impl FnOnce() -> Result<T, E>, dead: E) -> Result<T, E> {
        match self.steps.fetch_sub(1, Ordering::SeqCst) {
            2.. => step(),
            1 if self.does_the_last => step().and(Err(dead)),
            _ => Err(dead),
        }
    }

    fn has_blown(&self) -> bool {
        self.steps.load(Ordering::SeqCst) < 1
    }
}

struct MortalState(Sqlite, Arc<Fuse>);

fn dead() -> StateError {
    StateError::Failed { cause: "dead".to_owned() }
}

fn lost() -> OutboxError {
    OutboxError::Database { cause: "dead".to_owned() }
}

impl State for MortalState {
    fn get(&self, tenant: &str, id: &str) -> Result<Option<Token>, StateError> {
        self.0.get(tenant, id)
    }

    fn by_hash(&self, tenant: &str, hash: &[u8; 32]) -> Result<Option<Token>, StateError> {
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
        self.1.step(|| self.0.commit(change), dead())
    }

    fn outbox(&self) -> &dyn Outbox {
        self
    }

    fn touch(&self, uses: &[Use]) -> Result<(), StateError> {
        self.0.touch(uses)
    }
}

impl Outbox for MortalState {
    fn waiting(&self) -> Result<Vec<Row>, OutboxError> {
        self.1.step(|| self.0.outbox().waiting(), lost())
    }

    fn settle(&self, ids: &[i64]) -> Result<(), OutboxError> {
        self.1.step(|| self.0.outbox().settle(ids), lost())
    }

    fn park(&self, id: i64, problem: &str) -> Result<(), OutboxError> {
        self.1.step(|| self.0.outbox().park(id, problem), lost())
    }

    fn retry(&self) -> Result<u64, OutboxError> {
        self.0.outbox().retry()
    }

    fn status(&self) -> Result<outbox::Status, OutboxError> {
        self.0.outbox().status()
    }

    fn ring(&self, bell: SyncSender<()>) -> Duration {
        self.0.outbox().ring(bell)
    }
}

struct MortalStore(Arc<MemoryStore>, Arc<Fuse>);

impl Store for MortalStore {
    fn append(&self, batch: Vec<Ready>, durability: Durability) -> Result<Pending, AppendError> {
        self.1.step(|| self.0.append(batch, durability), AppendError::Unavailable { cause: "dead".to_owned() })
    }

    fn get(&self, tenant: Option<&str>, seq: u64) -> Result<Option<Recorded>, ReadError> {
        self.0.get(tenant, seq)
    }

    fn query(&self, query: &Query, cancel: &Cancel) -> Result<Page, ReadError> {
        self.0.query(query, cancel)
    }

    fn aggregate(&self, aggregate: &indelible::Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        self.0.aggregate(aggregate, cancel)
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn on_commit(&self, listener: Box<dyn Fn(u64) -> bool + Send + Sync>) {
        self.0.on_commit(listener);
    }

    fn close(&self) {
        self.0.close();
    }
}

fn live(tokens: &Tokens) -> Result<(), TokenError> {
    let issued = tokens.issue(&sk())?.token;
    tokens.derive(&Derive::from(&issued.id))?;
    let rotated = tokens.rotate(&Rotate::new(&issued.id))?.token;
    tokens.revoke(&Revoke::new(&rotated.id)).map(drop)
}

/// Lives until the fuse blows, starts again a day and an hour later, and says whether it blew.
fn die_and_rise(step: i64, does_the_last: bool) -> bool {
    let (clock, directory) = (Clock::new(), tempfile::tempdir().unwrap());
    let file = directory.path().join("state.db");
    let store = Arc::new(MemoryStore::default());
    let fuse = Arc::new(Fuse { steps: AtomicI64::new(step), does_the_last });
    let mortal = recorder(&clock, Arc::new(MortalStore(store.clone(), fuse.clone())));
    let state = Arc::new(MortalState(Sqlite::open(&file).unwrap(), fuse.clone()));
    let tokens = builder(&clock, &mortal).start(state).unwrap();
    let result = live(&tokens);
    drop(tokens);
    let has_blown = fuse.has_blown();
    assert!(has_blown || result.is_ok());

    clock.advance(minutes(25 * 60));
    let tokens = builder(&clock, &recorder(&clock, store.clone())).open(&file).unwrap();
    assert_consistent(&tokens, &*store);
    assert!(Sqlite::open(&file).unwrap().outbox().waiting().unwrap().is_empty());
    has_blown
}

#[test]
fn a_death_at_any_step_loses_no_event_and_doubles_none() {
    for does_the_last in [false, true] {
        let steps = (1..).take_while(|&step| die_and_rise(step, does_the_last)).count();
        assert!(steps >= 16, "{steps}");
    }
}

#[test]
fn an_operation_holds_when_the_log_cannot_take_its_event_and_the_event_comes_later() {
    let (clock, directory) = (Clock::new(), tempfile::tempdir().unwrap());
    let file = directory.path().join("state.db");
    let store = Arc::new(MemoryStore::default());
    let fuse = Arc::new(Fuse { steps: AtomicI64::new(0), does_the_last: false });
    let tokens = builder(&clock, &recorder(&clock, Arc::new(MortalStore(store.clone(), fuse)))).open(&file).unwrap();
    let issued = tokens.issue(&sk()).unwrap().token;
    assert_eq!((kept(&tokens), recorded(&*store)), (vec![issued.clone()], vec![]));
    drop(tokens);

    let tokens = builder(&clock, &recorder(&clock, store.clone())).open(&file).unwrap();
    assert_consistent(&tokens, &*store);
    let [event] = &recorded(&*store)[..] else { panic!("one event") };
    assert_eq!(event.occurred_at, Some(issued.created_at));
}
