//! The audit event: what producers write, what the log keeps, what readers get back.
//!
//! The structs mirror the JSON form one to one. Unknown fields are refused everywhere except inside
//! `metadata`, `changes` and a target's `attrs`, which are free data.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    id::EventId,
    ip, limits,
    strict::{self, Word},
    time::Timestamp,
};

/// Free data inside an event: a JSON object.
pub type Object = Map<String, Value>;

/// One thing that happened.
///
/// Only `action` is required. The fields that the log itself assigns, `id` and `seq`, are not here: they
/// belong to [`Recorded`]. An absent field, `null`, an empty object and an empty list mean the same and are
/// left out of the canonical form; an empty string is refused.
///
/// ```
/// use indelible_proof::{Actor, Event, Outcome, Target};
///
/// let event = Event::new("token.revoked")
///     .outcome(Outcome::Success)
///     .actor(Actor::user("42").email("alice@example.com"))
///     .target(Target::new("token", "tok_7").name("ci key"))
///     .ip("203.0.113.9".parse()?)
///     .meta("ticket", "SEC-118");
/// event.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    /// When it happened, as the producer claims. Default: `recorded_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// When the log took it in. Assigned at intake; producers leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// Isolation key. Default: `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The emitter.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub source: Option<Source>,
    /// What was done: dotted lower-case words, e.g. `token.revoked`. Required.
    pub action: String,
    /// How it ended. Inferred from the action when absent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::word")]
    pub outcome: Option<Outcome>,
    /// Why it ended so: a code of [`crate::vocabulary`], or an own one with the prefix `x_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much it matters. Inferred when absent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::word")]
    pub severity: Option<Severity>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub actor: Option<Actor>,
    /// For whom the actor acted: impersonation and the RFC 8693 act chain, outermost first.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "strict::sections::<{ limits::ON_BEHALF_OF_MAX }, _, _>"
    )]
    pub on_behalf_of: Vec<Actor>,
    /// What it was authenticated with. Never the secret itself.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub credential: Option<Credential>,
    /// The session it happened in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The OAuth client.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub client: Option<Client>,
    /// Details of an OAuth 2.0 request.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub oauth: Option<OAuth>,
    /// What it was done to.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "strict::sections::<{ limits::TARGETS_MAX }, _, _>"
    )]
    pub targets: Vec<Target>,
    /// What it changed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub changes: Option<Changes>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub context: Option<Context>,
    /// The HTTP request.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub http: Option<Http>,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// W3C Trace Context trace id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// W3C Trace Context parent (span) id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// Ties together events of one business transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::texts::<{ limits::TAGS_MAX }, _>")]
    pub tags: Vec<String>,
    /// Free data, at most 64 KiB and 8 levels deep.
    #[serde(
        skip_serializing_if = "Object::is_empty",
        deserialize_with = "strict::object::<{ limits::METADATA_DEPTH_MAX }, _>"
    )]
    pub metadata: Object,
    /// How many equal events this one stands for. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The first of the `count` events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// The last of the `count` events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// The same key within 24 hours returns the first receipt and stores nothing, whatever else the event says: only
    /// tenant and key are compared. At most 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// An event as it stands in the log, with what the log assigned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The event's UUIDv7.
    pub id: EventId,
    /// The event's index in the log and in its Merkle tree.
    pub seq: u64,
    /// The event itself, complete: `recorded_at`, `occurred_at`, `tenant`, `outcome`, `severity` are present.
    #[serde(flatten)]
    pub event: Event,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and failed.
    Failure,
    /// A policy said no.
    Denied,
    /// The producer cannot tell.
    Unknown,
}

/// How much an event matters, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Routine.
    Info,
    /// Worth keeping.
    Low,
    /// Worth a look in a review.
    Medium,
    /// Worth a look today.
    High,
    /// Worth waking somebody.
    Critical,
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<String>,)*
        }
    };
}

section! {
    /// The emitter of an event.
    Source {
        /// Name of the service.
        service,
        /// Its version.
        version,
        /// The machine it ran on.
        host,
        /// `production`, `staging`, ...
        environment,
    }
}

section! {
    /// Who did something.
    Actor {
        /// `user`, `service`, `token`, `client`, `agent`, `system` or `anonymous`.
        r#type,
        /// Stable id.
        id,
        /// Display name.
        name,
        /// E-mail address.
        email,
    }
}

section! {
    /// An OAuth client.
    Client {
        /// `client_id` of RFC 6749.
        id,
        /// Display name.
        name,
    }
}

section! {
    /// Geographic origin of an address.
    Geo {
        /// ISO 3166-1 alpha-2 code where the source has one, else its name for the country.
        country,
        /// Subdivision.
        region,
        /// City.
        city,
    }
}

