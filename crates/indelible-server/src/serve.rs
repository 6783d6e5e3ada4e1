//! The server from start to stop: open, listen, answer, and on a signal finish what is under way before the log closes.

pub(crate) mod connections;
pub(crate) mod descriptors;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use indelible::{Recorder, drivers::SetupError};
use indelible_engine::log::Log;
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, interval_at, timeout},
};

use crate::{
    api::{self, App, Opened},
    clock,
    config::Config,
    cosigning::{Cosigning, CosigningError},
    following,
    keys::{Ability, Keys, KeysError, NewKey, Reach, Secret},
    limits,
    receivers::{Receivers, ReceiversError},
    tokens::{self, StartError},
};

/// Why the server did not start or run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address is taken, or is not this machine's.
    #[error("cannot listen on {address}: {error}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        error: io::Error,
    },
    /// The API keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] StartError),
    /// The witnesses of the log cannot be asked.
    #[error(transparent)]
    Cosigning(#[from] CosigningError),
    /// Nobody could send events.
    #[error(transparent)]
    Receivers(#[from] ReceiversError),
    /// What is to follow the log cannot be made.
    #[error(transparent)]
    Following(#[from] SetupError),
    /// A file cannot be written.
    #[error("{path}: cannot write: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The system gives no threads or signals.
    #[error("cannot run: {0}")]
    Runtime(io::Error),
}

/// A server that listens, and has not answered anybody yet.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    config: Config,
    /// The first administrator's key, when this start has made it.
    pub(crate) first_key: Option<Secret>,
}

impl Server {
    /// Asks the witnesses of a log for the first time, then listens for requests to it.
    pub(crate) async fn bind(log: Arc<Log>, recorder: Recorder, config: Config) -> Result<Self, ServeError> {
        let (keys, first_key) = open_keys(&config.data)?;
        let receivers = Receivers::open(&config.receivers)?;
        let cosigning = Cosigning::open(&config.data, Arc::clone(&log), &config.witnesses)?;
        let rounds = cosigning.clone();
        let started = tokio::task::spawn_blocking(move || rounds.start()).await;
        started.map_err(io::Error::other).flatten().map_err(ServeError::Runtime)?;
        let (data, of_tokens, events) = (config.data.clone(), config.tokens.clone(), recorder.clone());
        let opened = tokio::task::spawn_blocking(move || tokens::start(&data, &of_tokens, events)).await;
        let tokens = opened.map_err(|panic| ServeError::Runtime(io::Error::other(panic)))??;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| ServeError::Listen { address: config.listen, error })?;
        let address = listener.local_addr().map_err(ServeError::Runtime)?;
        let (stop, stopping) = watch::channel(false);
        let followers = following::start(&config, &log)?;
        let app = App::new(Opened { log, recorder, cosigning, followers, keys, tokens, receivers }, &config, stopping);
        Ok(Self { listener, address, app, stop, config, first_key })
    }

    /// Where it can be reached.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until told to stop, then finishes what is under way and closes the log.
    pub(crate) async fn run(self, stopped: impl Future<Output = ()>) {
        let notes = tokio::spawn(note_uses(self.app.clone(), self.stop.subscribe()));
        let clearing = tokio::spawn(clear_away(self.app.clone(), self.stop.subscribe()));
        let router = api::router(self.app.clone());
        let stall = Duration::from_secs(self.config.request_timeout_s.max(1));
        let connections_max = descriptors::connections_within(self.config.connections_max);
        let connections = connections::accept(self.listener, router, connections_max, stall, self.stop.subscribe());
        let mut accepting = tokio::spawn(connections);
        tokio::select! {
            () = stopped => tracing::info!("stopping: requests under way are finished"),
            _ = &mut accepting => tracing::error!("the listener ended"),
        }
        self.stop.send_replace(true);
        let patience = Duration::from_secs(self.config.shutdown_timeout_s);
        if timeout(patience, &mut accepting).await.is_err() {
            tracing::warn!("some requests did not finish in time; their connections are cut");
            accepting.abort();
        }
        drop(notes.await);
        drop(clearing.await);
        let app = self.app;
        // Everything acknowledged is on disk already; this stores what was queued.
        drop(tokio::task::spawn_blocking(move || app.close()).await);
        tracing::info!("stopped");
    }
}

/// Writes down who has read and who was not let in, every minute.
async fn note_uses(app: App, mut stopping: watch::Receiver<bool>) {
    let mut minute = interval_at(Instant::now() + limits::READS_WINDOW, limits::READS_WINDOW);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = minute.tick() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        let app = app.clone();
        drop(tokio::task::spawn_blocking(move || app.note_uses()).await);
    }
}

/// Removes events that are not kept any more, and tokens that ended long ago, at the start and every day.
async fn clear_away(app: App, mut stopping: watch::Receiver<bool>) {
    let mut day = interval(limits::RETENTION_INTERVAL);
    let days = async {
        loop {
            day.tick().await;
            app.retain_configured().await;
            app.prune_configured().await;
        }
    };
    tokio::select! {
        () = days => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// A start without any administrator's key, even a revoked one, makes the first and leaves it in a file that only the
/// owner may read.
fn open_keys(data: &Path) -> Result<(Keys, Option<Secret>), ServeError> {
    let keys = Keys::open(data)?;
    if keys.list()?.iter().any(|key| key.allows(Ability::Admin)) {
        return Ok((keys, None));
    }
    let new = NewKey {
        name: "first administrator".to_owned(),
        tenant: Reach::All,
        abilities: vec![Ability::Admin],
        expires_at: None,
    };
    let (_, secret) = keys.create(new, clock::now(), None)?;
    let path = data.join("keys").join("admin.key");
    crate::keys::write_secret(&path, &secret).map_err(|error| ServeError::Write { path, error })?;
    Ok((keys, Some(secret)))
}

/// Listens for the signals that ask the process to stop; what it gives resolves at the first.
pub(crate) fn signals() -> Result<impl Future<Output = ()>, ServeError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Runtime)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Runtime)?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests;
