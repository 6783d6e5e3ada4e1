//! What all requests share, and the only ways to it.
//!
//! The store and the recorder are private to this module: a handler reaches events only through a [`Reader`], a
//! [`Writer`] or an [`Operator`], and tokens only through an [`Issuer`], which exist only for a request whose API key
//! allows it and which keep every call inside the tenant of that key. What is sent without a key comes in by an `Entrance`,
//! behind the `Door` where its sender proves itself.

mod delivery;
mod issuer;
mod operator;
mod prover;
mod reader;
mod tenant;
mod writer;

use std::{io, sync::Arc, time::Duration};

use axum::http::{header, request::Parts};
use indelible::{Actor, Event, Recorder, drivers::Follower, retention::Days, tokens::Tokens};
use indelible_engine::{
    log::{Log, RetainError},
    store::Store,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot, watch};

pub(super) use delivery::single;
pub(super) use issuer::{Issuer, Read, Reveal, Verify, Write};
pub(super) use operator::{Administrator, Operator};
pub(super) use prover::Prover;
pub(super) use reader::Reader;
pub(crate) use tenant::TENANT_HEADER;
pub(super) use writer::{Admitted, Proofs, Writer};

use super::{
    blocking::blocking,
    problem::{Problem, STOPPED},
    reads::Reads,
    refusals::{Cause, Peer, Refusals},
    times::Metrics,
};
use crate::{
    clock,
    config::{Config, TokensConfig},
    cosigning::Cosigning,
    keys::{Ability, ApiKey, Keys},
    limits,
    receivers::Receivers,
    retention::{Asked, Keep, Retained},
};

/// Everything that requests share. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

/// The parts that a server is made of.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) log: Arc<Log>,
    pub(crate) recorder: Recorder,
    pub(crate) cosigning: Cosigning,
    pub(crate) followers: Vec<Follower>,
    pub(crate) keys: Keys,
    pub(crate) tokens: Tokens,
    pub(crate) receivers: Receivers,
}

#[derive(Debug)]
struct Shared {
    recorder: Recorder,
    /// The recorder's store, for what only a log has: its tree.
    log: Arc<Log>,
    cosigning: Cosigning,
    /// For how long events are kept.
    keep: Keep,
    /// What follows the log.
    followers: Vec<Follower>,
    /// Whether the tree is shown without an API key.
    public_tree: bool,
    keys: Keys,
    tokens: Tokens,
    tokens_config: TokensConfig,
    /// Who may send events without an API key.
    receivers: Receivers,
    reads: Reads,
    refusals: Refusals,
    metrics: Metrics,
    /// The next sequence number, told after each commit is readable.
    committed: watch::Receiver<u64>,
    /// Becomes true when the server is to stop.
    stopping: watch::Receiver<bool>,
    reading: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    large_bodies: Arc<Semaphore>,
    token_calls: Arc<Semaphore>,
    deliveries: Arc<Semaphore>,
    tails: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    tails_max: usize,
    exports_max: usize,
    body_bytes_max: usize,
    request_timeout: Duration,
}

impl App {
    /// Puts the parts together. `stopping` becomes true when the server is to stop.
    pub(crate) fn new(parts: Opened, config: &Config, stopping: watch::Receiver<bool>) -> Self {
        let Opened { log, recorder, cosigning, followers, keys, tokens, receivers } = parts;
        let store = recorder.store();
        let (tell, committed) = watch::channel(store.status().next_seq);
        store.on_commit(Box::new(move |next_seq| tell.send(next_seq).is_ok()));
        let permits = |count: usize| Arc::new(Semaphore::new(count));
        let (tails_max, exports_max) = (possible(config.tails_max), possible(config.exports_max));
        Self(Arc::new(Shared {
            log,
            cosigning,
            keep: config.retention_days,
            followers,
            public_tree: config.public_tree,
            keys,
            tokens,
            tokens_config: config.tokens.clone(),
            receivers,
            reads: Reads::default(),
            refusals: Refusals::default(),
            metrics: Metrics::default(),
            committed,
            stopping,
            reading: permits(possible(config.readers_max)),
            waiting: permits(limits::READS_WAITING_MAX),
            large_bodies: permits(limits::LARGE_BODIES_MAX),
            token_calls: permits(limits::TOKEN_CALLS_MAX),
            deliveries: permits(limits::DELIVERIES_MAX),
            tails: permits(tails_max),
            exports: permits(exports_max),
            tails_max,
            exports_max,
            body_bytes_max: config.body_bytes_max,
            request_timeout: Duration::from_secs(config.request_timeout_s.max(1)),
            recorder,
        }))
    }

    /// The counters of the server.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Largest body of a request.
    pub(super) fn body_bytes_max(&self) -> usize {
        self.0.body_bytes_max
    }

    /// Time for a body to arrive, and for an answer to begin.
    pub(super) fn request_timeout(&self) -> Duration {
        self.0.request_timeout
    }

    /// A turn for a body that may be large: few are in memory at once.
    pub(super) async fn large_body(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match tokio::time::timeout(self.0.request_timeout, Arc::clone(&self.0.large_bodies).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(Problem::closing()),
            Err(_) => {
                Err(Problem::busy("too many large bodies are on their way; nothing was stored: send again later"))
            }
        }
    }

