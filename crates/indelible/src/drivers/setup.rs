//! Drivers from a configuration.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use indelible_engine::{
    log::{Log, LogConfig},
    memory::MemoryStore,
    null::NullStore,
    store::Store,
};
use indelible_proof::Object;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{DriverError, Drivers, Mirror, Notice, Sink, SinkError};
use crate::system_time;

/// Which drivers there are, and which of them is the default: a part of an application's configuration.
///
/// ```toml
/// default = "all"
///
/// [drivers.main]
/// driver = "local"            # a log in a directory
/// path = "data"
///
/// [drivers.copy]
/// driver = "memory"
/// events_max = 10000          # default: 1000000
///
/// [drivers.all]
/// driver = "stack"            # several at once
/// authoritative = "main"      # whose receipts and answers count
/// followers = ["copy"]
///
/// [drivers.bearer]
/// driver = "activity"
/// over = "all"
/// log_name = "bearer"         # default: the driver's name
/// ```
///
/// The other kinds are `null`, without options, and those that were registered with [`Kinds`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The name of the default driver.
    pub default: String,
    /// All by name.
    pub drivers: BTreeMap<String, Spec>,
}

/// What a configuration says of one driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its kind: `local`, `memory`, `null`, `stack`, `activity`, or a registered one.
    pub driver: String,
    /// The options of its kind; an unknown one is an error.
    #[serde(flatten)]
    pub options: Object,
}

/// What becomes of the options of a driver.
pub enum Made {
    /// A store.
    Store(Arc<dyn Store>),
    /// A sink, which can follow a store.
    Sink(Box<dyn Sink>),
}

const STACK: &str = "stack";
const ACTIVITY: &str = "activity";

type Make = Box<dyn Fn(&str, &Object) -> Result<Made, SinkError> + Send + Sync>;

/// The kinds of drivers that a configuration can name.
pub struct Kinds(BTreeMap<String, Make>);

/// Why a configuration gives no drivers.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A driver's options are wrong, or it cannot be made with them.
    #[error("driver {name}: {cause}")]
    Driver {
        /// The driver.
        name: String,
        /// What is wrong.
        cause: SinkError,
    },
    /// The default, an authoritative driver or a follower is none.
    #[error(transparent)]
    Name(#[from] DriverError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Local {
    path: PathBuf,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    events_max: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Null {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stack {
    authoritative: String,
    followers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivityLog {
    over: String,
    log_name: Option<String>,
}

impl Setup {
    /// Makes all drivers and starts what follows. `notice` hears, by a follower's name, of what is more than a delivery.
    pub fn open(
        &self,
        kinds: &Kinds,
        notice: impl Fn(&str, &Notice) + Clone + Send + 'static,
    ) -> Result<Drivers, SetupError> {
        let mut drivers = Drivers { default: self.default.clone(), entries: BTreeMap::new() };
        let mut sinks = BTreeMap::new();
        for (name, spec) in self.drivers.iter().filter(|(_, spec)| !matches!(&*spec.driver, STACK | ACTIVITY)) {
            match kinds.make(name, spec)? {
                Made::Store(store) => drivers.register(name, store)?,
                Made::Sink(sink) => drop(sinks.insert(name.as_str(), sink)),
            }
        }
        for (name, spec) in self.of(STACK) {
            let Stack { authoritative, followers } = read(name, &spec.options)?;
            let following = followers.iter().map(|follower| {
                let sink = match (sinks.remove(follower.as_str()), drivers.get(follower)) {
                    (Some(sink), _) => sink,
                    (None, Some(store)) if *follower != authoritative => Box::new(Mirror::into(Arc::clone(store))),
                    (None, Some(_)) => return Err(failed(name)(format!("{follower} cannot follow itself").into())),
                    (None, None) => {
                        return Err(failed(name)(format!("{follower} is none, or follows elsewhere").into()));
                    }
                };
                Ok((follower.clone(), sink))
            });
            let following = following.collect::<Result<_, _>>()?;
            drivers.register_stack(name, &authoritative, following, notice.clone())?;
        }
        if let Some(name) = sinks.keys().next() {
            return Err(failed(name)("it follows nothing: name it among the followers of a stack".into()));
        }
        for (name, spec) in self.of(ACTIVITY) {
            let ActivityLog { over, log_name } = read(name, &spec.options)?;
            drivers.register_activity(name, &over, log_name.unwrap_or_else(|| name.clone()))?;
        }
        drivers.set_default(&self.default)?;
        Ok(drivers)
    }

    fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Spec)> {
        self.drivers.iter().filter(move |(_, spec)| spec.driver == kind)
    }
}

impl Default for Kinds {
    /// `local`, `memory` and `null`.
    fn default() -> Self {
        let mut kinds = Self(BTreeMap::new());
        kinds.register("local", |_, options| {
            let Local { path, name } = options_of(options)?;
            let defaults = LogConfig::new(path, Arc::new(system_time));
            let name = name.unwrap_or_else(|| defaults.name.clone());
            Ok(Made::Store(Arc::new(Log::open(LogConfig { name, ..defaults })?)))
        });
        kinds.register("memory", |_, options| {
            let Memory { events_max } = options_of(options)?;
            Ok(Made::Store(Arc::new(events_max.map_or_else(MemoryStore::default, MemoryStore::new))))
        });
        kinds.register("null", |_, options| {
            let Null {} = options_of(options)?;
            Ok(Made::Store(Arc::new(NullStore::default())))
        });
        kinds
    }
}

impl Kinds {
    /// Adds a kind, or replaces one. `make` gets the driver's name and its options, and must refuse unknown ones.
    pub fn register(
        &mut self,
        kind: impl Into<String>,
        make: impl Fn(&str, &Object) -> Result<Made, SinkError> + Send + Sync + 'static,
    ) {
        self.0.insert(kind.into(), Box::new(make));
    }

    /// Makes one driver, which is no stack and no activity log.
    pub fn make(&self, name: &str, spec: &Spec) -> Result<Made, SetupError> {
        let kind = self.0.get(&spec.driver).ok_or_else(|| {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            failed(name)(format!("`{}` is no kind of driver; there are {}", spec.driver, known.join(", ")).into())
        })?;
        kind(name, &spec.options).map_err(failed(name))
    }
}

impl Made {
    /// As what follows a store: a sink as it is, a store as the mirror.
    pub fn into_sink(self) -> Box<dyn Sink> {
        match self {
            Self::Store(store) => Box::new(Mirror::into(store)),
            Self::Sink(sink) => sink,
        }
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Store(_) => "Store",
            Self::Sink(_) => "Sink",
        })
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// The options of a driver as a kind of its own reads them: with `#[serde(deny_unknown_fields)]`.
pub fn options_of<T: DeserializeOwned>(options: &Object) -> serde_json::Result<T> {
    T::deserialize(Value::Object(options.clone()))
}

fn read<T: DeserializeOwned>(name: &str, options: &Object) -> Result<T, SetupError> {
    options_of(options).map_err(|error| failed(name)(error.into()))
}

fn failed(name: &str) -> impl Fn(SinkError) -> SetupError {
    let name = name.to_owned();
    move |cause| SetupError::Driver { name: name.clone(), cause }
}
