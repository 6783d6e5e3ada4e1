//! Where the log is that a command works on: a data directory, or a server. Both answer the same questions.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches, error::ErrorKind, parser::ValueSource};
use indelible::Store;
use indelible_proof::{Event, Recorded, rotation::Rotation};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    error::{Failure, patiently},
    local::Local,
    question::{Answer, Events, PageOf, ProvenReceipts, Question, Receipt, Rotated, Which, conditions},
    remote::Remote,
};
use crate::{
    api::Problem,
    config::{Config, Options},
};

/// Where the log is: what was typed, else what the environment says.
#[derive(Debug)]
pub(crate) struct PlaceOptions(Named);

/// The options that say where the log is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where the log is")]
struct Named {
    /// Data directory of the log
    #[arg(long, env = "INDELIBLE_DATA", value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Server that has the log, e.g. http://127.0.0.1:4610
    #[arg(long, env = "INDELIBLE_URL", value_name = "URL")]
    url: Option<String>,
    /// API key for the server
    #[arg(long, env = "INDELIBLE_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
    /// File of the server's options, for what is done in a data directory. Default: indelible.toml, when there is one
    #[arg(long, env = "INDELIBLE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Args for PlaceOptions {
    fn augment_args(command: Command) -> Command {
        Named::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Named::augment_args_for_update(command)
    }
}

impl FromArgMatches for PlaceOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut named = Named::from_arg_matches(matches)?;
        let from = |source| ["data", "url"].map(|name| matches.value_source(name) == Some(source));
        match (from(ValueSource::CommandLine), from(ValueSource::EnvVariable)) {
            ([true, true], _) => Err(ambiguous("--data and --url")),
            ([false, false], [true, true]) => Err(ambiguous("INDELIBLE_DATA and INDELIBLE_URL")),
            ([is_data, _], _) => {
                named.url = named.url.filter(|_| !is_data);
                Ok(Self(named))
            }
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn ambiguous(both: &str) -> clap::Error {
    let message = format!("{both} name two logs: leave one out, or type the one that is meant, --data or --url\n");
    clap::Error::raw(ErrorKind::ArgumentConflict, message)
}

impl PlaceOptions {
    /// Opens the log, which must be there already.
    pub(crate) fn open(&self) -> Result<Place, Failure> {
        match &self.0.url {
            Some(url) => Remote::new(url, self.0.key.as_deref()).map(Place::Remote),
            None => Local::open(&self.0.data).map(Place::Local),
        }
    }

    /// Opens the log; makes the data directory when there is none.
    pub(crate) fn open_or_create(&self) -> Result<Place, Failure> {
        match &self.0.url {
            Some(url) => Remote::new(url, self.0.key.as_deref()).map(Place::Remote),
            None => Local::open_or_create(&self.0.data, &self.config()?.geo).map(Place::Local),
        }
    }

    /// What the server of a data directory would be configured with.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(Options::default(), self.0.config.as_deref()).map_err(Failure::because)
    }

    /// The data directory, unless a server is meant.
    pub(crate) fn data(&self) -> Option<&std::path::Path> {
        self.0.url.is_none().then_some(&self.0.data)
    }

    /// The server, when one is meant.
    pub(crate) fn remote(&self) -> Option<Result<Remote, Failure>> {
        self.0.url.as_ref().map(|url| Remote::new(url, self.0.key.as_deref()))
    }
}

/// The options that say where the log is, and whose events are meant.
#[derive(Debug, Args)]
pub(crate) struct TenantOptions {
    #[command(flatten)]
    place: PlaceOptions,
    /// Whose events. Default: those of the API key's tenant; with a data directory or a key of all tenants, of all together
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

impl TenantOptions {
    /// Answers a question that a server has a path for, by options named as its conditions; a data directory is asked here.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        asked: &impl Serialize,
        here: impl FnOnce(&dyn Store, Option<&str>, Map<String, Value>) -> Result<T, Problem>,
    ) -> Result<T, Failure> {
        let (tenant, conditions) = (self.tenant.as_deref(), conditions(asked)?);
        match self.place.open()? {
            Place::Local(log) => Ok(here(&*log.log(), tenant, conditions)?),
            Place::Remote(server) => server.within(tenant)?.fetch_where(path, &conditions),
        }
    }
}

