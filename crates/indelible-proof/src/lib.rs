//! What is true: the audit event, its vocabulary, its canonical bytes and its Merkle leaf.
//!
//! Pure functions and data: no I/O, no clock, no threads.

mod alias;
mod canonical;
mod error;
mod event;
mod id;
mod ip;
mod json;
mod leaf;
mod time;
mod validate;
pub mod vocabulary;

pub use alias::action_of;
pub use canonical::Canonical;
pub use error::EventError;
pub use event::{
    Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object, Outcome, Recorded, Severity, Source,
    Target,
};
pub use id::{EventId, EventIdError};
pub use leaf::{Entry, EpochKey, LeafHash};
pub use time::{Timestamp, TimestampError};
