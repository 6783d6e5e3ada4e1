//! Answers to questions as tables.

use serde_json::Value;

use super::{
    error::Failure,
    table::{self, Cell, Column},
    terminal::{Screen, grouped, short_time},
};

/// A column of an answer: where it is in a row, and its title.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    Text(&'static str, &'static str),
    Number(&'static str, &'static str),
    Time(&'static str, &'static str),
}

impl Shown {
    /// The column of a table.
    pub(crate) fn column(self) -> Column {
        match self {
            Self::Text(_, title) => Column::text(title, 8),
            Self::Number(_, title) => Column::number(title),
            Self::Time(_, title) => Column::whole(title),
        }
    }

    /// Its cell of a row of an answer.
    pub(crate) fn cell(self, answer: &Value, row: &Value) -> Cell {
        Cell::plain(&match self {
            Self::Text(path, _) => text(at(row, path)),
            Self::Number(path, _) => number(answer, at(row, path)),
            Self::Time(path, _) => time(at(row, path)).unwrap_or_else(|| "-".to_owned()),
        })
    }
}

/// The rows of an answer, when it has any.
pub(crate) fn rows(answer: &Value, columns: &[Shown], screen: &mut Screen) -> Result<(), Failure> {
    let cells = |row: &Value| columns.iter().map(|column| column.cell(answer, row)).collect();
    let rows: Vec<Vec<Cell>> = list(answer, "rows").iter().map(cells).collect();
    if rows.is_empty() {
        return Ok(());
    }
    table::print(columns.iter().map(|column| column.column()).collect(), &rows, screen)
}

/// The last line of an answer: that there is nothing, or more.
pub(crate) fn end(is_empty: bool, more: bool, screen: &mut Screen) -> Result<(), Failure> {
    match (is_empty, more) {
        (_, true) => screen.line("there may be more: narrow the question, or raise --limit"),
        (true, false) => screen.line("none"),
        (false, false) => Ok(()),
    }
}

/// A list of an answer.
pub(crate) fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map_or(&[], Vec::as_slice)
}

/// A value in words: a list as its elements, an object as what it has of each.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(values) => {
            let named = values.iter().map(|(name, value)| format!("{name} {}", text(value)));
            named.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A number of an answer, with ~ when it is approximate.
pub(crate) fn number(answer: &Value, value: &Value) -> String {
    let sign = if answer["exact"] == false { "~" } else { "" };
    format!("{sign}{}", grouped(value.as_i64().unwrap_or(0)))
}

/// A moment of an answer.
pub(crate) fn time(value: &Value) -> Option<String> {
    value.as_str()?.parse().ok().map(short_time)
}

fn at<'a>(row: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(row, |value, name| &value[name])
}
