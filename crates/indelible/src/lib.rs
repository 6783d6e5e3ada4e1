//! The audit log that an application embeds: who did what, to what, with which credential, and how it ended.
//!
//! Hand [`Event`]s to a [`Recorder`]; it fills in defaults, runs your hooks, takes secrets out ([`redaction`]), and
//! gives them to a [`Store`]. With the receipt in hand the event is as safe as the [`Durability`] that you asked for.
//! Only a redacted event can reach a store: the types allow nothing else.
//!
//! What it is not: a log of everything a program prints, a queue, or a database for other data. An event that was
//! recorded cannot be changed.
//!
//! ```
//! use std::sync::Arc;
//!
//! use indelible::{
//!     Actor, Cancel, Decision, Event, Filter, MemoryStore, Outcome, Query, Recorder, Store, Target, Timestamp,
//! };
//!
//! // In memory, as your tests want it; in production `Log::open(LogConfig::new("data", Arc::new(system_time)))?`.
//! let store = Arc::new(MemoryStore::default());
//! let recorder = Recorder::builder(store.clone())
//!     .tenant("acme")
//!     .before(|event| if event.action == "health.checked" { Decision::Suppress } else { Decision::Record })
//!     .on_write_error(|error, events| eprintln!("{} audit events not written: {error}", events.len()))
//!     .build();
//!
//! // Blocks until it is safe.
//! let recording = recorder.record(
//!     Event::new("token.revoked")
//!         .outcome(Outcome::Success)
//!         .actor(Actor::user("42").email("alice@example.com"))
//!         .target(Target::new("token", "tok_7").name("ci key"))
//!         .meta("reason", "left the team")
//!         .meta("request", r#"{"token":"sk_live_51H","notify":true}"#),
//! )?;
//! assert_eq!(recording.receipt().map(|receipt| receipt.seq), Some(0));
//!
//! // Returns at once; a background thread does the rest.
//! recorder.queue(Event::new("auth.login.failed").actor(Actor::user("42")))?;
//! recorder.close();
//!
//! // Found again. The token never got in.
//! let now: Timestamp = "2026-11-20T12:00:00Z".parse()?;
//! let filter = Filter::parse("action:token.* actor:user:42", now)?;
//! let page = store.query(&Query::newest(filter), &Cancel::default())?;
//! assert_eq!(page.events[0].event.metadata["request"], r#"{"notify":true,"token":"[REDACTED]"}"#);
//! store.assert_recorded("action:auth.login.failed tenant:acme");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "tower")]
mod alarm;
mod asking;
#[cfg(feature = "tower")]
pub mod capture;
pub mod drivers;
#[cfg(feature = "axum")]
pub mod endpoints;
mod free_data;
#[cfg(feature = "geo")]
pub mod geo;
#[cfg(feature = "tower")]
pub mod identity;
pub mod import;
mod key_file;
mod limits;
#[cfg(any(feature = "tokens", feature = "tower"))]
mod network;
pub mod oauth;
#[cfg(any(feature = "outbox-postgres", feature = "outbox-sqlite"))]
pub mod outbox;
mod recorder;
pub mod redaction;
pub mod resources;
pub mod retention;
#[cfg(feature = "receivers")]
pub mod security_events;
mod text;
#[cfg(feature = "tokens")]
pub mod tokens;
pub mod usage;
#[cfg(feature = "receivers")]
pub mod webhooks;

pub use indelible_engine::{
    log::{Log, LogConfig, OpenError},
    memory::MemoryStore,
    null::NullStore,
    query::{Aggregate, Cancel, Filter, Page, ParseError, Query, Table},
    source::ReadError,
    store::{AppendError, Pending, Receipt, Status, Store},
};
pub use indelible_proof::{
    Actor, Changes, Client, Context, Credential, Event, EventError, EventId, Geo, Http, LeafHash, OAuth, Object,
    Outcome, Recorded, Severity, Source, Target, Timestamp, TimestampError, vocabulary,
};
pub use key_file::{KeyFileError, fingerprint_key, read_key};
#[cfg(any(feature = "tokens", feature = "tower"))]
pub use network::{Network, NetworkError};
pub use recorder::{
    Builder, Decision, Durability, RecordError, Recorder, Recording, Refusal, Stats, Submission, system_time,
};
pub use redaction::{Redaction, Strategy};

/// The store below in all its parts: queries, columns, the contract of a store of your own.
pub use indelible_engine as engine;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So does that of docs/CAPTURE.md.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../../../docs/CAPTURE.md")]
struct CapturePage;

/// So do those of docs/DRIVERS.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/DRIVERS.md")]
struct DriversPage;

/// So does the example of docs/OUTBOX.md.
#[cfg(all(doctest, feature = "outbox-sqlite"))]
#[doc = include_str!("../../../docs/OUTBOX.md")]
struct OutboxPage;

/// So does the example of docs/ENDPOINTS.md.
#[cfg(all(doctest, feature = "axum", feature = "better-auth-sqlite"))]
#[doc = include_str!("../../../docs/ENDPOINTS.md")]
struct EndpointsPage;

/// So do those of docs/OAUTH.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/OAUTH.md")]
struct OAuthPage;

/// So does the example of docs/RESOURCES.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/RESOURCES.md")]
struct ResourcesPage;

/// So does the example of docs/TOKENS.md.
#[cfg(all(doctest, feature = "axum", feature = "tokens"))]
#[doc = include_str!("../../../docs/TOKENS.md")]
struct TokensPage;
