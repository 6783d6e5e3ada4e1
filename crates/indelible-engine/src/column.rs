//! The event as columns: which field is kept how, and the way there and back.
//!
//! The numbers are on disk and never change. [`write_row`] takes an event apart, [`Row`] puts it together again;
//! together they lose nothing of a complete, valid event.

use std::net::IpAddr;

use indelible_proof::{Actor, Changes, Event, Object, Outcome, Severity, Target, Timestamp, is_jcs_object};
use serde::{Serialize, de::DeserializeOwned};

/// How a column's values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts, any number a row, as codes into the sorted distinct terms.
    Terms,
    /// At most one non-negative integer a row.
    Ints,
    /// At most one JSON text a row, wide, read only for rows that are returned.
    Blob,
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $path:literal, $kind:ident $(, $indexed:ident)?;)*) => {
        /// A column of the log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Column { $(#[doc = concat!("`", $path, "`.")] $name = $number,)* }

        impl Column {
            /// All columns, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The field's path in the event.
            pub const fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)* }
            }

            /// How its values are kept.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }

            /// Whether a segment keeps, for each term, the blocks that it occurs in.
            pub const fn indexed(self) -> bool {
                match self { $(Self::$name => columns!(@indexed $($indexed)?),)* }
            }
        }
    };
    (@indexed) => { false };
    (@indexed indexed) => { true };
}

columns! {
    RecordedAt = 0, "recorded_at", Ints;
    OccurredAt = 1, "occurred_at", Ints;
    Tenant = 2, "tenant", Terms, indexed;
    Action = 3, "action", Terms, indexed;
    Outcome = 4, "outcome", Terms;
    Severity = 5, "severity", Terms;
    Reason = 6, "reason", Terms;
    SourceService = 7, "source.service", Terms;
    SourceVersion = 8, "source.version", Terms;
    SourceHost = 9, "source.host", Terms;
    SourceEnvironment = 10, "source.environment", Terms;
    ActorType = 11, "actor.type", Terms;
    ActorId = 12, "actor.id", Terms, indexed;
    ActorName = 13, "actor.name", Terms;
    ActorEmail = 14, "actor.email", Terms, indexed;
    OnBehalfOfType = 15, "on_behalf_of.type", Terms;
    OnBehalfOfId = 16, "on_behalf_of.id", Terms, indexed;
    OnBehalfOfName = 17, "on_behalf_of.name", Terms;
    OnBehalfOfEmail = 18, "on_behalf_of.email", Terms;
    CredentialKind = 19, "credential.kind", Terms;
    CredentialId = 20, "credential.id", Terms, indexed;
    CredentialType = 21, "credential.type", Terms;
    CredentialEnvironment = 22, "credential.environment", Terms;
    CredentialPrefix = 23, "credential.prefix", Terms;
    CredentialFingerprint = 24, "credential.fingerprint", Terms, indexed;
    CredentialScopes = 25, "credential.scopes", Terms;
    CredentialExpiresAt = 26, "credential.expires_at", Ints;
    SessionId = 27, "session_id", Terms, indexed;
    ClientId = 28, "client.id", Terms, indexed;
    ClientName = 29, "client.name", Terms;
    OauthGrantType = 30, "oauth.grant_type", Terms;
    OauthResponseType = 31, "oauth.response_type", Terms;
    OauthScopesRequested = 32, "oauth.scopes_requested", Terms;
    OauthScopesGranted = 33, "oauth.scopes_granted", Terms;
    OauthRedirectUri = 34, "oauth.redirect_uri", Terms;
    OauthTokenType = 35, "oauth.token_type", Terms;
    OauthTokenFamily = 36, "oauth.token_family", Terms, indexed;
    OauthIssuer = 37, "oauth.issuer", Terms;
    OauthAudience = 38, "oauth.audience", Terms;
    TargetsType = 39, "targets.type", Terms;
    TargetsId = 40, "targets.id", Terms, indexed;
    TargetsName = 41, "targets.name", Terms;
    TargetsAttrs = 42, "targets.attrs", Blob;
    Changes = 43, "changes", Blob;
    ContextIp = 44, "context.ip", Terms, indexed;
    ContextForwardedFor = 45, "context.forwarded_for", Terms;
    ContextUserAgent = 46, "context.user_agent", Terms;
    ContextGeoCountry = 47, "context.geo.country", Terms;
    ContextGeoRegion = 48, "context.geo.region", Terms;
    ContextGeoCity = 49, "context.geo.city", Terms;
    ContextAsn = 50, "context.asn", Ints;
    ContextDeviceId = 51, "context.device_id", Terms;
    HttpMethod = 52, "http.method", Terms;
    HttpRoute = 53, "http.route", Terms;
    HttpPath = 54, "http.path", Terms;
    HttpStatus = 55, "http.status", Ints;
    HttpLatencyUs = 56, "http.latency_us", Ints;
    RequestId = 57, "request_id", Terms, indexed;
    TraceId = 58, "trace_id", Terms, indexed;
    SpanId = 59, "span_id", Terms;
    CorrelationId = 60, "correlation_id", Terms, indexed;
    Tags = 61, "tags", Terms;
    Metadata = 62, "metadata", Blob;
    Count = 63, "count", Ints;
    FirstAt = 64, "first_at", Ints;
    LastAt = 65, "last_at", Ints;
    IdempotencyKey = 66, "idempotency_key", Terms, indexed;
}

