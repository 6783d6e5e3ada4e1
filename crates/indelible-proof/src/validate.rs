//! The limits of an event, field by field. What free data may weigh is checked where it is encoded.

use serde_json::Value;

use crate::canonical::Canonical;
use crate::error::EventError;
use crate::event::{Actor, Changes, Client, Context, Credential, Event, Geo, Http, OAuth, Object, Source, Target};
use crate::limits::{self, ID_BYTES_MAX, INTEGER_MAX, NAME_BYTES_MAX, URI_BYTES_MAX, WORD_BYTES_MAX};
use crate::strict::INEXACT;
use crate::vocabulary;

type Checked = Result<(), EventError>;

impl Event {
    /// Checks every limit; the error names the field.
    ///
    /// Encodes the event to measure it: who needs the canonical bytes anyway calls [`Canonical::checked`].
    pub fn validate(&self) -> Result<(), EventError> {
        Canonical::checked(self).map(drop)
    }

    /// Every limit except those on encoded sizes.
    pub(crate) fn check_fields(&self) -> Checked {
        action(&self.action)?;
        self.check_texts()?;
        self.check_numbers()?;
        each("source", &self.source, check_source)?;
        each("actor", &self.actor, check_actor)?;
        list("on_behalf_of", &self.on_behalf_of, limits::ON_BEHALF_OF_MAX, |it| no_blank(it, check_actor))?;
        each("credential", &self.credential, check_credential)?;
        each("client", &self.client, check_client)?;
        each("oauth", &self.oauth, check_oauth)?;
        list("targets", &self.targets, limits::TARGETS_MAX, |it| no_blank(it, check_target))?;
        each("changes", &self.changes, check_changes)?;
        each("context", &self.context, check_context)?;
        each("http", &self.http, check_http)?;
        list("tags", &self.tags, limits::TAGS_MAX, |it| text(it, limits::TAG_BYTES_MAX))?;
        object(&self.metadata, limits::METADATA_DEPTH_MAX).map_err(|error| error.inside("metadata"))
    }

    fn check_texts(&self) -> Checked {
        texts([
            ("tenant", &self.tenant, limits::TENANT_BYTES_MAX),
            ("reason", &self.reason, WORD_BYTES_MAX),
            ("session_id", &self.session_id, ID_BYTES_MAX),
            ("request_id", &self.request_id, ID_BYTES_MAX),
            ("correlation_id", &self.correlation_id, ID_BYTES_MAX),
            ("trace_id", &self.trace_id, limits::TRACE_BYTES_MAX),
            ("span_id", &self.span_id, limits::TRACE_BYTES_MAX),
            ("idempotency_key", &self.idempotency_key, limits::IDEMPOTENCY_KEY_BYTES_MAX),
        ])?;
        each("reason", &self.reason, |it| reason(it))?;
        each("trace_id", &self.trace_id, |it| trace(it))?;
        each("span_id", &self.span_id, |it| trace(it))
    }

    fn check_numbers(&self) -> Checked {
        if self.count == Some(0) {
            return Err(EventError::new("count", "is 0; an event stands for at least 1"));
        }
        each("count", &self.count, |it| integer(*it))?;
        match (self.first_at, self.last_at) {
            (Some(first), Some(last)) if first > last => Err(EventError::new("last_at", "is before first_at")),
            _ => Ok(()),
        }
    }
}

fn each<T>(field: &str, value: &Option<T>, check: impl Fn(&T) -> Checked) -> Checked {
    value.as_ref().map_or(Ok(()), check).map_err(|error| error.inside(field))
}

fn list<T>(field: &str, entries: &[T], entries_max: usize, check: impl Fn(&T) -> Checked) -> Checked {
    if entries.len() > entries_max {
        let problem = format!("has {} entries; at most {entries_max} are allowed", entries.len());
        return Err(EventError::new(field, problem));
    }
    let faulty = |(at, entry)| check(entry).map_err(|error| error.inside(&format!("{field}[{at}]")));
    entries.iter().enumerate().try_for_each(faulty)
}

