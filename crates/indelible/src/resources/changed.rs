//! What changed, field by field.

use std::collections::BTreeMap;

use indelible_proof::{Changes, Object};
use serde::Serialize;
use serde_json::Value;

use super::fitting::is_marked;
use crate::limits::FIELD_PATH_BYTES_MAX;

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Where it is: `order.lines[2].price`.
    pub path: String,
    /// What it was; `None` when it was not there, or is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is now; `None` when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The fields that changed, by their paths. What is equal on both sides is left out, unless it was redacted or cut: then it
/// differed before that.
pub fn changed(changes: &Changes) -> Vec<Changed> {
    let mut fields = BTreeMap::<String, (Option<&Value>, Option<&Value>)>::new();
    walk("", &changes.before, &mut |path, value| fields.entry(path).or_default().0 = Some(value));
    walk("", &changes.after, &mut |path, value| fields.entry(path).or_default().1 = Some(value));
    let differs = |(before, after): (Option<&Value>, Option<&Value>)| before != after || before.is_some_and(is_marked);
    let differing = fields.into_iter().filter(|(_, values)| differs(*values));
    differing.map(|(path, (before, after))| Changed { path, before: before.cloned(), after: after.cloned() }).collect()
}

fn walk<'v>(path: &str, fields: &'v Object, leaf: &mut impl FnMut(String, &'v Value)) {
    for (name, value) in fields {
        let dot = if path.is_empty() || name.starts_with('[') { "" } else { "." };
        let path = format!("{path}{dot}{name}");
        match value {
            Value::Object(fields) if !fields.is_empty() && path.len() <= FIELD_PATH_BYTES_MAX => {
                walk(&path, fields, leaf);
            }
            value => leaf(path, value),
        }
    }
}
