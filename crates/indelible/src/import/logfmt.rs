//! `key=value key="quoted value"` lines, as Go programs, Keycloak and auditd write them.

use indelible_proof::Object;
use serde_json::Value;

/// The pairs of a line. What is not a pair is passed over; of a key that occurs twice the first value counts.
pub(super) fn parse(line: &str) -> Object {
    let mut pairs = Object::new();
    let mut rest = line;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at);
        let start = before.rfind([' ', ',', '\u{1d}', '(']).map_or(0, |space| space + 1);
        let key = before.get(start..).unwrap_or_default().trim_start_matches('\u{1d}');
        let (value, tail) = value(after.get(1..).unwrap_or_default());
        if !key.is_empty() && !pairs.contains_key(key) {
            pairs.insert(key.to_owned(), Value::String(value));
        }
        rest = tail;
    }
    pairs
}

fn value(text: &str) -> (String, &str) {
    let Some(quote) = text.chars().next().filter(|letter| matches!(letter, '"' | '\'')) else {
        let end = text.find([' ', '\u{1d}']).unwrap_or(text.len());
        let (value, tail) = text.split_at(end);
        return (value.trim_end_matches(',').to_owned(), tail);
    };
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ if letter == quote => return (value, text.get(at + 1..).unwrap_or_default()),
            _ => value.push(letter),
        }
    }
    (value, "")
}
