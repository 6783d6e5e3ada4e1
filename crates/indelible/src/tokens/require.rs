//! A layer that lets only requests with a token pass.

mod answer;
mod open;
mod service;

use std::{fmt, net::IpAddr, sync::Arc};

use http::{Extensions, request};
use indelible_proof::Object;
use tower_layer::Layer;

use super::{Tokens, attempt::Requirement, model::Entity};
use crate::capture::{Peer, Proxies, peer_in_extensions};

pub use service::{RequireTokenService, ResponseFuture};

/// Lets only requests pass that present a token by `Authorization: Bearer`, and logs each that does.
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use indelible::{MemoryStore, Recorder, tokens::{Accepted, RequireToken, Requirement, Tokens}};
///
/// # let directory = tempfile::tempdir()?;
/// # let file = directory.path().join("state.db");
/// let tokens = Tokens::builder(Recorder::new(std::sync::Arc::new(MemoryStore::default()))).open(file)?;
/// let read = RequireToken::new(tokens).needs(Requirement::default().all(["orders:read"]));
/// let app: Router = Router::new()
///     .route("/orders", get(async |Extension(token): Extension<Accepted>| format!("orders of {}", token.owner.id)))
///     .layer(read);
/// # let _ = app;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Behind it the request's extensions hold the [`Accepted`](super::Accepted) token, the
/// [`Identity`](crate::identity::Identity) of its owner, and the [`Correlation`](crate::capture::Correlation) under which
/// the event is logged. The response's hold the identity too, so that an [`AuditLayer`](crate::capture::AuditLayer) knows
/// who it was, whichever layer is around the other.
///
/// **What is refused** is answered as RFC 6750 has it: 401 without a token or with one that is not good, 400 for what
/// cannot be a token, 403 for one that is not for this, 429 for one that was used too often, and 503 while the database
/// fails; with a challenge in `WWW-Authenticate`, with `Retry-After`, and with JSON that says why. A token in the address
/// or the body counts for nothing: addresses end up in logs.
///
/// **What is logged:** one event for each token that is presented, when the response is ready: with its status, the
/// latency, and what the handler left of [`UsageMetadata`] in the extensions of the response. When a handler panics, the
/// service fails or the client goes away first, the event says so (`metadata.unanswered`). A request without a token is
/// none: nobody tried anything.
///
/// **Several of them around one route**, as nested routers make it, check the token once, count it once and write one
/// event; the inner ones ask only what they need beyond it. They have to share the service and the tenant, and the
/// outermost one needs the boundary.
///
/// The database is asked on a thread of Tokio's for blocking work, and only about tokens that are not in memory. Where
/// no Tokio runs, it is asked in place.
#[derive(Clone)]
#[must_use]
pub struct RequireToken(Arc<Settings>);

/// Says for what a request is.
type Boundary = Arc<dyn Fn(&request::Parts) -> Option<Entity> + Send + Sync>;

#[derive(Clone)]
struct Settings {
    tokens: Tokens,
    needs: Requirement,
    boundary: Option<Boundary>,
    proxies: Proxies,
    peer: Peer,
    realm: String,
    route: Option<String>,
}

/// What a handler says of a request for the log: put it among the extensions of the response. It becomes the
/// `metadata` of the event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsageMetadata(pub Object);

impl RequireToken {
    /// Lets any token pass that is good.
    pub fn new(tokens: Tokens) -> Self {
        Self(Arc::new(Settings {
            tokens,
            needs: Requirement::default(),
            boundary: None,
            proxies: Proxies::default(),
            peer: Arc::new(peer_in_extensions),
            realm: "api".to_owned(),
            route: None,
        }))
    }

    /// Sets what a token must have and be.
    pub fn needs(self, needs: Requirement) -> Self {
        self.with(|settings| settings.needs = needs)
    }

    /// Says for what a request is: only tokens of this boundary pass then. Default: for nothing, so that no token
    /// passes that has one.
    pub fn boundary(self, boundary: impl Fn(&request::Parts) -> Option<Entity> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.boundary = Some(Arc::new(boundary)))
    }

    /// Sets which proxies are believed. Default: none.
    pub fn proxies(self, proxies: Proxies) -> Self {
        self.with(|settings| settings.proxies = proxies)
    }

    /// Says where a request's extensions hold the address of the peer. Default: as for
    /// [`AuditLayer`](crate::capture::AuditLayerBuilder::peer).
    pub fn peer(self, peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.peer = Arc::new(peer))
    }

    /// Sets the realm of challenges. Default: `api`.
    pub fn realm(self, realm: impl Into<String>) -> Self {
        self.with(|settings| settings.realm = realm.into())
    }

    /// Sets the route that events tell, e.g. `/orders/{id}`. Default: the one that axum matched.
    pub fn route(self, route: impl Into<String>) -> Self {
        self.with(|settings| settings.route = Some(route.into()))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<S> Layer<S> for RequireToken {
    type Service = RequireTokenService<S>;

    fn layer(&self, inner: S) -> RequireTokenService<S> {
        RequireTokenService::new(inner, Arc::clone(&self.0))
    }
}

impl fmt::Debug for RequireToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RequireToken")
            .field("tokens", &self.tokens)
            .field("needs", &self.needs)
            .finish_non_exhaustive()
    }
}