    /// Why the log takes no events, if it does not: for the readiness check, which needs no key.
    pub(super) fn not_ready(&self) -> Option<&'static str> {
        if *self.0.stopping.borrow() {
            Some("shutting down")
        } else if self.0.log.stopped().is_some() {
            Some(STOPPED)
        } else if self.store().status().halted.is_some() {
            Some("the log cannot write and tries again every second; /v1/status and the server's log tell why")
        } else {
            None
        }
    }

    /// Records which keys have read what since the last call, who was not let in, when keys were last used, and what was done
    /// to them. Blocks.
    pub(crate) fn note_uses(&self) {
        let mut events = self.0.reads.take();
        events.append(&mut self.0.refusals.take());
        for batch in events.chunks(limits::REQUEST_EVENTS_MAX) {
            if let Err(error) = self.0.recorder.record_all(batch.to_vec(), indelible::Durability::Durable) {
                tracing::error!(%error, events = batch.len(), "reads and refusals were not recorded");
            }
        }
        if let Err(error) = self.0.keys.note_uses() {
            tracing::warn!(%error, "the last use of API keys was not written down");
        }
        if let Err(error) = self.0.keys.tell(&self.0.recorder) {
            tracing::error!(%error, "what was done to API keys is not in the log yet");
        }
    }

    /// Removes what has expired, on a thread of its own that nobody waits for at the end: whatever stops it, the next start
    /// finishes what was begun. `by` says who asked for it.
    fn retain(
        &self,
        mut asked: Asked,
        days: Days,
        by: impl FnOnce(Event) -> Event + Send + 'static,
    ) -> io::Result<oneshot::Receiver<Result<Retained, RetainError>>> {
        let app = self.clone();
        let (tell, told) = oneshot::channel();
        std::thread::Builder::new().name("retention".to_owned()).spawn(move || {
            asked.sizes.extend(app.0.cosigning.held_sizes());
            let done = asked.run(&app.0.log, &app.0.recorder, days, &|_, _| (), by);
            match &done {
                Err(error) => tracing::error!(%error, "retention"),
                Ok(Retained { events: 1.., dry_run: false, .. }) => tracing::info!(?done, "events were removed"),
                Ok(_) => {}
            }
            // Whoever asked may have gone.
            let _ = tell.send(done);
        })?;
        Ok(told)
    }

    /// Removes what the configuration does not keep; returns when it is done.
    pub(crate) async fn retain_configured(&self) {
        let Some(days) = self.0.keep.0 else { return };
        let by = |event: Event| event.actor(Actor::new("system", "indelible"));
        match self.retain(Asked::default(), days, by) {
            Ok(told) => drop(told.await),
            Err(error) => tracing::error!(%error, "retention has no thread"),
        }
    }

    /// Clears away tokens as the configuration says; returns when it is done.
    pub(crate) async fn prune_configured(&self) {
        if !self.0.tokens_config.prune_daily {
            return;
        }
        let (tokens, ended_for) =
            (self.0.tokens.by(Actor::new("system", "indelible")), self.0.tokens_config.prune_after.0);
        match tokio::task::spawn_blocking(move || tokens.prune_all(ended_for)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(deleted)) => tracing::info!(deleted, "tokens that ended long ago were cleared away"),
            Ok(Err(error)) => tracing::error!(%error, "tokens that ended long ago were not cleared away"),
            Err(panic) => tracing::error!(%panic, "tokens that ended long ago were not cleared away"),
        }
    }

    /// Stores what is queued and closes the log. Blocks.
    pub(crate) fn close(&self) {
        self.note_uses();
        self.0.cosigning.end();
        self.0.tokens.close();
        self.0.recorder.close();
        for follower in &self.0.followers {
            follower.flush(limits::FOLLOWER_PATIENCE);
            follower.end();
        }
        self.store().close();
    }

    /// A place among the reads that wait or run, for the client of one that waits.
    fn waiting(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.0.waiting.try_acquire().map_err(|_| Problem::busy("too many reads are waiting: come back later"))
    }

    /// Runs a read on a thread that may block. Few run at once, so that readers never starve writers.
    async fn in_turn<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.0.reading).acquire_owned().await.map_err(|_| Problem::closing())?;
        let read = move || {
            let _turn = turn;
            read()
        };
        blocking(read).await?.map_err(Into::into)
    }

    fn store(&self) -> &Arc<dyn Store> {
        self.0.recorder.store()
    }

    fn authenticate(&self, parts: &Parts, ability: Ability) -> Result<Arc<ApiKey>, Problem> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .ok_or_else(|| Problem::unauthorized("send an API key in the header `Authorization: Bearer ik_...`"))?;
        let secret = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim())
            .ok_or_else(|| Problem::unauthorized("the header is `Authorization: Bearer ` and an API key"))?;
        let now = clock::now();
        let peer = parts.extensions.get::<Peer>().copied();
        let key = self.0.keys.authenticate(secret, now).map_err(|(refused, key)| {
            self.0.refusals.note(Cause::Key(refused), key.as_deref(), peer, now);
            refused
        })?;
        if key.allows(ability) {
            Ok(key)
        } else {
            self.0.refusals.note(Cause::Ability, Some(&key), peer, now);
            Err(Problem::forbidden(format!("the API key lacks the ability {}", ability.as_str())))
        }
    }
}

fn possible(permits: usize) -> usize {
    permits.clamp(1, Semaphore::MAX_PERMITS)
}
