//! The layer, and how one is built.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::Extensions;
use tower_layer::Layer;

use super::{
    address::Proxies,
    choices::Choices,
    failures::{Failures, Repetition},
    index::{Index, RuleError},
    rule::RuleSet,
    service::AuditService,
    severity::SeverityRules,
    shared::{Peer, Shared},
};
use crate::{
    Durability, Recorder,
    identity::{Resolvers, SessionResolver},
    limits,
    oauth::Fingerprints,
};

/// Records the requests that rules describe. Clones share everything.
///
/// See [the module](super) for an example.
#[derive(Debug, Clone)]
pub struct AuditLayer(Arc<Shared>);

impl AuditLayer {
    /// A layer with the defaults of [`AuditLayerBuilder`].
    pub fn new(recorder: Recorder, rules: RuleSet) -> Result<Self, RuleError> {
        Self::builder(recorder, rules).build()
    }

    /// For choosing who resolves sessions, which proxies are believed, severities and durability.
    pub fn builder(recorder: Recorder, rules: RuleSet) -> AuditLayerBuilder {
        AuditLayerBuilder {
            recorder,
            rules,
            resolvers: Resolvers::default(),
            proxies: Proxies::default(),
            peer: Arc::new(peer_in_extensions),
            severities: SeverityRules::default(),
            repetition: Repetition::default(),
            key: None,
            keeps_identifiers: false,
            durability: Durability::Durable,
            body_bytes_max: limits::CAPTURED_BODY_BYTES_DEFAULT,
        }
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> AuditService<S> {
        AuditService::new(inner, Arc::clone(&self.0))
    }
}

/// Builds an [`AuditLayer`].
#[must_use]
pub struct AuditLayerBuilder {
    recorder: Recorder,
    rules: RuleSet,
    resolvers: Resolvers,
    proxies: Proxies,
    peer: Peer,
    severities: SeverityRules,
    repetition: Repetition,
    key: Option<[u8; 32]>,
    keeps_identifiers: bool,
    durability: Durability,
    body_bytes_max: usize,
}

impl AuditLayerBuilder {
    /// Adds a resolver, to be asked after those before it. Default: none, so only an
    /// [`Identity`](crate::identity::Identity) in the extensions of a request or response counts.
    pub fn resolver(mut self, resolver: impl SessionResolver) -> Self {
        self.resolvers = self.resolvers.with(resolver);
        self
    }

    /// Sets resolvers that something else asks too.
    pub fn resolvers(mut self, resolvers: Resolvers) -> Self {
        self.resolvers = resolvers;
        self
    }

    /// Sets which proxies are believed. Default: none.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Says where a request's extensions hold the address of the peer. Default: a `SocketAddr` among them, or with the
    /// feature `axum` its `ConnectInfo<SocketAddr>`, there when the application is served with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn peer(mut self, peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.peer = Arc::new(peer);
        self
    }

    /// Sets severity rules of the application's own.
    pub fn severities(mut self, severities: SeverityRules) -> Self {
        self.severities = severities;
        self
    }

    /// Sets from how many failures on an attempt is a repeated one. Default: 5 within ten minutes.
    pub fn repetition(mut self, repetition: Repetition) -> Self {
        self.repetition = repetition;
        self
    }

    /// Sets the key under which identifiers and secret targets are hashed: equal ones then compare across processes and
    /// restarts. Without one, a random key is made, and they compare only within this layer.
    ///
    /// With one, tokens and codes of OAuth 2.0 are told too, by their fingerprints under it: see
    /// [`oauth`](crate::oauth) and [`fingerprint_key`](crate::fingerprint_key).
    pub fn pseudonym_key(mut self, key: [u8; 32]) -> Self {
        self.key = Some(key);
        self
    }

    /// Keeps the identifier of a failed sign-in in clear too, beside its hash. Default: the hash alone, because people
    /// type passwords into the wrong field.
    pub fn keep_identifiers(mut self) -> Self {
        self.keeps_identifiers = true;
        self
    }

    /// Sets what a response waits for. Default: [`Durability::Durable`], until the event is on disk. With
    /// [`Durability::Queued`] it waits for nothing, and what is lost is told by an `audit.gap` event.
    ///
    /// Neither keeps a response from being sent: an event that the log cannot take now is queued.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how many bytes of a body rules may see; a longer one is passed on unseen. Default: 16 KiB.
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// The layer; an error when two paths of the rules cannot be told apart, or one does not read.
    pub fn build(self) -> Result<AuditLayer, RuleError> {
        let redaction = self.recorder.redaction().clone();
        Ok(AuditLayer(Arc::new(Shared {
            index: Index::new(self.rules)?,
            recorder: self.recorder,
            resolvers: self.resolvers,
            peer: self.peer,
            durability: self.durability,
            body_bytes_max: self.body_bytes_max,
            choices: Arc::new(Choices {
                proxies: self.proxies,
                severities: self.severities,
                failures: Failures::new(self.repetition),
                key: self.key.or_else(random_key),
                fingerprints: self.key.map(Fingerprints::new),
                keeps_identifiers: self.keeps_identifiers,
                redaction,
            }),
        })))
    }
}

impl fmt::Debug for AuditLayerBuilder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AuditLayerBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn random_key() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    // Without randomness there is no key, and nothing is hashed.
    getrandom::fill(&mut key).is_ok().then_some(key)
}

pub(crate) fn peer_in_extensions(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(connected) = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>() {
        return Some(connected.0.ip());
    }
    extensions.get::<SocketAddr>().map(SocketAddr::ip)
}