/// A log to work on.
#[derive(Debug)]
pub(crate) enum Place {
    /// A data directory, which this process has to itself.
    Local(Local),
    /// A server.
    Remote(Remote),
}

impl Place {
    /// Records events, all or nothing; they are durable when this returns.
    pub(crate) fn record(&self, events: Vec<Event>) -> Result<Vec<Receipt>, Failure> {
        match self {
            Self::Local(log) => log.record(events),
            Self::Remote(server) => server.record(&events),
        }
    }

    /// The same, with proofs of what was recorded.
    pub(crate) fn record_with_proofs(&self, events: Vec<Event>) -> Result<ProvenReceipts, Failure> {
        match self {
            Self::Local(log) => log.record_with_proofs(events),
            Self::Remote(server) => server.record_with_proofs(&events),
        }
    }

    /// Tries to record until a directory of ours takes it: others may have left it much to seal. A server is asked once,
    /// for it may have stored what it did not answer.
    pub(crate) fn patiently<T>(&self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        match self {
            Self::Local(_) => patiently(attempt),
            Self::Remote(_) => attempt(),
        }
    }

    /// A page of events.
    pub(crate) fn page(&self, page: &PageOf) -> Result<Events, Failure> {
        match self {
            Self::Local(log) => log.page(page),
            Self::Remote(server) => server.page(page),
        }
    }

    /// One event.
    pub(crate) fn get(&self, which: Which) -> Result<Recorded, Failure> {
        let found = match self {
            Self::Local(log) => log.get(which)?,
            Self::Remote(server) => server.get(which)?,
        };
        found.ok_or_else(|| {
            Failure::Failed(match which {
                Which::Id(id) => format!("there is no event {id} here"),
                Which::Seq(seq) => format!("there is no event with the sequence number {seq}"),
            })
        })
    }

    /// The checkpoint that was published last.
    pub(crate) fn checkpoint(&self) -> Result<String, Failure> {
        match self {
            Self::Local(log) => Ok(log.checkpoint()?.to_string()),
            Self::Remote(server) => Ok(server.text("/checkpoint", &[])?),
        }
    }

    /// The public key of the log.
    pub(crate) fn verifier_key(&self) -> Result<String, Failure> {
        match self {
            Self::Local(log) => Ok(log.log().verifier().to_string()),
            Self::Remote(server) => {
                #[derive(serde::Deserialize)]
                struct Status {
                    verifier_key: String,
                }
                Ok(server.fetch::<Status>("/v1/status")?.verifier_key)
            }
        }
    }

    /// Every change of that key.
    pub(crate) fn rotations(&self) -> Result<String, Failure> {
        match self {
            Self::Local(log) => Ok(log.log().rotations()),
            Self::Remote(server) => Ok(server.text("/v1/rotations", &[])?),
        }
    }

    /// Changes that key.
    pub(crate) fn rotate_key(&self) -> Result<Rotated, Failure> {
        match self {
            Self::Local(log) => {
                let Rotation { at, old, new } = log.rotate_key()?;
                Ok(Rotated { old: old.to_string(), new: new.to_string(), size: at.size() })
            }
            Self::Remote(server) => Ok(server.post("/v1/rotations", &())?),
        }
    }

    /// What proves an event without the log.
    pub(crate) fn evidence(&self, which: Which) -> Result<String, Failure> {
        let seq = self.get(which)?.seq;
        match self {
            Self::Local(log) => log.evidence(seq),
            Self::Remote(server) => Ok(server.text(&format!("/v1/events/{seq}/proof"), &[("format", "tlog-proof")])?),
        }
    }

    /// Groups and measures.
    pub(crate) fn aggregate(&self, question: &Question) -> Result<Answer, Failure> {
        match self {
            Self::Local(log) => log.aggregate(question),
            Self::Remote(server) => server.aggregate(question),
        }
    }
}