fn no_blank<T: Default + PartialEq>(entry: &T, check: impl Fn(&T) -> Checked) -> Checked {
    if *entry == T::default() { Err(EventError::new("", "is empty; leave it out")) } else { check(entry) }
}

fn texts<const N: usize>(fields: [(&str, &Option<String>, usize); N]) -> Checked {
    fields.into_iter().try_for_each(|(field, value, bytes_max)| each(field, value, |it| text(it, bytes_max)))
}

fn text(text: &str, bytes_max: usize) -> Checked {
    if text.is_empty() {
        Err(EventError::new("", "is an empty string; leave the field out"))
    } else if text.len() > bytes_max {
        Err(EventError::new("", format!("is {} bytes long; at most {bytes_max} are allowed", text.len())))
    } else {
        no_nul(text)
    }
}

fn no_nul(text: &str) -> Checked {
    if text.as_bytes().contains(&0) { Err(EventError::new("", crate::strict::NUL)) } else { Ok(()) }
}

fn integer(value: u64) -> Checked {
    if value > INTEGER_MAX { Err(EventError::new("", INEXACT)) } else { Ok(()) }
}

/// Dotted lower-case words, at least two: the action's form.
pub(crate) fn is_action(action: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'))
    };
    action.contains('.') && action.split('.').all(is_word)
}

fn action(action: &str) -> Checked {
    let problem = if action.is_empty() {
        "is required, for example \"token.revoked\"".to_owned()
    } else if action.len() > limits::ACTION_BYTES_MAX {
        format!("is {} bytes long; at most {} are allowed", action.len(), limits::ACTION_BYTES_MAX)
    } else if !is_action(action) {
        "must be two or more words of a-z, 0-9, _ and - joined by dots, for example \"token.revoked\"".to_owned()
    } else {
        return Ok(());
    };
    Err(EventError::new("action", problem))
}

fn reason(code: &str) -> Checked {
    let own = code.strip_prefix("x_").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    });
    if own || vocabulary::is_reason(code) {
        return Ok(());
    }
    let meant = crate::spelling::nearest(code, vocabulary::reasons());
    let hint = meant.map_or_else(String::new, |code| format!("did you mean \"{code}\"? "));
    Err(EventError::new("", format!("is no known code; {hint}codes of your own begin with x_ (a-z, 0-9, _)")))
}

/// Imported events carry ids of other systems too, so only what cannot be an id is refused.
fn trace(id: &str) -> Checked {
    if id.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(EventError::new("", "must be printable ASCII without spaces, for example 4bf92f3577b34da6a3ce929d0e0e4736"))
    }
}

fn check_source(source: &Source) -> Checked {
    texts([
        ("service", &source.service, NAME_BYTES_MAX),
        ("version", &source.version, WORD_BYTES_MAX),
        ("host", &source.host, NAME_BYTES_MAX),
        ("environment", &source.environment, WORD_BYTES_MAX),
    ])
}

fn check_actor(actor: &Actor) -> Checked {
    if let Some(kind) = &actor.r#type
        && !vocabulary::ACTOR_TYPES.contains(&kind.as_str())
    {
        return Err(EventError::new("type", format!("is not one of {}", vocabulary::ACTOR_TYPES.join(", "))));
    }
    texts([
        ("id", &actor.id, ID_BYTES_MAX),
        ("name", &actor.name, NAME_BYTES_MAX),
        ("email", &actor.email, NAME_BYTES_MAX),
    ])
}

