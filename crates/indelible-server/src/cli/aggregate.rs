//! `indelible aggregate`: counts and other measures by groups.

use clap::Args;
use serde_json::Value;

use super::{
    error::Failure,
    filter::FilterLine,
    local,
    place::PlaceOptions,
    question::{Answer, Question},
    table::{self, Cell, Column},
    terminal::{Screen, grouped, style},
};

/// Counts events and measures them, by groups
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible aggregate since:30d --by day
  indelible aggregate token:tok_7 --by ip --measure 'count,distinct(user_agent)'
  indelible aggregate outcome:failure since:1h --by ip --having 'count>=10'
  indelible aggregate --by hour_of_day,weekday --tz Europe/Berlin --measure 'p95(http.latency_us)'")]
pub(crate) struct Aggregate {
    #[command(flatten)]
    filter: FilterLine,
    /// What to group by: minute, hour, day, week, month, hour_of_day, weekday, or any field
    #[arg(long, value_name = "GROUP,...", default_value = "", hide_default_value = true)]
    by: String,
    /// What to measure: count, distinct(FIELD), first, last, p50(FIELD), p95(FIELD), p99(FIELD)
    #[arg(long, value_name = "MEASURE,...", default_value = "count")]
    measure: String,
    /// Keep only groups whose measure is at least this, e.g. count>=10
    #[arg(long, value_name = "MEASURE>=N", default_value = "", hide_default_value = true)]
    having: String,
    /// What to order by: a group or a measure, with - in front for falling
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    order: String,
    /// Time zone of days and hours, e.g. Europe/Berlin; UTC when left out
    #[arg(long, value_name = "ZONE", default_value = "", hide_default_value = true)]
    tz: String,
    /// How many groups
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    #[command(flatten)]
    place: PlaceOptions,
}

impl Aggregate {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let question = Question {
            filter: self.filter.line()?,
            group_by: self.by.clone(),
            measure: self.measure.clone(),
            having: self.having.clone(),
            order: self.order.clone(),
            tz: self.tz.clone(),
            limit: self.limit,
        };
        local::aggregate(&question)?;
        let answer = self.place.open()?.aggregate(&question)?;
        if screen.wants_json() { screen.json(&answer) } else { print(&answer, screen) }
    }
}

/// Columns of the longest bar.
const BAR: usize = 20;

fn print(answer: &Answer, screen: &mut Screen) -> Result<(), Failure> {
    let counts: Vec<Option<i64>> = match answer.columns.iter().position(|name| name == "count") {
        Some(at) => answer.rows.iter().map(|row| row.get(at).and_then(Value::as_i64)).collect(),
        None => Vec::new(),
    };
    let longest = counts.iter().flatten().copied().max().unwrap_or(0);
    let with_bars = longest > 0 && counts.len() > 1;
    let mut columns: Vec<Column> =
        answer.columns.iter().enumerate().map(|(at, name)| column(answer, at, name)).collect();
    if with_bars {
        columns.push(Column::text("", 0));
    }
    let rows: Vec<Vec<Cell>> = answer
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut cells: Vec<Cell> = row.iter().map(cell).collect();
            if let (true, Some(Some(count))) = (with_bars, counts.get(at)) {
                cells.push(Cell::new(&bar(*count, longest), style::NAME));
            }
            cells
        })
        .collect();
    table::print(columns, &rows, screen)?;
    let shown = answer.rows.len() as u64;
    if answer.groups > shown {
        screen.line(&format!("{shown} of {} groups; --limit shows more", answer.groups))?;
    }
    if !answer.exact {
        screen.line("estimated: some numbers come from sketches")?;
    }
    Ok(())
}

fn column(answer: &Answer, at: usize, name: &str) -> Column {
    let numbers = answer.rows.iter().filter_map(|row| row.get(at)).all(|value| value.is_number() || value.is_null());
    if numbers && !answer.rows.is_empty() { Column::number(name) } else { Column::text(name, 8) }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::new("-", style::FAINT),
        Value::String(text) => Cell::plain(text),
        Value::Number(number) => Cell::plain(&number.as_i64().map_or_else(|| number.to_string(), grouped)),
        value => Cell::plain(&value.to_string()),
    }
}

/// A bar in eighths of a column; whatever is more than nothing shows.
fn bar(count: i64, longest: i64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (count.max(0) as f64 / longest as f64 * (BAR * 8) as f64).round() as usize;
    let eighths = if count > 0 { eighths.max(1) } else { 0 };
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion_and_never_vanish() {
        assert_eq!(bar(100, 100), "█".repeat(20));
        assert_eq!(bar(50, 100), "█".repeat(10));
        assert_eq!(bar(1, 1_000_000), "▏");
        assert_eq!(bar(0, 100), "");
    }
}
