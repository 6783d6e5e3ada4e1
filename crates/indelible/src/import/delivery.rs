//! What a webhook brings: events, whatever is in it.

use std::borrow::Cow;

use indelible_proof::{Event, Outcome, Source};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Format, Importer, Options, Problem, limits, naming, tidy};
use crate::redaction::decoded;

/// The events in the body of one delivery of a webhook: records on a line each, a list of them, or what the sender wraps
/// them in. Nothing is lost: what is no record of the format becomes an event `<format>.unread` that carries it, within
/// the limits of any original, and says what is wrong with it. Only what the format passes over in files too gives none.
/// Of more than [`limits::DELIVERY_RECORDS_MAX`] records, the events are more than that, too, but not all: refuse them.
///
/// `id` is the sender's for this delivery, the same when it is sent again. It makes the keys of records that have no id of
/// their own. As no sender signs it, the events then have the body's SHA-256 as `correlation_id`: by that a body shows that
/// came under several ids.
///
/// ```
/// use indelible::import::{Format, delivery};
///
/// let body = br#"[{"log_id":"1","data":{"type":"s","user_id":"42"}},{"log_id":"2"}]"#;
/// let events = delivery(Format::Auth0, None, body);
/// assert_eq!(events[0].action, "auth.login.succeeded");
/// assert_eq!(events[1].action, "auth0.unread");
/// ```
pub fn delivery(format: Format, id: Option<&str>, body: &[u8]) -> Vec<Event> {
    let mut importer = Importer::new(format, Options::default());
    importer.keeps_unread = true;
    importer.delivery = id.map(str::to_owned);
    let mut events = Vec::new();
    let form = form(format, body);
    let body = form.as_deref().map_or(body, str::as_bytes);
    for line in body.split(|&byte| byte == b'\n') {
        match importer.line(line) {
            Ok(read) => events.extend(read),
            Err(error) => events.push(importer.unread(line, &error.problem)),
        }
        // Each byte of a body may be a record, and each event takes a thousand.
        if events.len() > limits::DELIVERY_RECORDS_MAX {
            return events;
        }
    }
    match importer.finish() {
        Ok(read) => events.extend(read),
        Err(error) => events.push(importer.unread(body, &error.problem)),
    }
    if id.is_some() {
        let digest = format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(body)));
        events.iter_mut().for_each(|event| event.correlation_id = Some(digest.clone()));
    }
    events
}

/// What a form carries: GitHub sends one with one field, unless told to send JSON.
fn form(format: Format, body: &[u8]) -> Option<Cow<'_, str>> {
    let field = body.strip_prefix(b"payload=").filter(|_| format == Format::Github)?;
    std::str::from_utf8(field).ok().map(decoded)
}

impl Importer {
    fn unread(&mut self, text: &[u8], problem: &Problem) -> Event {
        let record = Value::String(String::from_utf8_lossy(text).into_owned());
        self.complete(unread(self.format, problem, &record), &record)
    }
}

/// The event of a record that could not be mapped.
pub(super) fn unread(format: Format, problem: &Problem, record: &Value) -> Event {
    let action = naming::own(format.name(), &["unread".to_owned()]);
    let mut event = Event::new(action).outcome(Outcome::Unknown).meta("problem", problem.to_string());
    event.source = Some(Source { service: Some(format.name().to_owned()), ..Source::default() });
    tidy::keep_original(&mut event, record);
    event
}

#[cfg(test)]
mod tests;
