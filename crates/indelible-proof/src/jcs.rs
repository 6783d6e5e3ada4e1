//! RFC 8785, the JSON Canonicalization Scheme: one way to write each JSON value.

mod scan;

use std::{cmp::Ordering, fmt::Display, io::Write as _};

use serde_json::{Number, Value};

use crate::event::Object;
use crate::limits::INTEGER_MAX;

/// The canonical form of a JSON value. A number is written as the double nearest to it.
///
/// Recurses as deep as the value is nested.
///
/// ```
/// let value = serde_json::json!({"b": [1.0, 1e30], "a": "\u{20ac}"});
/// assert_eq!(indelible_proof::jcs(&value), "{\"a\":\"\u{20ac}\",\"b\":[1,1e+30]}".as_bytes());
/// ```
pub fn jcs(value: &Value) -> Vec<u8> {
    let mut out = Writer::default();
    out.value(value);
    out.bytes
}

/// Appends the canonical form of a JSON string.
pub fn jcs_text(text: &str, out: &mut Vec<u8>) {
    let mut writer = Writer { bytes: std::mem::take(out) };
    writer.string(text);
    *out = writer.bytes;
}

/// Whether a JSON object is beyond doubt in canonical form: what needs a closer look (escapes, fractions, long numbers, keys
/// that are not ASCII, deep nesting) is not.
pub fn is_jcs_object(json: &[u8]) -> bool {
    json.starts_with(b"{") && std::str::from_utf8(json).is_ok() && scan::value(json, scan::DEPTH_MAX) == Some(&[])
}

/// Writes canonical JSON into one buffer. Callers name the members of an object in sorted order.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// An object; writes nothing when `members` writes nothing.
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.push(b'{');
        members(self);
        if self.bytes.len() == start + 1 { self.bytes.truncate(start) } else { self.bytes.push(b'}') }
    }

    /// A member that is an object; left out when `members` writes nothing.
    pub(crate) fn section(&mut self, key: &str, members: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.key(key);
        let value = self.bytes.len();
        self.object(members);
        if self.bytes.len() == value {
            self.bytes.truncate(start);
        }
    }

    pub(crate) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key);
            self.string(text);
        }
    }

    /// A member whose display form needs no escaping, such as a time or an address.
    pub(crate) fn plain(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.key(key);
            self.bytes.push(b'"');
            self.display(value);
            self.bytes.push(b'"');
        }
    }

    pub(crate) fn integer(&mut self, key: &str, value: Option<impl Into<u64>>) {
        if let Some(value) = value {
            self.key(key);
            self.unsigned(value.into());
        }
    }

    pub(crate) fn texts(&mut self, key: &str, texts: &[String]) {
        self.list(key, texts, |out, text| out.string(text));
    }

    /// A list of objects. An empty entry keeps its place.
    pub(crate) fn objects<T>(&mut self, key: &str, entries: &[T], mut members: impl FnMut(&mut Self, &T)) {
        self.list(key, entries, |out, entry| {
            out.bytes.push(b'{');
            members(out, entry);
            out.bytes.push(b'}');
        });
    }

    fn list<T>(&mut self, key: &str, entries: &[T], mut write: impl FnMut(&mut Self, &T)) {
        if entries.is_empty() {
            return;
        }
        self.key(key);
        self.bytes.push(b'[');
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                self.bytes.push(b',');
            }
            write(self, entry);
        }
        self.bytes.push(b']');
    }

    /// Free data as a member, left out when empty. Returns how many bytes its value takes.
    pub(crate) fn free(&mut self, key: &str, object: &Object) -> usize {
        if object.is_empty() {
            return 0;
        }
        self.key(key);
        let start = self.bytes.len();
        self.members(object);
        self.bytes.len() - start
    }

    /// Keys of the event itself are plain words, which need no escaping.
    fn key(&mut self, key: &str) {
        if self.bytes.last() != Some(&b'{') {
            self.bytes.push(b',');
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes.extend_from_slice(b"null"),
            Value::Bool(true) => self.bytes.extend_from_slice(b"true"),
            Value::Bool(false) => self.bytes.extend_from_slice(b"false"),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.string(text),
            Value::Array(entries) => {
                self.bytes.push(b'[');
                for (at, entry) in entries.iter().enumerate() {
                    if at > 0 {
                        self.bytes.push(b',');
                    }
                    self.value(entry);
                }
                self.bytes.push(b']');
            }
            Value::Object(object) => self.members(object),
        }
    }

    fn members(&mut self, object: &Object) {
        // The map's own order is that of UTF-8 bytes, or of insertion: nearly always the right one already.
        if object.keys().is_sorted_by(|a, b| utf16_order(a, b).is_lt()) {
            self.sorted_members(object.iter());
        } else {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| utf16_order(a, b));
            self.sorted_members(members.into_iter());
        }
    }

    fn sorted_members<'a>(&mut self, members: impl Iterator<Item = (&'a String, &'a Value)>) {
        self.bytes.push(b'{');
        for (at, (key, value)) in members.enumerate() {
            if at > 0 {
                self.bytes.push(b',');
            }
            self.string(key);
            self.bytes.push(b':');
            self.value(value);
        }
        self.bytes.push(b'}');
    }

    fn number(&mut self, number: &Number) {
        match (number.as_u64(), number.as_f64()) {
            (Some(integer), _) if integer <= INTEGER_MAX => self.unsigned(integer),
            (_, Some(double)) => self.bytes.extend_from_slice(ryu_js::Buffer::new().format(double).as_bytes()),
            // A JSON number always has a nearest double unless it is kept as text, which this crate never asks for.
            (_, None) => self.display(number),
        }
    }

    fn unsigned(&mut self, mut value: u64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
            start -= 1;
            if value == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(digits.get(start..).unwrap_or_default());
    }

    fn display(&mut self, value: impl Display) {
        // Writing to memory fails only if the Display implementation does; those used here cannot.
        let _ = write!(self.bytes, "{value}");
    }

    /// Escapes what JCS escapes (quote, backslash, the C0 controls) and copies the runs between.
    fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)) {
            let (run, special) = rest.split_at(at);
            self.bytes.extend_from_slice(run);
            if let [byte, after @ ..] = special {
                self.escape(*byte);
                rest = after;
            }
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            _ => return self.display(format_args!("\\u{byte:04x}")),
        };
        self.bytes.extend_from_slice(&[b'\\', short]);
    }
}

/// The order of two texts as UTF-16 code units, told from their UTF-8 bytes.
///
/// The orders differ in one place: U+E000 to U+FFFF (lead bytes EE and EF) come after the supplementary
/// characters (lead bytes F0 to F4), which UTF-16 writes as surrogates.
fn utf16_order(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte };
    a.bytes().map(rank).cmp(b.bytes().map(rank))
}

#[cfg(test)]
mod tests;
