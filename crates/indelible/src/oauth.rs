//! OAuth 2.0: what an authorization server, a gateway or an API behind one tells the log.
//!
//! A handler notes in a [`Request`] what it knows, and in the end says what became of it: that is the
//! [`Event`](crate::Event) to record. Tokens and codes go in as [`Token`]s, which are known by their fingerprints alone
//! and which only [`Fingerprints`] make: so no secret gets into an event, and whoever holds a leaked token finds its
//! whole story.
//!
//! ```
//! use std::sync::Arc;
//!
//! use indelible::{Actor, MemoryStore, Recorder, oauth::{Fingerprints, Request}};
//!
//! let store = Arc::new(MemoryStore::default());
//! let recorder = Recorder::new(store.clone());
//! // The same key everywhere and for good: see `indelible::fingerprint_key`.
//! let fingerprints = Fingerprints::new([7; 32]);
//!
//! // In the handler of `/token`, as far as it has come:
//! let request = Request::of("web")
//!     .by(Actor::user("42"))
//!     .grant_type("authorization_code")
//!     .scopes_requested("orders:read orders:write")
//!     .with(|event| event.ip([203, 0, 113, 9].into()));
//! let code = fingerprints.code("SplxlOBeZQQYbYS6WxSbIA");
//!
//! // And what became of it:
//! let access = fingerprints.access_token("2YotnFZFEjr1zCsicMWpAA").expires_at("2026-11-20T13:00:00Z".parse()?);
//! let refresh = fingerprints.refresh_token("tGzv3JOkF0XG5Qx2TlKWIA");
//! recorder.record(request.scopes_granted("orders:read").token_issued(&code, [&access, &refresh]))?;
//!
//! let leaked = fingerprints.of("tGzv3JOkF0XG5Qx2TlKWIA");
//! store.assert_recorded(&format!("action:oauth.token.issued client:web target:{leaked}"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod grant;
pub mod questions;
mod request;
mod token;

pub(crate) use grant::Grant;
pub use request::Request;
pub(crate) use token::scopes;
pub use token::{Fingerprints, Token, TokenKind};
