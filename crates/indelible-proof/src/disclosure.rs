//! What is told of an event so that somebody else can compute its leaf: its record, and of *who* and *what* either
//! the content with its salt or, when erased or withheld, the commitment.
//!
//! ```text
//! {"record": <record>, "what": <part>, "who": <part>}        canonical JSON; an empty part is left out
//! part    {"salt": <32 hex digits>, "value": <content>}      or {"commitment": <64 hex digits>}
//! ```
//!
//! A salt tells nothing of the other events of its epoch.

use serde_json::{Map, Value, json};

use crate::canonical::Canonical;
use crate::error::EventError;
use crate::event::Event;
use crate::jcs::jcs;
use crate::leaf::{Entry, EpochKey, commit, digest};

/// An event as it is told to somebody who verifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    record: Vec<u8>,
    who: Part,
    what: Part,
}

/// What is told of *who* or *what*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// There is nothing.
    Empty,
    /// The content, in canonical JSON, and its salt.
    Open {
        /// Salt of the part.
        salt: [u8; 16],
        /// Canonical JSON; not empty.
        value: Vec<u8>,
    },
    /// Erased or withheld: only the commitment.
    Sealed([u8; 32]),
}

impl Part {
    /// A part with its salt; empty when it has no bytes.
    pub fn open(salt: [u8; 16], value: &[u8]) -> Self {
        if value.is_empty() { Self::Empty } else { Self::Open { salt, value: value.to_vec() } }
    }

    /// A part of which only the commitment is told; `None` for the zeros that an empty part has, of which there is nothing
    /// to withhold.
    pub fn withheld(commitment: [u8; 32]) -> Option<Self> {
        (commitment != Self::Empty.commitment()).then_some(Self::Sealed(commitment))
    }

    /// The same part with its content withheld.
    pub fn sealed(&self) -> Self {
        if *self == Self::Empty { Self::Empty } else { Self::Sealed(self.commitment()) }
    }

    /// What the entry says of the part.
    pub fn commitment(&self) -> [u8; 32] {
        match self {
            Self::Empty => [0; 32],
            Self::Open { salt, value } => commit(salt, value),
            Self::Sealed(commitment) => *commitment,
        }
    }

    /// Canonical JSON; no bytes unless the part is open.
    pub fn value(&self) -> &[u8] {
        if let Self::Open { value, .. } = self { value } else { &[] }
    }

    fn to_json(&self) -> Option<Value> {
        match self {
            Self::Empty => None,
            Self::Open { salt, value } => {
                Some(json!({"salt": base16ct::lower::encode_string(salt), "value": parsed(value)}))
            }
            Self::Sealed(commitment) => Some(json!({"commitment": base16ct::lower::encode_string(commitment)})),
        }
    }

    fn from_json(field: &str, part: Option<Value>) -> Result<Self, EventError> {
        let wrong = || EventError::new(field, "is neither {salt, value} nor {commitment}");
        let Some(part) = part else { return Ok(Self::Empty) };
        let member = |name: &str| part.get(name).and_then(Value::as_str);
        match (member("salt"), part.get("value"), member("commitment")) {
            (Some(salt), Some(value), None) => {
                Ok(Self::Open { salt: unhex(salt).ok_or_else(wrong)?, value: jcs(value) })
            }
            (None, None, Some(commitment)) => unhex(commitment).and_then(Self::withheld).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

impl Disclosure {
    /// Tells the whole event.
    pub fn of(parts: &Canonical, key: &EpochKey) -> Self {
        let salts = key.salts(&digest(parts.record()));
        Self::new(parts.record(), Part::open(salts.who, parts.who()), Part::open(salts.what, parts.what()))
    }

    /// Tells a record (canonical JSON) and what is given of the parts.
    pub fn new(record: &[u8], who: Part, what: Part) -> Self {
        Self { record: record.to_vec(), who, what }
    }

    /// The same event with *who* withheld.
    #[must_use]
    pub fn without_who(self) -> Self {
        Self { who: self.who.sealed(), ..self }
    }

    /// The same event with *what* withheld.
    #[must_use]
    pub fn without_what(self) -> Self {
        Self { what: self.what.sealed(), ..self }
    }

    /// What is told of *who*.
    pub fn who(&self) -> &Part {
        &self.who
    }

    /// What is told of *what*.
    pub fn what(&self) -> &Part {
        &self.what
    }

    /// The entry of the tree that the event has if what is told is true.
    pub fn entry(&self) -> Entry {
        Entry::join(&digest(&self.record), &self.who.commitment(), &self.what.commitment())
    }

    /// The event; what is not told is absent. Each field has to stand in the part that it belongs to, in its canonical
    /// form: else *who* could stand in the record, where nothing can be withheld or erased.
    pub fn event(&self) -> Result<Event, EventError> {
        let event = Canonical::from_parts(&self.record, self.who.value(), self.what.value())?;
        let parts = Canonical::of(&event);
        if (parts.record(), parts.who(), parts.what()) == (&self.record, self.who.value(), self.what.value()) {
            Ok(event)
        } else {
            Err(EventError::new("", "has a field in another part or form than events have them: the log made it so"))
        }
    }

    /// The canonical JSON above.
    pub fn to_json(&self) -> Vec<u8> {
        let mut members = Map::from_iter([("record".to_owned(), parsed(&self.record))]);
        members.extend(self.who.to_json().map(|who| ("who".to_owned(), who)));
        members.extend(self.what.to_json().map(|what| ("what".to_owned(), what)));
        jcs(&Value::Object(members))
    }

    /// Reads what [`Self::to_json`] wrote; any other spelling is refused.
    ///
    /// The caller bounds the length of the text.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        let wrong = |problem: &str| EventError::new("", problem);
        let mut members: Map<String, Value> =
            serde_json::from_slice(json).map_err(|_| wrong("is not the JSON object that discloses an event"))?;
        let record = members.remove("record").ok_or_else(|| EventError::new("record", "is missing"))?;
        let who = Part::from_json("who", members.remove("who"))?;
        let what = Part::from_json("what", members.remove("what"))?;
        let disclosure = Self { record: jcs(&record), who, what };
        // Whatever was added, repeated or spelt otherwise shows in the one canonical form.
        if disclosure.to_json() == json {
            Ok(disclosure)
        } else {
            Err(wrong("is not canonical JSON, or has more members"))
        }
    }
}

/// Canonical bytes as a value; what is not JSON becomes null, which no part is.
fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    base16ct::lower::decode(text, &mut bytes).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