/// The number of columns; a column's number is below it.
pub const COLUMNS: usize = Column::ALL.len();

impl Column {
    /// The column of a field's path.
    pub fn of_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.path() == path)
    }

    /// The column with a number from disk.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether its integers are microseconds since 1970.
    pub const fn is_time(self) -> bool {
        matches!(self, Self::RecordedAt | Self::OccurredAt | Self::FirstAt | Self::LastAt | Self::CredentialExpiresAt)
    }

    /// Whether a row may have several texts.
    pub const fn is_list(self) -> bool {
        self.is_of_elements()
            || matches!(
                self,
                Self::Tags | Self::CredentialScopes | Self::OauthScopesRequested | Self::OauthScopesGranted
            )
    }

    /// Whether a row's values are those of the elements of a list, empty where an element has none.
    pub(crate) const fn is_of_elements(self) -> bool {
        matches!(
            self,
            Self::OnBehalfOfType
                | Self::OnBehalfOfId
                | Self::OnBehalfOfName
                | Self::OnBehalfOfEmail
                | Self::TargetsType
                | Self::TargetsId
                | Self::TargetsName
                | Self::TargetsAttrs
        )
    }

    /// Whether a text is spelled as [`write_row`] does. Another spelling can give the same event, but a question that looks
    /// for the event would not find it.
    pub(crate) fn has_text(self, text: &str) -> bool {
        match self {
            Self::Outcome => Outcome::parse(text).is_some_and(|outcome| outcome.as_str() == text),
            Self::Severity => Severity::parse(text).is_some_and(|severity| severity.as_str() == text),
            Self::ContextIp => text.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().to_string() == text),
            _ => !text.is_empty() || self.is_of_elements(),
        }
    }

    /// Whether the field can hold an integer.
    pub(crate) fn has_int(self, value: i64) -> bool {
        let value_max = match self {
            _ if self.is_time() => Timestamp::MAX.as_micros(),
            Self::ContextAsn => u32::MAX.into(),
            Self::HttpStatus => u16::MAX.into(),
            _ => i64::MAX,
        };
        (0..=value_max).contains(&value)
    }

    /// Whether the JSON of a [`Kind::Blob`] column is spelled as [`write_row`] does.
    pub(crate) fn has_json(self, json: &[u8]) -> bool {
        fn is_rewritten<T: DeserializeOwned + Serialize>(json: &[u8]) -> bool {
            let value: Option<T> = serde_json::from_slice(json).ok();
            value.and_then(|value| serde_json::to_vec(&value).ok()).is_some_and(|written| written == json)
        }
        match self {
            Self::Changes => is_rewritten::<Changes>(json),
            Self::Metadata => is_jcs_object(json) || is_rewritten::<Object>(json),
            Self::TargetsAttrs => is_rewritten::<Vec<Object>>(json),
            _ => false,
        }
    }
}

/// Takes in the values of one row, column by column.
///
/// A list of structs (`targets`, `on_behalf_of`) gives each of its columns one text per element, an empty one
/// where the element has none: valid events hold no empty texts, so the two cannot be confused.
pub trait RowSink {
    /// One more text of a [`Kind::Terms`] column.
    fn term(&mut self, column: Column, text: &str);
    /// The integer of a [`Kind::Ints`] column.
    fn int(&mut self, column: Column, value: i64);
    /// The JSON of a [`Kind::Blob`] column.
    fn blob(&mut self, column: Column, json: &[u8]);
}

