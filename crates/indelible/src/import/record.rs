//! Reading a source record: values by path, forgiving about what real exports do to records.

use std::net::IpAddr;

use indelible_proof::{Event, Object, Timestamp};
use serde_json::Value;

use super::{Problem, when};

/// What a mapping makes of a record: an event, nothing of interest, or what is wrong with it.
pub(super) type Mapped = Result<Option<Event>, Problem>;

/// A JSON value with access by dotted path.
///
/// Keys are matched exactly first, then without regard to case, because log pipelines lower-case them. A key that
/// holds dots itself (`addr.remote`) is found too. Numbers in a path index arrays. What is missing, `null` or blank
/// is `None`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a>(pub(super) &'a Value);

/// Alternatives for one field, the preferred first.
pub(super) type Paths = &'static [&'static str];

impl<'a> Record<'a> {
    pub(super) fn get(self, path: &str) -> Option<&'a Value> {
        find(self.0, path).filter(|value| !value.is_null())
    }

    /// The part of the record at a path; an empty record when there is none.
    pub(super) fn at(self, path: &str) -> Self {
        Self(self.get(path).unwrap_or(&Value::Null))
    }

    /// A string that is not blank, or a number or boolean as text.
    pub(super) fn text(self, path: &str) -> Option<String> {
        scalar(self.get(path)?)
    }

    pub(super) fn first(self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path))
    }

    pub(super) fn is(self, path: &str, word: &str) -> bool {
        self.text(path).is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    pub(super) fn has(self, path: &str) -> bool {
        self.get(path).is_some()
    }

    pub(super) fn number(self, path: &str) -> Option<u64> {
        let value = self.get(path)?;
        value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    pub(super) fn time(self, paths: &[&str]) -> Option<Timestamp> {
        paths.iter().find_map(|path| when::parse(&self.text(path)?))
    }

    /// An address, also one with a port or at the head of a forwarding list.
    pub(super) fn ip(self, paths: &[&str]) -> Option<IpAddr> {
        paths.iter().find_map(|path| match self.get(path)? {
            Value::Array(list) => list.iter().find_map(|item| address(item.as_str()?)),
            value => address(value.as_str()?),
        })
    }

    pub(super) fn list(self, path: &str) -> impl Iterator<Item = Record<'a>> + use<'a> {
        self.get(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().map(Record)
    }

    pub(super) fn object(self, path: &str) -> Option<&'a Object> {
        self.get(path)?.as_object().filter(|object| !object.is_empty())
    }

    /// An array of texts, or one text whose words are parted by spaces or commas.
    pub(super) fn words(self, path: &str) -> Vec<String> {
        match self.get(path) {
            Some(Value::Array(list)) => list.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).map(|text| words(&text)).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// A value that is JSON, or text that holds JSON.
    pub(super) fn json(self, path: &str) -> Option<Value> {
        match self.get(path)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        }
    }

    /// The value of the element of a list of pairs whose name is this one: `[{"name": "User-Agent", "value": "..."}]`.
    pub(super) fn pair(self, list: &str, name: &str) -> Option<String> {
        let found =
            self.list(list).find(|pair| pair.first(&["name", "key"]).is_some_and(|n| n.eq_ignore_ascii_case(name)));
        found?.text("value")
    }
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split([' ', ',', '+']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The address in `192.0.2.1`, `192.0.2.1:22`, `[2001:db8::1]:22`, `"192.0.2.1, 10.0.0.1"`.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let head = text.split(',').next().unwrap_or(text).trim();
    let bare = head.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(head);
    let parsed = bare.parse().ok().or_else(|| bare.rsplit_once(':').and_then(|(host, _)| host.parse().ok()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Value::Array(list) = value {
        let (index, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        let item = list.get(index.parse::<usize>().ok()?)?;
        return rest.map_or(Some(item), |rest| find(item, rest));
    }
    let object = value.as_object()?;
    if let Some(found) = member(object, path) {
        return Some(found);
    }
    let (head, rest) = path.split_once('.')?;
    find(member(object, head)?, rest)
}

fn member<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.get(key).or_else(|| object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
}
