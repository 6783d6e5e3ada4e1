//! The choices of a layer, and what its services share.

use std::{fmt, net::IpAddr, net::SocketAddr, sync::Arc, time::Instant};

use http::Extensions;
use indelible_proof::{Event, Outcome, Target, limits as event_limits};
use tower_layer::Layer;

use super::{
    address::Proxies,
    entry::clipped,
    failures::{Failures, Repetition},
    index::{Found, Index, RuleError},
    rule::RuleSet,
    service::AuditService,
    severity::SeverityRules,
};
use crate::{
    Durability, RecordError, Recorder,
    identity::{Resolvers, SessionResolver},
    limits,
    redaction::{self, MASK, Redaction},
};

type Peer = Box<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;

/// The type of the target that stands for whoever somebody tried to sign in as.
const IDENTIFIER: &str = "identifier";

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
            peer: Box::new(peer_in_extensions),
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

    /// Says where a request's extensions hold the address of the peer. Default: a `SocketAddr` among them.
    ///
    /// With axum: `|extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())`.
    pub fn peer(mut self, peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.peer = Box::new(peer);
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
        Ok(AuditLayer(Arc::new(Shared {
            index: Index::new(self.rules)?,
            recorder: self.recorder,
            resolvers: self.resolvers,
            proxies: self.proxies,
            peer: self.peer,
            severities: self.severities,
            failures: Failures::new(self.repetition),
            key: self.key.or_else(random_key),
            keeps_identifiers: self.keeps_identifiers,
            durability: self.durability,
            body_bytes_max: self.body_bytes_max,
            secrets: Redaction::default(),
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

fn peer_in_extensions(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<SocketAddr>().map(SocketAddr::ip)
}

/// What all services of a layer share.
pub(super) struct Shared {
    pub(super) index: Index,
    pub(super) recorder: Recorder,
    pub(super) resolvers: Resolvers,
    pub(super) proxies: Proxies,
    pub(super) peer: Peer,
    pub(super) severities: SeverityRules,
    pub(super) failures: Failures,
    key: Option<[u8; 32]>,
    keeps_identifiers: bool,
    durability: Durability,
    pub(super) body_bytes_max: usize,
    /// Which parameters of a path are secret.
    secrets: Redaction,
}

impl Shared {
    /// The keyed hash of a secret or an identifier.
    pub(super) fn pseudonym(&self, text: &str) -> Option<String> {
        Some(redaction::hash(&self.key?, text))
    }

    /// The target that stands for whoever somebody tried to sign in as. Case and blanks around it do not tell people
    /// apart.
    pub(super) fn identifier(&self, text: &str) -> Option<Target> {
        let text = text.trim().to_lowercase();
        let target = Target::new(IDENTIFIER, self.pseudonym(&text)?);
        Some(if self.keeps_identifiers { target.name(clipped(&text, event_limits::NAME_BYTES_MAX)) } else { target })
    }

    /// The path of a request, without the secrets that some have for a parameter.
    pub(super) fn path(&self, path: &str, found: &Found) -> String {
        let is_secret = |name: &str| self.secrets.is_secret(name);
        if !found.params().any(|(name, _)| is_secret(name)) {
            return clipped(path, event_limits::URI_BYTES_MAX);
        }
        // Made anew from the rule: a secret can be written in many ways.
        let shown = |(name, value)| (name, if is_secret(name) { MASK } else { value });
        let path = found.params().map(shown).fold(found.rule().path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value).replace(&format!("{{*{name}}}"), value)
        });
        clipped(&path, event_limits::URI_BYTES_MAX)
    }

    /// How many failures to authenticate there were lately of the same identifier, or from the same address, this one
    /// included; 0 when the event is none.
    pub(super) fn failures_of(&self, event: &Event, outcome: Outcome) -> u32 {
        let is_attempt = ["auth.login.", "auth.mfa.", "auth.password.", "auth.reauthentication."]
            .iter()
            .any(|start| event.action.starts_with(start));
        if !is_attempt || !matches!(outcome, Outcome::Failure | Outcome::Denied) {
            return 0;
        }
        let now = Instant::now();
        let identifier = event.targets.iter().find(|target| target.r#type.as_deref() == Some(IDENTIFIER));
        let by_identifier = identifier.and_then(|target| target.id.as_deref()).map(|id| self.failures.count(id, now));
        let address = event.context.as_ref().and_then(|context| context.ip);
        let by_address = address.map(|ip| self.failures.count(ip, now));
        by_identifier.max(by_address).unwrap_or(1)
    }

    /// Records an event as durably as was chosen. When the log cannot take it now, the queue tries again; when that is
    /// full too, the recorder tells of the gap.
    pub(super) async fn record(&self, event: Event) {
        if self.durability == Durability::Queued {
            self.queue(event);
            return;
        }
        let spare = event.clone();
        let answer = match self.recorder.submit(vec![event], self.durability) {
            Ok(submission) => submission.await.err(),
            Err(error) => Some(error),
        };
        self.queue_after(answer.as_ref(), spare);
    }

    /// Records an event for which nobody waits any more.
    pub(super) fn record_unawaited(&self, event: Event) {
        if self.durability == Durability::Queued {
            self.queue(event);
            return;
        }
        let spare = event.clone();
        // The background thread takes over whoever's submission is dropped.
        let answer = self.recorder.submit(vec![event], self.durability).map(drop).err();
        self.queue_after(answer.as_ref(), spare);
    }

    fn queue_after(&self, error: Option<&RecordError>, spare: Event) {
        if let Some(RecordError::Append(_)) = error {
            self.queue(spare);
        }
    }

    fn queue(&self, event: Event) {
        // A response is never changed by what becomes of its event; the recorder counts it, and tells its hooks.
        let _ = self.recorder.queue(event);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared")
            .field("index", &self.index)
            .field("proxies", &self.proxies)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
