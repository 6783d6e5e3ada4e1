//! The last step of every mapping: what a stranger's record brought is brought within the limits of an event, so
//! that a mapping may copy values as they are.

use indelible_proof::{Actor, Client, Context, Event, Geo, Http, OAuth, Object, Source, Target};
use serde_json::Value;

use super::limits;
use crate::free_data::{self, size};

type Text = Option<String>;

/// Cuts, cleans and drops until the event is valid. Blank texts and empty parts become absent.
pub(super) fn tidy(event: &mut Event) {
    action(event);
    text(&mut event.reason, limits::WORD_BYTES_MAX);
    for id in [&mut event.session_id, &mut event.request_id, &mut event.correlation_id] {
        text(id, limits::ID_BYTES_MAX);
    }
    if let Some(Source { service, version, host, environment }) = &mut event.source {
        [service, version, host, environment].into_iter().for_each(|part| text(part, limits::NAME_BYTES_MAX));
    }
    event.actor.as_mut().map(actor);
    event.actor.take_if(|actor| *actor == Actor::default());
    event.on_behalf_of.iter_mut().for_each(actor);
    event.on_behalf_of.retain(|actor| *actor != Actor::default());
    event.on_behalf_of.truncate(limits::ON_BEHALF_OF_MAX);
    credential(event);
    oauth(event);
    event.targets.iter_mut().for_each(target);
    event.targets.retain(|target| target.id.is_some() || target.name.is_some() || !target.attrs.is_empty());
    event.targets.dedup();
    event.targets.truncate(limits::TARGETS_MAX);
    changes(event);
    context(event);
    http(event);
    event.tags.clear();
    free_data::fit(&mut event.metadata, limits::ORIGINAL_DEPTH_MAX + 1);
    event.metadata.retain(|_, value| !is_empty(value));
    for value in event.metadata.values_mut() {
        if let Value::String(text) = value {
            cut(text, limits::SCALAR_BYTES_MAX);
        }
    }
}

/// A mapping may have built the action from words of the record: only dotted lower-case words are left, at least two.
fn action(event: &mut Event) {
    let legal =
        |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '-' | '.');
    let name: String =
        event.action.to_ascii_lowercase().chars().filter(legal).take(limits::WORD_BYTES_MAX / 2).collect();
    let words: Vec<&str> = name.split('.').filter(|word| !word.is_empty()).collect();
    event.action = match words.as_slice() {
        [] => "import.event".to_owned(),
        [one] => format!("import.{one}"),
        several => several.join("."),
    };
}

fn actor(actor: &mut Actor) {
    text(&mut actor.r#type, limits::WORD_BYTES_MAX);
    text(&mut actor.id, limits::ID_BYTES_MAX);
    text(&mut actor.name, limits::NAME_BYTES_MAX);
    text(&mut actor.email, limits::NAME_BYTES_MAX);
    if actor.id.is_none() && actor.name.is_none() && actor.email.is_none() && actor.r#type.as_deref() == Some("user") {
        actor.r#type = None;
    }
}

fn credential(event: &mut Event) {
    let Some(credential) = &mut event.credential else { return };
    for word in [&mut credential.kind, &mut credential.r#type, &mut credential.environment, &mut credential.prefix] {
        text(word, limits::WORD_BYTES_MAX);
    }
    text(&mut credential.id, limits::ID_BYTES_MAX);
    scopes(&mut credential.scopes);
    event.credential.take_if(|credential| *credential == Default::default());
}

fn oauth(event: &mut Event) {
    if let Some(Client { id, name }) = &mut event.client {
        text(id, limits::ID_BYTES_MAX);
        text(name, limits::NAME_BYTES_MAX);
    }
    event.client.take_if(|client| *client == Client::default());
    let Some(oauth) = &mut event.oauth else { return };
    for word in [&mut oauth.grant_type, &mut oauth.response_type, &mut oauth.token_type] {
        text(word, limits::WORD_BYTES_MAX);
    }
    text(&mut oauth.token_family, limits::ID_BYTES_MAX);
    for uri in [&mut oauth.redirect_uri, &mut oauth.issuer, &mut oauth.audience] {
        text(uri, limits::URI_BYTES_MAX);
    }
    scopes(&mut oauth.scopes_requested);
    scopes(&mut oauth.scopes_granted);
    event.oauth.take_if(|oauth| *oauth == OAuth::default());
}

