//! What is true: the audit event, its vocabulary, its canonical bytes, its Merkle leaf, and the proofs about it.
//!
//! An [`Event`] is read strictly ([`Event::from_json`]) or built, made complete ([`Event::complete`]), and checked
//! and encoded in one go ([`Canonical::checked`]). Its canonical bytes are RFC 8785 JSON in three parts, to which the
//! [`Entry`] of the log's Merkle tree commits separately, so that a person can be erased later without breaking a proof.
//!
//! The log's [`tree`] over these entries is that of RFC 6962; its hashes are stored and served as [`tile`]s, and its
//! size and root are signed as a [`checkpoint`] (a [`note`]), which witnesses cosign ([`cosignature`], [`witness`]).
//! Whoever holds the log's public key verifies an event offline from one file of [`evidence`]: a [`tlog_proof`] with a
//! [`disclosure`] of the event. An [`export`] proves many events, and that none is missing. A [`rotation`] hands over
//! from one signing key to the next. The formats are, as far as there is one, those of C2SP (c2sp.org: tlog-tiles,
//! tlog-checkpoint, signed-note, tlog-cosignature, tlog-witness, tlog-proof).
//!
//! # What it is not
//!
//! It does no I/O, reads no clock, starts no threads and keeps no state: time and keys are passed in. It stores and
//! finds nothing; that is the engine's part. It takes out no secrets; redaction comes before it.
//!
//! # Limits
//!
//! They all stand in [`limits`]. An event has at most 512 KiB of canonical JSON, `metadata` 64 KiB and 8 levels.
//! Whole numbers go up to 2^53 - 1; larger ones are refused, because other JSON readers would round them. Times lie
//! between 1970 and 9999. Unknown fields are refused everywhere except inside free data.
//!
//! # Example
//!
//! ```
//! use indelible_proof::{Canonical, Entry, EpochKey, Event, Timestamp};
//!
//! let json = br#"{"action": "token.revoked", "actor": {"type": "user", "id": "42"}, "targets": [{"type": "token", "id": "tok_7"}]}"#;
//! let mut event = Event::from_json(json)?;
//! event.complete(Timestamp::from_micros(1_795_176_000_000_000)?);
//!
//! let parts = Canonical::checked(&event)?;
//! assert_eq!(parts.who(), br#"{"actor":{"id":"42","type":"user"}}"#);
//! assert_eq!(parts.event()?, event);
//!
//! let leaf = Entry::of(&parts, &EpochKey([7; 32])).leaf_hash();
//! assert_eq!(leaf.to_string().len(), 64);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alias;
#[cfg(test)]
mod arbitrary;
mod base64;
mod canonical;
pub mod checkpoint;
mod complete;
pub mod cosignature;
pub mod disclosure;
mod error;
mod event;
pub mod evidence;
pub mod export;
mod id;
mod ip;
mod jcs;
mod json;
mod leaf;
pub mod limits;
pub mod note;
pub mod rotation;
mod spelling;
pub mod strict;
pub mod tile;
mod time;
pub mod tlog_proof;
pub mod tree;
mod validate;
pub mod vocabulary;
pub mod witness;

pub use alias::{action_of, action_of_product, aliases, products};
pub use canonical::Canonical;
pub use complete::TENANT_DEFAULT;
pub use error::EventError;
pub use event::{
    Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object, Outcome, Recorded, Severity, Source,
    Target,
};
pub use id::{EventId, EventIdError};
pub use jcs::{is_jcs_object, jcs, jcs_text};
pub use leaf::{Entry, EpochKey, LeafHash, Salter, Salts, commit, digest};
pub use time::{Timestamp, TimestampError};
