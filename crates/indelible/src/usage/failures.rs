//! Failed attempts. The repeats of a flood are one event that says how many it stands for, and count as so many.

use std::collections::BTreeMap;

use indelible_engine::{
    column::Column,
    limits::AGGREGATE_ROWS_MAX,
    query::{Aggregate, Clause, Field, Group, Having, Match, Measure, Test, Value},
    source::ReadError,
};
use serde::Serialize;

use super::{
    FAILURES, Ranked, Usage, Used,
    answer::{number, text},
    ask::of_column,
};

/// Attempts that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What happened, e.g. `token.expired`.
    pub action: String,
    /// Why, where that says more.
    pub reason: Option<String>,
    /// How many attempts.
    pub attempts: u64,
}

/// Keys, and how many attempts have them.
type Attempts = (Vec<Value>, u64);

impl Usage<'_> {
    /// Failed attempts by cause, the most frequent first.
    pub fn failures(&self) -> Result<Vec<Cause>, ReadError> {
        let by = [of_column(Column::Action), of_column(Column::Reason)];
        let (attempts, _) = self.attempts(&by, None)?;
        let cause = |(key, attempts): Attempts| {
            Some(Cause { action: key.first().and_then(text)?, reason: key.get(1).and_then(text), attempts })
        };
        Ok(attempts.into_iter().filter_map(cause).collect())
    }

    /// How many attempts failed.
    pub fn failed_attempts(&self) -> Result<u64, ReadError> {
        Ok(self.attempts(&[], None)?.0.iter().map(|(_, attempts)| attempts).sum())
    }

    /// The addresses from which more than so many attempts failed, the most first: with `since` an hour ago and 10, those
    /// that somebody should look at.
    pub fn suspicious_ips(&self, more_than: u64) -> Result<Ranked<Used>, ReadError> {
        let (attempts, exact) = self.attempts(&[of_column(Column::ContextIp)], Some(more_than))?;
        let rows = attempts.into_iter().filter(|(key, attempts)| *attempts > more_than && key != &[Value::Null]);
        let rows = rows.map(|(key, uses)| Used { value: key.first().and_then(text), uses }).collect();
        Ok(Ranked { rows, exact })
    }

    /// Failed attempts by some keys, the most first, and whether that is exact. Groups of events that stand for themselves
    /// alone may be left out when they have no more than `more_than`.
    fn attempts(&self, by: &[Group], more_than: Option<u64>) -> Result<(Vec<Attempts>, bool), ReadError> {
        let filter = self.filter(&FAILURES);
        let mut repeated = filter.clone();
        let counted = vec![Match::Between(2, i64::MAX)];
        repeated.clauses.push(Clause { negated: false, test: Test::Field(Field::Column(Column::Count), counted) });
        let group_by = by.iter().cloned().chain([of_column(Column::Count)]).collect();
        let repeats = Aggregate { group_by, limit: AGGREGATE_ROWS_MAX, ..Aggregate::count(repeated) };
        let repeats = self.answer(&repeats)?;
        let mut attempts: BTreeMap<Vec<Value>, u64> = BTreeMap::new();
        for row in &repeats.rows {
            if let Some(([count, events], key)) = row.split_last_chunk().map(|(key, last)| (last, key)) {
                let more = number(events).saturating_mul(number(count).saturating_sub(1));
                *attempts.entry(key.to_vec()).or_default() += more;
            }
        }
        // Where some are repeated, an address may be suspicious by few events of its own.
        let at_least = more_than.filter(|_| attempts.is_empty()).map(|more_than| more_than.saturating_add(1));
        let having =
            at_least.map(|at_least| Having { measure: 0, at_least: i64::try_from(at_least).unwrap_or(i64::MAX) });
        let events = Aggregate {
            group_by: by.to_vec(),
            measures: vec![Measure::Count],
            having,
            limit: if more_than.is_some() { super::SUSPICIOUS_MAX } else { AGGREGATE_ROWS_MAX },
            approximate: true,
            ..Aggregate::count(filter)
        };
        let limit = events.limit as usize;
        let events = self.answer(&events)?;
        // A count that is the sum of both is right only where neither left anything out.
        let is_whole =
            repeats.rows.is_empty() || events.rows.len() < limit && repeats.rows.len() < AGGREGATE_ROWS_MAX as usize;
        for row in &events.rows {
            if let Some((events, key)) = row.split_last() {
                *attempts.entry(key.to_vec()).or_default() += number(events);
            }
        }
        let mut attempts: Vec<_> = attempts.into_iter().collect();
        attempts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok((attempts, events.exact && is_whole))
    }
}