fn scopes(list: &mut Vec<String>) {
    list.iter_mut().for_each(|scope| cut(scope, limits::SCOPE_BYTES_MAX));
    list.retain(|scope| !scope.is_empty());
    list.truncate(limits::SCOPES_MAX);
}

fn target(target: &mut Target) {
    text(&mut target.r#type, limits::WORD_BYTES_MAX);
    text(&mut target.id, limits::ID_BYTES_MAX);
    text(&mut target.name, limits::NAME_BYTES_MAX);
    free_data::fit(&mut target.attrs, limits::ORIGINAL_DEPTH_MAX);
    if size(&target.attrs) > limits::ATTRS_BYTES_MAX {
        target.attrs.clear();
    }
}

fn changes(event: &mut Event) {
    let Some(changes) = &mut event.changes else { return };
    for side in [&mut changes.before, &mut changes.after] {
        free_data::fit(side, limits::CHANGE_DEPTH_MAX);
        if size(side) > limits::CHANGE_BYTES_MAX {
            keep_scalars(side);
        }
    }
    event.changes.take_if(|changes| changes.before.is_empty() && changes.after.is_empty());
}

fn context(event: &mut Event) {
    let Some(context) = &mut event.context else { return };
    text(&mut context.forwarded_for, limits::HEADER_BYTES_MAX);
    text(&mut context.user_agent, limits::HEADER_BYTES_MAX);
    text(&mut context.device_id, limits::ID_BYTES_MAX);
    if let Some(Geo { country, region, city }) = &mut context.geo {
        [country, region, city].into_iter().for_each(|place| text(place, limits::NAME_BYTES_MAX));
    }
    context.geo.take_if(|geo| *geo == Geo::default());
    event.context.take_if(|context| *context == Context::default());
}

fn http(event: &mut Event) {
    let Some(http) = &mut event.http else { return };
    text(&mut http.method, limits::WORD_BYTES_MAX);
    text(&mut http.path, limits::URI_BYTES_MAX);
    text(&mut http.route, limits::URI_BYTES_MAX);
    http.status.take_if(|status| !(100..=599).contains(status));
    event.http.take_if(|http| *http == Http::default());
}

/// Puts the source record under `metadata.original`.
pub(super) fn keep_original(event: &mut Event, record: &Value) {
    let mut original = match record {
        Value::Object(object) => object.clone(),
        other => Object::from_iter([("line".to_owned(), other.clone())]),
    };
    free_data::fit(&mut original, limits::ORIGINAL_DEPTH_MAX);
    if size(&original) > limits::ORIGINAL_BYTES_MAX {
        keep_scalars(&mut original);
        event.metadata.insert("original_truncated".to_owned(), Value::Bool(true));
    }
    event.metadata.insert("original".to_owned(), Value::Object(original));
}

fn keep_scalars(object: &mut Object) {
    object.retain(|_, value| !value.is_array() && !value.is_object());
    for value in object.values_mut() {
        if let Value::String(text) = value {
            cut(text, limits::SCALAR_BYTES_MAX);
        }
    }
    let mut left = limits::ORIGINAL_BYTES_MAX;
    object.retain(|key, value| {
        let used = key.len() + value.to_string().len() + 4;
        left = left.saturating_sub(used);
        left > 0
    });
}

fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty) || value.is_null()
}

fn text(field: &mut Text, bytes_max: usize) {
    if let Some(text) = field {
        cut(text, bytes_max);
    }
    field.take_if(|text| text.is_empty());
}

fn cut(text: &mut String, bytes_max: usize) {
    text.retain(|letter| letter != '\0');
    text.truncate(text.floor_char_boundary(bytes_max));
    if text.trim().len() != text.len() {
        *text = text.trim().to_owned();
    }
}
