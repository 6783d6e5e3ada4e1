//! The log for those who are signed in: three endpoints for axum, to mount under any prefix.
//!
//! | Endpoint | What it does |
//! |---|---|
//! | `GET /audit-log/list` | the newest entries of the user: `action`, `status`, `from`, `to`, `limit` (1 to 500), `offset` |
//! | `GET /audit-log/{id}` | one of them |
//! | `POST /audit-log/insert` | records what the user says: `action`, `status`, `severity`, `metadata` |
//!
//! Paths, answers and limits are those of the audit plugin of Better Auth, byte for byte, so that its clients work.
//! docs/ENDPOINTS.md has them all, and where we differ on purpose.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::{Router, body::{Body, to_bytes}, http::Request};
//! use indelible::{
//!     Actor, Event, MemoryStore, Recorder,
//!     endpoints::{Endpoints, audit_router},
//!     identity::{Identity, SessionCookie},
//! };
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = Recorder::new(Arc::new(MemoryStore::default()));
//! recorder.record(Event::new("invoice.paid").actor(Actor::user("u1")))?;
//!
//! let sessions = SessionCookie::new("session", |token| async move {
//!     Ok((token == "alices").then(|| Identity::new(Actor::user("u1"))))
//! });
//! let log = audit_router(Endpoints::new(recorder).resolver(sessions));
//! let app: Router = Router::new().nest("/api/auth", log);
//!
//! let request = Request::get("/api/auth/audit-log/list").header("cookie", "session=alices").body(Body::empty())?;
//! let answer = to_bytes(app.oneshot(request).await?.into_body(), 1 << 20).await?;
//! assert!(answer.starts_with(br#"{"entries":[{"id":""#) && answer.ends_with(br#""total":1}"#));
//! # Ok(())
//! # }
//! ```
//!
//! **Who sees what.** A user sees what they did themselves, in their tenant; an administrator, see
//! [`Endpoints::admin`], everything in theirs, failed sign-ins of nobody known included. Nobody sees another tenant.
//!
//! **What an inserted entry is worth.** It says what a user asserts: its `source.service` is `client`, and an action of
//! the log's own vocabulary, or of an endpoint of Better Auth, is refused.

mod allowance;
mod answer;
mod entry;
mod handlers;
mod insert;
mod list;
mod moment;
mod number;
mod origin;
mod reader;
mod reads;

use std::{error::Error, fmt, net::IpAddr, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use http::request;
use indelible_proof::Timestamp;

use crate::{
    Recorder,
    capture::{Proxies, peer_in_extensions},
    identity::{Identity, Resolvers, SessionResolver},
    limits, system_time,
};
use allowance::Allowance;
use reads::Reads;

type Admin = Box<dyn Fn(&Identity) -> bool + Send + Sync>;
type OnError = Box<dyn Fn(&(dyn Error + 'static)) + Send + Sync>;

/// The routes `/audit-log/list`, `/audit-log/{id}` and `/audit-log/insert`. See [the module](self).
///
/// For the address of a client, serve the application with `into_make_service_with_connect_info::<SocketAddr>()`.
/// Without it all clients share one allowance of requests, and entries have no address.
pub fn audit_router<S: Clone + Send + Sync + 'static>(endpoints: Endpoints) -> Router<S> {
    let absent = || async { answer::nothing_here() };
    Router::new()
        .route("/audit-log/list", get(handlers::list).head(absent).fallback(absent))
        .route("/audit-log/insert", post(handlers::insert).get(handlers::get_insert).head(absent).fallback(absent))
        .route("/audit-log/{id}", get(handlers::get).head(absent).fallback(absent))
        .with_state(Arc::new(endpoints))
}

/// What the endpoints read from and write to, and whom they serve.
#[must_use]
pub struct Endpoints {
    recorder: Recorder,
    resolvers: Resolvers,
    admin: Admin,
    proxies: Proxies,
    origins: Vec<String>,
    shows_user_agents: bool,
    allowance: Allowance,
    reads: Reads,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    on_error: OnError,
}

impl Endpoints {
    /// Endpoints over the recorder's store.
    pub fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            resolvers: Resolvers::default(),
            admin: Box::new(|_| false),
            proxies: Proxies::default(),
            origins: Vec::new(),
            shows_user_agents: false,
            allowance: Allowance::new(limits::REQUESTS_A_MINUTE_DEFAULT),
            reads: Reads::default(),
            clock: Box::new(system_time),
            on_error: Box::new(|_| {}),
        }
    }

    /// Adds a resolver of sessions, to be asked after those before it. Default: none, so only an [`Identity`] in the
    /// extensions of a request counts.
    pub fn resolver(mut self, resolver: impl SessionResolver) -> Self {
        self.resolvers = self.resolvers.with(resolver);
        self
    }

    /// Sets resolvers that something else asks too.
    pub fn resolvers(mut self, resolvers: Resolvers) -> Self {
        self.resolvers = resolvers;
        self
    }

    /// Says who may read what all users of their tenant did. Default: nobody. That they read it is recorded, as
    /// `audit.log.read`.
    ///
    /// With the sessions of Better Auth: `|identity| identity.has_scope("admin")`.
    pub fn admin(mut self, is_admin: impl Fn(&Identity) -> bool + Send + Sync + 'static) -> Self {
        self.admin = Box::new(is_admin);
        self
    }

    /// Sets which proxies are believed about the address of a client. Default: none.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Lets pages of another origin insert, such as `https://app.example.com`. Default: pages of the host that the
    /// request is sent to.
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Shows the user agents of entries. Default: they are recorded, and `userAgent` is null in answers.
    pub fn show_user_agents(mut self) -> Self {
        self.shows_user_agents = true;
        self
    }

    /// Sets how many requests an address may send in a minute; of v6, a network of 64 bits. Default: 60.
    pub fn requests_a_minute(mut self, requests: u32) -> Self {
        self.allowance.requests_max = requests;
        self
    }

    /// Sets what is told why a request was answered with 500: the log or the sessions could not be read, or the log not
    /// written. The client is not told why.
    pub fn on_error(mut self, told: impl Fn(&(dyn Error + 'static)) + Send + Sync + 'static) -> Self {
        self.on_error = Box::new(told);
        self
    }

    /// Sets the clock by which requests are counted. Default: the system's.
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    fn address(&self, parts: &request::Parts) -> Option<IpAddr> {
        self.proxies.client(peer_in_extensions(&parts.extensions), &parts.headers)
    }

    /// The tenant in which an identity reads.
    fn tenant<'a>(&'a self, identity: &'a Identity) -> &'a str {
        identity.tenant.as_deref().unwrap_or_else(|| self.recorder.tenant())
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Endpoints")
            .field("resolvers", &self.resolvers)
            .field("proxies", &self.proxies)
            .field("origins", &self.origins)
            .field("shows_user_agents", &self.shows_user_agents)
            .finish_non_exhaustive()
    }
}
