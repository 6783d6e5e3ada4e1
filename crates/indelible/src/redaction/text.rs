//! Through texts: JSON, forms, the queries of URLs, and credentials that stand free.

use std::borrow::Cow;

use super::{MASK, Redaction, is_hidden, json, json::Reading, rules::Path};
use crate::limits::REDACTION_DEPTH_MAX;

/// Fewer characters than any credential worth the name has; ordinary words after `Bearer` or `Basic` are shorter.
const CREDENTIAL_BYTES_MIN: usize = 16;
/// How a JSON Web Token begins: the base64 of `{"`.
const JWT_START: &str = "eyJ";

impl Redaction {
    /// What a text becomes; `None` when it stays as it is.
    pub(super) fn walk_text(&self, text: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        if text.trim_start().starts_with(['{', '[', '"']) {
            match json::read(text, REDACTION_DEPTH_MAX.saturating_sub(depth)) {
                Reading::Json { mut value, repeats } => {
                    let changed = self.walk_value(&mut value, path, depth + 1);
                    return (changed || repeats).then(|| value.to_string());
                }
                Reading::TooDeep => return Some(MASK.to_owned()),
                Reading::NotJson => {}
            }
        }
        let is_plain = !text.contains('=') && !text.contains(JWT_START) && !mentions_scheme(text);
        if is_plain { None } else { self.walk_words(text, path, depth) }
    }

    fn walk_words(&self, text: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        let (mut out, mut changed, mut previous) = (String::with_capacity(text.len()), false, "");
        for piece in text.split_inclusive(char::is_whitespace) {
            let word = piece.trim_end();
            let redacted = self.walk_word(word, previous, path, depth);
            changed |= redacted.is_some();
            out.push_str(redacted.as_deref().unwrap_or(word));
            out.push_str(piece.strip_prefix(word).unwrap_or_default());
            if !word.is_empty() {
                previous = word;
            }
        }
        changed.then_some(out)
    }

    fn walk_word(&self, word: &str, previous: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        if is_scheme(previous) && is_credential(word) {
            return Some(MASK.to_owned());
        }
        let without_tokens = mask_web_tokens(word);
        let fields = self.walk_fields(without_tokens.as_deref().unwrap_or(word), path, depth);
        fields.or(without_tokens)
    }

    /// Redacts `name=value` between ampersands: a form, or a URL with a query or a fragment.
    fn walk_fields(&self, word: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        let mut changed = false;
        let mut fields = Vec::new();
        for field in word.split('&') {
            match self.walk_field(field, path, depth) {
                Some(redacted) => {
                    changed = true;
                    fields.extend((!redacted.is_empty()).then_some(Cow::Owned(redacted)));
                }
                None => fields.push(Cow::Borrowed(field)),
            }
        }
        changed.then(|| fields.join("&"))
    }

    fn walk_field(&self, field: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        for (at, _) in field.match_indices('=') {
            let (before, value) = (field.get(..at)?, field.get(at + 1..)?);
            let name = name_at_end(before);
            let Some(strategy) = self.rules.hides(&path.to(&decoded(name))) else { continue };
            let secret = decoded(value);
            if secret.is_empty() || is_hidden(&secret) {
                return None;
            }
            return Some(match self.stand_in(&secret, strategy) {
                Some(stand_in) => format!("{before}={stand_in}"),
                None => before.strip_suffix(name)?.to_owned(),
            });
        }
        self.walk_field_value(field, path, depth)
    }

    /// Redacts inside the value of a harmless field: a URL, a form or JSON in percent-encoding, or bare JSON.
    fn walk_field_value(&self, field: &str, path: &Path<'_>, depth: usize) -> Option<String> {
        let (before, value) = field.split_once('=')?;
        let is_bare_json = value.starts_with(['{', '[']);
        let end = if is_bare_json { value.len() } else { value.find('#').unwrap_or(value.len()) };
        let (value, fragment) = value.split_at_checked(end)?;
        if !is_bare_json && !value.contains('%') {
            return None;
        }
        if depth >= REDACTION_DEPTH_MAX {
            return Some(format!("{before}={MASK}{fragment}"));
        }
        let redacted = self.walk_text(&decoded(value), &path.to(name_at_end(before)), depth + 1)?;
        let value = if value.contains('%') { encoded(&redacted) } else { redacted };
        Some(format!("{before}={value}{fragment}"))
    }
}

/// The name of a field that a text ends with.
fn name_at_end(text: &str) -> &str {
    text.rsplit(|c| !is_name_char(c)).next().unwrap_or_default()
}

/// Characters of a field's name in a form, percent-encoded or not.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '%' | '+')
}

fn mentions_scheme(text: &str) -> bool {
    let is_at = |word: &[u8]| word.eq_ignore_ascii_case(b"bearer") || word.eq_ignore_ascii_case(b"basic ");
    text.as_bytes().windows(6).any(is_at)
}

/// Whether a word ends with the name of an authentication scheme: `Bearer`, `"Bearer`, `Authorization:Bearer`.
fn is_scheme(word: &str) -> bool {
    let last = word.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    last.eq_ignore_ascii_case("bearer") || last.eq_ignore_ascii_case("basic")
}

/// Whether a word can be a credential: the characters of RFC 6750, long, and not just lower-case letters.
fn is_credential(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'', ',', ';', ')']);
    let is_token_char = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    word.len() >= CREDENTIAL_BYTES_MIN
        && word.bytes().all(is_token_char)
        && word.bytes().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Masks each JSON Web Token of a word: three dotted parts of base64url, the first of which is an object.
fn mask_web_tokens(word: &str) -> Option<String> {
    let (mut out, mut rest, mut changed) = (String::new(), word, false);
    while let Some((before, from)) = rest.find(JWT_START).and_then(|at| rest.split_at_checked(at)) {
        let is_token_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = from.find(|c| !is_token_char(c)).unwrap_or(from.len());
        let (token, after) = from.split_at_checked(end)?;
        let is_token = token.len() >= CREDENTIAL_BYTES_MIN && token.matches('.').count() >= 2;
        changed |= is_token;
        out.push_str(before);
        out.push_str(if is_token { MASK } else { token });
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// A text without percent-encoding, `+` being a space. What is no encoding stays.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = if first == b'%' { after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()) } else { None };
        // `from_str_radix` would take a sign for a digit.
        let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(if first == b'+' { b' ' } else { first });
            rest = after;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text in percent-encoding.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(2 * text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
