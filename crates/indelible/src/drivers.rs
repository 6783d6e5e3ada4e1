//! Audit drivers by name: where events are recorded, what follows a log, and how it is read.
//!
//! A driver is one of three things, and none of them is a layer of its own over the log:
//!
//! - a [`Store`]: [`Log`](crate::Log) (`local`), [`MemoryStore`](crate::MemoryStore) (`memory`),
//!   [`NullStore`](crate::NullStore) (`null`), or yours;
//! - a [`Sink`], which takes what a store has recorded somewhere else: `cloudwatch` of the crate `indelible-stores`,
//!   [`Mirror`] for a second store, or yours. A [`Follower`] brings it the events, in their order, behind its cursor;
//! - a way to look at a store: [`Activities`], the model of an activity log, and [`token_log`].
//!
//! A *stack* is a store and the sinks that follow it. The store is the authoritative one: its receipt is the answer, what it
//! refuses was not recorded and goes nowhere, and reads are answered by it. A sink that fails stops nobody: it is asked again,
//! after growing pauses, and gets everything in order when it is back.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use indelible::{Event, MemoryStore, Recorder, drivers::{Drivers, Mirror}};
//!
//! let (main, copy) = (Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default()));
//! let mut drivers = Drivers::new("main", main);
//! drivers.register_stack("all", "main", vec![("copy".to_owned(), Box::new(Mirror::into(copy.clone())))], |_, _| {})?;
//! drivers.set_default("all")?;
//!
//! let recorder = Recorder::new(drivers.default().clone());
//! recorder.record(Event::new("token.created"))?;
//! assert!(drivers.flush(Duration::from_secs(10)));
//! copy.assert_recorded("action:token.created");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod activities;
mod activity;
mod cursor;
mod follower;
mod mirror;
mod placeholders;
mod setup;
mod sink;
mod token_log;

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use indelible_engine::store::Store;

pub use activities::Activities;
pub use activity::Activity;
pub use cursor::CursorFile;
pub use follower::{Follower, Notice, Standing};
pub use mirror::{Mirror, MirrorError};
pub use setup::{Kinds, Made, Setup, SetupError, Spec, options_of};
pub use sink::{Refused, Sink, SinkError};
pub use token_log::token_log;

/// Drivers by name. One of them is the default, and always named: it is never merely the first.
#[derive(Debug)]
pub struct Drivers {
    default: String,
    entries: BTreeMap<String, Entry>,
}

/// What a name stands for: where it records and reads, and what else it has.
#[derive(Debug)]
struct Entry {
    store: Arc<dyn Store>,
    followers: Vec<Follower>,
    /// Of an activity log.
    log_name: Option<String>,
}

/// Why a driver was not registered or chosen.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The name is in use.
    #[error("there is a driver {0} already: choose another name")]
    Taken(String),
    /// Nothing has this name.
    #[error("there is no driver {0}: register it first")]
    Unknown(String),
    /// The system gives no thread for a follower.
    #[error("cannot start the follower {name}: {error}")]
    NoThread {
        /// The follower.
        name: String,
        /// The system's words.
        error: io::Error,
    },
}

impl Drivers {
    /// One driver, which is the default.
    pub fn new(name: impl Into<String>, store: Arc<dyn Store>) -> Self {
        let default = name.into();
        let entry = Entry { store, followers: Vec::new(), log_name: None };
        Self { entries: BTreeMap::from([(default.clone(), entry)]), default }
    }

    /// Adds a store.
    pub fn register(&mut self, name: impl Into<String>, store: Arc<dyn Store>) -> Result<(), DriverError> {
        self.add(name.into(), Entry { store, followers: Vec::new(), log_name: None })
    }

    /// Adds a stack: the store of a registered driver, which is the authoritative one, and sinks by name that follow it
    /// from now on. `notice` hears, by a sink's name, of what is more than a delivery.
    pub fn register_stack(
        &mut self,
        name: impl Into<String>,
        authoritative: &str,
        sinks: Vec<(String, Box<dyn Sink>)>,
        notice: impl Fn(&str, &Notice) + Clone + Send + 'static,
    ) -> Result<(), DriverError> {
        let (name, store) = (self.free(name.into())?, Arc::clone(self.known(authoritative)?));
        let follow = |(name, sink): (String, Box<dyn Sink>)| {
            let started = Follower::start(&name, Arc::clone(&store), sink, notice.clone());
            started.map_err(|error| DriverError::NoThread { name, error })
        };
        let followers = sinks.into_iter().map(follow).collect::<Result<_, _>>()?;
        self.add(name, Entry { store, followers, log_name: None })
    }

    /// Adds an activity log over a registered driver.
    pub fn register_activity(
        &mut self,
        name: impl Into<String>,
        over: &str,
        log_name: impl Into<String>,
    ) -> Result<(), DriverError> {
        let store = Arc::clone(self.known(over)?);
        self.add(name.into(), Entry { store, followers: Vec::new(), log_name: Some(log_name.into()) })
    }

    /// Chooses which registered driver is the default.
    pub fn set_default(&mut self, name: &str) -> Result<(), DriverError> {
        self.known(name)?;
        name.clone_into(&mut self.default);
        Ok(())
    }

    /// The store of the default driver.
    pub fn default(&self) -> &Arc<dyn Store> {
        // `new` and `set_default` let in no other name, and nothing is ever taken out.
        &self.entries[&self.default].store
    }

    /// The name of the default driver.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// The store of a driver: of a stack the authoritative one, of an activity log the one that it is over.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Store>> {
        self.entries.get(name).map(|entry| &entry.store)
    }

    /// Whether there is a driver of this name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// What a registered activity log holds for a tenant; `None` when the name is none of an activity log.
    pub fn activities(&self, name: &str, tenant: &str) -> Option<Activities> {
        let entry = self.entries.get(name)?;
        Some(Activities::new(Arc::clone(&entry.store), tenant).in_log([entry.log_name.as_ref()?]))
    }

    /// Everything that follows a store.
    pub fn followers(&self) -> impl Iterator<Item = &Follower> {
        self.entries.values().flat_map(|entry| &entry.followers)
    }

    /// Waits until every follower has what was recorded before this call, so long for each; whether they all have.
    pub fn flush(&self, patience: Duration) -> bool {
        self.followers().all(|follower| follower.flush(patience))
    }

    /// Ends the followers and closes the stores. What was not delivered yet is at the next start.
    pub fn close(&self) {
        self.followers().for_each(Follower::end);
        self.entries.values().for_each(|entry| entry.store.close());
    }

    fn add(&mut self, name: String, entry: Entry) -> Result<(), DriverError> {
        self.entries.insert(self.free(name)?, entry);
        Ok(())
    }

    fn free(&self, name: String) -> Result<String, DriverError> {
        if self.has(&name) { Err(DriverError::Taken(name)) } else { Ok(name) }
    }

    fn known(&self, name: &str) -> Result<&Arc<dyn Store>, DriverError> {
        self.get(name).ok_or_else(|| DriverError::Unknown(name.to_owned()))
    }
}
