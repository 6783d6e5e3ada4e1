//! What questions give.

use indelible_engine::query::{Table, Value};
use indelible_proof::Timestamp;
use serde::Serialize;

use crate::asking::{number, text, time};

/// The most frequent of something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked<T> {
    /// The most frequent first.
    pub rows: Vec<T>,
    /// False when a count may be too low, or a row may be missing for another.
    pub exact: bool,
}

impl<T> Ranked<T> {
    pub(super) fn of(table: &Table, row: impl Fn(&[Value]) -> T) -> Self {
        Self { rows: table.rows.iter().map(|values| row(values)).collect(), exact: table.exact }
    }
}

/// How often a value was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Used {
    /// The value; `None` for uses without one.
    pub value: Option<String>,
    /// How many uses.
    pub uses: u64,
}

impl Used {
    pub(super) fn of(row: &[Value]) -> Self {
        Self { value: row.first().and_then(text), uses: row.get(1).map_or(0, number) }
    }
}

/// How often an endpoint was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The method.
    pub method: Option<String>,
    /// The route.
    pub route: Option<String>,
    /// How many uses.
    pub uses: u64,
}

impl Endpoint {
    pub(super) fn of(row: &[Value]) -> Self {
        let at = |nth: usize| row.get(nth).and_then(text);
        Self { method: at(0), route: at(1), uses: row.get(2).map_or(0, number) }
    }
}

/// All uses together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Total {
    /// How many.
    pub uses: u64,
    /// When the first was.
    pub first_at: Option<Timestamp>,
    /// When the last was.
    pub last_at: Option<Timestamp>,
}

impl Total {
    pub(super) fn of(row: &[Value]) -> Self {
        let time = |nth: usize| row.get(nth).and_then(time);
        Self { uses: row.first().map_or(0, number), first_at: time(1), last_at: time(2) }
    }
}

/// The uses of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// When it begins.
    pub day: Timestamp,
    /// How many uses.
    pub uses: u64,
}

/// How long responses took: so many percent took at most so many microseconds. `None` where none is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Latency {
    pub p50_us: Option<u64>,
    pub p90_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub p99_us: Option<u64>,
    /// False when each may be off by 1/64.
    pub exact: bool,
}

impl Latency {
    pub(super) fn of(table: &Table) -> Self {
        let at = |nth: usize| match table.rows.first().and_then(|row| row.get(nth)) {
            Some(value @ Value::Int(_)) => Some(number(value)),
            _ => None,
        };
        Self { p50_us: at(0), p90_us: at(1), p95_us: at(2), p99_us: at(3), exact: table.exact }
    }
}

/// How many different ones there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Unique {
    /// How many.
    pub count: u64,
    /// False when it is a sketch's: its standard error is 0.8 %.
    pub exact: bool,
}

impl Unique {
    pub(super) fn of(table: &Table) -> Self {
        let count = table.rows.first().and_then(|row| row.first()).map_or(0, number);
        Self { count, exact: table.exact }
    }
}
