//! The trail of resources: who changed which one, from what to what, and who allowed it.
//!
//! A [`Resource`] makes the events; they go through a [`Recorder`](crate::Recorder) like all others, or
//! into an outbox in the transaction of the change. What differs is derived from two values of your own types ([`Diff`]); [`Trail`] asks
//! the log: the history of a resource, its [`State`] at a moment, what happened to any of them, who approved what.
//!
//! ```
//! use indelible::{Actor, MemoryStore, Recorder, resources::{Resource, Trail}};
//! use serde_json::json;
//! # use std::sync::Arc;
//!
//! let store = Arc::new(MemoryStore::default());
//! let recorder = Recorder::new(store.clone());
//! let (before, after) = (json!({"name": "office", "mtu": 1500}), json!({"name": "office", "mtu": 1400}));
//!
//! let office = Resource::new("network", "net_7").name("office").address("10.7.0.0/24");
//! recorder.record(office.created(&before)?.actor(Actor::user("42")))?;
//! recorder.record(office.updated(&before, &after)?.actor(Actor::user("42")))?;
//!
//! let trail = Trail::of(&*store);
//! let newest = &trail.history("network", "net_7", 50, None)?.events[0].event;
//! assert_eq!(serde_json::to_value(&newest.changes)?, json!({"before": {"mtu": 1500}, "after": {"mtu": 1400}}));
//! assert_eq!(trail.state("network", "net_7", None)?.fields, *after.as_object().unwrap());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod approvals;
mod changed;
mod diff;
mod fitting;
mod items;
mod log;
mod patch;
mod rebuilt;
mod resource;
mod state;
mod trail;

pub use action::Action;
pub use approvals::{Decided, Request};
pub use changed::{Changed, changed};
pub use diff::{Diff, DiffError};
pub use log::ResourceLog;
pub use patch::{Operation, patch_between, patch_of};
pub use resource::{REQUEST, Resource, together};
pub use state::{Standing, State};
pub use trail::Trail;

#[cfg(test)]
mod tests;
