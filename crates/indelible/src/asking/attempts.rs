//! Attempts. The repeats of a flood are one event that says how many it stands for, and count as so many.

use std::collections::BTreeMap;

use indelible_engine::{
    column::Column,
    limits::AGGREGATE_ROWS_MAX,
    query::{Aggregate, Filter, Having, Match, Measure, Value},
    source::ReadError,
};

use super::{Asking, matches, number, of_column};

/// Groups in an answer that asks for those with many attempts.
const MANY_MAX: u32 = 100;

/// Keys, and how many attempts have them.
pub(crate) type Attempts = (Vec<Value>, u64);

impl Asking<'_> {
    /// Attempts of a filter by some keys, the most first, and whether that is exact. Groups of events that stand for
    /// themselves alone may be left out when they have no more than `more_than`.
    pub(crate) fn attempts(
        &self,
        filter: Filter,
        by: &[Column],
        more_than: Option<u64>,
    ) -> Result<(Vec<Attempts>, bool), ReadError> {
        let mut repeated = filter.clone();
        repeated.clauses.push(matches(Column::Count, vec![Match::Between(2, i64::MAX)]));
        let with_count = [by, &[Column::Count]].concat();
        let repeats = self.grouped(repeated, &with_count, &[Measure::Count], AGGREGATE_ROWS_MAX)?;
        let mut attempts: BTreeMap<Vec<Value>, u64> = BTreeMap::new();
        for row in &repeats.rows {
            if let Some(([count, events], key)) = row.split_last_chunk().map(|(key, last)| (last, key)) {
                let more = number(events).saturating_mul(number(count).saturating_sub(1));
                *attempts.entry(key.to_vec()).or_default() += more;
            }
        }
        // Where some are repeated, a group may have many attempts by few events of its own.
        let at_least = more_than.filter(|_| attempts.is_empty()).map(|more_than| more_than.saturating_add(1));
        let having =
            at_least.map(|at_least| Having { measure: 0, at_least: i64::try_from(at_least).unwrap_or(i64::MAX) });
        let events = Aggregate {
            group_by: by.iter().copied().map(of_column).collect(),
            having,
            limit: if more_than.is_some() { MANY_MAX } else { AGGREGATE_ROWS_MAX },
            approximate: more_than.is_some(),
            ..Aggregate::count(filter)
        };
        let limit = events.limit as usize;
        let events = self.aggregate(&events)?;
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
