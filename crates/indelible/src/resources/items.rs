//! Elements of a list as changes name them: `[2]` by place, `[id=7]` by key.

use std::collections::{BTreeMap, HashMap};

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
}

/// Where the elements of a list are that changes name.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The field that tells them apart, and the places by its values, as JSON.
    keyed: Option<(&'a str, HashMap<String, usize>)>,
}

impl<'a> Places<'a> {
    /// Those of a list in which these are named; by one field at most.
    pub(super) fn of(list: &[Value], named: &'a Object) -> Self {
        let field = named.keys().find_map(|name| match Item::parse(name) {
            Some(Item::Keyed(field, _)) => Some(field),
            _ => None,
        });
        let by_value = |field: &str| {
            // Of those with the same value the first counts.
            let items = list.iter().enumerate().rev();
            items.filter_map(|(place, item)| Some((item.get(field)?.to_string(), place))).collect()
        };
        Self { keyed: field.map(|field| (field, by_value(field))) }
    }

    /// The place of an element by its name.
    pub(super) fn at(&self, name: &str) -> Option<usize> {
        match Item::parse(name)? {
            Item::At(place) => Some(place),
            Item::Keyed(field, value) => {
                let (_, places) = self.keyed.as_ref().filter(|(own, _)| *own == field)?;
                places.get(&value.to_string()).copied()
            }
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
