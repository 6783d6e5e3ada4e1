//! Aggregates written as texts, as in a query string or on a command line.

use jiff::tz::TimeZone;

use super::{
    error::ParseError,
    model::{Aggregate, Bucket, Field, Filter, Group, Having, Measure, OrderBy, Role},
    names, parse,
};
use crate::{
    column::{Column, Kind},
    limits::{AGGREGATE_ROWS_DEFAULT, AGGREGATE_ROWS_MAX, FILTER_BYTES_MAX, GROUP_BY_MAX, MEASURES_MAX},
};

/// An aggregate as texts. All are optional; empty ones mean the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AggregateText<'a> {
    /// Buckets of time and fields, e.g. `day,action`. Default: one group of all.
    pub group_by: &'a str,
    /// Measures, e.g. `count,distinct(ip),p95(http.latency_us),first,last`. Default: `count`.
    pub measure: &'a str,
    /// A bound of a measure, e.g. `count>=10`. Default: none.
    pub having: &'a str,
    /// A key or measure, with `-` in front for falling, e.g. `-count`. Default: time rising when the first key is a
    /// time, else count falling.
    pub order: &'a str,
    /// An IANA time zone, e.g. `Europe/Vienna`. Default: UTC.
    pub time_zone: &'a str,
    /// How many groups at most. Default 1,000, at most 100,000.
    pub limit: Option<u32>,
}

/// A mistake in one of the texts of an [`AggregateText`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}: {error}")]
pub struct AggregateTextError {
    /// Which text: `group_by`, `measure`, `having`, `order`, `time_zone` or `limit`.
    pub text: &'static str,
    /// What is wrong in it.
    pub error: ParseError,
}

impl Aggregate {
    /// Reads an aggregate over a filter.
    pub fn parse(filter: Filter, text: &AggregateText<'_>) -> Result<Self, AggregateTextError> {
        let within = |text: &'static str| move |error| AggregateTextError { text, error };
        let group_by = list(text.group_by, GROUP_BY_MAX, group).map_err(within("group_by"))?;
        let measure = if text.measure.trim().is_empty() { "count" } else { text.measure };
        let measures = list(measure, MEASURES_MAX, self::measure).map_err(within("measure"))?;
        let having = optional(text.having, |text| having(text, &measures)).map_err(within("having"))?;
        let order = optional(text.order, |text| order(text, &group_by, &measures)).map_err(within("order"))?;
        let time_zone = optional(text.time_zone, zone).map_err(within("time_zone"))?.unwrap_or(TimeZone::UTC);
        let limit = text.limit.unwrap_or(AGGREGATE_ROWS_DEFAULT);
        if limit == 0 || limit > AGGREGATE_ROWS_MAX {
            let problem = format!("{limit} is not from 1 to {AGGREGATE_ROWS_MAX}");
            return Err(within("limit")(ParseError::at(1, problem)));
        }
        Ok(Self { filter, group_by, measures, time_zone, having, order, limit, approximate: false })
    }
}

/// A part of a text, and the column where it begins.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    column: usize,
}

impl<'a> Piece<'a> {
    fn trimmed(text: &'a str, column: usize) -> Self {
        let left = text.trim_start();
        let skipped = text.chars().count() - left.chars().count();
        Self { text: left.trim_end(), column: column + skipped }
    }

    fn error(self, problem: impl Into<String>) -> ParseError {
        ParseError::at(self.column, problem)
    }
}