/// Takes an event apart into its columns.
pub fn write_row(event: &Event, sink: &mut impl RowSink) {
    let time = |sink: &mut dyn FnMut(i64), at: Option<Timestamp>| at.into_iter().for_each(|at| sink(at.as_micros()));
    time(&mut |us| sink.int(Column::RecordedAt, us), event.recorded_at);
    time(&mut |us| sink.int(Column::OccurredAt, us), event.occurred_at);
    time(&mut |us| sink.int(Column::FirstAt, us), event.first_at);
    time(&mut |us| sink.int(Column::LastAt, us), event.last_at);
    if let Some(count) = event.count {
        sink.int(Column::Count, i64::try_from(count).unwrap_or(i64::MAX));
    }
    let mut text = |column, text: &Option<String>| {
        if let Some(text) = text {
            sink.term(column, text);
        }
    };
    text(Column::Tenant, &event.tenant);
    text(Column::Reason, &event.reason);
    text(Column::SessionId, &event.session_id);
    text(Column::RequestId, &event.request_id);
    text(Column::TraceId, &event.trace_id);
    text(Column::SpanId, &event.span_id);
    text(Column::CorrelationId, &event.correlation_id);
    text(Column::IdempotencyKey, &event.idempotency_key);
    if let Some(source) = &event.source {
        text(Column::SourceService, &source.service);
        text(Column::SourceVersion, &source.version);
        text(Column::SourceHost, &source.host);
        text(Column::SourceEnvironment, &source.environment);
    }
    if let Some(actor) = &event.actor {
        text(Column::ActorType, &actor.r#type);
        text(Column::ActorId, &actor.id);
        text(Column::ActorName, &actor.name);
        text(Column::ActorEmail, &actor.email);
    }
    if let Some(client) = &event.client {
        text(Column::ClientId, &client.id);
        text(Column::ClientName, &client.name);
    }
    if let Some(oauth) = &event.oauth {
        text(Column::OauthGrantType, &oauth.grant_type);
        text(Column::OauthResponseType, &oauth.response_type);
        text(Column::OauthRedirectUri, &oauth.redirect_uri);
        text(Column::OauthTokenType, &oauth.token_type);
        text(Column::OauthTokenFamily, &oauth.token_family);
        text(Column::OauthIssuer, &oauth.issuer);
        text(Column::OauthAudience, &oauth.audience);
    }
    if let Some(credential) = &event.credential {
        text(Column::CredentialKind, &credential.kind);
        text(Column::CredentialId, &credential.id);
        text(Column::CredentialType, &credential.r#type);
        text(Column::CredentialEnvironment, &credential.environment);
        text(Column::CredentialPrefix, &credential.prefix);
        text(Column::CredentialFingerprint, &credential.fingerprint);
    }
    if let Some(context) = &event.context {
        text(Column::ContextForwardedFor, &context.forwarded_for);
        text(Column::ContextUserAgent, &context.user_agent);
        text(Column::ContextDeviceId, &context.device_id);
        if let Some(geo) = &context.geo {
            text(Column::ContextGeoCountry, &geo.country);
            text(Column::ContextGeoRegion, &geo.region);
            text(Column::ContextGeoCity, &geo.city);
        }
    }
    if let Some(http) = &event.http {
        text(Column::HttpMethod, &http.method);
        text(Column::HttpRoute, &http.route);
        text(Column::HttpPath, &http.path);
    }
    sink.term(Column::Action, &event.action);
    if let Some(outcome) = event.outcome {
        sink.term(Column::Outcome, outcome.as_str());
    }
    if let Some(severity) = event.severity {
        sink.term(Column::Severity, severity.as_str());
    }
    write_lists(event, sink);
    write_numbers_and_blobs(event, sink);
}

fn write_lists(event: &Event, sink: &mut impl RowSink) {
    let mut list = |column, texts: &[String]| texts.iter().for_each(|text| sink.term(column, text));
    list(Column::Tags, &event.tags);
    if let Some(credential) = &event.credential {
        list(Column::CredentialScopes, &credential.scopes);
    }
    if let Some(oauth) = &event.oauth {
        list(Column::OauthScopesRequested, &oauth.scopes_requested);
        list(Column::OauthScopesGranted, &oauth.scopes_granted);
    }
    let mut element = |column, text: &Option<String>| sink.term(column, text.as_deref().unwrap_or_default());
    for actor in &event.on_behalf_of {
        element(Column::OnBehalfOfType, &actor.r#type);
        element(Column::OnBehalfOfId, &actor.id);
        element(Column::OnBehalfOfName, &actor.name);
        element(Column::OnBehalfOfEmail, &actor.email);
    }
    for target in &event.targets {
        element(Column::TargetsType, &target.r#type);
        element(Column::TargetsId, &target.id);
        element(Column::TargetsName, &target.name);
    }
}

fn write_numbers_and_blobs(event: &Event, sink: &mut impl RowSink) {
    if let Some(expires_at) = event.credential.as_ref().and_then(|credential| credential.expires_at) {
        sink.int(Column::CredentialExpiresAt, expires_at.as_micros());
    }
    if let Some(context) = &event.context {
        if let Some(ip) = context.ip {
            sink.term(Column::ContextIp, &ip.to_string());
        }
        if let Some(asn) = context.asn {
            sink.int(Column::ContextAsn, i64::from(asn));
        }
    }
    if let Some(http) = &event.http {
        if let Some(status) = http.status {
            sink.int(Column::HttpStatus, i64::from(status));
        }
        if let Some(latency) = http.latency_us {
            sink.int(Column::HttpLatencyUs, i64::try_from(latency).unwrap_or(i64::MAX));
        }
    }
    // A map with text keys always serializes.
    let mut blob = |column, json: serde_json::Result<Vec<u8>>| sink.blob(column, &json.unwrap_or_default());
    if event.targets.iter().any(|target| !target.attrs.is_empty()) {
        let attrs: Vec<&Object> = event.targets.iter().map(|target| &target.attrs).collect();
        blob(Column::TargetsAttrs, serde_json::to_vec(&attrs));
    }
    if let Some(changes) = &event.changes {
        blob(Column::Changes, serde_json::to_vec(changes));
    }
    if !event.metadata.is_empty() {
        blob(Column::Metadata, serde_json::to_vec(&event.metadata));
    }
}

/// Puts an event together from its columns' values, in any order of columns.
#[derive(Debug, Default)]
pub struct Row {
    event: Event,
}

impl Row {
    /// Adds a text; the texts of a list come in the order of the list. False when the text cannot be in the column.
    #[must_use]
    pub fn term(&mut self, column: Column, text: String, nth: usize) -> bool {
        let event = &mut self.event;
        match column {
            Column::Action => event.action = text,
            Column::Outcome => return set(&mut event.outcome, Outcome::parse(&text)),
            Column::Severity => return set(&mut event.severity, Severity::parse(&text)),
            Column::ContextIp => {
                return set(&mut event.context.get_or_insert_default().ip, text.parse::<IpAddr>().ok());
            }
            Column::Tags => event.tags.push(text),
            Column::CredentialScopes => event.credential.get_or_insert_default().scopes.push(text),
            Column::OauthScopesRequested => event.oauth.get_or_insert_default().scopes_requested.push(text),
            Column::OauthScopesGranted => event.oauth.get_or_insert_default().scopes_granted.push(text),
            _ => match self.text_field(column, nth) {
                Some(field) => *field = Some(text).filter(|text| !text.is_empty()),
                None => return false,
            },
        }
        true
    }

    /// Sets an integer. False when it cannot be in the column.
    #[must_use]
    pub fn int(&mut self, column: Column, value: i64) -> bool {
        let event = &mut self.event;
        let time = Timestamp::from_micros(value).ok();
        match column {
            Column::RecordedAt => set(&mut event.recorded_at, time),
            Column::OccurredAt => set(&mut event.occurred_at, time),
            Column::FirstAt => set(&mut event.first_at, time),
            Column::LastAt => set(&mut event.last_at, time),
            Column::CredentialExpiresAt => set(&mut event.credential.get_or_insert_default().expires_at, time),
            Column::Count => set(&mut event.count, u64::try_from(value).ok()),
            Column::ContextAsn => set(&mut event.context.get_or_insert_default().asn, u32::try_from(value).ok()),
            Column::HttpStatus => set(&mut event.http.get_or_insert_default().status, u16::try_from(value).ok()),
            Column::HttpLatencyUs => set(&mut event.http.get_or_insert_default().latency_us, u64::try_from(value).ok()),
            _ => false,
        }
    }

    /// Sets a JSON value. False when it cannot be in the column.
    #[must_use]
    pub fn blob(&mut self, column: Column, json: &[u8]) -> bool {
        let event = &mut self.event;
        match column {
            Column::Changes => set(&mut event.changes, serde_json::from_slice(json).ok()),
            Column::Metadata => match serde_json::from_slice(json) {
                Ok(metadata) => {
                    event.metadata = metadata;
                    true
                }
                Err(_) => false,
            },
            Column::TargetsAttrs => match serde_json::from_slice::<Vec<Object>>(json) {
                Ok(attrs) => {
                    for (nth, attrs) in attrs.into_iter().enumerate() {
                        element(&mut event.targets, nth).attrs = attrs;
                    }
                    true
                }
                Err(_) => false,
            },
            _ => false,
        }
    }

    /// The whole event.
    pub fn into_event(self) -> Event {
        self.event
    }

    fn text_field(&mut self, column: Column, nth: usize) -> Option<&mut Option<String>> {
        let event = &mut self.event;
        Some(match column {
            Column::Tenant => &mut event.tenant,
            Column::Reason => &mut event.reason,
            Column::SessionId => &mut event.session_id,
            Column::RequestId => &mut event.request_id,
            Column::TraceId => &mut event.trace_id,
            Column::SpanId => &mut event.span_id,
            Column::CorrelationId => &mut event.correlation_id,
            Column::IdempotencyKey => &mut event.idempotency_key,
            Column::SourceService => &mut event.source.get_or_insert_default().service,
            Column::SourceVersion => &mut event.source.get_or_insert_default().version,
            Column::SourceHost => &mut event.source.get_or_insert_default().host,
            Column::SourceEnvironment => &mut event.source.get_or_insert_default().environment,
            Column::ActorType => &mut event.actor.get_or_insert_default().r#type,
            Column::ActorId => &mut event.actor.get_or_insert_default().id,
            Column::ActorName => &mut event.actor.get_or_insert_default().name,
            Column::ActorEmail => &mut event.actor.get_or_insert_default().email,
            Column::OnBehalfOfType => &mut element::<Actor>(&mut event.on_behalf_of, nth).r#type,
            Column::OnBehalfOfId => &mut element(&mut event.on_behalf_of, nth).id,
            Column::OnBehalfOfName => &mut element(&mut event.on_behalf_of, nth).name,
            Column::OnBehalfOfEmail => &mut element(&mut event.on_behalf_of, nth).email,
            Column::CredentialKind => &mut event.credential.get_or_insert_default().kind,
            Column::CredentialId => &mut event.credential.get_or_insert_default().id,
            Column::CredentialType => &mut event.credential.get_or_insert_default().r#type,
            Column::CredentialEnvironment => &mut event.credential.get_or_insert_default().environment,
            Column::CredentialPrefix => &mut event.credential.get_or_insert_default().prefix,
            Column::CredentialFingerprint => &mut event.credential.get_or_insert_default().fingerprint,
            Column::ClientId => &mut event.client.get_or_insert_default().id,
            Column::ClientName => &mut event.client.get_or_insert_default().name,
            Column::OauthGrantType => &mut event.oauth.get_or_insert_default().grant_type,
            Column::OauthResponseType => &mut event.oauth.get_or_insert_default().response_type,
            Column::OauthRedirectUri => &mut event.oauth.get_or_insert_default().redirect_uri,
            Column::OauthTokenType => &mut event.oauth.get_or_insert_default().token_type,
            Column::OauthTokenFamily => &mut event.oauth.get_or_insert_default().token_family,
            Column::OauthIssuer => &mut event.oauth.get_or_insert_default().issuer,
            Column::OauthAudience => &mut event.oauth.get_or_insert_default().audience,
            Column::TargetsType => &mut element::<Target>(&mut event.targets, nth).r#type,
            Column::TargetsId => &mut element(&mut event.targets, nth).id,
            Column::TargetsName => &mut element(&mut event.targets, nth).name,
            Column::ContextForwardedFor => &mut event.context.get_or_insert_default().forwarded_for,
            Column::ContextUserAgent => &mut event.context.get_or_insert_default().user_agent,
            Column::ContextDeviceId => &mut event.context.get_or_insert_default().device_id,
            Column::ContextGeoCountry => &mut event.context.get_or_insert_default().geo.get_or_insert_default().country,
            Column::ContextGeoRegion => &mut event.context.get_or_insert_default().geo.get_or_insert_default().region,
            Column::ContextGeoCity => &mut event.context.get_or_insert_default().geo.get_or_insert_default().city,
            Column::HttpMethod => &mut event.http.get_or_insert_default().method,
            Column::HttpRoute => &mut event.http.get_or_insert_default().route,
            Column::HttpPath => &mut event.http.get_or_insert_default().path,
            _ => return None,
        })
    }
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    *field = value;
    field.is_some()
}

fn element<T: Default>(list: &mut Vec<T>, nth: usize) -> &mut T {
    if list.len() <= nth {
        list.resize_with(nth + 1, T::default);
    }
    // The list is longer than nth now.
    #[allow(clippy::indexing_slicing)]
    &mut list[nth]
}
