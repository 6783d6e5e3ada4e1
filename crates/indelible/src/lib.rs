//! The audit log that an application embeds.

mod limits;
mod recorder;
pub mod redaction;

pub use indelible_engine::store::{AppendError, Pending, Receipt, Status, Store};
pub use indelible_proof::{
    Actor, Changes, Client, Context, Credential, Event, EventError, EventId, Geo, Http, LeafHash, OAuth, Object,
    Outcome, Recorded, Severity, Source, Target, Timestamp, TimestampError,
};
pub use recorder::{Builder, Decision, Durability, RecordError, Recorder, Recording, Refusal, Stats, Submission};
pub use redaction::{Redaction, Strategy};