fn check_credential(credential: &Credential) -> Checked {
    texts([
        ("kind", &credential.kind, WORD_BYTES_MAX),
        ("id", &credential.id, ID_BYTES_MAX),
        ("type", &credential.r#type, WORD_BYTES_MAX),
        ("environment", &credential.environment, WORD_BYTES_MAX),
        ("prefix", &credential.prefix, WORD_BYTES_MAX),
        ("fingerprint", &credential.fingerprint, ID_BYTES_MAX),
    ])?;
    scopes("scopes", &credential.scopes)
}

fn scopes(field: &str, scopes: &[String]) -> Checked {
    list(field, scopes, limits::SCOPES_MAX, |it| text(it, limits::SCOPE_BYTES_MAX))
}

fn check_client(client: &Client) -> Checked {
    texts([("id", &client.id, ID_BYTES_MAX), ("name", &client.name, NAME_BYTES_MAX)])
}

fn check_oauth(oauth: &OAuth) -> Checked {
    texts([
        ("grant_type", &oauth.grant_type, WORD_BYTES_MAX),
        ("response_type", &oauth.response_type, WORD_BYTES_MAX),
        ("redirect_uri", &oauth.redirect_uri, URI_BYTES_MAX),
        ("token_type", &oauth.token_type, WORD_BYTES_MAX),
        ("token_family", &oauth.token_family, ID_BYTES_MAX),
        ("issuer", &oauth.issuer, URI_BYTES_MAX),
        ("audience", &oauth.audience, URI_BYTES_MAX),
    ])?;
    scopes("scopes_requested", &oauth.scopes_requested)?;
    scopes("scopes_granted", &oauth.scopes_granted)
}

fn check_target(target: &Target) -> Checked {
    texts([
        ("type", &target.r#type, WORD_BYTES_MAX),
        ("id", &target.id, ID_BYTES_MAX),
        ("name", &target.name, NAME_BYTES_MAX),
    ])?;
    object(&target.attrs, limits::ATTRS_DEPTH_MAX).map_err(|error| error.inside("attrs"))
}

fn check_changes(changes: &Changes) -> Checked {
    object(&changes.before, limits::CHANGES_DEPTH_MAX).map_err(|error| error.inside("before"))?;
    object(&changes.after, limits::CHANGES_DEPTH_MAX).map_err(|error| error.inside("after"))
}

fn check_context(context: &Context) -> Checked {
    texts([
        ("forwarded_for", &context.forwarded_for, limits::HEADER_BYTES_MAX),
        ("user_agent", &context.user_agent, limits::HEADER_BYTES_MAX),
        ("device_id", &context.device_id, ID_BYTES_MAX),
    ])?;
    each("geo", &context.geo, check_geo)
}

fn check_geo(geo: &Geo) -> Checked {
    texts([
        ("country", &geo.country, NAME_BYTES_MAX),
        ("region", &geo.region, NAME_BYTES_MAX),
        ("city", &geo.city, NAME_BYTES_MAX),
    ])
}

fn check_http(http: &Http) -> Checked {
    texts([
        ("method", &http.method, WORD_BYTES_MAX),
        ("route", &http.route, URI_BYTES_MAX),
        ("path", &http.path, URI_BYTES_MAX),
    ])?;
    if http.status.is_some_and(|status| !(100..=599).contains(&status)) {
        return Err(EventError::new("status", "is no HTTP status; write a number from 100 to 599"));
    }
    each("latency_us", &http.latency_us, |it| integer(*it))
}

/// Free data from a builder has not gone through the strict reader.
fn object(object: &Object, levels_left: usize) -> Checked {
    let levels_left = one_less(levels_left)?;
    let member = |(key, value): (&String, &Value)| {
        no_nul(key).and_then(|()| free(value, levels_left)).map_err(|error| error.inside(key))
    };
    object.iter().try_for_each(member)
}

fn free(value: &Value, levels_left: usize) -> Checked {
    match value {
        Value::Null | Value::Bool(_) => Ok(()),
        Value::String(text) => no_nul(text),
        Value::Number(number) if number.as_f64().is_some_and(|double| double.abs() <= INTEGER_MAX as f64) => Ok(()),
        Value::Number(_) => Err(EventError::new("", INEXACT)),
        Value::Array(entries) => {
            let levels_left = one_less(levels_left)?;
            let entry = |(at, entry)| free(entry, levels_left).map_err(|error| error.inside(&format!("[{at}]")));
            entries.iter().enumerate().try_for_each(entry)
        }
        Value::Object(members) => object(members, levels_left),
    }
}

fn one_less(levels_left: usize) -> Result<usize, EventError> {
    levels_left.checked_sub(1).ok_or_else(|| EventError::new("", crate::strict::TOO_DEEP))
}

#[cfg(test)]
mod tests;
