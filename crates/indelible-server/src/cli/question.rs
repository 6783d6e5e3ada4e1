//! What a log is asked and what it answers, the same for a data directory and for a server.

use indelible_engine::query::{AggregateText, Order, ParseError};
use indelible_proof::{EventId, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Failure;

/// The options of a command that are given, as the conditions that a server takes them for.
pub(crate) fn conditions(options: &impl Serialize) -> Result<Map<String, Value>, Failure> {
    let given = serde_json::to_value(options).and_then(serde_json::from_value::<Map<String, Value>>);
    let given = given.map_err(Failure::because)?;
    Ok(given.into_iter().filter(|(_, value)| !value.is_null()).collect())
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
    /// Where it was asked for: the hashes from the leaf's sibling upwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<Vec<String>>,
}

/// Receipts with proofs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProvenReceipts {
    /// Each with its proof.
    pub(crate) receipts: Vec<Receipt>,
    /// Events in the tree that the proofs are of.
    pub(crate) size: u64,
    /// The signed note of that tree.
    pub(crate) checkpoint: String,
}

/// A change of the log's signing key.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Rotated {
    /// The public key that was.
    pub(crate) old: String,
    /// The public key that is.
    pub(crate) new: String,
    /// Events of the last tree that the old key has signed.
    pub(crate) size: u64,
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

/// A mistake in what was typed, with a caret below it.
pub(crate) fn typed_wrongly(what: &str, line: &str, error: &ParseError) -> Failure {
    let indented: String = error.render(line).lines().map(|line| format!("\n  {line}")).collect();
    Failure::Usage(format!("cannot read the {what}{indented}"))
}
