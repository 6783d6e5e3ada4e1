//! Answers from a roll-up: sums over the digest of the subject that is asked about.

use std::ops::Range;

use super::{
    dimension::{Dimension, NULL},
    groups::Keys,
    model::{Aggregate, Measure},
    plan::{Plan, Predicate, Resolved},
    tally::{Distinct, Tally},
};
use crate::{
    code_set::CodeSet,
    column::Column,
    histogram,
    rollup::{BUSY, CLASS, Counts, Facet, HOUR_US, Rollup, Sketched, Span},
    source::{ReadError, Source},
};

/// Fills a tally from the roll-up; false when what the plan then says has to be scanned. Of several subjects those that have
/// a digest are taken out of the plan, and of a window of time the strata within it.
pub(super) fn tally(
    source: &dyn Source,
    plan: &mut Plan<'_>,
    aggregate: &Aggregate,
    tally: &mut Tally<'_>,
) -> Result<bool, ReadError> {
    let Some(rollup) = source.rollup()? else { return Ok(false) };
    let asked = |hours| Asked::new(source, rollup, plan, aggregate, tally, hours);
    let whole = || Some((asked(hours_of(plan)?)?, subjects(rollup, plan)?));
    let strata = || Some((asked(None)?, strata(source, rollup, plan)?));
    let Some((asked, (digests, rest))) = whole().or_else(strata) else { return Ok(false) };
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
        Rest::Nothing => return Ok(true),
        Rest::Codes(nth, codes) => plan.narrow(source, nth, CodeSet::new(&codes))?,
        Rest::Blocks(blocks) => plan.keep_blocks(blocks),
    }
    Ok(false)
}

/// The digest of all events.
const ALL: u32 = 0;

/// What digests leave to be scanned.
enum Rest {
    Nothing,
    /// The place of a predicate, and those of its codes that have no digest.
    Codes(usize, Vec<u32>),
    Blocks(Vec<u32>),
}

/// The digests of whom a plan asks about, and what they leave. Nothing when no digest helps.
fn subjects(rollup: &Rollup, plan: &Plan<'_>) -> Option<(Vec<u32>, Rest)> {
    let mut subjects = plan.predicates.iter().enumerate().filter_map(|(nth, predicate)| match predicate.test {
        Resolved::Codes(column, ref codes) if BUSY.contains(&column) => Some((nth, column, codes, predicate.negated)),
        _ => None,
    });
    let (nth, column, codes) = match (subjects.next(), subjects.next()) {
        (None, _) => return Some((vec![ALL], Rest::Nothing)),
        (Some((nth, column, codes, false)), None) => (nth, column, codes),
        _ => return None,
    };
    let (mut digests, mut rest) = (Vec::new(), Vec::new());
    for code in codes.iter() {
        match rollup.busy.binary_search(&(column, code)) {
            Ok(at) => digests.push(at as u32 + 1),
            Err(_) => rest.push(code),
        }
    }
    let rest = if rest.is_empty() { Rest::Nothing } else { Rest::Codes(nth, rest) };
    (!digests.is_empty()).then_some((digests, rest))
}

/// The digests of the strata that lie within a plan's bounds of time, and the other blocks. Nothing when there are none.
fn strata(source: &dyn Source, rollup: &Rollup, plan: &Plan<'_>) -> Option<(Vec<u32>, Rest)> {
    let (since, until) = plan.time?;
    let (of, _) = subjects(rollup, plan)?;
    if of != [ALL] {
        return None;
    }
    let within = |block: u32| {
        let range = source.block_int_range(Column::OccurredAt, block);
        range.is_some_and(|(low, high)| since <= low && high < until)
    };
    let (mut digests, mut rest) = (Vec::new(), Vec::new());
    for (digest, blocks) in (rollup.first_of_strata()..).zip(&rollup.strata) {
        if blocks.clone().all(within) {
            digests.push(digest);
        } else {
            rest.extend(blocks.clone());
        }
    }
    (!digests.is_empty()).then_some((digests, Rest::Blocks(rest)))
}

/// Where a key of a group comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Class(usize),
    /// This column of the facet.
    Facet(Column),
}

/// A test of a column that classes do not have.
struct Tested<'a> {
    column: Column,
    codes: &'a CodeSet,
    negated: bool,
}

impl Tested<'_> {
    fn passes(&self, of: &[(Column, u32)]) -> bool {
        let code = of.iter().find(|(of, _)| *of == self.column).and_then(|(_, key)| key.checked_sub(1));
        code.is_some_and(|code| self.codes.contains(code)) != self.negated
    }
}

