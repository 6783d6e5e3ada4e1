//! Through the free data of an event, field by field.

use indelible_proof::{Event, Object, limits::URI_BYTES_MAX};
use serde_json::Value;

use super::{MASK, Redaction, Strategy, is_harmless, rules::Path, typed};
use crate::limits::REDACTION_DEPTH_MAX;

/// Whether a name is that of an element of a list, as changes have it: lists do not count as a level.
fn is_item(name: &str) -> bool {
    name.starts_with('[') && name.ends_with(']')
}

impl Redaction {
    pub(super) fn walk_event(&self, event: &mut Event) {
        self.walk_object(&mut event.metadata, &Path::root("metadata"), 1);
        if let Some(changes) = &mut event.changes {
            let path = Path::root("changes");
            self.walk_object(&mut changes.before, &path.to("before"), 1);
            self.walk_object(&mut changes.after, &path.to("after"), 1);
        }
        for target in &mut event.targets {
            self.walk_object(&mut target.attrs, &Path::root("targets").to("attrs"), 1);
        }
        typed::urls(event, |path, url| {
            if let Some(redacted) = self.walk_text(url, path, 1) {
                *url = redacted;
                // A mask may be longer than the secret.
                url.truncate(url.floor_char_boundary(URI_BYTES_MAX));
            }
        });
        if self.rules.has_paths() {
            typed::hide(event, |path, text| {
                let strategy = self.rules.hides_at(path)?;
                Some(if super::is_hidden(text) { Some(text.to_owned()) } else { self.stand_in(text, strategy) })
            });
        }
    }

    /// Redacts an object in place; whether anything changed.
    fn walk_object(&self, fields: &mut Object, path: &Path<'_>, depth: usize) -> bool {
        let mut changed = false;
        let mut removed = Vec::new();
        for (name, value) in fields.iter_mut() {
            let below = path.to(name);
            changed |= match self.rules.hides(&below) {
                Some(_) if is_harmless(value) => false,
                Some(strategy) => {
                    match self.stand_in_for(value, strategy) {
                        Some(text) => *value = Value::String(text),
                        None => removed.push(name.clone()),
                    }
                    true
                }
                None if is_item(name) => self.walk_value(value, path, depth),
                None => self.walk_value(value, &below, depth),
            };
        }
        for name in removed {
            fields.remove(&name);
        }
        changed
    }

    pub(super) fn walk_value(&self, value: &mut Value, path: &Path<'_>, depth: usize) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
            _ if is_harmless(value) => false,
            _ if depth > REDACTION_DEPTH_MAX => {
                *value = MASK.into();
                true
            }
            Value::String(text) => match self.walk_text(text, path, depth) {
                Some(redacted) => {
                    *text = redacted;
                    true
                }
                None => false,
            },
            Value::Array(items) => {
                items.iter_mut().fold(false, |changed, item| self.walk_value(item, path, depth + 1) | changed)
            }
            Value::Object(fields) => self.walk_object(fields, path, depth + 1),
        }
    }

    fn stand_in_for(&self, value: &Value, strategy: Option<Strategy>) -> Option<String> {
        match value {
            Value::String(text) => self.stand_in(text, strategy),
            other => self.stand_in(&other.to_string(), strategy),
        }
    }
}