fn optional<T>(text: &str, read: impl Fn(Piece<'_>) -> Result<T, ParseError>) -> Result<Option<T>, ParseError> {
    within_limit(text)?;
    if text.trim().is_empty() { Ok(None) } else { read(Piece::trimmed(text, 1)).map(Some) }
}

fn list<T>(text: &str, max: usize, read: impl Fn(Piece<'_>) -> Result<T, ParseError>) -> Result<Vec<T>, ParseError> {
    within_limit(text)?;
    let mut all = Vec::new();
    let mut column = 1;
    for part in text.split(',').filter(|_| !text.trim().is_empty()) {
        let piece = Piece::trimmed(part, column);
        if all.len() == max {
            return Err(piece.error(format!("at most {max} are possible")));
        }
        all.push(read(piece)?);
        column += part.chars().count() + 1;
    }
    Ok(all)
}

fn within_limit(text: &str) -> Result<(), ParseError> {
    if text.len() <= FILTER_BYTES_MAX {
        return Ok(());
    }
    Err(ParseError::at(1, format!("a text of at most {FILTER_BYTES_MAX} bytes is possible, but this one has more")))
}

fn group(piece: Piece<'_>) -> Result<Group, ParseError> {
    if let Some(bucket) = Bucket::of_name(piece.text) {
        return Ok(Group::Time(bucket));
    }
    field(piece, Bucket::ALL.into_iter().map(Bucket::name)).map(Group::Field)
}

fn field<'a>(piece: Piece<'_>, others: impl Iterator<Item = &'a str>) -> Result<Field, ParseError> {
    if let Some(field) = Field::of_name(piece.text) {
        return Ok(field);
    }
    if let Some(role) = Role::of_name(piece.text) {
        let mut error = piece.error(format!("{} has several fields", piece.text));
        error.suggestion = role.id_columns().first().map(|column| column.path().to_owned());
        return Err(error);
    }
    let unknown = parse::unknown_field(piece.text, piece.column);
    Err(match names::nearest(piece.text, others) {
        Some(other) if unknown.suggestion.is_none() => ParseError {
            suggestion: Some(other.to_owned()),
            problem: format!("unknown field \"{}\"", piece.text),
            column: piece.column,
        },
        _ => unknown,
    })
}

const MEASURES: [&str; 7] = ["count", "distinct(actor.id)", "first", "last", "p50", "p95", "p99"];

fn measure(piece: Piece<'_>) -> Result<Measure, ParseError> {
    match piece.text {
        "count" => return Ok(Measure::Count),
        "first" => return Ok(Measure::First),
        "last" => return Ok(Measure::Last),
        _ => {}
    }
    let unknown = || {
        let mut error = ParseError::unknown("measure", piece.text, piece.column, MEASURES.into_iter());
        if error.suggestion.is_none() {
            error.problem.push_str(": write count, distinct(field), first, last or p95(http.latency_us)");
        }
        error
    };
    let (name, inside) = piece.text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(unknown)?;
    let of = Piece::trimmed(inside, piece.column + name.chars().count() + 1);
    if name == "distinct" {
        return field(of, std::iter::empty()).map(Measure::Distinct);
    }
    let percent = name.strip_prefix('p').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let percent: u8 = percent.and_then(|digits| digits.parse().ok()).ok_or_else(unknown)?;
    if percent > 100 {
        return Err(piece.error(format!("p{percent} is no percentile: write p0 to p100")));
    }
    match field(of, std::iter::empty())? {
        Field::Column(column) if column.kind() == Kind::Ints => Ok(Measure::Percentile(column, percent)),
        _ => Err(of.error(format!("{} is no number: take {}", of.text, Column::HttpLatencyUs.path()))),
    }
}

/// The place of a measure in the list.
fn place(piece: Piece<'_>, measures: &[Measure]) -> Result<Option<usize>, ParseError> {
    // A key's name is no measure, and no mistake either.
    let Ok(measure) = measure(piece) else { return Ok(None) };
    match measures.iter().position(|known| *known == measure) {
        Some(at) => Ok(Some(at)),
        None => Err(piece.error(format!("{} is not measured: add it to the measures", piece.text))),
    }
}

fn having(piece: Piece<'_>, measures: &[Measure]) -> Result<Having, ParseError> {
    let wrong = || piece.error("write a measure and its smallest value, such as count>=10");
    let (name, bound) = piece.text.split_once('>').ok_or_else(wrong)?;
    let (more, bound) = bound.strip_prefix('=').map_or((1, bound), |bound| (0, bound));
    let bound: i64 = bound.trim().parse().map_err(|_| wrong())?;
    let name = Piece::trimmed(name, piece.column);
    let at = place(name, measures)?.ok_or_else(|| name.error(format!("\"{}\" is no measure", name.text)))?;
    let is_time = match measures.get(at) {
        Some(Measure::First | Measure::Last) => true,
        Some(Measure::Percentile(column, _)) => column.is_time(),
        _ => false,
    };
    if is_time {
        return Err(name.error(format!("{} is a time: only numbers can be bounded", name.text)));
    }
    Ok(Having { measure: at, at_least: bound.saturating_add(more) })
}

fn order(piece: Piece<'_>, group_by: &[Group], measures: &[Measure]) -> Result<OrderBy, ParseError> {
    let (falling, name) = match piece.text.strip_prefix('-') {
        Some(name) => (true, Piece::trimmed(name, piece.column + 1)),
        None => (false, piece),
    };
    // A field may be called like a measure that is not taken.
    let key = group(name).map(|key| group_by.iter().position(|known| *known == key));
    match (place(name, measures), key) {
        (Ok(Some(nth)), _) if falling => Ok(OrderBy::MeasureDescending(nth)),
        (Ok(Some(nth)), _) => Ok(OrderBy::MeasureAscending(nth)),
        (_, Ok(Some(nth))) if falling => Ok(OrderBy::KeyDescending(nth)),
        (_, Ok(Some(nth))) => Ok(OrderBy::KeyAscending(nth)),
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(None), Ok(None)) => Err(name.error(format!("{} is no key: add it to group_by", name.text))),
    }
}

fn zone(piece: Piece<'_>) -> Result<TimeZone, ParseError> {
    TimeZone::get(piece.text)
        .map_err(|_| piece.error(format!("unknown time zone \"{}\": write one such as Europe/Vienna", piece.text)))
}

#[cfg(test)]
mod tests;
