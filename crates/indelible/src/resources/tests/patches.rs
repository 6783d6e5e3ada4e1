//! Patches, applied by the rules of RFC 6902 alone.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{fields, value};
use crate::resources::{Diff, Operation, Resource, patch_between, patch_of};

/// The value that a pointer's last name is in, and that name.
fn parent<'v>(document: &'v mut Value, path: &str) -> (&'v mut Value, String) {
    let (parent, name) = path.rsplit_once('/').expect("the whole document is never replaced");
    (document.pointer_mut(parent).expect("a parent that is there"), name.replace("~1", "/").replace("~0", "~"))
}

fn apply(document: &mut Value, operation: &Operation) {
    match operation {
        Operation::Add { path, value } => match parent(document, path) {
            (Value::Object(fields), name) => drop(fields.insert(name, value.clone())),
            (Value::Array(items), name) => items.insert(name.parse().unwrap(), value.clone()),
            (other, _) => panic!("{other} has no members"),
        },
        Operation::Remove { path } => match parent(document, path) {
            (Value::Object(fields), name) => drop(fields.remove(&name).expect("a field that is there")),
            (Value::Array(items), name) => drop(items.remove(name.parse().unwrap())),
            (other, _) => panic!("{other} has no members"),
        },
        Operation::Replace { path, value } => {
            *document.pointer_mut(path).expect("a value that is there") = value.clone();
        }
    }
}

/// Whether a value has a name that an element of a list could have.
fn has_bracket(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| name.starts_with('[') || has_bracket(value)),
        Value::Array(items) => items.iter().any(has_bracket),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_patch_between_two_values_makes_one_of_the_other(before in fields(), after in fields()) {
        let (mut document, after) = (Value::from(before.clone()), Value::from(after));
        for operation in patch_between(&Value::from(before), &after) {
            apply(&mut document, &operation);
        }
        prop_assert_eq!(document, after);
    }

    #[test]
    fn the_patch_of_an_event_makes_the_resource_what_it_became(before in fields(), after in fields()) {
        let (mut document, after) = (Value::from(before), Value::from(after));
        prop_assume!(!has_bracket(&document) && !has_bracket(&after));
        let event = Resource::new("order", "1").updated(&document, &after).unwrap();
        for operation in patch_of(&event.changes.unwrap_or_default()).unwrap() {
            apply(&mut document, &operation);
        }
        prop_assert_eq!(document, after);
    }

    #[test]
    fn a_patch_is_read_as_it_was_written(before in value(), after in value()) {
        let patch = patch_between(&json!({"v": before}), &json!({"v": after}));
        let text = serde_json::to_string(&patch).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Operation>>(&text).unwrap(), patch);
    }
}

#[test]
fn where_a_key_tells_an_element_there_is_no_patch() {
    let resource = Resource::new("order", "1").diff(Diff::default().key("lines", "id"));
    let event =
        resource.updated(&json!({"lines": [{"id": 1, "n": 1}]}), &json!({"lines": [{"id": 1, "n": 2}]})).unwrap();
    assert_eq!(patch_of(&event.changes.unwrap()), None);
}
