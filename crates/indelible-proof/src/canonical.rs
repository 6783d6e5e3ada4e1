//! The canonical bytes of an event: RFC 8785 (JCS), split into the three parts that a leaf commits to.

use serde::Deserialize;

use crate::error::EventError;
use crate::event::{Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object, Source, Target};
use crate::jcs::Writer;
use crate::json;
use crate::limits;
use crate::strict::{self, Strict};

/// The three canonical parts of an event, one after the other in one buffer.
///
/// *who* is {actor, on_behalf_of, session_id, context, http.path}; *what* is {targets, changes, metadata};
/// the *record* is all the rest. An empty part has no bytes.
///
/// ```
/// use indelible_proof::{Actor, Canonical, Event};
///
/// let parts = Canonical::of(&Event::new("auth.logout").actor(Actor::user("42")));
/// assert_eq!(parts.record(), br#"{"action":"auth.logout"}"#);
/// assert_eq!(parts.who(), br#"{"actor":{"id":"42","type":"user"}}"#);
/// assert_eq!(parts.what(), b"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    bytes: Vec<u8>,
    record_end: usize,
    who_end: usize,
}

impl Canonical {
    /// Encodes an event as it is. For events from outside use [`Canonical::checked`].
    pub fn of(event: &Event) -> Self {
        encode(event).0
    }

    /// Encodes an event that keeps every limit; the error names the field.
    ///
    /// This is the way in for every event: it checks and encodes once, and measures free data by what was written.
    pub fn checked(event: &Event) -> Result<Self, EventError> {
        event.check_fields()?;
        let (parts, sizes) = encode(event);
        sizes.check()?;
        at_most("", parts.bytes.len(), limits::EVENT_BYTES_MAX)?;
        Ok(parts)
    }

    /// Takes up stored bytes (record, who, what in one row) without reading them; `None` when the lengths do not fit.
    pub fn from_bytes(bytes: Vec<u8>, record_len: usize, who_len: usize) -> Option<Self> {
        let who_end = record_len.checked_add(who_len)?;
        (who_end <= bytes.len()).then_some(Self { bytes, record_end: record_len, who_end })
    }

    /// Reads the event back from its three parts; an empty part has nothing.
    pub fn from_parts(record: &[u8], who: &[u8], what: &[u8]) -> Result<Event, EventError> {
        let Strict(mut event) = json::read::<Strict<Event>>(record)?;
        if !who.is_empty() {
            let Strict(who) = json::read::<Strict<Who>>(who)?;
            who.join(&mut event);
        }
        if !what.is_empty() {
            let Strict(what) = json::read::<Strict<What>>(what)?;
            what.join(&mut event);
        }
        Ok(event)
    }

    /// Reads the event back.
    pub fn event(&self) -> Result<Event, EventError> {
        Self::from_parts(self.record(), self.who(), self.what())
    }

    /// JCS of the record.
    pub fn record(&self) -> &[u8] {
        self.bytes.get(..self.record_end).unwrap_or_default()
    }

    /// JCS of *who*; empty when there is nothing.
    pub fn who(&self) -> &[u8] {
        self.bytes.get(self.record_end..self.who_end).unwrap_or_default()
    }

    /// JCS of *what*; empty when there is nothing.
    pub fn what(&self) -> &[u8] {
        self.bytes.get(self.who_end..).unwrap_or_default()
    }

    /// All three, in the order record, who, what.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The part *who* as it is read back.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Who {
    #[serde(deserialize_with = "strict::section")]
    actor: Option<Actor>,
    #[serde(deserialize_with = "strict::section")]
    context: Option<Context>,
    #[serde(deserialize_with = "strict::section")]
    http: Option<Path>,
    #[serde(deserialize_with = "strict::sections::<{ limits::ON_BEHALF_OF_MAX }, _, _>")]
    on_behalf_of: Vec<Actor>,
    session_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Path {
    path: Option<String>,
}

/// The part *what* as it is read back.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct What {
    #[serde(deserialize_with = "strict::section")]
    changes: Option<Changes>,
    #[serde(deserialize_with = "strict::object::<{ limits::METADATA_DEPTH_MAX }, _>")]
    metadata: Object,
    #[serde(deserialize_with = "strict::sections::<{ limits::TARGETS_MAX }, _, _>")]
    targets: Vec<Target>,
}

impl Who {
    fn join(self, event: &mut Event) {
        event.actor = self.actor;
        event.context = self.context;
        event.on_behalf_of = self.on_behalf_of;
        event.session_id = self.session_id;
        if let Some(Path { path }) = self.http {
            event.http.get_or_insert_default().path = path;
        }
    }
}

impl What {
    fn join(self, event: &mut Event) {
        event.changes = self.changes;
        event.metadata = self.metadata;
        event.targets = self.targets;
    }
}

/// How many bytes the free data of an event takes.
#[derive(Default)]
struct FreeSizes {
    changes: usize,
    metadata: usize,
    /// The target with the largest `attrs`: its index, and their size.
    attrs: (usize, usize),
}

impl FreeSizes {
    fn check(&self) -> Result<(), EventError> {
        at_most("metadata", self.metadata, limits::METADATA_BYTES_MAX)?;
        at_most("changes", self.changes, limits::CHANGES_BYTES_MAX)?;
        let (target, bytes) = self.attrs;
        at_most("attrs", bytes, limits::ATTRS_BYTES_MAX).map_err(|error| error.inside(&format!("targets[{target}]")))
    }
}

fn at_most(field: &str, bytes: usize, bytes_max: usize) -> Result<(), EventError> {
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(EventError::new(field, format!("takes {bytes} bytes in canonical JSON; at most {bytes_max} are allowed")))
}

/// A usual event fits without the buffer having to grow.
const BYTES_USUAL: usize = 1024;

