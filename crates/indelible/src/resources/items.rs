//! Elements of a list as changes name them: `[2]` by place, `[id=7]` by key.

use std::collections::BTreeMap;

use indelible_proof::Object;
use serde_json::Value;

/// Which element of a list.
#[derive(Debug, PartialEq)]
pub(super) enum Item<'a> {
    /// That at a place, from 0.
    At(usize),
    /// That whose field has a value.
    Keyed(&'a str, Value),
}

impl<'a> Item<'a> {
    /// Reads a name.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let inside = name.strip_prefix('[')?.strip_suffix(']')?;
        match inside.split_once('=') {
            None => inside.parse().ok().map(Self::At),
            Some((field, value)) => Some(Self::Keyed(field, serde_json::from_str(value).ok()?)),
        }
    }

    /// Its place in a list.
    pub(super) fn place_in(&self, list: &[Value]) -> Option<usize> {
        match self {
            Self::At(place) => (*place < list.len()).then_some(*place),
            Self::Keyed(field, value) => list.iter().position(|item| item.get(field) == Some(value)),
        }
    }
}

/// Whether changes tell of elements of a list. Fields of an object may have such names as well, if hardly ever.
pub(super) fn are_items(before: &Object, after: &Object) -> bool {
    let mut names = before.keys().chain(after.keys()).peekable();
    names.peek().is_some() && names.all(|name| Item::parse(name).is_some())
}

/// The elements of a list under their names; `None` when they have no key that tells them apart.
pub(super) fn named<'v>(list: &'v [Value], key: Option<&str>) -> Option<BTreeMap<String, &'v Value>> {
    let Some(key) = key else {
        return Some(list.iter().enumerate().map(|(place, item)| (format!("[{place}]"), item)).collect());
    };
    let mut named = BTreeMap::new();
    for item in list {
        let value = item.get(key).filter(|value| !value.is_object() && !value.is_array())?;
        if named.insert(format!("[{key}={value}]"), item).is_some() {
            return None;
        }
    }
    Some(named)
}
