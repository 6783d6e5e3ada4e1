//! Where it is measured: in a data directory, over HTTP with a server in this process, or at a server elsewhere.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use indelible_engine::{
    log::{Log, LogConfig},
    store::Store,
};

use super::served::Served;
use crate::{
    cli::{
        error::Failure,
        local::{self, Local},
        place::Place,
        remote::Remote,
    },
    clock,
    config::GeoConfig,
};

/// The options that say where it is measured.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Data directory to measure in
    #[arg(long, value_name = "DIR", default_value = "bench-data", conflicts_with = "url")]
    pub(super) data: PathBuf,
    /// Go over HTTP, to a server in this process
    #[arg(long, conflicts_with = "url")]
    http: bool,
    /// Server to measure instead
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// API key for the server
    #[arg(long, env = "INDELIBLE_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
}

/// What is measured.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) place: Place,
    /// The log, when it is in this process.
    pub(super) log: Option<Arc<Log>>,
    served: Option<Served>,
}

impl Target {
    /// What the log of the data directory is opened with, unless it is changed.
    pub(super) fn config(&self) -> LogConfig {
        LogConfig::new(&self.data, Arc::new(clock::now))
    }

    /// Opens the log that is there.
    pub(super) fn open(&self) -> Result<Subject, Failure> {
        if self.url.is_none() {
            local::must_be_there(&self.data)?;
        }
        self.open_or_create(self.config())
    }

    /// Opens the log, or makes one.
    pub(super) fn open_or_create(&self, config: LogConfig) -> Result<Subject, Failure> {
        if let Some(url) = &self.url {
            let place = Place::Remote(Remote::new(url, self.key.as_deref())?);
            return Ok(Subject { place, log: None, served: None });
        }
        if self.http {
            let served = Served::start(config)?;
            let place = Place::Remote(served.remote.clone());
            return Ok(Subject { place, log: Some(Arc::clone(&served.log)), served: Some(served) });
        }
        let local = Local::open_with(config, &GeoConfig::default())?;
        let log = Some(local.log());
        Ok(Subject { place: Place::Local(local), log, served: None })
    }
}

impl Subject {
    /// The log, for questions that no server answers yet.
    pub(super) fn store(&self) -> Result<&dyn Store, Failure> {
        let of_server =
            || Failure::Failed("a server cannot be asked yet: give a data directory with --data".to_owned());
        self.log.as_deref().map(|log| log as &dyn Store).ok_or_else(of_server)
    }

    /// Returns when the log is closed.
    pub(super) fn close(self) {
        let Self { place, log, served } = self;
        // Connections that are kept open would be waited for.
        drop((place, log));
        served.into_iter().for_each(Served::stop);
    }
}