/// What is asked of each digest.
struct Asked<'a> {
    rollup: &'a Rollup,
    /// For each class, whether the filter passes it.
    passes: Vec<bool>,
    tests: Vec<Tested<'a>>,
    hours: Option<Range<i64>>,
    /// The facets that each tell what is grouped by and tested beside classes.
    facets: Vec<Facet>,
    keys: Vec<From>,
    /// For each distinct measure, the facet that has the values, or the column of classes.
    distinct: Vec<Result<(Facet, usize), usize>>,
    approximate: bool,
    by_count: bool,
}

/// What was read of a digest.
#[derive(Default)]
struct Tables {
    spans: Vec<Span>,
    /// What the counts are by.
    facet: Option<Facet>,
    counts: Vec<Counts>,
    distinct: Vec<(Vec<Counts>, Vec<Sketched>)>,
    latencies: Vec<Counts>,
}

impl<'a> Asked<'a> {
    /// Nothing when the classes and one facet do not tell.
    fn new(
        source: &dyn Source,
        rollup: &'a Rollup,
        plan: &'a Plan<'_>,
        aggregate: &Aggregate,
        tally: &Tally<'_>,
        hours: Option<Range<i64>>,
    ) -> Option<Self> {
        let mut grouped = Vec::new();
        let mut keys = Vec::with_capacity(tally.dimensions.len());
        for dimension in &tally.dimensions {
            if let Dimension::Time(buckets, _) = dimension {
                let (low, high) = source.int_range(Column::OccurredAt)?;
                buckets.keeps_hours_whole(low, high).then_some(())?;
            }
            let from = place(rollup, column_of(dimension)?)?;
            if let From::Facet(column) = from {
                grouped.push(column);
            }
            keys.push(from);
        }
        let tests = tests(plan)?;
        let mut told: Vec<Column> = grouped.iter().copied().chain(tests.iter().map(|test| test.column)).collect();
        told.extend(hours.as_ref().map(|_| Column::OccurredAt));
        let fits = |facet: &Facet| {
            let columns = facet.columns();
            // Of two values of an event counts do not tell that they are one event's.
            let once = |list: &Column| grouped.iter().filter(|column| *column == list).count() == 1;
            told.iter().all(|column| columns.contains(column))
                && columns.iter().filter(|column| column.is_list()).all(once)
                && (tests.is_empty() || !facet.is_cut())
        };
        let facets: Vec<Facet> =
            if told.is_empty() { Vec::new() } else { Facet::ALL.into_iter().filter(fits).collect() };
        if facets.is_empty() != told.is_empty() {
            return None;
        }
        let measured = |measure: &Measure| match measure {
            Measure::Count => true,
            Measure::First | Measure::Last | Measure::Distinct(_) => facets.is_empty(),
            Measure::Percentile(column, _) => {
                facets.is_empty() && aggregate.approximate && *column == Column::HttpLatencyUs
            }
        };
        if !aggregate.measures.iter().all(measured) {
            return None;
        }
        let distinct = |distinct: &Distinct<'_>| match place(rollup, column_of(&distinct.dimension)?)? {
            From::Class(nth) => Some(Err(nth)),
            From::Facet(column) => {
                let at = |facet: Facet| Some(Ok((facet, facet.columns().iter().position(|&of| of == column)?)));
                Facet::ALL.into_iter().find_map(at)
            }
        };
        let distinct = tally.distinct.iter().map(distinct).collect::<Option<_>>()?;
        let passes = rollup.classes.iter().map(|class| passes(rollup, plan, class)).collect::<Option<_>>()?;
        let (approximate, by_count) = (aggregate.approximate, aggregate.ranks_by_count());
        Some(Self { rollup, passes, tests, hours, facets, keys, distinct, approximate, by_count })
    }

    fn passes(&self, class: u32) -> bool {
        self.passes.get(class as usize).copied().unwrap_or_default()
    }

    /// Reads what is asked of a digest; nothing when it is not there or not exact enough.
    fn read(&self, source: &dyn Source, digest: u32, tally: &Tally<'_>) -> Result<Option<Tables>, ReadError> {
        let mut tables = Tables::default();
        if self.facets.is_empty() {
            tables.spans = source.spans(digest)?;
        } else {
            for &facet in &self.facets {
                match self.counts(source, digest, facet)? {
                    Some((counts, cut)) if !cut || self.approximate && self.by_count => {
                        (tables.facet, tables.counts) = (Some(facet), counts);
                        break;
                    }
                    _ => {}
                }
            }
            if tables.facet.is_none() {
                return Ok(None);
            }
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
            let group = self.group(span.class, &[], tally)?;
            tally.groups.count(group, span.count);
            tally.groups.span(group, span.occurred_at);
        }
        if let Some(facet) = tables.facet {
            self.add_counts(facet, &tables.counts, tally)?;
        }
        for (nth, (asked, (counts, sketches))) in self.distinct.iter().zip(&tables.distinct).enumerate() {
            match *asked {
                Err(column) => {
                    for span in tables.spans.iter().filter(|span| self.passes(span.class)) {
                        let group = self.group(span.class, &[], tally)?;
                        tally.see(nth, group, self.class(span.class, column));
                    }
                }
                Ok((_, at)) => {
                    for of in counts.iter().filter(|of| of.left_out_max == 0) {
                        let group = self.group(of.class, &[], tally)?;
                        of.counts.iter().for_each(|(key, _)| tally.see(nth, group, key.get(at).copied().unwrap_or(0)));
                    }
                    for (class, sketch) in sketches.iter().filter(|(class, _)| self.passes(*class)) {
                        let group = self.group(*class, &[], tally)?;
                        tally.see_sketch(nth, group, sketch);
                    }
                }
            }
        }
        for of in &tables.latencies {
            let group = self.group(of.class, &[], tally)?;
            for &([key, _], count) in of.counts.iter().filter(|(key, _)| key[0] > 0) {
                tally.add_latency(group, histogram::value(key - 1), count);
            }
        }
        Ok(())
    }

    fn add_counts(&self, facet: Facet, counts: &[Counts], tally: &mut Tally<'_>) -> Result<(), ReadError> {
        let mut groups = Vec::new();
        let mut of: Vec<(Column, u32)> = facet.columns().iter().map(|&column| (column, NULL)).collect();
        for of_class in counts {
            for &(key, count) in &of_class.counts {
                of.iter_mut().zip(key).for_each(|(slot, key)| slot.1 = key);
                if self.hours.as_ref().is_none_or(|hours| hours.contains(&i64::from(key[0])))
                    && self.tests.iter().all(|test| test.passes(&of))
                {
                    let group = self.group(of_class.class, &of, tally)?;
                    tally.groups.count(group, count);
                    groups.push(group);
                }
            }
        }
        // A value that is there is there in every class that has it: of groups by whole keys nothing is missing.
        groups.sort_unstable();
        groups.dedup();
        let grouped = self.keys.iter().filter(|from| matches!(from, From::Facet(_))).count();
        let left_out = counts.iter().map(|of| of.left_out_max).sum();
        tally.leave_out(left_out, if facet.columns().len() == grouped { &groups } else { &[] });
        Ok(())
    }

    fn class(&self, class: u32, nth: usize) -> u32 {
        self.rollup.classes.get(class as usize).and_then(|class| class.get(nth)).copied().unwrap_or_default()
    }

    /// The group of a class and of a key for each column of a facet.
    fn group(&self, class: u32, of: &[(Column, u32)], tally: &mut Tally<'_>) -> Result<u32, ReadError> {
        let mut keys = Keys::default();
        for ((slot, from), dimension) in keys.iter_mut().zip(&self.keys).zip(&mut tally.dimensions) {
            *slot = match *from {
                From::Class(nth) => self.class(class, nth),
                From::Facet(column) => {
                    let key = of.iter().find(|(of, _)| *of == column);
                    dimension.key_of(key.map_or(NULL, |(_, key)| *key))
                }
            };
        }
        tally.groups.find(keys)
    }
}

