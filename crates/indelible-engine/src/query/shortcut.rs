//! Answers that need no scan: from the counts that were made at sealing, or from ranges and row counts.
//!
//! Each equals what the scan would give, or is not given.

use super::{
    dimension::{Dimension, NULL},
    model::{Aggregate, Measure},
    plan::{Codes, Plan, Predicate, Resolved},
    tally::{Distinct, Keys, Seen, Tally},
};
use crate::{
    column::Column,
    rollup::{Cell, HOUR_US, Rollup},
    source::{ReadError, Source},
};

/// Fills a tally without a scan; false when there is no way to.
pub(super) fn tally(
    source: &dyn Source,
    plan: &Plan<'_>,
    aggregate: &Aggregate,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    if plan.takes_all(source) && aggregate.group_by.is_empty() && whole(source, aggregate, tally)? {
        return Ok(true);
    }
    let counts_only = aggregate.measures.iter().all(|measure| *measure == Measure::Count);
    if !counts_only || plan.rows != (0..source.rows()) {
        return Ok(false);
    }
    if plan.takes_all(source) && from_index(source, tally)? || of_term(source, plan, tally)? {
        return Ok(true);
    }
    let Some(rollup) = source.rollup()? else { return Ok(false) };
    let Some(hours) = hours_of(plan) else { return Ok(false) };
    let Some((low, high)) = source.int_range(Column::OccurredAt) else { return Ok(false) };
    let keeps_hours = |dimension: &Dimension<'_>| match dimension {
        Dimension::Time(buckets, _) => buckets.keeps_hours_whole(low, high),
        _ => true,
    };
    if !tally.dimensions.iter().all(keeps_hours) {
        return Ok(false);
    }
    Ok(from_cells(rollup, plan, &hours, tally)? || from_busy(rollup, plan, &hours, tally)?)
}

/// One group of all rows.
fn whole(source: &dyn Source, aggregate: &Aggregate, tally: &mut Tally<'_>) -> Result<bool, ReadError> {
    let measured = |measure: &Measure| !matches!(measure, Measure::Percentile(..));
    let is_term = |distinct: &Distinct<'_>| matches!(distinct.dimension, Dimension::Terms { .. });
    if !aggregate.measures.iter().all(measured) || !tally.distinct.iter().all(is_term) {
        return Ok(false);
    }
    tally.distinct.iter_mut().for_each(|distinct| distinct.seen = Seen::Every);
    let group = tally.group(Keys::default())?;
    tally.count(group, u64::from(source.rows()));
    if let (Some(span), Some(range)) = (tally.spans.get_mut(group as usize), source.int_range(Column::OccurredAt)) {
        *span = range;
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
        let group = tally.group(keys)?;
        tally.count(group, rows);
    }
    Ok(true)
}

/// The rows of the only term that is asked for, ungrouped.
fn of_term(source: &dyn Source, plan: &Plan<'_>, tally: &mut Tally<'_>) -> Result<bool, ReadError> {
    let [Predicate { negated: false, test: Resolved::Codes(column, Codes::One(code)) }] = plan.predicates[..] else {
        return Ok(false);
    };
    if plan.time.is_some() || !tally.dimensions.is_empty() {
        return Ok(false);
    }
    let Some(posting) = source.posting(column, code)? else { return Ok(false) };
    let group = tally.group(Keys::default())?;
    tally.count(group, u64::from(posting.rows));
    Ok(true)
}

/// The hours that the plan's bounds of time cover; `None` when a bound cuts through an hour.
fn hours_of(plan: &Plan<'_>) -> Option<std::ops::Range<i64>> {
    let Some((since, until)) = plan.time else { return Some(0..i64::MAX) };
    let aligned = |us: i64| us == i64::MIN || us == i64::MAX || us.rem_euclid(HOUR_US) == 0;
    (aligned(since) && aligned(until)).then(|| since.div_euclid(HOUR_US)..until.div_euclid(HOUR_US))
}

fn code_of(cell: &Cell, column: Column) -> Option<u32> {
    match column {
        Column::Tenant => Some(cell.tenant),
        Column::Action => Some(cell.action),
        Column::Outcome => Some(cell.outcome),
        Column::Severity => Some(cell.severity),
        _ => None,
    }
}

fn from_cells(
    rollup: &Rollup,
    plan: &Plan<'_>,
    hours: &std::ops::Range<i64>,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    let in_cells = |column| code_of(&Cell::default(), column).is_some();
    let predicates_fit = plan
        .predicates
        .iter()
        .all(|predicate| matches!(predicate.test, Resolved::Codes(column, _) if in_cells(column)));
    if !predicates_fit || !tally.dimensions.iter().all(|dimension| groups_by(dimension, in_cells)) {
        return Ok(false);
    }
    for cell in rollup.cells.iter().filter(|cell| hours.contains(&i64::from(cell.hour))) {
        let passes = plan.predicates.iter().all(|predicate| match &predicate.test {
            Resolved::Codes(column, codes) => {
                code_of(cell, *column).is_some_and(|code| codes.contains(code)) != predicate.negated
            }
            _ => false,
        });
        if passes {
            add(tally, cell.hour, |column| code_of(cell, column), cell.count)?;
        }
    }
    Ok(true)
}

/// For one credential or actor that has its own counts.
fn from_busy(
    rollup: &Rollup,
    plan: &Plan<'_>,
    hours: &std::ops::Range<i64>,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    let mut busy = None;
    let mut tenants = Vec::new();
    for predicate in &plan.predicates {
        match &predicate.test {
            Resolved::Codes(Column::Tenant, codes) => tenants.push((codes, predicate.negated)),
            Resolved::Codes(column, Codes::One(code)) if !predicate.negated && busy.is_none() => {
                busy = rollup.busy.iter().find(|busy| busy.column == *column && busy.code == *code);
                if busy.is_none() {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
    let is_tenant = |column| column == Column::Tenant;
    let Some(busy) = busy.filter(|_| tally.dimensions.iter().all(|dimension| groups_by(dimension, is_tenant))) else {
        return Ok(false);
    };
    for &(hour, tenant, count) in busy.hours.iter().filter(|(hour, ..)| hours.contains(&i64::from(*hour))) {
        if tenants.iter().all(|(codes, negated)| codes.contains(tenant) != *negated) {
            add(tally, hour, |column| is_tenant(column).then_some(tenant), count)?;
        }
    }
    Ok(true)
}

fn groups_by(dimension: &Dimension<'_>, known: impl Fn(Column) -> bool) -> bool {
    match dimension {
        Dimension::Time(..) => true,
        Dimension::Terms { column, .. } => known(*column),
        Dimension::Ints(..) | Dimension::Json(..) => false,
    }
}

fn add(tally: &mut Tally<'_>, hour: u32, code: impl Fn(Column) -> Option<u32>, count: u64) -> Result<(), ReadError> {
    let mut keys = Keys::default();
    for (key, dimension) in keys.iter_mut().zip(&mut tally.dimensions) {
        let found = match dimension {
            Dimension::Terms { column, .. } => code(*column).map(|code| code + 1),
            _ => dimension.key_of_hour(i64::from(hour) * HOUR_US),
        };
        *key = found.unwrap_or_default();
    }
    let group = tally.group(keys)?;
    tally.count(group, count);
    Ok(())
}
