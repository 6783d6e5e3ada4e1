//! Authentication events that log themselves: a layer around any tower service, axum's included.
//!
//! [`Rule`]s say which requests are events, and what of them is kept. Rule sets for what many applications have are
//! ready: [`better_auth`], [`oauth2`], [`session_auth`]. How an event ended, the layer reads from the response; who did
//! it, from the request before the handler runs and from the response after it (see [`identity`](crate::identity)).
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::{Router, body::Body, http::{Request, StatusCode}, routing::post};
//! use indelible::{MemoryStore, Recorder, capture::{AuditLayer, session_auth}};
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryStore::default());
//! let app: Router = Router::new()
//!     .route("/login", post(async || StatusCode::UNAUTHORIZED))
//!     .layer(AuditLayer::new(Recorder::new(store.clone()), session_auth())?);
//!
//! let body = Body::from(r#"{"email":"alice@example.com","password":"hunter2"}"#);
//! let request = Request::post("/login").header("content-type", "application/json").body(body)?;
//! assert_eq!(app.oneshot(request).await?.status(), StatusCode::UNAUTHORIZED);
//! store.assert_recorded("action:auth.login.failed outcome:failure reason:invalid_credentials");
//! # Ok(())
//! # }
//! ```
//!
//! **What it never does.** It never changes a response: a log that cannot take an event, a resolver that fails, a body
//! that is no JSON cost the event a field, or the event, never the answer. It never reads a body that no rule asks for, and
//! never more of one than a limit. It never believes a forwarding header of a peer that
//! is no trusted proxy. It never samples.
//!
//! **Where to put it.** Around the router, outside of other layers, so that what these refuse is an event too. A panic is one
//! wherever it is caught.

mod address;
mod body;
mod choices;
mod correlation;
mod entry;
mod failures;
mod forwarded;
mod identity;
mod index;
mod input;
mod layer;
mod oauth;
mod observation;
mod rule;
mod rules;
mod service;
mod severity;
mod shared;
mod verdict;

#[cfg(feature = "axum")]
pub(crate) use input::read_form;
#[cfg(any(feature = "axum", feature = "tokens"))]
pub(crate) use layer::peer_in_extensions;
#[cfg(feature = "tokens")]
pub(crate) use {address::user_agent, shared::Peer};

pub use address::{ForwardingHeader, Proxies};
pub use body::AuditBody;
pub use correlation::Correlation;
pub use failures::Repetition;
pub use index::RuleError;
pub use layer::{AuditLayer, AuditLayerBuilder};
pub use rule::{Capture, Phase, Rule, RuleSet, TargetField};
pub use rules::{better_auth, oauth2, session_auth};
pub use service::{AuditService, ResponseFuture};
pub use severity::{DEFAULTS, SeverityRule, SeverityRules, Subject};