fn encode(event: &Event) -> (Canonical, FreeSizes) {
    let mut out = Writer::with_capacity(BYTES_USUAL);
    let mut sizes = FreeSizes::default();
    out.object(|out| record(out, event));
    let record_end = out.bytes.len();
    out.object(|out| who(out, event));
    let who_end = out.bytes.len();
    out.object(|out| what(out, event, &mut sizes));
    (Canonical { bytes: out.bytes, record_end, who_end }, sizes)
}

fn record(out: &mut Writer, event: &Event) {
    out.text("action", Some(&event.action));
    out.section("client", |out| event.client.iter().for_each(|it| client(out, it)));
    out.text("correlation_id", event.correlation_id.as_deref());
    out.integer("count", event.count);
    out.section("credential", |out| event.credential.iter().for_each(|it| credential(out, it)));
    out.plain("first_at", event.first_at);
    out.section("http", |out| event.http.iter().for_each(|it| http(out, it)));
    out.text("idempotency_key", event.idempotency_key.as_deref());
    out.plain("last_at", event.last_at);
    out.section("oauth", |out| event.oauth.iter().for_each(|it| oauth(out, it)));
    out.plain("occurred_at", event.occurred_at);
    out.text("outcome", event.outcome.map(|outcome| outcome.as_str()));
    out.text("reason", event.reason.as_deref());
    out.plain("recorded_at", event.recorded_at);
    out.text("request_id", event.request_id.as_deref());
    out.text("severity", event.severity.map(|severity| severity.as_str()));
    out.section("source", |out| event.source.iter().for_each(|it| source(out, it)));
    out.text("span_id", event.span_id.as_deref());
    out.texts("tags", &event.tags);
    out.text("tenant", event.tenant.as_deref());
    out.text("trace_id", event.trace_id.as_deref());
}

fn who(out: &mut Writer, event: &Event) {
    out.section("actor", |out| event.actor.iter().for_each(|it| actor(out, it)));
    out.section("context", |out| event.context.iter().for_each(|it| context(out, it)));
    out.section("http", |out| event.http.iter().for_each(|it| out.text("path", it.path.as_deref())));
    out.objects("on_behalf_of", &event.on_behalf_of, actor);
    out.text("session_id", event.session_id.as_deref());
}

fn what(out: &mut Writer, event: &Event, sizes: &mut FreeSizes) {
    out.section("changes", |out| {
        if let Some(changes) = &event.changes {
            sizes.changes = out.free("after", &changes.after) + out.free("before", &changes.before);
        }
    });
    sizes.metadata = out.free("metadata", &event.metadata);
    let mut at = 0;
    out.objects("targets", &event.targets, |out, it| {
        let bytes = target(out, it);
        if bytes > sizes.attrs.1 {
            sizes.attrs = (at, bytes);
        }
        at += 1;
    });
}

fn actor(out: &mut Writer, actor: &Actor) {
    out.text("email", actor.email.as_deref());
    out.text("id", actor.id.as_deref());
    out.text("name", actor.name.as_deref());
    out.text("type", actor.r#type.as_deref());
}

fn client(out: &mut Writer, client: &Client) {
    out.text("id", client.id.as_deref());
    out.text("name", client.name.as_deref());
}

fn context(out: &mut Writer, context: &Context) {
    out.integer("asn", context.asn);
    out.text("device_id", context.device_id.as_deref());
    out.text("forwarded_for", context.forwarded_for.as_deref());
    out.section("geo", |out| context.geo.iter().for_each(|it| geo(out, it)));
    out.plain("ip", context.ip.map(|ip| ip.to_canonical()));
    out.text("user_agent", context.user_agent.as_deref());
}

fn credential(out: &mut Writer, credential: &Credential) {
    out.text("environment", credential.environment.as_deref());
    out.plain("expires_at", credential.expires_at);
    out.text("fingerprint", credential.fingerprint.as_deref());
    out.text("id", credential.id.as_deref());
    out.text("kind", credential.kind.as_deref());
    out.text("prefix", credential.prefix.as_deref());
    out.texts("scopes", &credential.scopes);
    out.text("type", credential.r#type.as_deref());
}

fn geo(out: &mut Writer, geo: &Geo) {
    out.text("city", geo.city.as_deref());
    out.text("country", geo.country.as_deref());
    out.text("region", geo.region.as_deref());
}

fn http(out: &mut Writer, http: &Http) {
    out.integer("latency_us", http.latency_us);
    out.text("method", http.method.as_deref());
    out.text("route", http.route.as_deref());
    out.integer("status", http.status);
}

fn oauth(out: &mut Writer, oauth: &OAuth) {
    out.text("audience", oauth.audience.as_deref());
    out.text("grant_type", oauth.grant_type.as_deref());
    out.text("issuer", oauth.issuer.as_deref());
    out.text("redirect_uri", oauth.redirect_uri.as_deref());
    out.text("response_type", oauth.response_type.as_deref());
    out.texts("scopes_granted", &oauth.scopes_granted);
    out.texts("scopes_requested", &oauth.scopes_requested);
    out.text("token_family", oauth.token_family.as_deref());
    out.text("token_type", oauth.token_type.as_deref());
}

fn source(out: &mut Writer, source: &Source) {
    out.text("environment", source.environment.as_deref());
    out.text("host", source.host.as_deref());
    out.text("service", source.service.as_deref());
    out.text("version", source.version.as_deref());
}

fn target(out: &mut Writer, target: &Target) -> usize {
    let bytes = out.free("attrs", &target.attrs);
    out.text("id", target.id.as_deref());
    out.text("name", target.name.as_deref());
    out.text("type", target.r#type.as_deref());
    bytes
}

#[cfg(test)]
mod tests;
