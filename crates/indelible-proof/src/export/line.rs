//! One line of an export, written and read.

use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

use crate::canonical::Canonical;
use crate::disclosure::{Disclosure, Part};
use crate::error::EventError;
use crate::event::{Event, Recorded};
use crate::id::EventId;
use crate::json;
use crate::leaf::LeafHash;
use crate::strict::Strict;
use crate::time::Timestamp;
use crate::tree::Hash;

/// A line as it was read; nothing but the form was checked.
pub(super) enum Line {
    Event(EventLine),
    End { checkpoint: String, skipped: Vec<Hash> },
}

pub(super) struct EventLine {
    pub(super) id: EventId,
    pub(super) seq: u64,
    pub(super) recorded_at: Option<Timestamp>,
    pub(super) told: Disclosure,
    pub(super) leaf: LeafHash,
    pub(super) skipped: Vec<Hash>,
}

/// The members that a line has beside the event.
#[derive(Serialize)]
struct Beside {
    leaf: String,
    #[serde(skip_serializing_if = "Parts::is_empty")]
    salts: Parts,
    #[serde(skip_serializing_if = "Parts::is_empty")]
    commitments: Parts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
}

#[derive(Serialize)]
struct End {
    checkpoint: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
}

/// Something about each part, in hexadecimal.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.who.is_none() && self.what.is_none()
    }
}

/// The line of an event, with its newline.
pub(super) fn write_event(recorded: &Recorded, told: &Disclosure, skipped: &[Hash]) -> Vec<u8> {
    let parts = |hex: fn(&Part) -> Option<String>| Parts { who: hex(told.who()), what: hex(told.what()) };
    let beside = Beside {
        leaf: told.entry().leaf_hash().to_string(),
        salts: parts(|part| if let Part::Open { salt, .. } = part { Some(hex(salt)) } else { None }),
        commitments: parts(|part| if let Part::Sealed(commitment) = part { Some(hex(commitment)) } else { None }),
        skipped: skipped.iter().map(Hash::to_string).collect(),
    };
    let mut line = recorded.to_json();
    let members = to_line(&beside);
    // One object out of two: neither is empty.
    line.pop();
    line.push(b',');
    line.extend_from_slice(members.get(1..).unwrap_or_default());
    line
}

/// The last line, with its newline.
pub(super) fn write_end(checkpoint: String, skipped: &[Hash]) -> Vec<u8> {
    to_line(&End { checkpoint, skipped: skipped.iter().map(Hash::to_string).collect() })
}

fn to_line(value: &impl Serialize) -> Vec<u8> {
    // Writing to memory cannot fail, and every map key here is a string.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The members of a line that are not the event's, and the event as the text of an object of its own.
#[derive(Default)]
struct Split<'line> {
    own: [Option<&'line RawValue>; OWN.len()],
    event: String,
}

const OWN: [&str; 7] = ["id", "seq", "leaf", "salts", "commitments", "skipped", "checkpoint"];

impl<'de> Deserialize<'de> for Split<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Split<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Split<'de>, A::Error> {
                let mut split = Split::default();
                while let Some(name) = map.next_key::<String>()? {
                    split.take(&name, map.next_value()?)?;
                }
                split.event.push(if split.event.is_empty() { '{' } else { ' ' });
                split.event.push('}');
                Ok(split)
            }
        }
        input.deserialize_map(Members)
    }
}

impl<'line> Split<'line> {
    fn take<E: de::Error>(&mut self, name: &str, value: &'line RawValue) -> Result<(), E> {
        if let Some((place, known)) = self.own.iter_mut().zip(OWN).find(|(_, known)| *known == name) {
            return if place.replace(value).is_none() { Ok(()) } else { Err(E::duplicate_field(known)) };
        }
        // The event's own reader finds what stands twice or is no field.
        self.event.push(if self.event.is_empty() { '{' } else { ',' });
        self.event.push_str(&serde_json::to_string(name).map_err(E::custom)?);
        self.event.push(':');
        self.event.push_str(value.get());
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, EventError> {
        let value = self.own.iter().zip(OWN).find(|(_, known)| *known == name).and_then(|(value, _)| *value);
        value.map(|value| json::read(value.get().as_bytes()).map_err(|error| error.inside(name))).transpose()
    }

    fn need<T: DeserializeOwned>(&self, name: &str) -> Result<T, EventError> {
        self.get(name)?.ok_or_else(|| EventError::new(name, "is missing: was this exported with proof?"))
    }

    fn skipped(&self) -> Result<Vec<Hash>, EventError> {
        let hashes: Vec<String> = self.get("skipped")?.unwrap_or_default();
        hashes.iter().map(|text| unhex("skipped", text).map(Hash)).collect()
    }
}

/// Reads a line, without its newline.
pub(super) fn read(line: &[u8]) -> Result<Line, EventError> {
    let split: Split<'_> = json::read(line)?;
    let Some(checkpoint) = split.get("checkpoint")? else { return event(&split).map(Line::Event) };
    let others =
        OWN.iter().zip(&split.own).any(|(name, value)| value.is_some() && !matches!(*name, "checkpoint" | "skipped"));
    if others || split.event != "{}" {
        return Err(EventError::new("checkpoint", "stands on a line with an event; it has the last line to itself"));
    }
    Ok(Line::End { checkpoint, skipped: split.skipped()? })
}

fn event(split: &Split<'_>) -> Result<EventLine, EventError> {
    let Strict(event): Strict<Event> = json::read(split.event.as_bytes())?;
    let parts = Canonical::of(&event);
    let salts = split.get::<Strict<Parts>>("salts")?.map(|Strict(it)| it).unwrap_or_default();
    let commitments = split.get::<Strict<Parts>>("commitments")?.map(|Strict(it)| it).unwrap_or_default();
    let who = part("who", parts.who(), salts.who, commitments.who)?;
    let what = part("what", parts.what(), salts.what, commitments.what)?;
    Ok(EventLine {
        id: split.need("id")?,
        seq: split.need("seq")?,
        recorded_at: event.recorded_at,
        told: Disclosure::new(parts.record(), who, what),
        leaf: LeafHash(unhex("leaf", &split.need::<String>("leaf")?)?),
        skipped: split.skipped()?,
    })
}

fn part(name: &str, value: &[u8], salt: Option<String>, commitment: Option<String>) -> Result<Part, EventError> {
    let wrong = |problem| EventError::new(name, problem);
    match (value.is_empty(), salt, commitment) {
        (true, None, None) => Ok(Part::Empty),
        (true, None, Some(commitment)) => Part::withheld(unhex(&format!("commitments.{name}"), &commitment)?)
            .ok_or_else(|| wrong("has the commitment of an empty part: there is nothing to withhold")),
        (false, Some(salt), None) => Ok(Part::open(unhex(&format!("salts.{name}"), &salt)?, value)),
        (false, None, None) => Err(wrong("has content and no salt, so that nobody can compute the leaf")),
        (true, Some(_), None) => Err(wrong("has a salt and no content: the content was taken out")),
        (_, _, Some(_)) => Err(wrong("has a commitment beside its content or salt; it needs one of the two")),
    }
}

fn unhex<const N: usize>(field: &str, text: &str) -> Result<[u8; N], EventError> {
    let mut bytes = [0; N];
    let whole = base16ct::lower::decode(text, &mut bytes).is_ok_and(|read| read.len() == N);
    if whole { Ok(bytes) } else { Err(EventError::new(field, format!("is not {} lower-case hex digits", 2 * N))) }
}
