//! What a request says: the parameters of its path, its query, and its body, when it is JSON or a form.

use http::{HeaderValue, Uri};
use serde_json::Value;

use super::body::Collected;
use crate::{limits, redaction::decoded};
use indelible_proof::Object;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Form,
}

impl Format {
    pub(super) fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        // Whatever bytes stand in its parameters.
        let kind = content_type?.as_bytes().split(|byte| *byte == b';').next()?;
        let kind = std::str::from_utf8(kind).ok()?.trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Some(Self::Form);
        }
        let is_json = kind.eq_ignore_ascii_case("application/json")
            || kind.len() > 5
                && kind.as_bytes().last_chunk().is_some_and(|end: &[u8; 5]| end.eq_ignore_ascii_case(b"+json"));
        is_json.then_some(Self::Json)
    }

    /// The body as JSON; a form is an object, with a list for a field that stands several times.
    pub(super) fn read(self, body: &[u8]) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_slice(body).ok(),
            Self::Form => Some(Value::Object(read_form(&String::from_utf8_lossy(body)))),
        }
    }
}

/// The fields of a form or a query.
pub(crate) fn read_form(text: &str) -> Object {
    let mut fields = Object::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()).take(limits::FORM_FIELDS_MAX) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = Value::from(decoded(value).into_owned());
        match fields.get_mut(decoded(name).as_ref()) {
            None => {
                fields.insert(decoded(name).into_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    fields
}

/// What a request says, for rules to pick from.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) params: Vec<(&'a str, &'a str)>,
    /// Empty beside a body that was not read: it would speak for what the service reads there.
    pub(super) query: Object,
    pub(super) body: Option<Value>,
    /// Why there is no body although a rule asks for it.
    pub(super) left_out: Option<&'static str>,
}

impl<'a> Input<'a> {
    pub(super) fn read(
        params: impl Iterator<Item = (&'a str, &'a str)>,
        uri: &Uri,
        format: Option<Format>,
        collected: Option<Collected>,
    ) -> Self {
        let (mut body, mut left_out) = (None, None);
        let mut is_unread = false;
        match (collected, format) {
            (Some(Collected::Whole(bytes)), Some(format)) => {
                body = format.read(&bytes);
                left_out = (body.is_none() && !bytes.is_empty()).then_some("malformed");
            }
            (Some(Collected::TooLarge), _) => left_out = Some("too_large"),
            (Some(Collected::Partial), _) => is_unread = true,
            _ => {}
        }
        let query = uri.query().filter(|_| left_out.is_none() && !is_unread).map(read_form).unwrap_or_default();
        Self { params: params.collect(), query, body, left_out }
    }

    /// A text by its name: a parameter of the path, a field of the body, a parameter of the query. What stands several
    /// times is none of these; who sends it twice wants to be read in two ways.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let param = self.params.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let field = || self.body.as_ref().and_then(|body| at_path(body, name)).or_else(|| self.query.get(name));
        param.or_else(|| scalar(field()?)).filter(|text| !text.is_empty())
    }

    /// The first of these that the body says; the query counts only where there is no body. Beside one, whoever signs in
    /// could choose with it whom the log takes them for.
    pub(super) fn first_of(&self, names: &[String]) -> Option<String> {
        names.iter().find_map(|name| match &self.body {
            Some(body) => scalar(at_path(body, name)?).filter(|text| !text.is_empty()),
            None => self.text(name),
        })
    }
}

/// A field by name, or by a dotted path.
pub(super) fn at_path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    match value.get(path) {
        Some(field) => Some(field),
        None => path.split('.').try_fold(value, |value, name| value.get(name)),
    }
}

/// A text, or a number as one.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What stands for a value that is too large to keep.
pub(super) fn too_large() -> Value {
    serde_json::json!({ "left_out": "too_large" })
}
