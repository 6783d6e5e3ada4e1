//! Answers from a roll-up: sums over the digest of the subject that is asked about.

use std::ops::Range;

use super::{
    dimension::Dimension,
    model::{Aggregate, Measure},
    plan::{Plan, Predicate, Resolved},
    tally::{Distinct, Keys, Tally},
};
use crate::{
    code_set::CodeSet,
    column::Column,
    histogram,
    rollup::{BUSY, CLASS, Counts, Facet, HOUR_US, Key, Rollup, Sketched, Span},
    source::{ReadError, Source},
};

/// Fills a tally from the roll-up; false when what the plan then says has to be scanned. Of several subjects those that have
/// a digest are taken out of the plan.
pub(super) fn tally(
    source: &dyn Source,
    plan: &mut Plan<'_>,
    aggregate: &Aggregate,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    let Some(rollup) = source.rollup()? else { return Ok(false) };
    let Some(asked) = Asked::new(source, rollup, plan, aggregate, tally) else { return Ok(false) };
    let Some((digests, rest)) = subjects(rollup, plan) else { return Ok(false) };
    let mut tables = Vec::with_capacity(digests.len());
    for digest in digests {
        match asked.read(source, digest, tally)? {
            Some(read) => tables.push(read),
            None => return Ok(false),
        }
    }
    for tables in &tables {
        asked.add(tables, tally)?;
    }
    match rest {
        None => Ok(true),
        Some((nth, codes)) => {
            plan.narrow(source, nth, CodeSet::new(&codes))?;
            Ok(false)
        }
    }
}

/// The place of a predicate, and those of its codes that have no digest.
type Rest = (usize, Vec<u32>);

/// The digests of whom a plan asks about, and what they leave to be scanned. Nothing when no digest helps.
fn subjects(rollup: &Rollup, plan: &Plan<'_>) -> Option<(Vec<u32>, Option<Rest>)> {
    let mut subject = None;
    for (nth, predicate) in plan.predicates.iter().enumerate() {
        match predicate {
            Predicate { test: Resolved::Codes(column, _), .. } if CLASS.contains(column) => {}
            Predicate { negated: false, test: Resolved::Codes(column, codes) }
                if BUSY.contains(column) && subject.is_none() =>
            {
                subject = Some((nth, *column, codes));
            }
            _ => return None,
        }
    }
    let Some((nth, column, codes)) = subject else { return Some((vec![0], None)) };
    let (mut digests, mut rest) = (Vec::new(), Vec::new());
    for code in codes.iter() {
        match rollup.busy.binary_search(&(column, code)) {
            Ok(at) => digests.push(at as u32 + 1),
            Err(_) => rest.push(code),
        }
    }
    let rest = (!rest.is_empty()).then_some((nth, rest));
    (!digests.is_empty()).then_some((digests, rest))
}

/// Where a key of a group comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Class(usize),
    /// The facet's column at this place.
    Facet(usize),
}

/// What is asked of each digest.
struct Asked<'a> {
    rollup: &'a Rollup,
    /// For each class, whether the filter passes it.
    passes: Vec<bool>,
    hours: Range<i64>,
    /// What is grouped by beside classes.
    facet: Option<Facet>,
    keys: Vec<From>,
    /// For each distinct measure, the facet that has the values, or the column of classes.
    distinct: Vec<Result<(Facet, usize), usize>>,
    approximate: bool,
    by_count: bool,
}

/// What was read of a digest.
struct Tables {
    spans: Vec<Span>,
    counts: Vec<Counts>,
    distinct: Vec<(Vec<Counts>, Vec<Sketched>)>,
    latencies: Vec<Counts>,
}

