//! Other products' audit records as [`Event`]s.
//!
//! An [`Importer`] reads the lines of one file of one [`Format`] and gives the events in them. It does no I/O and
//! knows no clock. What the source says goes into the fields of the event, its own name for the event into
//! `metadata.original_action`, and the record itself into `metadata.original` (or, when larger than 48 KiB, its
//! top-level scalars, with `metadata.original_truncated`; parts nested too deeply stay as JSON text). Secrets are not removed
//! here: redaction follows, when the event is recorded.
//!
//! Every event carries an idempotency key that depends on the record alone, so that a file imported twice is stored
//! once.
//!
//! ```
//! use indelible::import::{Format, Importer, Options};
//!
//! let mut importer = Importer::new(Format::Auth0, Options::default());
//! let line = br#"{"log_id":"901","data":{"date":"2026-01-23T15:14:59Z","type":"f","user_name":"alice@example.com"}}"#;
//! let events = importer.line(line)?;
//! assert_eq!(events[0].action, "auth.login.failed");
//! assert!(importer.finish()?.is_empty());
//! # Ok::<(), indelible::import::ImportError>(())
//! ```

mod apereo_cas;
mod attempt;
mod auditd;
mod auth0;
mod authelia;
mod authentik;
mod azure_ad;
mod bitbucket;
mod cloudtrail;
mod delivery;
mod detect;
mod document;
mod duo;
mod format;
mod gcp_audit;
mod gitea;
mod github;
mod gitlab;
mod google_workspace;
mod grafana;
mod harbor;
mod key;
mod keycloak;
mod kubernetes;
mod layout;
pub mod limits;
mod logfmt;
mod microsoft365;
mod naming;
mod nextcloud;
mod ocsf;
mod okta;
mod onelogin;
mod onepassword;
mod openssh;
mod ory;
mod proxmox;
mod record;
mod saas;
mod security_events;
mod settle;
mod slack;
mod syslog;
mod teleport;
mod tidy;
mod vaultwarden;
mod when;
mod zitadel;

use indelible_proof::{Event, Timestamp};
use serde_json::Value;

pub use delivery::delivery;
pub use detect::detect;
pub use format::{Format, UnknownFormat};

use document::Document;
use format::Reading;
use key::Keys;
use record::{Mapped, Record};

/// What an importer must be told because the records do not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The end of the log, for formats that write times without a year (syslog): each is taken as the latest such
    /// moment that is at most a day later, in UTC. Default: such events get no `occurred_at`.
    pub reference: Option<Timestamp>,
}

impl Options {
    /// Sets the end of the log; see [`Options::reference`].
    #[must_use]
    pub fn reference(mut self, end: Timestamp) -> Self {
        self.reference = Some(end);
        self
    }
}

/// A line that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no {format} record: {problem}")]
pub struct ImportError {
    /// Number of the line, from 1; where a document spans lines, the last that was read.
    pub line: u64,
    /// The format that was expected.
    pub format: Format,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The line, or the document that spans lines, is over [`limits::LINE_BYTES_MAX`].
    #[error("it is longer than {} MiB; split the file into one record a line", limits::LINE_BYTES_MAX >> 20)]
    LineTooLong,
    /// The record is over [`limits::RECORD_BYTES_MAX`].
    #[error("the record has {bytes} bytes, more than {}", limits::RECORD_BYTES_MAX)]
    RecordTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The line is not UTF-8.
    #[error("it is not UTF-8 from byte {offset}; convert it to UTF-8")]
    NotUtf8 {
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// The line is not JSON.
    #[error("not JSON: {reason}")]
    NotJson {
        /// What the parser says, with the column.
        reason: String,
    },
    /// The file ended inside a JSON document.
    #[error("it ends inside a JSON document")]
    Unfinished,
    /// The JSON is no object.
    #[error("a JSON object is expected")]
    NotAnObject,
    /// The record lacks what makes it a record of this format.
    #[error("it has no {field:?}; is the format right?")]
    FieldMissing {
        /// Path of the field.
        field: &'static str,
    },
    /// The line does not have the format's form.
    #[error("expected {expected}")]
    NotOfThisForm {
        /// The form.
        expected: &'static str,
    },
    /// An Indelible event that is not valid.
    #[error("{reason}")]
    InvalidEvent {
        /// The field and what is wrong with it.
        reason: String,
    },
}

/// Reads the lines of one file.
///
/// The file may hold one record a line, or be a JSON document: an array, or what the product wraps its records in
/// (`{"Records": [...]}`), on one line or indented over many. To resume in the middle of a file, feed the lines from
/// its beginning and drop the events that were stored: keys count repetitions from the beginning.
#[derive(Debug)]
pub struct Importer {
    format: Format,
    options: Options,
    lines: u64,
    document: Option<Document>,
    keys: Keys,
    /// Whether a record that cannot be mapped is kept instead of refused; see [`delivery`].
    keeps_unread: bool,
    /// The id of records that have none.
    delivery: Option<String>,
}

impl Importer {
    /// An importer at the beginning of a file.
    pub fn new(format: Format, options: Options) -> Self {
        Self { format, options, lines: 0, document: None, keys: Keys::default(), keeps_unread: false, delivery: None }
    }

    /// The events of the next line, given without or with its line end. None where the line holds nothing of
    /// interest, or belongs to a document that goes on.
    ///
    /// An error concerns this line alone: the next can be fed.
    pub fn line(&mut self, line: &[u8]) -> Result<Vec<Event>, ImportError> {
        self.lines += 1;
        self.read(line).map_err(|problem| self.error(problem))
    }

