//! The choices of a token service.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use indelible_proof::Timestamp;

use super::{
    Scope, Service, Tokens,
    cache::Cache,
    flood::{Coalescing, Flood},
    kind::Kinds,
    limiter::{Limiter, Rates},
    rounds::Rounds,
    state::{Sqlite, State, StateError},
    vault::Vault,
};
use crate::{
    Recorder,
    limits::{DEPTH_DEFAULT, STALENESS_DEFAULT},
    system_time,
};

/// What a service was told once.
pub(super) struct Settings {
    pub(super) kinds: Kinds,
    pub(super) environment: String,
    pub(super) depth_max: u32,
    pub(super) orphans_live: bool,
    pub(super) staleness: Duration,
    pub(super) log_usage: bool,
    pub(super) rates: Rates,
    pub(super) vault: Option<Vault>,
    pub(super) fingerprint_key: [u8; 32],
}

impl Settings {
    /// Whether what was chosen goes together.
    fn check(&self) -> Result<(), StartError> {
        let Self { kinds, environment, rates, .. } = self;
        if self.vault.is_none()
            && let Some((id, _)) = kinds.iter().find(|(_, kind)| kind.revealable)
        {
            return Err(StartError::NoVault { kind: id.to_owned() });
        }
        if !kinds.iter().any(|(_, kind)| kind.is_for(environment)) {
            return Err(StartError::NoSuchEnvironment { environment: environment.clone() });
        }
        let limited = rates.types.iter().flat_map(|(id, rates)| rates.keys().map(move |environment| (id, environment)));
        for (id, environment) in limited {
            if !kinds.get(id).is_some_and(|kind| kind.is_for(environment)) {
                return Err(StartError::RateOfNothing { kind: id.clone(), environment: environment.clone() });
            }
        }
        Ok(())
    }
}

/// Builds [`Tokens`].
#[must_use]
pub struct Builder {
    recorder: Recorder,
    settings: Settings,
    fingerprint_key: Option<[u8; 32]>,
    coalescing: Coalescing,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Why a token service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// A type is revealable, and there is nowhere to keep its tokens' texts.
    #[error("token type {kind} is revealable: give the service a vault with a key, or make the type not revealable")]
    NoVault {
        /// The id of the type.
        kind: String,
    },
    /// Nothing could be issued in the environment that is given to tokens without one.
    #[error(
        "no type of tokens is for the environment \"{environment}\", which those issued without one get: give another, or a type that is for it"
    )]
    NoSuchEnvironment {
        /// The environment.
        environment: String,
    },
    /// A limit that would never count.
    #[error(
        "rates: no type of tokens is \"{kind}\" and for the environment \"{environment}\": configure one, or leave the rate out"
    )]
    RateOfNothing {
        /// The id of the type.
        kind: String,
        /// The environment.
        environment: String,
    },
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The background thread could not be started.
    #[error("cannot start the thread that looks after tokens: {0}; raise the limit of threads")]
    NoThread(#[from] std::io::Error),
}

impl Builder {
    pub(super) fn new(recorder: Recorder) -> Self {
        let settings = Settings {
            kinds: Kinds::default(),
            environment: "test".to_owned(),
            depth_max: DEPTH_DEFAULT,
            orphans_live: false,
            staleness: STALENESS_DEFAULT,
            log_usage: true,
            rates: Rates::default(),
            vault: None,
            fingerprint_key: [0; 32],
        };
        let (fingerprint_key, coalescing) = (None, Coalescing::default());
        Self { recorder, settings, fingerprint_key, coalescing, clock: Box::new(system_time) }
    }

    /// Sets the types of tokens. Default: [`Kinds::default`].
    pub fn kinds(mut self, kinds: Kinds) -> Self {
        self.settings.kinds = kinds;
        self
    }

    /// Sets the environment of tokens that are issued without one. Default: `test`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.settings.environment = environment.into();
        self
    }

    /// Sets how many ancestors a token may have. Default: 3; with 0 nothing can be derived.
    pub const fn depth_max(mut self, ancestors: u32) -> Self {
        self.settings.depth_max = ancestors;
        self
    }

    /// Lets derived tokens live on when an ancestor is revoked or expires. By default they end with it.
    pub const fn orphans_live(mut self) -> Self {
        self.settings.orphans_live = true;
        self
    }

    /// Sets for how long a change that another process made to the same database may go unseen. Changes made by this
    /// service are seen at once. Default: 5 s.
    pub const fn staleness(mut self, time: Duration) -> Self {
        self.settings.staleness = time;
        self
    }

    /// Whether each success is logged. Without, there are still all events of the tokens' lives, all failures, and
    /// `last_used_at`. Default: yes.
    pub const fn log_usage(mut self, log: bool) -> Self {
        self.settings.log_usage = log;
        self
    }

    /// Sets how often tokens may be used whose own say nothing of it. Default: as often as their type says.
    pub fn rates(mut self, rates: Rates) -> Self {
        self.settings.rates = rates;
        self
    }

    /// Sets the vault of revealable tokens. Without one, no type may be revealable.
    pub fn vault(mut self, vault: Vault) -> Self {
        self.settings.vault = Some(vault);
        self
    }

    /// Sets the key of fingerprints, by which the log tells tokens that nobody knows from each other. Without one, a
    /// random key is made, and fingerprints compare only within this process.
    pub const fn fingerprint_key(mut self, key: [u8; 32]) -> Self {
        self.fingerprint_key = Some(key);
        self
    }

    /// Sets how repeats of the same failure are counted instead of told one by one.
    pub const fn coalescing(mut self, coalescing: Coalescing) -> Self {
        self.coalescing = coalescing;
        self
    }

    /// Sets the clock. Default: the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Starts with a SQLite file, which is made if there is none.
    pub fn open(self, file: impl AsRef<Path>) -> Result<Tokens, StartError> {
        let state = Sqlite::open(file.as_ref())?;
        self.start(Arc::new(state))
    }

    /// Starts with any database. Events that are left from a crash go to the log first.
    pub fn start(self, state: Arc<dyn State>) -> Result<Tokens, StartError> {
        let Self { recorder, mut settings, fingerprint_key, coalescing, clock } = self;
        settings.check()?;
        match fingerprint_key {
            Some(key) => settings.fingerprint_key = key,
            None => getrandom::fill(&mut settings.fingerprint_key)?,
        }
        let tenant = recorder.tenant().to_owned();
        let scope = Scope { tenant, actor: None, credential: None, context: None, request_id: None };
        let service = Arc::new(Service {
            state,
            recorder,
            settings,
            clock,
            draining: Mutex::default(),
            cache: Cache::default(),
            limiter: Limiter::new(),
            flood: Flood::new(coalescing),
            used: Mutex::default(),
            is_behind: AtomicBool::new(false),
        });
        service.tell();
        let rounds = Arc::new(Rounds::start(Arc::clone(&service))?);
        Ok(Tokens { service, rounds, scope: Arc::new(scope) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Builder").field("kinds", &self.settings.kinds).finish_non_exhaustive()
    }
}
