//! API tokens: issued, checked, rotated and revoked, and every step of it in the log.
//!
//! [`Tokens`] is the service. A change of tokens and the event that tells of it are one transaction of its database; from
//! there the event goes to the log, at once or, after a crash, at the next start: there is no token without its
//! `token.created`, and no event twice. Of a token's text only the SHA-256 is kept.
//!
//! Every check is an event too, made and written in the background. docs/TOKENS.md tells of all this at length.

mod abilities;
mod allow;
mod ancestry;
mod attempt;
mod attempted;
mod builder;
mod cache;
mod change;
mod check;
mod derive;
mod error;
mod events;
mod failure;
mod find;
mod flood;
mod format;
mod import;
mod issue;
mod kind;
mod limiter;
mod model;
mod prune;
mod ready;
mod refusal;
mod report;
#[cfg(feature = "tower")]
mod require;
mod reveal;
mod revoke;
mod rotate;
mod rounds;
mod standing;
pub mod state;
mod vault;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use indelible_proof::{Actor, Context, Credential, Timestamp};

use crate::{Recorder, outbox::drain};
use builder::Settings;
use cache::Cache;
use failure::Failure;
use flood::Flood;
use limiter::Limiter;
use ready::Ready;
use rounds::Rounds;
use state::State;

pub use abilities::{Abilities, AbilityError};
pub use allow::{AllowError, AllowedDomains, AllowedIps, Elsewhere};
pub use attempt::{Attempt, Requirement};
pub use builder::{Builder, StartError};
pub use check::Check;
pub use derive::Derive;
pub use error::TokenError;
pub use find::{Find, FindCursor, FindOrder};
pub use flood::Coalescing;
pub use format::{Format, FormatError, GenerateError, PATTERN, Parsed, Plaintext, hash};
pub use import::Import;
pub use issue::{Issue, Issued};
pub use kind::{Kind, KindError, Kinds};
pub use limiter::{RateLimited, Rates};
pub use model::{Entity, Token};
pub use ready::Accepted;
pub use refusal::Refusal;
#[cfg(feature = "tower")]
pub use require::{RequireToken, RequireTokenService, ResponseFuture, UsageMetadata};
pub use revoke::{RevocationMode, Revoke};
pub use rotate::{Rotate, RotationMode};
pub use standing::Standing;
pub use vault::{Vault, VaultError};

/// A token service, as seen by one tenant and whoever acts.
///
/// Clones share the service; [`within`](Self::within), [`by`](Self::by), [`with`](Self::with), [`from`](Self::from) and
/// [`request_id`](Self::request_id) give it another face. When the last one is dropped, what waits is written first.
///
/// Operations block while the database and the log write: call them where blocking is fine.
///
/// ```
/// use std::sync::Arc;
///
/// use indelible::{
///     Actor, Context, MemoryStore, Object, Recorder,
///     tokens::{Abilities, Attempt, Entity, Issue, Refusal, Requirement, Revoke, Rotate, Tokens},
/// };
///
/// # let directory = tempfile::tempdir()?;
/// # let directory = directory.path();
/// let store = Arc::new(MemoryStore::default());
/// let recorder = Recorder::new(store.clone());
/// let tokens = Tokens::builder(recorder.clone()).open(directory.join("state.db"))?;
///
/// // Issued by somebody; the text is shown this once.
/// let issue = Issue::new("sk", "ci key", Entity::user("42"))
///     .environment("live")
///     .abilities(Abilities::new(["orders:*"])?);
/// let issued = tokens.by(Actor::user("7")).issue(&issue)?;
/// assert!(issued.plaintext.reveal().starts_with("sk_live_"));
///
/// // Checked when somebody presents it; the event is written when it is finished.
/// let needs = Requirement::default().all(["orders:read"]);
/// let context = Context { ip: "203.0.113.9".parse().ok(), ..Context::default() };
/// let check = tokens.check(Attempt::new(issued.plaintext.reveal()).from(context).needs(&needs));
/// assert_eq!(check.verdict().map(|token| token.name.as_str()), Ok("ci key"));
/// check.finish(None, Object::from_iter([("endpoint".to_owned(), "/v1/orders".into())])).map_err(|no| no.to_string())?;
///
/// // Given a new text, and taken back: by then no check succeeds any more.
/// let rotated = tokens.rotate(&Rotate::new(&issued.token.id))?;
/// tokens.revoke(&Revoke::new(&rotated.token.id).reason("left the team"))?;
/// let refused = tokens.verify(Attempt::new(rotated.plaintext.reveal())).unwrap_err();
/// assert_eq!((refused.status(), &refused), (401, &Refusal::Revoked));
///
/// recorder.flush();
/// store.assert_recorded("action:token.created actor:user:7 target:user:42");
/// store.assert_recorded("action:token.authenticated actor:user:42 ip:203.0.113.9");
/// store.assert_recorded(r#"action:token.revoked metadata.reason:"left the team""#);
/// store.assert_recorded("action:token.authentication_failed reason:token_revoked");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Tokens {
    service: Arc<Service>,
    rounds: Arc<Rounds>,
    scope: Arc<Scope>,
}