    /// Ends the file; call it after the last line.
    pub fn finish(&mut self) -> Result<Vec<Event>, ImportError> {
        match self.document.take() {
            Some(document) if !document.is_empty() => Err(self.error(Problem::Unfinished)),
            _ => Ok(Vec::new()),
        }
    }

    fn error(&self, problem: Problem) -> ImportError {
        ImportError { line: self.lines, format: self.format, problem }
    }

    fn read(&mut self, line: &[u8]) -> Result<Vec<Event>, Problem> {
        if line.len() > limits::LINE_BYTES_MAX {
            return Err(Problem::LineTooLong);
        }
        // A file written on Windows may begin with a byte order mark.
        let line = if self.lines == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let text = std::str::from_utf8(line).map_err(|error| Problem::NotUtf8 { offset: error.valid_up_to() })?;
        if let Some(document) = &mut self.document {
            return match document.push(text)? {
                Some(json) => self.json(&json),
                None => Ok(Vec::new()),
            };
        }
        let text = text.trim();
        let is_json = text.starts_with(['{', '[']);
        match self.format.reading() {
            _ if text.is_empty() => Ok(Vec::new()),
            Reading::Text(map) => self.text(text, map),
            Reading::Either { text: map, .. } if !is_json => self.text(text, map),
            _ if self.lines == 1 && Document::begins(text) => {
                self.document = Some(Document::default());
                self.read(line)
            }
            _ => self.json(text),
        }
    }

    fn text(&mut self, line: &str, map: fn(&str, &Options) -> Mapped) -> Result<Vec<Event>, Problem> {
        check_length(line.len())?;
        let Some(event) = map(line, &self.options)? else { return Ok(Vec::new()) };
        Ok(vec![self.complete(event, &Value::String(line.to_owned()))])
    }

    fn json(&mut self, text: &str) -> Result<Vec<Event>, Problem> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Problem::NotJson { reason: error.to_string() })?;
        let records = match (self.format.reading(), value) {
            (Reading::Nested { split, .. }, Value::Array(list)) => list.into_iter().flat_map(split).collect(),
            (Reading::Nested { split, .. }, value) => split(value),
            (_, Value::Array(list)) => list,
            (_, value) => unwrap(value),
        };
        let mut events = Vec::with_capacity(records.len());
        if let [_] = records.as_slice() {
            check_length(text.len())?;
        }
        let read = if self.keeps_unread { limits::DELIVERY_RECORDS_MAX + 1 } else { records.len() };
        for record in records.iter().take(read) {
            let mapped = match self.map(record) {
                Err(problem) if self.keeps_unread => Some(delivery::unread(self.format, &problem, record)),
                mapped => mapped?,
            };
            events.extend(mapped.map(|event| self.complete(event, record)));
        }
        Ok(events)
    }

    fn map(&self, record: &Value) -> Mapped {
        if !record.is_object() {
            return Err(Problem::NotAnObject);
        }
        match self.format.reading() {
            Reading::Own => own(record).map(Some),
            Reading::Table(layout) => layout.read(Record(record)).map(Some),
            Reading::Json(map) | Reading::Nested { map, .. } | Reading::Either { json: map, .. } => map(Record(record)),
            Reading::Text(_) => Ok(None),
        }
    }

    /// What every mapped event gets: a settled action, its original, its key.
    fn complete(&mut self, mut event: Event, record: &Value) -> Event {
        let id = event.idempotency_key.as_deref().or(self.delivery.as_deref());
        event.idempotency_key = Some(self.keys.of(self.format, id, record));
        if self.format != Format::Indelible {
            settle::settle(&mut event);
            if !event.metadata.contains_key("original") {
                tidy::keep_original(&mut event, record);
            }
            tidy::tidy(&mut event);
        }
        event
    }
}

fn check_length(bytes: usize) -> Result<(), Problem> {
    if bytes > limits::RECORD_BYTES_MAX { Err(Problem::RecordTooLong { bytes }) } else { Ok(()) }
}

/// The records of an answer that wraps them, as most APIs do.
fn unwrap(value: Value) -> Vec<Value> {
    const WRAPPERS: [&str; 9] =
        ["Records", "records", "entries", "items", "results", "value", "events", "logs", "data"];
    let wrapper = WRAPPERS.into_iter().find(|key| {
        let list = value.get(key).and_then(Value::as_array);
        // An answer has little beside the list; a record that happens to hold one has more.
        list.is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
            && value.as_object().is_some_and(|object| object.len() <= 6 && !object.contains_key("action"))
    });
    match (wrapper, value) {
        (Some(key), Value::Object(mut object)) => match object.remove(key) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        },
        (_, value) => vec![value],
    }
}

fn own(record: &Value) -> Result<Event, Problem> {
    let invalid = |error: indelible_proof::EventError| Problem::InvalidEvent { reason: error.to_string() };
    let mut record = record.clone();
    // An export of another log carries what that log assigned.
    if let Some(object) = record.as_object_mut() {
        for assigned in ["id", "seq", "recorded_at"] {
            object.remove(assigned);
        }
    }
    let event = Event::from_json(record.to_string().as_bytes()).map_err(invalid)?;
    event.validate().map_err(invalid)?;
    Ok(event)
}

#[cfg(test)]
mod tests;