impl<'a> Asked<'a> {
    /// Nothing when the classes and one facet do not tell.
    fn new(
        source: &dyn Source,
        rollup: &'a Rollup,
        plan: &Plan<'_>,
        aggregate: &Aggregate,
        tally: &Tally<'_>,
    ) -> Option<Self> {
        let hours = hours_of(plan)?;
        let mut facet = plan.time.map(|_| Facet::Hour);
        let mut keys = Vec::with_capacity(tally.dimensions.len());
        for dimension in &tally.dimensions {
            if let Dimension::Time(buckets, _) = dimension {
                let (low, high) = source.int_range(Column::OccurredAt)?;
                buckets.keeps_hours_whole(low, high).then_some(())?;
            }
            keys.push(match place(rollup, dimension)? {
                Ok(nth) => From::Class(nth),
                // Of two scopes of an event a count by scope does not tell that they are one event's.
                Err((Facet::Scope, _)) if facet == Some(Facet::Scope) => return None,
                Err((of, at)) if facet.is_none_or(|facet| facet == of) => {
                    facet = Some(of);
                    From::Facet(at)
                }
                Err(_) => return None,
            });
        }
        let measured = |measure: &Measure| match measure {
            Measure::Count => true,
            Measure::First | Measure::Last | Measure::Distinct(_) => facet.is_none(),
            Measure::Percentile(column, _) => {
                facet.is_none() && aggregate.approximate && *column == Column::HttpLatencyUs
            }
        };
        if !aggregate.measures.iter().all(measured) {
            return None;
        }
        let distinct = |distinct: &Distinct<'_>| match place(rollup, &distinct.dimension)? {
            Ok(nth) => Some(Err(nth)),
            Err((facet, at)) => Some(Ok((facet, at))),
        };
        let distinct = tally.distinct.iter().map(distinct).collect::<Option<_>>()?;
        let passes = rollup.classes.iter().map(|class| passes(rollup, plan, class)).collect::<Option<_>>()?;
        let (approximate, by_count) = (aggregate.approximate, aggregate.ranks_by_count());
        Some(Self { rollup, passes, hours, facet, keys, distinct, approximate, by_count })
    }

    fn passes(&self, class: u32) -> bool {
        self.passes.get(class as usize).copied().unwrap_or_default()
    }

    /// Reads what is asked of a digest; nothing when it is not there or not exact enough.
    fn read(&self, source: &dyn Source, digest: u32, tally: &Tally<'_>) -> Result<Option<Tables>, ReadError> {
        let mut tables = Tables { spans: Vec::new(), counts: Vec::new(), distinct: Vec::new(), latencies: Vec::new() };
        match self.facet {
            None => tables.spans = source.spans(digest)?,
            Some(facet) => match self.counts(source, digest, facet)? {
                Some((counts, cut)) if !cut || self.approximate && self.by_count => tables.counts = counts,
                _ => return Ok(None),
            },
        }
        for distinct in &self.distinct {
            let Ok((facet, _)) = *distinct else {
                tables.distinct.push((Vec::new(), Vec::new()));
                continue;
            };
            let Some((counts, cut)) = self.counts(source, digest, facet)? else { return Ok(None) };
            if cut && !(self.approximate && facet.is_sketched()) {
                return Ok(None);
            }
            let sketches = if cut { source.sketches(digest, facet)? } else { Vec::new() };
            tables.distinct.push((counts, sketches));
        }
        if !tally.values.is_empty() {
            match self.counts(source, digest, Facet::Latency)? {
                Some((counts, _)) => tables.latencies = counts,
                None => return Ok(None),
            }
        }
        Ok(Some(tables))
    }

    /// The counts of the classes that pass, and whether some are left out.
    fn counts(&self, source: &dyn Source, digest: u32, facet: Facet) -> Result<Option<(Vec<Counts>, bool)>, ReadError> {
        let Some(mut counts) = source.counts(digest, facet)? else { return Ok(None) };
        counts.retain(|of| self.passes(of.class));
        let cut = counts.iter().any(|of| of.left_out_max > 0);
        Ok(Some((counts, cut)))
    }

    /// Adds what was read to a tally.
    fn add(&self, tables: &Tables, tally: &mut Tally<'_>) -> Result<(), ReadError> {
        for span in tables.spans.iter().filter(|span| self.passes(span.class)) {
            let group = self.group(span.class, [0, 0], tally)?;
            tally.count(group, span.count);
            tally.span(group, span.occurred_at);
        }
        let left_out = tables.counts.iter().map(|of| of.left_out_max).sum();
        let mut groups = Vec::new();
        for of in &tables.counts {
            for &(key, count) in &of.counts {
                if self.facet != Some(Facet::Hour) || self.hours.contains(&i64::from(key[0])) {
                    let group = self.group(of.class, key, tally)?;
                    tally.count(group, count);
                    groups.push(group);
                }
            }
        }
        // A value that is there is there in every class that has it: of groups by whole keys nothing is missing.
        groups.sort_unstable();
        groups.dedup();
        tally.leave_out(left_out, if self.is_whole() { &groups } else { &[] });
        for (nth, (asked, (counts, sketches))) in self.distinct.iter().zip(&tables.distinct).enumerate() {
            match *asked {
                Err(column) => {
                    for span in tables.spans.iter().filter(|span| self.passes(span.class)) {
                        let group = self.group(span.class, [0, 0], tally)?;
                        tally.see(nth, group, self.class(span.class, column));
                    }
                }
                Ok((_, at)) => {
                    for of in counts.iter().filter(|of| of.left_out_max == 0) {
                        let group = self.group(of.class, [0, 0], tally)?;
                        of.counts.iter().for_each(|(key, _)| tally.see(nth, group, key.get(at).copied().unwrap_or(0)));
                    }
                    for (class, sketch) in sketches.iter().filter(|(class, _)| self.passes(*class)) {
                        let group = self.group(*class, [0, 0], tally)?;
                        tally.see_sketch(nth, group, sketch);
                    }
                }
            }
        }
        for of in &tables.latencies {
            let group = self.group(of.class, [0, 0], tally)?;
            for &([key, _], count) in of.counts.iter().filter(|(key, _)| key[0] > 0) {
                tally.add_latency(group, histogram::value(key - 1), count);
            }
        }
        Ok(())
    }

    /// Whether groups have all of the facet's columns.
    fn is_whole(&self) -> bool {
        let grouped = self.keys.iter().filter(|from| matches!(from, From::Facet(_))).count();
        self.facet.is_some_and(|facet| facet.columns().len() == grouped)
    }

    fn class(&self, class: u32, nth: usize) -> u32 {
        self.rollup.classes.get(class as usize).and_then(|class| class.get(nth)).copied().unwrap_or_default()
    }

    fn group(&self, class: u32, key: Key, tally: &mut Tally<'_>) -> Result<u32, ReadError> {
        let mut keys = Keys::default();
        for ((slot, from), dimension) in keys.iter_mut().zip(&self.keys).zip(&mut tally.dimensions) {
            *slot = match *from {
                From::Class(nth) => self.class(class, nth),
                From::Facet(at) => dimension.key_of(key.get(at).copied().unwrap_or_default()),
            };
        }
        tally.group(keys)
    }
}