/// Who acts, for whom, and where from.
#[derive(Debug, Clone)]
struct Scope {
    tenant: String,
    actor: Option<Actor>,
    credential: Option<Credential>,
    context: Option<Context>,
    request_id: Option<String>,
}

/// What all handles share.
struct Service {
    state: Arc<dyn State>,
    recorder: Recorder,
    settings: Settings,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Held by whoever drains the outbox: whoever comes meanwhile waits, and mostly finds theirs done.
    draining: Mutex<()>,
    cache: Cache<Ready>,
    limiter: Limiter,
    flood: Flood<Failure>,
    /// Tokens that were used since the database learnt of uses.
    used: Mutex<Vec<Arc<Ready>>>,
    /// Events wait in the outbox: the log did not take them.
    is_behind: AtomicBool,
}

impl Tokens {
    /// For choosing types and settings, and starting; lives end in the recorder's log.
    pub fn builder(recorder: Recorder) -> Builder {
        Builder::new(recorder)
    }

    /// The service for another tenant: with its tokens and no others. At first it is that of the recorder.
    #[must_use]
    pub fn within(&self, tenant: impl Into<String>) -> Self {
        self.seen(|scope| scope.tenant = tenant.into())
    }

    /// Whose tokens these are.
    pub fn tenant(&self) -> &str {
        &self.scope.tenant
    }

    /// The service in somebody's hands: who did it, for the log.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Self {
        self.seen(|scope| scope.actor = Some(actor))
    }

    /// The service as called with a credential, for the log: an API key, say, whose holder acts for somebody else.
    #[must_use]
    pub fn with(&self, credential: Credential) -> Self {
        self.seen(|scope| scope.credential = Some(credential))
    }

    /// The service as called from somewhere, for the log.
    #[must_use]
    pub fn from(&self, context: Context) -> Self {
        self.seen(|scope| scope.context = Some(context))
    }

    /// The service as called in a request, for the log.
    #[must_use]
    pub fn request_id(&self, id: impl Into<String>) -> Self {
        self.seen(|scope| scope.request_id = Some(id.into()))
    }

    /// The types of tokens that there are.
    pub fn kinds(&self) -> &Kinds {
        &self.service.settings.kinds
    }

    /// Writes what waits, and ends the background thread. Tokens can be used afterwards, but `last_used_at` may stay
    /// behind.
    pub fn close(&self) {
        self.rounds.end();
    }

    fn seen(&self, change: impl FnOnce(&mut Scope)) -> Self {
        let mut tokens = self.clone();
        change(Arc::make_mut(&mut tokens.scope));
        tokens
    }

    fn kind(&self, id: &str) -> Result<&Kind, TokenError> {
        let unknown = || TokenError::UnknownKind {
            kind: id.chars().take(64).collect(),
            known: self.kinds().iter().map(|(id, _)| id).collect::<Vec<_>>().join(", "),
        };
        self.kinds().get(id).ok_or_else(unknown)
    }
}

impl Service {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Hands the log what was committed. What it does not take now it gets later.
    fn tell(&self) {
        let one_at_a_time = self.draining.lock().unwrap_or_else(PoisonError::into_inner);
        let told = drain(self.state.outbox(), &self.recorder, self.now());
        drop(one_at_a_time);
        self.is_behind.store(told.is_err(), Ordering::Release);
    }

    /// What is done now and then.
    fn round(&self) {
        if self.is_behind.load(Ordering::Acquire) {
            self.tell();
        }
        self.touch();
        self.tell_repeats(self.flood.take_due(self.now()));
    }

    /// What is done at the end.
    fn last_round(&self) {
        self.round();
        self.tell_repeats(self.flood.take_all());
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tokens").field("scope", &self.scope).finish_non_exhaustive()
    }
}
