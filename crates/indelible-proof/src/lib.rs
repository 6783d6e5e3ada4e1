//! What is true: the audit event, its vocabulary, its canonical bytes and its Merkle leaf.
//!
//! Pure functions and data: no I/O, no clock, no threads.

mod alias;
#[cfg(test)]
mod arbitrary;
mod canonical;
mod complete;
mod error;
mod event;
mod id;
mod ip;
mod jcs;
mod json;
mod leaf;
pub mod limits;
mod spelling;
mod time;
mod validate;
pub mod vocabulary;

pub use alias::{action_of, action_of_product, aliases, products};
pub use canonical::Canonical;
pub use complete::TENANT_DEFAULT;
pub use error::EventError;
pub use event::{
    Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object, Outcome, Recorded, Severity, Source,
    Target,
};
pub use id::{EventId, EventIdError};
pub use jcs::jcs;
pub use leaf::{Entry, EpochKey, LeafHash, Salts, commit, digest};
pub use time::{Timestamp, TimestampError};
