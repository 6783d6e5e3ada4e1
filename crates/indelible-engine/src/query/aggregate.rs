//! Groups and measures over a log.

use std::{
    cmp::Ordering as Compared,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    groups::Keys,
    merge::{Answer, Merged},
    model::{Aggregate, Group, Measure, OrderBy, Table, Value},
    part::{Cancel, Snapshot},
    plan::Plan,
    shortcut,
    tally::Tally,
};
use crate::{
    limits::{AGGREGATE_ROWS_MAX, GROUP_BY_MAX, ONE_THREAD_ROWS_MAX},
    source::{ReadError, Source},
};

impl Snapshot {
    /// Groups and measures. Large logs are read by two threads.
    pub fn aggregate(&self, aggregate: &Aggregate, cancel: &Cancel) -> Result<Table, ReadError> {
        let rows: u64 = self.parts.iter().map(|part| part.read(|source| u64::from(source.rows()))).sum();
        self.aggregate_on(rows > ONE_THREAD_ROWS_MAX && self.parts.len() > 1, aggregate, cancel)
    }

    /// The same, on two threads or one.
    pub(super) fn aggregate_on(
        &self,
        two_threads: bool,
        aggregate: &Aggregate,
        cancel: &Cancel,
    ) -> Result<Table, ReadError> {
        let next = AtomicUsize::new(0);
        let work = || self.work(aggregate, cancel, &next);
        let mut merged = if two_threads {
            std::thread::scope(|scope| {
                let other = scope.spawn(work);
                let mut merged = work()?;
                match other.join() {
                    Ok(other) => merged.absorb(other?)?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
                Ok(merged)
            })?
        } else {
            work()?
        };
        if aggregate.group_by.is_empty() {
            // Nothing counted is an answer too.
            merged.groups.find(Keys::default())?;
        }
        Ok(table(&merged.into_answer(aggregate), aggregate))
    }

    /// Takes one part after the other until none is left.
    fn work(&self, aggregate: &Aggregate, cancel: &Cancel, next: &AtomicUsize) -> Result<Merged, ReadError> {
        let mut merged = Merged::new(aggregate);
        while let Some(part) = self.parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let add = |source: &dyn Source| self.add_source(source, aggregate, cancel, &mut merged);
            let added = cancel.check().and_then(|()| part.read(add));
            // After a failure the other thread need not take another part.
            added.inspect_err(|_| next.store(self.parts.len(), Ordering::Relaxed))?;
        }
        Ok(merged)
    }

    fn add_source(
        &self,
        source: &dyn Source,
        aggregate: &Aggregate,
        cancel: &Cancel,
        merged: &mut Merged,
    ) -> Result<(), ReadError> {
        let Some(mut plan) = Plan::new(source, &aggregate.filter, self.end_seq)? else { return Ok(()) };
        let mut tally = Tally::new(source, aggregate)?;
        if !shortcut::tally(source, &mut plan, aggregate, &mut tally)? {
            tally.scan(source, &plan, cancel)?;
        }
        if aggregate.approximate && aggregate.ranks_by_count() {
            tally.cut(aggregate.limit);
        }
        merged.add(source, &tally)
    }
}

fn table(answer: &Answer, aggregate: &Aggregate) -> Table {
    let keys = aggregate.group_by.len().min(GROUP_BY_MAX);
    let count = aggregate.measures.iter().position(|measure| *measure == Measure::Count).map(|nth| keys + nth);
    // The most events that a group may have: those that are counted, and those that are left out.
    let events_max = |(group, missing): &(u32, u64)| {
        let counted = count.map_or(&Value::Null, |count| answer.value(*group, count));
        if let Value::Int(counted) = counted { counted.unsigned_abs().saturating_add(*missing) } else { *missing }
    };
    let mut rows: Vec<(u32, u64)> = (0..).zip(answer.missing.iter().copied()).collect();
    // Rows that are not returned could have been, had nothing of them been left out: if they have as many events as this.
    let mut bar = None;
    let mut others = answer.left_out;
    if let Some(having) = aggregate.having {
        let by_count = aggregate.measures.get(having.measure) == Some(&Measure::Count);
        bar = by_count.then_some(having.at_least);
        rows.retain(|row| {
            let kept = matches!(answer.value(row.0, keys + having.measure), Value::Int(n) if *n >= having.at_least);
            if !kept && row.1 > 0 {
                others = others.max(events_max(row));
            }
            kept
        });
    }
    let groups = rows.len() as u64;
    let limit = aggregate.limit.clamp(1, AGGREGATE_ROWS_MAX) as usize;
    let order = aggregate.ordered_by();
    let by = |a: &(u32, u64), b: &(u32, u64)| compare(answer, order, keys, a.0, b.0);
    if rows.len() > limit {
        rows.select_nth_unstable_by(limit, by);
        others = rows.drain(limit..).map(|row| events_max(&row)).fold(others, u64::max);
    }
    rows.sort_unstable_by(by);
    let mut exact = answer.exact;
    if answer.left_out > 0 {
        if let Some((last, _)) = rows.get(limit - 1) {
            bar = Some(events_max(&(*last, 0)) as i64);
        }
        exact &= bar.is_some_and(|bar| (others as i64) < bar) && rows.iter().all(|(_, missing)| *missing == 0);
    }
    let groups_named = aggregate.group_by.iter().take(GROUP_BY_MAX).map(Group::to_string);
    let columns = groups_named.chain(aggregate.measures.iter().map(Measure::to_string)).collect();
    Table { columns, rows: rows.into_iter().map(|(group, _)| answer.row(group)).collect(), exact, groups }
}

fn compare(answer: &Answer, order: OrderBy, keys: usize, a: u32, b: u32) -> Compared {
    let (at, falling) = match order {
        OrderBy::KeyAscending(nth) => (nth, false),
        OrderBy::KeyDescending(nth) => (nth, true),
        OrderBy::MeasureAscending(nth) => (keys + nth, false),
        OrderBy::MeasureDescending(nth) => (keys + nth, true),
    };
    let first = answer.value(a, at).cmp(answer.value(b, at));
    let first = if falling { first.reverse() } else { first };
    first.then_with(|| answer.compare(a, b))
}
