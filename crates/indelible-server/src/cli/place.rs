//! Where the log is that a command works on: a data directory, or a server. Both answer the same questions.

use std::path::PathBuf;

use clap::Args;
use indelible_engine::query::{AggregateText, Order, ParseError};
use indelible_proof::{Event, EventId, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Failure, local::Local, remote::Remote};

/// The options that say where the log is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where the log is")]
pub(crate) struct PlaceOptions {
    /// Data directory of the log
    #[arg(long, env = "INDELIBLE_DATA", value_name = "DIR", default_value = "data", conflicts_with = "url")]
    data: PathBuf,
    /// Server that has the log, e.g. http://127.0.0.1:4610
    #[arg(long, env = "INDELIBLE_URL", value_name = "URL")]
    url: Option<String>,
    /// API key for the server
    #[arg(long, env = "INDELIBLE_KEY", value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
}

impl PlaceOptions {
    /// Opens the log, which must be there already.
    pub(crate) fn open(&self) -> Result<Place, Failure> {
        match &self.url {
            Some(url) => Remote::new(url, self.key.as_deref()).map(Place::Remote),
            None => Local::open(&self.data).map(Place::Local),
        }
    }

    /// Opens the log; makes the data directory when there is none.
    pub(crate) fn open_or_create(&self) -> Result<Place, Failure> {
        match &self.url {
            Some(url) => Remote::new(url, self.key.as_deref()).map(Place::Remote),
            None => Local::open_or_create(&self.data).map(Place::Local),
        }
    }

    /// The data directory, unless a server is meant.
    pub(crate) fn data(&self) -> Option<&std::path::Path> {
        self.url.is_none().then_some(&self.data)
    }

    /// The server, when one is meant.
    pub(crate) fn remote(&self) -> Option<Result<Remote, Failure>> {
        self.url.as_ref().map(|url| Remote::new(url, self.key.as_deref()))
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

/// One event by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// By its id.
    Id(EventId),
    /// By its place in the log.
    Seq(u64),
}

/// A page to ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageOf {
    /// Filter line.
    pub(crate) filter: String,
    /// Newest or oldest first.
    pub(crate) order: Order,
    /// How many events.
    pub(crate) limit: u32,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
}

/// Events, and where the next page begins.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Events {
    /// The events.
    pub(crate) events: Vec<Recorded>,
    /// Where the next page begins; `None` at the end.
    pub(crate) next: Option<String>,
}

/// What was recorded.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Receipt {
    /// The event's id.
    pub(crate) id: EventId,
    /// Its place in the log.
    pub(crate) seq: u64,
    /// Its leaf in the Merkle tree, in hexadecimal.
    pub(crate) leaf_hash: String,
    /// Its idempotency key was known: nothing was stored.
    #[serde(default)]
    pub(crate) duplicate: bool,
}

/// An aggregate as it was typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    /// Filter line.
    pub(crate) filter: String,
    /// Comma-separated groups.
    pub(crate) group_by: String,
    /// Comma-separated measures.
    pub(crate) measure: String,
    /// Smallest value of a measure.
    pub(crate) having: String,
    /// What to order by.
    pub(crate) order: String,
    /// IANA time zone.
    pub(crate) tz: String,
    /// How many groups.
    pub(crate) limit: Option<u32>,
}

impl Question {
    /// The parts that the query model reads.
    pub(crate) fn text(&self) -> AggregateText<'_> {
        AggregateText {
            group_by: &self.group_by,
            measure: &self.measure,
            having: &self.having,
            order: &self.order,
            time_zone: &self.tz,
            limit: self.limit,
        }
    }
}

/// What an aggregate gives.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Answer {
    /// Names of the groups, then of the measures.
    pub(crate) columns: Vec<String>,
    /// One row a group.
    pub(crate) rows: Vec<Vec<Value>>,
    /// False when a number is an estimate.
    pub(crate) exact: bool,
    /// How many groups there were before the limit.
    pub(crate) groups: u64,
}

impl Place {
    /// Records events, all or nothing; they are durable when this returns.
    pub(crate) fn record(&self, events: Vec<Event>) -> Result<Vec<Receipt>, Failure> {
        match self {
            Self::Local(log) => log.record(events),
            Self::Remote(server) => server.record(&events),
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

    /// Groups and measures.
    pub(crate) fn aggregate(&self, question: &Question) -> Result<Answer, Failure> {
        match self {
            Self::Local(log) => log.aggregate(question),
            Self::Remote(server) => server.aggregate(question),
        }
    }
}

/// A mistake in what was typed, with a caret below it.
pub(crate) fn typed_wrongly(what: &str, line: &str, error: &ParseError) -> Failure {
    let indented: String = error.render(line).lines().map(|line| format!("\n  {line}")).collect();
    Failure::Usage(format!("cannot read the {what}{indented}"))
}