/// What a request was authenticated with. The secret itself is never here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credential {
    /// `api_key`, `access_token`, `refresh_token`, `password`, `passkey`, `session`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Id of the credential's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The issuer's type, e.g. `sk`, `pk`, `rk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// `live`, `test`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Public beginning of the token, for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Keyed hash of the secret: equal for equal secrets, useless without the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Scopes or abilities.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::texts::<{ limits::SCOPES_MAX }, _>")]
    pub scopes: Vec<String>,
    /// End of validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Details of an OAuth 2.0 request; names as in RFC 6749.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuth {
    /// `grant_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// `response_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    /// Scopes asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::texts::<{ limits::SCOPES_MAX }, _>")]
    pub scopes_requested: Vec<String>,
    /// Scopes given.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "strict::texts::<{ limits::SCOPES_MAX }, _>")]
    pub scopes_granted: Vec<String>,
    /// `redirect_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// `token_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// The chain of tokens that descend from one grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_family: Option<String>,
    /// Issuer (`iss`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Audience (`aud`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

/// What something was done to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// Kind of resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Its id. Absent while a pending resource has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free data about it.
    #[serde(
        skip_serializing_if = "Object::is_empty",
        deserialize_with = "strict::object::<{ limits::ATTRS_DEPTH_MAX }, _>"
    )]
    pub attrs: Object,
}

/// State before and after. The difference is derived, never stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// Values before.
    #[serde(
        skip_serializing_if = "Object::is_empty",
        deserialize_with = "strict::object::<{ limits::CHANGES_DEPTH_MAX }, _>"
    )]
    pub before: Object,
    /// Values after.
    #[serde(
        skip_serializing_if = "Object::is_empty",
        deserialize_with = "strict::object::<{ limits::CHANGES_DEPTH_MAX }, _>"
    )]
    pub after: Object,
}

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Address of the client; a v4-mapped v6 address becomes v4.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "ip::deserialize")]
    pub ip: Option<IpAddr>,
    /// The forwarding header as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded_for: Option<String>,
    /// User agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Geographic origin.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "strict::section")]
    pub geo: Option<Geo>,
    /// Autonomous system number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// The client's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

/// The HTTP request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Route template, e.g. `/users/{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Path as requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Time to the response, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
}

impl Outcome {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word in JSON.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Success, Self::Failure, Self::Denied, Self::Unknown].into_iter().find(|o| o.as_str() == word)
    }
}

impl Severity {
    /// All, in rising order.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the word in JSON.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

impl Actor {
    /// An actor of any type.
    pub fn new(r#type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { r#type: Some(r#type.into()), id: Some(id.into()), ..Self::default() }
    }

    /// A person.
    pub fn user(id: impl Into<String>) -> Self {
        Self::new("user", id)
    }

    /// A program with an identity of its own.
    pub fn service(id: impl Into<String>) -> Self {
        Self::new("service", id)
    }

    /// Nobody known.
    pub fn anonymous() -> Self {
        Self { r#type: Some("anonymous".to_owned()), ..Self::default() }
    }

    /// Sets the display name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }
}

impl Target {
    /// A target with its type and id.
    pub fn new(r#type: impl Into<String>, id: impl Into<String>) -> Self {
        Self { r#type: Some(r#type.into()), id: Some(id.into()), ..Self::default() }
    }

    /// Sets the display name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds free data.
    #[must_use]
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.attrs.insert(key.into(), value.into());
        self
    }
}

/// The builder: each method sets one field and gives the event back.
impl Event {
    /// An event with its action.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// Sets `occurred_at`.
    #[must_use]
    pub fn occurred_at(mut self, at: Timestamp) -> Self {
        self.occurred_at = Some(at);
        self
    }

    /// Sets `tenant`.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets `source`.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets `outcome`.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// Sets `reason`.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Sets `severity`.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets `actor`.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Adds to `on_behalf_of`, outermost first.
    #[must_use]
    pub fn on_behalf_of(mut self, actor: Actor) -> Self {
        self.on_behalf_of.push(actor);
        self
    }

    /// Sets `credential`.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Sets `session_id`.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    /// Sets `client.id`.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client.get_or_insert_default().id = Some(id.into());
        self
    }

    /// Sets `oauth`.
    #[must_use]
    pub fn oauth(mut self, oauth: OAuth) -> Self {
        self.oauth = Some(oauth);
        self
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Sets `changes`.
    #[must_use]
    pub fn changes(mut self, before: Object, after: Object) -> Self {
        self.changes = Some(Changes { before, after });
        self
    }

    /// Sets `context.ip`; a v4-mapped v6 address becomes v4.
    #[must_use]
    pub fn ip(mut self, address: IpAddr) -> Self {
        self.context.get_or_insert_default().ip = Some(address.to_canonical());
        self
    }

    /// Sets `context.user_agent`.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.context.get_or_insert_default().user_agent = Some(user_agent.into());
        self
    }

    /// Sets `http`.
    #[must_use]
    pub fn http(mut self, http: Http) -> Self {
        self.http = Some(http);
        self
    }

    /// Sets `request_id`.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Adds free data to `metadata`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Sets `idempotency_key`.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl Word for Outcome {
    const WORDS: &'static [&'static str] = &["success", "failure", "denied", "unknown"];

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl Word for Severity {
    const WORDS: &'static [&'static str] = &["info", "low", "medium", "high", "critical"];

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}
