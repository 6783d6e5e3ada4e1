//! Who a request comes from: what [`capture`](crate::capture) records as actor, and whose log a reader may see.
//!
//! A [`SessionResolver`] reads what a request presents and says whose it is. [`SessionCookie`] and [`BearerToken`] take
//! the credential out of the headers and ask you for the rest; [`JwtClaims`] verifies and reads JSON Web Tokens by
//! itself, `BetterAuth` the sessions of Better Auth (features `better-auth-sqlite`, `better-auth-postgres`). An
//! [`Identity`] that the application put into the extensions of a request, or of a response, goes before any resolver.
//!
//! There is one method, not one for before and one for after: who somebody is after a sign-in is found by resolving the
//! request that they could send next, with the cookies that the response set.

mod bearer;
#[cfg(any(feature = "better-auth-postgres", feature = "better-auth-sqlite"))]
mod better_auth;
mod cookie;
mod fit;
mod jwt;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::{Extensions, HeaderMap};
use indelible_proof::{Actor, Credential};

pub use bearer::BearerToken;
#[cfg(any(feature = "better-auth-postgres", feature = "better-auth-sqlite"))]
pub use better_auth::BetterAuth;
pub use cookie::SessionCookie;
pub use jwt::JwtClaims;

use crate::{alarm::within, limits};
#[cfg(feature = "tokens")]
pub(crate) use bearer::Presented;
pub(crate) use bearer::bearer_token;

pub(crate) use cookie::next_cookies;

/// Whose session or token it is, and who acts in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// Whose session or token it is.
    pub subject: Actor,
    /// Who really acts, when it is not the subject: the administrator who impersonates, the `act` chain of RFC 8693;
    /// the current actor first.
    pub acting: Vec<Actor>,
    /// The id of the session. Not its token: that is a secret.
    pub session_id: Option<String>,
    /// What the request was authenticated with.
    pub credential: Option<Credential>,
    /// The tenant, where the application has several.
    pub tenant: Option<String>,
}

impl Identity {
    /// Somebody who acts in their own name.
    pub fn new(subject: Actor) -> Self {
        Self { subject, ..Self::default() }
    }

    /// Sets the id of the session.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Adds one who acts in the subject's name; the current actor first.
    #[must_use]
    pub fn acted_by(mut self, actor: Actor) -> Self {
        self.acting.push(actor);
        self
    }

    /// Sets what the request was authenticated with.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Sets the tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Whether the credential has a scope. A role that a session has is one of its scopes.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.credential.iter().flat_map(|credential| &credential.scopes).any(|known| known == scope)
    }

    /// Who really acts.
    pub fn actor(&self) -> &Actor {
        self.acting.first().unwrap_or(&self.subject)
    }

    /// For whom the actor acts, outermost first; empty when for nobody else.
    pub fn on_behalf_of(&self) -> Vec<Actor> {
        match self.acting.split_first() {
            None => Vec::new(),
            Some((_, earlier)) => {
                let named = std::iter::once(&self.subject).chain(earlier).filter(|actor| **actor != Actor::default());
                named.cloned().collect()
            }
        }
    }
}

/// Why it could not be found out who a request comes from: the database was away, not the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot find out whose session it is: {cause}")]
pub struct ResolveError {
    /// What went wrong, for the operator.
    pub cause: String,
}

impl ResolveError {
    /// An error with its cause.
    pub fn new(cause: impl fmt::Display) -> Self {
        Self { cause: cause.to_string() }
    }
}

/// The answer to come: an identity, nobody, or that it cannot be told now.
pub type Resolution<'a> = Pin<Box<dyn Future<Output = Result<Option<Identity>, ResolveError>> + Send + 'a>>;

/// Finds out who a request comes from.
///
/// It is asked while a request waits: answer fast.
pub trait SessionResolver: Send + Sync + 'static {
    /// Whose credentials these headers present; `None` when they present none that count.
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a>;
}

/// Resolvers in the order in which they are asked; the first that knows somebody answers.
#[derive(Clone)]
pub struct Resolvers {
    all: Vec<Arc<dyn SessionResolver>>,
    wait: Duration,
}

impl Default for Resolvers {
    fn default() -> Self {
        Self { all: Vec::new(), wait: limits::RESOLVE_WAIT_DEFAULT }
    }
}

impl Resolvers {
    /// Adds one, to be asked after those before it.
    #[must_use]
    pub fn with(mut self, resolver: impl SessionResolver) -> Self {
        self.all.push(Arc::new(resolver));
        self
    }

    /// Sets how long a request waits for all of them together; who has not answered by then has failed. Default: two
    /// seconds.
    #[must_use]
    pub const fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Who presents these headers and extensions. A resolver that panics, or is not done in time, has failed.
    pub async fn resolve(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Option<Identity>, ResolveError> {
        if let Some(identity) = extensions.get::<Identity>() {
            return Ok(Some(identity.clone()));
        }
        let late = || Err(ResolveError::new("no answer in time"));
        within(self.wait, self.ask(headers)).await.unwrap_or_else(late)
    }

    async fn ask(&self, headers: &HeaderMap) -> Result<Option<Identity>, ResolveError> {
        for resolver in &self.all {
            if let Some(identity) = shielded(resolver.as_ref(), headers).await? {
                return Ok(Some(identity));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for Resolvers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Resolvers({})", self.all.len())
    }
}

async fn shielded(resolver: &dyn SessionResolver, headers: &HeaderMap) -> Result<Option<Identity>, ResolveError> {
    let panicked = || ResolveError::new("the resolver panicked");
    let start = catch_unwind(AssertUnwindSafe(|| resolver.resolve(headers)));
    let mut resolution = start.map_err(|_| panicked())?;
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| resolution.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    })
    .await
}