fn column_of(dimension: &Dimension<'_>) -> Option<Column> {
    match dimension {
        Dimension::Time(..) => Some(Column::OccurredAt),
        Dimension::Terms { column, .. } => Some(*column),
        Dimension::Ints(Column::HttpStatus, _) => Some(Column::HttpStatus),
        Dimension::Ints(..) | Dimension::Json(..) => None,
    }
}

/// Where a roll-up may have a column; nothing when its classes do not tell.
fn place(rollup: &Rollup, column: Column) -> Option<From> {
    match CLASS.iter().position(|&of| of == column) {
        Some(nth) => rollup.tells.get(nth)?.then_some(From::Class(nth)),
        None => Some(From::Facet(column)),
    }
}

/// The tests that are neither of classes nor of subjects; nothing when no facet can have one.
fn tests<'a>(plan: &'a Plan<'_>) -> Option<Vec<Tested<'a>>> {
    let mut tests = Vec::new();
    for Predicate { negated, test } in &plan.predicates {
        match test {
            Resolved::Codes(column, _) if CLASS.contains(column) || BUSY.contains(column) => {}
            Resolved::Codes(column, codes) if !column.is_list() => {
                tests.push(Tested { column: *column, codes, negated: *negated });
            }
            _ => return None,
        }
    }
    Some(tests)
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

/// The hours that the plan's bounds of time cover, where it has any; nothing when a bound cuts through an hour.
#[allow(clippy::option_option)]
fn hours_of(plan: &Plan<'_>) -> Option<Option<Range<i64>>> {
    let Some((since, until)) = plan.time else { return Some(None) };
    let aligned = |us: i64| us == i64::MIN || us == i64::MAX || us.rem_euclid(HOUR_US) == 0;
    (aligned(since) && aligned(until)).then(|| Some(since.div_euclid(HOUR_US)..until.div_euclid(HOUR_US)))
}