/// Where a roll-up has the keys of a dimension: at a place of its classes, or of a facet's columns.
#[allow(clippy::type_complexity)]
fn place(rollup: &Rollup, dimension: &Dimension<'_>) -> Option<Result<usize, (Facet, usize)>> {
    let column = match dimension {
        Dimension::Time(..) => Column::OccurredAt,
        Dimension::Terms { column, .. } => *column,
        Dimension::Ints(Column::HttpStatus, _) => Column::HttpStatus,
        Dimension::Ints(..) | Dimension::Json(..) => return None,
    };
    if let Some(nth) = CLASS.iter().position(|&of| of == column) {
        return rollup.tells.get(nth)?.then_some(Ok(nth));
    }
    let at = |facet: Facet| facet.columns().iter().position(|&of| of == column).map(|at| Err((facet, at)));
    Facet::ALL.into_iter().find_map(at)
}

/// Whether a filter passes a class; nothing when the classes do not tell.
fn passes(rollup: &Rollup, plan: &Plan<'_>, class: &[u32]) -> Option<bool> {
    let mut passes = true;
    for predicate in &plan.predicates {
        if let Resolved::Codes(column, codes) = &predicate.test
            && let Some(nth) = CLASS.iter().position(|of| of == column)
        {
            rollup.tells.get(nth)?.then_some(())?;
            let code = class.get(nth)?.checked_sub(1);
            passes &= code.is_some_and(|code| codes.contains(code)) != predicate.negated;
        }
    }
    Some(passes)
}

/// The hours that the plan's bounds of time cover; `None` when a bound cuts through an hour.
fn hours_of(plan: &Plan<'_>) -> Option<Range<i64>> {
    let Some((since, until)) = plan.time else { return Some(0..i64::MAX) };
    let aligned = |us: i64| us == i64::MIN || us == i64::MAX || us.rem_euclid(HOUR_US) == 0;
    (aligned(since) && aligned(until)).then(|| since.div_euclid(HOUR_US)..until.div_euclid(HOUR_US))
}
