//! A value that is put together again from changes, with what is not known of it.

use std::collections::BTreeMap;

use indelible_proof::Object;
use serde_json::Value;

use super::{
    fitting::{is_mark, is_marked},
    items::{Item, Places, are_items},
};
use crate::limits::FIELD_PATH_BYTES_MAX;

/// What is known of a value.
#[derive(Debug, Clone)]
pub(super) enum Rebuilt {
    /// Nothing: it never changed, or was redacted or cut.
    Unknown,
    /// All of it. Never an object.
    Known(Value),
    /// Some fields of an object, or all.
    Object {
        /// Those that are known to be there.
        fields: BTreeMap<String, Rebuilt>,
        /// Whether there are no others.
        whole: bool,
    },
}

impl Rebuilt {
    /// An object of which nothing is known.
    pub(super) const fn nothing() -> Self {
        Self::Object { fields: BTreeMap::new(), whole: false }
    }

    /// A value as an event has it.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Object(fields) => Self::of_fields(fields),
            value if is_marked(value) => Self::Unknown,
            value => Self::Known(value.clone()),
        }
    }

    /// All fields of an object.
    pub(super) fn of_fields(fields: &Object) -> Self {
        let fields = fields.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect();
        Self::Object { fields, whole: true }
    }

    /// Has the fields of an object change.
    pub(super) fn change(&mut self, before: &Object, after: &Object) {
        if are_items(before, after) && !matches!(self, Self::Object { .. }) {
            // Of a list that is not known, single elements tell too little.
            let list = match std::mem::replace(self, Self::Unknown) {
                Self::Known(Value::Array(list)) => Self::list(list, before, after),
                _ => None,
            };
            *self = list.map_or(Self::Unknown, |list| Self::Known(list.into()));
            return;
        }
        if !matches!(self, Self::Object { .. }) {
            *self = Self::nothing();
        }
        let Self::Object { fields, .. } = self else { return };
        for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
            match (before.get(name), after.get(name)) {
                (_, None) => drop(fields.remove(name)),
                (before, Some(after)) => fields.entry(name.clone()).or_insert(Self::Unknown).become_of(before, after),
            }
        }
    }

    fn become_of(&mut self, before: Option<&Value>, after: &Value) {
        match (before, after) {
            (Some(Value::Object(before)), Value::Object(after)) => self.change(before, after),
            // What was an object may be told in part.
            (Some(Value::String(mark)), Value::Object(_)) if is_mark(mark) => *self = Self::Unknown,
            (_, after) => *self = Self::of(after),
        }
    }

    /// A list after some of its elements have changed; `None` when that cannot be told.
    pub(super) fn list(list: Vec<Value>, before: &Object, after: &Object) -> Option<Vec<Value>> {
        let places = Places::of(&list, before);
        let mut left: Vec<Option<Value>> = list.into_iter().map(Some).collect();
        for (name, was) in before {
            let item = left.get_mut(places.at(name)?)?;
            // Several names may be those of one element: what was removed is not there for the next.
            let mut rebuilt = Self::of(&item.take()?);
            if let Some(value) = after.get(name) {
                rebuilt.become_of(Some(was), value);
                *item = Some(rebuilt.value()?);
            }
        }
        let mut new: Vec<Value> = left.into_iter().flatten().collect();
        let mut added: Vec<(Item<'_>, &Value)> = Vec::new();
        for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            added.push((Item::parse(name)?, value));
        }
        added.sort_by_key(|(item, _)| if let Item::At(place) = item { *place } else { 0 });
        for (item, value) in added {
            // Another place than the next would tell of a list that is not this one.
            if matches!(item, Item::At(place) if place != new.len()) {
                return None;
            }
            new.push(Self::of(value).value()?);
        }
        Some(new)
    }

    /// The value, when all of it is known.
    fn value(&self) -> Option<Value> {
        match self {
            Self::Unknown | Self::Object { whole: false, .. } => None,
            Self::Known(value) => Some(value.clone()),
            Self::Object { fields, whole: true } => fields
                .iter()
                .map(|(name, field)| Some((name.clone(), field.value()?)))
                .collect::<Option<Object>>()
                .map(Into::into),
        }
    }

    /// What is known of the value.
    pub(super) fn known(&self) -> Option<Value> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => Some(value.clone()),
            Self::Object { fields, .. } => {
                let known = fields.iter().filter_map(|(name, field)| Some((name.clone(), field.known()?)));
                Some(Value::Object(known.collect()))
            }
        }
    }

    /// Adds the paths of what is unknown; `*` stands for other fields than those that are known.
    pub(super) fn unknown(&self, path: &str, paths: &mut Vec<String>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match self {
            Self::Unknown => paths.push(path.to_owned()),
            Self::Known(_) => {}
            Self::Object { .. } if path.len() > FIELD_PATH_BYTES_MAX => {
                paths.extend(self.value().is_none().then(|| below("*")));
            }
            Self::Object { fields, whole } => {
                fields.iter().for_each(|(name, field)| field.unknown(&below(name), paths));
                if !whole {
                    paths.push(below("*"));
                }
            }
        }
    }
}
