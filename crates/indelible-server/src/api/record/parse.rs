//! From bytes to events. An error says where: the line, the index in the list, the field.

use indelible::{Event, EventError};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    api::{
        app::{Admitted, Writer},
        problem::Problem,
    },
    limits,
};

/// How the events of a body are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object.
    One,
    /// A JSON list.
    List,
    /// NDJSON.
    Lines,
}

/// The events of a body.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Admitted>,
    /// Of NDJSON: the line of each event.
    pub(super) lines: Vec<usize>,
    /// Of NDJSON whose bad lines are skipped: those.
    pub(super) rejected: Vec<Rejected>,
}

/// A line that was left out.
#[derive(Debug, Serialize)]
pub(super) struct Rejected {
    /// Counted from 1.
    pub(super) line: usize,
    /// What it fails at; empty for the line as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) field: String,
    /// What is wrong and what to do.
    pub(super) detail: String,
}

impl Form {
    /// A JSON body is a list when it begins like one.
    pub(super) fn of(self, bytes: &[u8]) -> Self {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if self == Self::One && first == Some(&b'[') { Self::List } else { self }
    }
}

/// The events of a body in a form that [`Form::of`] made sure of.
pub(super) fn batch(bytes: &[u8], form: Form, writer: &Writer, skip: bool) -> Result<Batch, Problem> {
    let batch = match form {
        Form::One => Batch { events: vec![one(bytes, writer).map_err(Wrong::into_problem)?], ..Batch::default() },
        Form::List => list(bytes, writer)?,
        Form::Lines => lines(bytes, writer, skip)?,
    };
    if batch.events.is_empty() && batch.rejected.is_empty() {
        return Err(Problem::malformed("there is no event in the body"));
    }
    Ok(batch)
}

/// What may be wrong with one event.
enum Wrong {
    Malformed(EventError),
    Invalid(EventError),
    Refused(Problem),
}

impl Wrong {
    fn into_problem(self) -> Problem {
        match self {
            Self::Malformed(error) => Problem::malformed(format!("the event {} (nothing was stored)", error.problem)),
            Self::Invalid(error) => Problem::invalid_event(&error),
            Self::Refused(problem) => problem,
        }
    }

    fn into_rejected(self, line: usize) -> Rejected {
        match self {
            Self::Malformed(error) => Rejected { line, field: String::new(), detail: error.problem },
            Self::Invalid(EventError { field, problem }) => Rejected { line, field, detail: problem },
            Self::Refused(problem) => Rejected { line, field: "tenant".to_owned(), detail: problem.into_detail() },
        }
    }
}

fn one(json: &[u8], writer: &Writer) -> Result<Admitted, Wrong> {
    match Event::from_json(json) {
        Ok(event) => writer.admit(event).map_err(Wrong::Refused),
        // Only a failure is looked at again, to tell bad JSON from a bad event.
        Err(error) => match std::str::from_utf8(json).map(serde_json::from_str::<IgnoredAny>) {
            Ok(Ok(_)) => Err(Wrong::Invalid(error)),
            _ => Err(Wrong::Malformed(error)),
        },
    }
}

fn list(bytes: &[u8], writer: &Writer) -> Result<Batch, Problem> {
    let Elements(elements) = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Problem::too_large(too_many()),
        _ => Problem::malformed(format!("the list is not valid JSON: {error} (nothing was stored)")),
    })?;
    let mut events = Vec::with_capacity(elements.len());
    for (index, json) in elements.into_iter().enumerate() {
        let admitted = one(json.get().as_bytes(), writer).map_err(|wrong| wrong.into_problem().index(index))?;
        events.push(admitted);
    }
    Ok(Batch { events, ..Batch::default() })
}

fn lines(bytes: &[u8], writer: &Writer, skip: bool) -> Result<Batch, Problem> {
    let mut batch = Batch::default();
    for (at, json) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line = at + 1;
        if json.trim_ascii().is_empty() {
            continue;
        }
        if batch.events.len() + batch.rejected.len() == limits::REQUEST_EVENTS_MAX {
            return Err(Problem::too_large(too_many()).line(line));
        }
        match one(json.trim_ascii(), writer) {
            Ok(event) => {
                batch.events.push(event);
                batch.lines.push(line);
            }
            Err(wrong) if skip => batch.rejected.push(wrong.into_rejected(line)),
            Err(wrong) => return Err(wrong.into_problem().line(line)),
        }
    }
    Ok(batch)
}

fn too_many() -> String {
    format!("more than {} events in one request; nothing was stored: send fewer at once", limits::REQUEST_EVENTS_MAX)
}

/// The elements of a list as they stand, at most as many as a request may have.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Elements<'de>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    if elements.len() == limits::REQUEST_EVENTS_MAX {
                        return Err(serde::de::Error::custom("too many"));
                    }
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        input.deserialize_seq(Bounded)
    }
}
