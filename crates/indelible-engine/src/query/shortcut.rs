//! Answers that need no scan: from what was counted at sealing, or from ranges and row counts.
//!
//! Each equals what the scan would give, or is not given.

use super::{
    dimension::{Dimension, NULL},
    groups::Keys,
    model::{Aggregate, Measure},
    plan::{Plan, Predicate, Resolved},
    rolled,
    tally::{Distinct, Seen, Tally},
};
use crate::{
    code_set::CodeSet,
    column::Column,
    source::{ReadError, Source},
};

/// Fills a tally without a scan; false when what the plan then says has to be scanned.
pub(super) fn tally(
    source: &dyn Source,
    plan: &mut Plan<'_>,
    aggregate: &Aggregate,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    if plan.rows != (0..source.rows()) {
        return Ok(false);
    }
    if rolled::tally(source, plan, aggregate, tally)? {
        return Ok(true);
    }
    let all = plan.takes_all(source);
    if all && aggregate.group_by.is_empty() && whole(source, aggregate, tally)? {
        return Ok(true);
    }
    let counts_only = aggregate.measures.iter().all(|measure| *measure == Measure::Count);
    Ok(counts_only && (all && from_index(source, tally)? || of_term(source, plan, tally)?))
}

/// One group of all rows.
fn whole(source: &dyn Source, aggregate: &Aggregate, tally: &mut Tally<'_>) -> Result<bool, ReadError> {
    let measured = |measure: &Measure| !matches!(measure, Measure::Percentile(..));
    let is_term = |distinct: &Distinct<'_>| matches!(distinct.dimension, Dimension::Terms { .. });
    if !aggregate.measures.iter().all(measured) || !tally.distinct.iter().all(is_term) {
        return Ok(false);
    }
    tally.distinct.iter_mut().for_each(|distinct| distinct.seen = Seen::Every);
    let group = tally.groups.find(Keys::default())?;
    tally.groups.count(group, u64::from(source.rows()));
    if let Some(span) = source.int_range(Column::OccurredAt) {
        tally.groups.span(group, span);
    }
    Ok(true)
}

/// The rows of each term of one column, which an index counts.
fn from_index(source: &dyn Source, tally: &mut Tally<'_>) -> Result<bool, ReadError> {
    let [Dimension::Terms { column, .. }] = tally.dimensions[..] else { return Ok(false) };
    // Of a list, nothing tells how many rows have none.
    if !column.indexed() || matches!(column, Column::TargetsId | Column::OnBehalfOfId) {
        return Ok(false);
    }
    let mut counts = Vec::new();
    if !source.term_rows(column, &mut |code, rows| counts.push((code + 1, u64::from(rows))))? {
        return Ok(false);
    }
    let with_term: u64 = counts.iter().map(|(_, rows)| rows).sum();
    counts.push((NULL, u64::from(source.rows()).saturating_sub(with_term)));
    for (key, rows) in counts.into_iter().filter(|(_, rows)| *rows > 0) {
        let mut keys = Keys::default();
        keys[0] = key;
        let group = tally.groups.find(keys)?;
        tally.groups.count(group, rows);
    }
    Ok(true)
}

/// The rows of the only term that is asked for, ungrouped.
fn of_term(source: &dyn Source, plan: &Plan<'_>, tally: &mut Tally<'_>) -> Result<bool, ReadError> {
    let [Predicate { negated: false, test: Resolved::Codes(column, CodeSet::One(code)) }] = plan.predicates[..] else {
        return Ok(false);
    };
    if plan.time.is_some() || !tally.dimensions.is_empty() {
        return Ok(false);
    }
    let Some(posting) = source.posting(column, code)? else { return Ok(false) };
    let group = tally.groups.find(Keys::default())?;
    tally.groups.count(group, u64::from(posting.rows));
    Ok(true)
}
