//! What answers are made of.

use indelible_engine::query::{Measure, Table, Value};
use indelible_proof::Timestamp;
use serde::Serialize;

use crate::asking::{number, time};

/// Some of what there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// What was asked for, as far as the limit allows.
    pub rows: Vec<T>,
    /// Whether there is, or may be, more.
    pub more: bool,
}

impl<T> Listed<T> {
    /// The first of all.
    pub(super) fn first(mut all: Vec<T>, limit: u32) -> Self {
        let more = all.len() > limit as usize;
        all.truncate(limit as usize);
        Self { rows: all, more }
    }

    /// The rows of a table that was limited already.
    pub(super) fn of(table: &Table, row: impl Fn(&[Value]) -> Option<T>) -> Self {
        let rows = table.rows.iter().filter_map(|values| row(values)).collect();
        Self { rows, more: table.groups > table.rows.len() as u64 }
    }
}

/// How often something was done, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Uses {
    /// How often.
    pub count: u64,
    /// When first.
    pub first_at: Option<Timestamp>,
    /// When last.
    pub last_at: Option<Timestamp>,
}

impl Uses {
    /// What they are made of.
    pub(super) const MEASURES: [Measure; 3] = [Measure::Count, Measure::First, Measure::Last];

    /// Those of [`Self::MEASURES`].
    pub(super) fn of(measures: &[Value]) -> Self {
        let at = |nth: usize| measures.get(nth).and_then(time);
        Self { count: measures.first().map_or(0, number), first_at: at(1), last_at: at(2) }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first_at = self.first_at.into_iter().chain(other.first_at).min();
        self.last_at = self.last_at.max(other.last_at);
    }
}
