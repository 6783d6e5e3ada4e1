//! `indelible show`: one event with all that is known of it.

use clap::Args;
use indelible_engine::column::Column;
use indelible_proof::{Object, Recorded};
use serde_json::Value;

use super::{
    changes,
    error::Failure,
    place::PlaceOptions,
    question::Which,
    table,
    terminal::{Screen, style, visible},
};

/// Shows one event in full
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible show 41
  indelible show 019aa0c4-5c00-7abc-8123-000000000029 --json")]
pub(crate) struct Show {
    /// The event's id or sequence number
    #[arg(value_name = "ID", value_parser = which)]
    which: Which,
    #[command(flatten)]
    place: PlaceOptions,
}

/// An event's id, or its sequence number.
pub(super) fn which(text: &str) -> Result<Which, String> {
    let seq = text.parse().map(Which::Seq).ok();
    let id = || text.parse().map(Which::Id).map_err(|_| "write an event's id or its sequence number".to_owned());
    seq.map_or_else(id, Ok)
}

impl Show {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let event = self.place.open()?.get(self.which)?;
        if screen.wants_json() { screen.json(&event) } else { print(&event, screen) }
    }
}

/// A part of the event: its title and its lines.
type Section = (String, Vec<(String, String)>);

fn print(recorded: &Recorded, screen: &mut Screen) -> Result<(), Failure> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(recorded) else { return screen.json(recorded) };
    fields.remove("changes");
    let title = screen.paint(style::HEAD, &visible(&recorded.event.action)).into_owned();
    let outcome = fields.remove("outcome").map(|word| plain(&word)).unwrap_or_default();
    let severity = fields.remove("severity").map(|word| plain(&word)).unwrap_or_default();
    fields.remove("action");
    let words = [outcome, severity].map(|word| screen.paint(style::of_word(&word), &word).into_owned());
    screen.line(&format!("{title}  {}", words.join("  ")))?;
    for section in sections(fields) {
        print_section(&section, screen)?;
    }
    match &recorded.event.changes {
        Some(changes) => {
            screen.line("")?;
            screen.line(&screen.paint(style::HEAD, "changes"))?;
            changes::print(changes, screen)
        }
        None => Ok(()),
    }
}

/// The fields of the event itself, then each part that has fields of its own.
fn sections(fields: Object) -> Vec<Section> {
    let mut all = vec![(String::new(), Vec::new())];
    for (name, value) in fields {
        let mut lines = Vec::new();
        match value {
            Value::Object(part) => part.iter().for_each(|(key, value)| flatten(key, value, &mut lines)),
            Value::Array(parts) if parts.iter().any(Value::is_object) => {
                for (at, part) in parts.iter().enumerate() {
                    flatten(&format!("[{at}]"), part, &mut lines);
                }
            }
            value => {
                if let Some((_, own)) = all.first_mut() {
                    own.push((name, plain(&value)));
                }
                continue;
            }
        }
        lines.sort_by_cached_key(|(path, _)| {
            let (item, field) = path.rsplit_once("].").unwrap_or(("", path));
            (item.to_owned(), rank(&format!("{name}.{field}")))
        });
        all.push((name, lines));
    }
    if let Some((_, own)) = all.first_mut() {
        own.sort_by_cached_key(|(name, _)| rank(name));
    }
    all.sort_by_cached_key(|(name, _)| rank(name));
    all
}

/// Where a field stands: in the order of the columns, `id` and `seq` before them, free data where it was.
fn rank(path: &str) -> Option<usize> {
    let part =
        |column: &Column| column.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match path {
        "" | "id" | "seq" => None,
        _ => Some(Column::ALL.iter().position(part).unwrap_or(usize::MAX)),
    }
}

/// A value as lines of `path  value`.
fn flatten(path: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().for_each(|(key, value)| flatten(&format!("{path}.{key}"), value, lines));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().enumerate().for_each(|(at, item)| flatten(&format!("{path}[{at}]"), item, lines));
        }
        value => lines.push((path.to_owned(), plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

fn print_section((title, lines): &Section, screen: &mut Screen) -> Result<(), Failure> {
    let indent = if title.is_empty() { "" } else { "  " };
    if !title.is_empty() {
        screen.line("")?;
        screen.line(&screen.paint(style::HEAD, &visible(title)))?;
    }
    table::fields(indent, lines, screen)
}
