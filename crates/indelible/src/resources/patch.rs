//! What changed as a JSON Patch (RFC 6902), for programs that apply it.

use std::collections::BTreeSet;

use indelible_proof::{Changes, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::items::{Item, are_items};
use crate::limits::FIELD_PATH_BYTES_MAX;

/// A step of a JSON Patch. Paths are JSON Pointers (RFC 6901).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// A field is added, or set where it is there; an element is inserted.
    Add {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
    /// What is there goes away.
    Remove {
        /// Where.
        path: String,
    },
    /// What is there becomes something else.
    Replace {
        /// Where.
        path: String,
        /// What it becomes.
        value: Value,
    },
}

/// The patch that makes one value of another.
///
/// ```
/// use indelible::resources::patch_between;
/// use serde_json::json;
///
/// let patch = patch_between(&json!({"name": "office", "dns": ["a", "b"]}), &json!({"name": "head office", "dns": ["a"]}));
/// assert_eq!(serde_json::to_value(patch)?, json!([
///     {"op": "remove", "path": "/dns/1"},
///     {"op": "replace", "path": "/name", "value": "head office"},
/// ]));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn patch_between(before: &Value, after: &Value) -> Vec<Operation> {
    let mut patch = Differing { steps: Vec::new(), items_named: false };
    // No field of a document is named by key.
    let _ = patch.value("", Some(before), Some(after));
    patch.steps
}

/// The patch for the resource that an event changed; `None` where elements of a list are told by a key, so that their place is
/// not known, and where a path is longer than 1 KiB. What was redacted or cut stands in it as it stands in the event.
pub fn patch_of(changes: &Changes) -> Option<Vec<Operation>> {
    let mut patch = Differing { steps: Vec::new(), items_named: true };
    patch.object("", &changes.before, &changes.after)?;
    Some(patch.steps)
}

struct Differing {
    steps: Vec<Operation>,
    /// Whether `[2]` is the name of an element of a list.
    items_named: bool,
}

impl Differing {
    fn value(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) -> Option<()> {
        let path = path.to_owned();
        match (before, after) {
            (before, after) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => return self.object(&path, before, after),
            (Some(Value::Array(before)), Some(Value::Array(after))) => return self.list(&path, before, after),
            (Some(_), Some(after)) => self.steps.push(Operation::Replace { path, value: after.clone() }),
            (None, Some(after)) => self.steps.push(Operation::Add { path, value: after.clone() }),
            (_, None) => self.steps.push(Operation::Remove { path }),
        }
        Some(())
    }

    fn object(&mut self, path: &str, before: &Object, after: &Object) -> Option<()> {
        // A long name that stands in many paths makes much of little.
        if self.items_named && path.len() > FIELD_PATH_BYTES_MAX {
            return None;
        }
        if self.items_named && are_items(before, after) {
            return self.items(path, before, after);
        }
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        names.into_iter().try_for_each(|name| {
            let name_in_path = name.replace('~', "~0").replace('/', "~1");
            self.value(&format!("{path}/{name_in_path}"), before.get(name), after.get(name))
        })
    }

    fn items(&mut self, path: &str, before: &Object, after: &Object) -> Option<()> {
        let place = |name: &String| match Item::parse(name) {
            Some(Item::At(place)) => Some((place, before.get(name), after.get(name))),
            _ => None,
        };
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let mut items = names.into_iter().map(place).collect::<Option<Vec<_>>>()?;
        items.sort_by_key(|(place, ..)| *place);
        self.places(path, items)
    }

    fn list(&mut self, path: &str, before: &[Value], after: &[Value]) -> Option<()> {
        let places = 0..before.len().max(after.len());
        self.places(path, places.map(|place| (place, before.get(place), after.get(place))).collect())
    }

    /// The elements of a list by their places, rising.
    fn places(&mut self, path: &str, items: Vec<(usize, Option<&Value>, Option<&Value>)>) -> Option<()> {
        // From the end, as each removal moves what is behind it.
        let (gone, there): (Vec<_>, Vec<_>) = items.into_iter().partition(|(_, _, after)| after.is_none());
        there
            .into_iter()
            .chain(gone.into_iter().rev())
            .try_for_each(|(place, before, after)| self.value(&format!("{path}/{place}"), before, after))
    }
}
