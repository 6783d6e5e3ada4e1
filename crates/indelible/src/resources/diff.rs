//! What differs between two values, as an event tells it.
//!
//! `before` and `after` have the same nested form as the values, with nothing in it that is equal. An element of a list stands in
//! it under its place, `{"lines": {"[2]": ...}}`, or under its key, `{"lines": {"[id=7]": ...}}`; a list without the
//! order or the keys for that is there as a whole.

use std::collections::BTreeSet;

use indelible_proof::{Changes, Event, Object, limits::CHANGES_DEPTH_MAX};
use serde::Serialize;
use serde_json::Value;

use super::{fitting, items, rebuilt::Rebuilt};
use crate::{free_data, limits::CHANGES_BYTES_DEFAULT, redaction::Redaction};

/// How differences between two values are found and told.
///
/// ```
/// use indelible::resources::{Diff, Resource};
/// use serde_json::json;
///
/// let diff = Diff::default().key("lines", "sku").leave_out("seen_at");
/// let order = Resource::new("order", "118").diff(diff);
/// let before = json!({"state": "open", "seen_at": 1, "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]});
/// let after = json!({"state": "open", "seen_at": 2, "lines": [{"sku": "b", "n": 3}]});
/// let changes = order.updated(&before, &after)?.changes.unwrap_or_default();
/// assert_eq!(serde_json::Value::from(changes.before), json!({"lines": {
///     "[sku=\"a\"]": {"sku": "a", "n": 1}, "[sku=\"b\"]": {"n": 2},
/// }}));
/// assert_eq!(serde_json::Value::from(changes.after), json!({"lines": {"[sku=\"b\"]": {"n": 3}}}));
/// # Ok::<(), indelible::resources::DiffError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Diff {
    keys: Vec<(Vec<String>, String)>,
    left_out: Vec<Vec<String>>,
    redaction: Option<Redaction>,
    bytes_max: usize,
}

/// Why two values cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A value cannot be JSON.
    #[error("a value of the resource cannot be written as JSON: {cause}")]
    NoJson {
        /// Why.
        cause: String,
    },
    /// A value has no fields.
    #[error("a resource is a value with fields, a struct or a map: wrap what else it is in one")]
    NoObject,
}

impl Default for Diff {
    /// Compares lists by place, leaves nothing out, and lets the recorder redact.
    fn default() -> Self {
        Self { keys: Vec::new(), left_out: Vec::new(), redaction: None, bytes_max: CHANGES_BYTES_DEFAULT }
    }
}

impl Diff {
    /// Compares the elements of a list by one of their fields, not by their place. The path is dotted, `order.lines`; lists do not
    /// count as a level. Where elements lack the field, share a value of it or change their order, the whole list is told.
    pub fn key(mut self, path: &str, field: &str) -> Self {
        self.keys.push((names(path), field.to_owned()));
        self
    }

    /// Leaves a field out: neither its values are told nor that it differs.
    pub fn leave_out(mut self, path: &str) -> Self {
        self.left_out.push(names(path));
        self
    }

    /// Redacts what is told before it leaves this call, for events that go into an outbox. A recorder redacts in any case.
    /// The paths of rules are those of an event: `changes.*.iban`.
    pub fn redact(mut self, redaction: Redaction) -> Self {
        self.redaction = Some(redaction);
        self
    }

    /// Sets how many bytes of JSON may be told, at most 192 KiB. Where it is more, long values are cut, and a mark at their end
    /// tells their length. Default: 64 KiB.
    pub fn bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes.min(fitting::BYTES_MAX);
        self
    }

    /// What differs; `None` when there are too many fields to tell.
    pub(super) fn between(
        &self,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Result<Option<Changes>, DiffError> {
        let (before, after) = self.fields(&mut Vec::new(), &self.object(before)?, &self.object(after)?);
        Ok(fitting::fit(self.redacted(Changes { before, after }), self.bytes_max))
    }

    /// All fields of a value; `None` when there are too many to tell.
    pub(super) fn whole(&self, value: &impl Serialize) -> Result<Option<Object>, DiffError> {
        let changes = Changes { after: self.object(value)?, ..Changes::default() };
        Ok(fitting::fit(self.redacted(changes), self.bytes_max).map(|changes| changes.after))
    }

    fn redacted(&self, changes: Changes) -> Changes {
        let Some(redaction) = &self.redaction else { return changes };
        let mut event = Event { changes: Some(changes), ..Event::default() };
        redaction.redact(&mut event);
        event.changes.unwrap_or_default()
    }

    fn object(&self, value: &impl Serialize) -> Result<Object, DiffError> {
        let value = serde_json::to_value(value).map_err(|error| DiffError::NoJson { cause: error.to_string() })?;
        let Value::Object(mut fields) = value else { return Err(DiffError::NoObject) };
        self.left_out.iter().for_each(|path| remove(&mut fields, path));
        free_data::fit(&mut fields, CHANGES_DEPTH_MAX);
        Ok(fields)
    }

    fn fields<'v>(&self, path: &mut Vec<&'v str>, before: &'v Object, after: &'v Object) -> (Object, Object) {
        let (mut was, mut is) = (Object::new(), Object::new());
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            path.push(name);
            self.field(path, name, (before.get(name), after.get(name)), (&mut was, &mut is));
            path.pop();
        }
        (was, is)
    }

    /// Tells how a field, or an element of a list, differs under a name.
    fn field<'v>(
        &self,
        path: &mut Vec<&'v str>,
        name: &str,
        values: (Option<&'v Value>, Option<&'v Value>),
        (was, is): (&mut Object, &mut Object),
    ) {
        let (before, after) = match values {
            (before, after) if before == after => return,
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let (before, after) = self.fields(path, before, after);
                (Some(before.into()), Some(after.into()))
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => match self.list(path, before, after) {
                Some((before, after)) => (Some(before.into()), Some(after.into())),
                None => (values.0.cloned(), values.1.cloned()),
            },
            (before, after) => (before.cloned(), after.cloned()),
        };
        was.extend(before.map(|before| (name.to_owned(), before)));
        is.extend(after.map(|after| (name.to_owned(), after)));
    }

    /// How a list differs, element by element; `None` when it must be told as a whole.
    fn list<'v>(&self, path: &mut Vec<&'v str>, before: &'v [Value], after: &'v [Value]) -> Option<(Object, Object)> {
        let key = self.keys.iter().find(|(keyed, _)| keyed == path).map(|(_, field)| field.as_str());
        let (old, new) = (items::named(before, key)?, items::named(after, key)?);
        let (mut was, mut is) = (Object::new(), Object::new());
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            self.field(path, name, (old.get(name).copied(), new.get(name).copied()), (&mut was, &mut is));
        }
        // Keys tell no order: where it cannot be told from them, the list is told as a whole.
        let rebuilt =
            key.is_none() || Rebuilt::list(before.to_vec(), &was, &is).is_some_and(|rebuilt| rebuilt == after);
        rebuilt.then_some((was, is))
    }
}

fn names(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

fn remove(fields: &mut Object, path: &[String]) {
    match path {
        [] => {}
        [name] => drop(fields.remove(name)),
        [name, rest @ ..] => {
            if let Some(value) = fields.get_mut(name) {
                remove_within(value, rest);
            }
        }
    }
}

fn remove_within(value: &mut Value, path: &[String]) {
    match value {
        Value::Object(fields) => remove(fields, path),
        Value::Array(items) => items.iter_mut().for_each(|item| remove_within(item, path)),
        _ => {}
    }
}
