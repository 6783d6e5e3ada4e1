//! What an audit of OAuth 2.0 asks of the log.
//!
//! Each question is answered from the log as it is when it is asked, exactly, for a tenant and a window of time. A token is
//! known by its fingerprint; its story is told by the events that present it (`credential`) or name it (`targets`).
//!
//! ```
//! use indelible::{
//!     Actor, Credential, Event, MemoryStore, OAuth, Recorder, Target, Timestamp,
//!     oauth::questions::{Questions, State},
//! };
//! # use std::sync::Arc;
//!
//! let store = Arc::new(MemoryStore::default());
//! let recorder = Recorder::builder(store.clone()).build();
//! let code = |kind: &str, fingerprint: &str| Credential {
//!     kind: Some(kind.to_owned()),
//!     fingerprint: Some(fingerprint.to_owned()),
//!     ..Credential::default()
//! };
//! let event = |action| Event::new(action).actor(Actor::user("42")).client_id("shop");
//! recorder.record(event("oauth.authorization.granted").target(Target::new("authorization_code", "code-1")))?;
//! recorder.record(
//!     event("oauth.token.issued")
//!         .credential(code("authorization_code", "code-1"))
//!         .target(Target::new("access_token", "access-1"))
//!         .target(Target::new("refresh_token", "refresh-1")),
//! )?;
//! recorder.record(event("oauth.token.revoked").target(Target::new("refresh_token", "refresh-1")))?;
//!
//! let questions = Questions::of(&*store).client("shop");
//! let chain = questions.chain("access-1", Timestamp::MAX, 100)?;
//! let told: Vec<_> = chain.tokens.iter().map(|link| (link.depth, &*link.token.fingerprint, link.state)).collect();
//! assert_eq!(told, [
//!     (0, "code-1", State::Redeemed),
//!     (1, "access-1", State::Alive),
//!     (1, "refresh-1", State::Revoked),
//! ]);
//! assert_eq!(questions.alive(Timestamp::MAX, 10)?.rows[0].fingerprint, "access-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod alive;
mod answer;
mod chain;
mod failures;
mod first;
mod lives;
mod redirects;
mod reuse;
mod scopes;
mod story;

use std::fmt;

use indelible_engine::{
    column::Column,
    query::{Cancel, Clause, Filter, Match},
    store::Store,
};
use indelible_proof::{Actor, Timestamp};

use crate::asking::{Asking, is, limits, matches};

pub use access::{Access, Accessed};
pub use answer::{Listed, Uses};
pub use chain::{Chain, Link};
pub use failures::Refused;
pub use first::{FirstUse, What};
pub use lives::{State, Step, Token};
pub use redirects::RedirectUri;
pub use reuse::Reuse;
pub use scopes::UnusedScope;

/// The use of an access token at a resource server. What it needed stands in `oauth.scopes_requested`.
const USE: &str = crate::usage::USE;
/// Actions after which there are new tokens, which are their targets.
const ISSUING: [&str; 4] =
    ["oauth.authorization.granted", "oauth.token.issued", "oauth.token.refreshed", "oauth.token.exchanged"];
/// A token was taken back; it, or its whole family, is a target.
const REVOKED: &str = "oauth.token.revoked";
/// A refresh token was presented that another one had replaced.
const REUSED: &str = "oauth.refresh_token.reused";
/// No token was issued for what was presented.
const FAILED: &str = "oauth.token.failed";
/// A token was looked at, perhaps with every request.
const INTROSPECTED: &str = "oauth.token.introspected";

/// Questions about OAuth 2.0: of all clients and users, all tenants and all time, unless limited.
#[derive(Clone)]
#[must_use]
pub struct Questions<'a> {
    asking: Asking<'a>,
    client: Option<String>,
    actor: Actor,
}

impl<'a> Questions<'a> {
    /// Asks a store.
    pub fn of(store: &'a dyn Store) -> Self {
        Self { asking: Asking::of(store), client: None, actor: Actor::default() }
    }

    /// Asks about one client only, by id.
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.client = Some(id.into());
        self
    }

    /// Asks about one actor only, by type and id: the resource owner where the log knows one, else the client itself.
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    limits!();

    /// The events of the client and the actor that are asked about, under further conditions.
    fn filter(&self, clauses: impl IntoIterator<Item = Clause>) -> Filter {
        let client = self.client.iter().map(|id| is(Column::ClientId, [id]));
        let kind = self.actor.r#type.iter().map(|kind| is(Column::ActorType, [kind]));
        let actor = self.actor.id.iter().map(|id| is(Column::ActorId, [id]));
        self.asking.filter(clauses.into_iter().chain(client).chain(actor).chain(kind).collect())
    }
}

impl fmt::Debug for Questions<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asking, client, actor } = self;
        let mut out = out.debug_struct("Questions");
        out.field("tenant", &asking.tenant).field("client", client).field("actor", actor).finish_non_exhaustive()
    }
}

/// The condition that an event is about OAuth, or is one of these.
fn of_oauth(others: &[&str]) -> Clause {
    let others = others.iter().map(|&action| Match::Is(action.to_owned()));
    matches(Column::Action, std::iter::once(Match::Prefix("oauth.".to_owned())).chain(others).collect())
}
