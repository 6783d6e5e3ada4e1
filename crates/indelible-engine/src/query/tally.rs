//! Grouping and measuring one source, on codes.

use std::ops::ControlFlow;

use hashbrown::{HashMap, HashSet};

use super::{
    dimension::{Dimension, NULL},
    groups::{Groups, Keys},
    model::{Aggregate, Measure, Order},
    part::Cancel,
    plan::Plan,
    scan::scan,
};
use crate::{
    column::Column,
    histogram,
    limits::{APPROXIMATE_GROUPS, APPROXIMATE_VALUES_MIN, GROUP_BY_MAX, GROUPS_MAX, MEASURED_VALUES_MAX},
    sketch::Sketch,
    source::{ABSENT, CodeBlock, ReadError, Source},
};

/// What one source gives for each of its groups.
#[derive(Debug)]
pub(super) struct Tally<'q> {
    pub(super) dimensions: Vec<Dimension<'q>>,
    pub(super) groups: Groups,
    pub(super) distinct: Vec<Distinct<'q>>,
    pub(super) values: Vec<Values>,
    /// A group that is not here may have as many events in the source as this.
    pub(super) left_out: u64,
    wants_spans: bool,
    pub(super) approximate: bool,
}

/// The different values of a field in each group.
#[derive(Debug)]
pub(super) struct Distinct<'q> {
    pub(super) dimension: Dimension<'q>,
    pub(super) seen: Seen,
    /// What else was seen in a group.
    pub(super) sketches: HashMap<u32, Sketch>,
}

/// Which values were seen.
#[derive(Debug)]
pub(super) enum Seen {
    /// (group, key)
    Pairs(HashSet<(u32, u32)>),
    /// Of the only group: a bit for each key.
    Keys(Vec<u64>),
    /// Of the only group: every term that the source has.
    Every,
}

impl Seen {
    fn new(key_end: Option<u64>, groups: usize) -> Self {
        match key_end {
            Some(end) if groups == 0 => Self::Keys(vec![0; end.div_ceil(64) as usize]),
            _ => Self::Pairs(HashSet::new()),
        }
    }

    fn add(&mut self, group: u32, key: u32) {
        match self {
            Self::Pairs(pairs) => {
                pairs.insert((group, key));
            }
            Self::Keys(bits) => {
                if let Some(word) = bits.get_mut(key as usize / 64) {
                    *word |= 1 << (key % 64);
                }
            }
            Self::Every => {}
        }
    }

    fn bounded(&self) -> Result<(), ReadError> {
        match self {
            Self::Pairs(pairs) => bounded("different values", pairs.len()),
            _ => Ok(()),
        }
    }
}

/// How often each value of an integer column occurs in each group.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) column: Column,
    pub(super) counts: HashMap<(u32, i64), u64>,
    pub(super) rounded: bool,
}

impl Values {
    pub(super) fn new(column: Column) -> Self {
        Self { column, counts: HashMap::new(), rounded: false }
    }

    fn add(&mut self, group: u32, value: i64, count: u64) {
        let value = if self.rounded { histogram::value(histogram::bucket(value)) } else { value };
        *self.counts.entry((group, value)).or_insert(0) += count;
    }

    /// Rounds latencies from here on, and what is there.
    pub(super) fn round(&mut self) {
        if !self.rounded && self.column == Column::HttpLatencyUs {
            self.rounded = true;
            let counts = std::mem::take(&mut self.counts);
            counts.into_iter().for_each(|((group, value), count)| self.add(group, value, count));
        }
    }
}

impl<'q> Tally<'q> {
    /// An empty one.
    pub(super) fn new(source: &dyn Source, aggregate: &'q Aggregate) -> Result<Self, ReadError> {
        let dimensions = aggregate.group_by.iter().take(GROUP_BY_MAX);
        let dimensions: Vec<Dimension<'q>> = dimensions
            .map(|group| Dimension::of_group(source, group, &aggregate.time_zone))
            .collect::<Result<_, _>>()?;
        let key_ends: Vec<Option<u64>> = dimensions.iter().map(|dimension| dimension.key_end(source)).collect();
        let mut tally = Self {
            dimensions,
            groups: Groups::new(&key_ends),
            distinct: Vec::new(),
            values: Vec::new(),
            left_out: 0,
            wants_spans: false,
            approximate: aggregate.approximate,
        };
        for measure in &aggregate.measures {
            match measure {
                Measure::Count => {}
                Measure::First | Measure::Last => tally.wants_spans = true,
                Measure::Distinct(field) => {
                    let dimension = Dimension::of_field(source, field)?;
                    let terms = matches!(dimension, Dimension::Terms { .. });
                    let key_end = if terms { dimension.key_end(source) } else { None };
                    let seen = Seen::new(key_end, tally.dimensions.len());
                    tally.distinct.push(Distinct { dimension, seen, sketches: HashMap::new() });
                }
                Measure::Percentile(column, _) => {
                    if tally.values.iter().all(|values| values.column != *column) {
                        tally.values.push(Values::new(*column));
                    }
                }
            }
        }
        Ok(tally)
    }

    /// Counts a roll-up's key for the `nth` distinct measure.
    pub(super) fn see(&mut self, nth: usize, group: u32, key: u32) {
        if let Some(distinct) = self.distinct.get_mut(nth).filter(|_| key != NULL) {
            let key = distinct.dimension.key_of(key);
            distinct.seen.add(group, key);
        }
    }

    /// The same for a sketch of values.
    pub(super) fn see_sketch(&mut self, nth: usize, group: u32, sketch: &Sketch) {
        if let Some(distinct) = self.distinct.get_mut(nth) {
            distinct.sketches.entry(group).or_default().absorb(sketch);
        }
    }

    /// Adds events of a latency.
    pub(super) fn add_latency(&mut self, group: u32, latency: i64, events: u64) {
        for values in self.values.iter_mut().filter(|values| values.column == Column::HttpLatencyUs) {
            values.round();
            values.add(group, latency, events);
        }
    }

    /// Says that groups other than these have at most so many events more.
    pub(super) fn leave_out(&mut self, events_max: u64, but: &[u32]) {
        self.left_out += events_max;
        but.iter().for_each(|&group| self.groups.list(group, events_max));
    }

    /// Whether a group of so many events is not left out.
    pub(super) fn keeps(&self, events: u64) -> bool {
        events > 0 || self.left_out == 0
    }

    /// Leaves out all but the groups with the most events: what is left out has none.
    pub(super) fn cut(&mut self, returned: u32) {
        let (times, least, most) = APPROXIMATE_GROUPS;
        let groups = (returned as usize).saturating_mul(times).clamp(least, most);
        if self.groups.counts.len() <= groups {
            return;
        }
        let mut counts = self.groups.counts.clone();
        let (_, &mut most, _) = counts.select_nth_unstable_by(groups, |a, b| b.cmp(a));
        self.leave_out(most, &[]);
        self.groups.listed.iter_mut().for_each(|listed| *listed += most);
        self.groups.counts.iter_mut().filter(|count| **count <= most).for_each(|count| *count = 0);
    }

    /// Scans a source.
    pub(super) fn scan(&mut self, source: &dyn Source, plan: &Plan<'_>, cancel: &Cancel) -> Result<(), ReadError> {
        let mut buffers = Buffers::default();
        buffers.keys.resize_with(self.dimensions.len(), CodeBlock::default);
        scan(source, plan, Order::OldestFirst, cancel, &mut |block, mask| {
            buffers.rows.clear();
            buffers.rows.extend(mask.rows());
            self.assign(source, block, &mut buffers)?;
            self.measure(source, block, &mut buffers)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Finds the groups of each row.
    fn assign(&mut self, source: &dyn Source, block: u32, buffers: &mut Buffers) -> Result<(), ReadError> {
        let Buffers { rows, keys, ints, assigned, .. } = buffers;
        for (dimension, keys) in self.dimensions.iter_mut().zip(keys.iter_mut()) {
            dimension.keys(source, block, rows, ints, keys)?;
        }
        assigned.clear();
        for nth in 0..rows.len() {
            // Most rows have one key of each dimension, of lists too.
            let mut of_row = Keys::default();
            let single = of_row.iter_mut().zip(keys.iter()).all(|(slot, keys)| match keys.of(nth) {
                [key] => {
                    *slot = *key;
                    true
                }
                _ => false,
            });
            if single {
                assigned.push((nth, self.groups.find(of_row)?));
                continue;
            }
            let mut combinations = vec![Keys::default()];
            for (dimension, keys) in keys.iter().enumerate() {
                let keys = keys.of(nth);
                if combinations.len().saturating_mul(keys.len()) > GROUPS_MAX {
                    return Err(ReadError::TooBroad { what: "groups", limit: GROUPS_MAX });
                }
                combinations = combine(&combinations, dimension, keys);
            }
            for combination in combinations {
                assigned.push((nth, self.groups.find(combination)?));
            }
        }
        Ok(())
    }

    fn measure(&mut self, source: &dyn Source, block: u32, buffers: &mut Buffers) -> Result<(), ReadError> {
        let Buffers { rows, ints, assigned, distinct: keys, .. } = buffers;
        for &(_, group) in assigned.iter() {
            self.groups.count(group, 1);
        }
        if self.wants_spans {
            source.ints_of(Column::OccurredAt, block, rows, ints)?;
            for &(nth, group) in assigned.iter() {
                let at = ints.get(nth).copied().unwrap_or(ABSENT);
                if at != ABSENT {
                    self.groups.span(group, (at, at));
                }
            }
        }
        for distinct in &mut self.distinct {
            distinct.dimension.keys(source, block, rows, ints, keys)?;
            for &(nth, group) in assigned.iter() {
                keys.of(nth).iter().filter(|&&key| key != NULL).for_each(|&key| distinct.seen.add(group, key));
            }
            distinct.seen.bounded()?;
        }
        for values in &mut self.values {
            source.ints_of(values.column, block, rows, ints)?;
            for &(nth, group) in assigned.iter() {
                let value = ints.get(nth).copied().unwrap_or(ABSENT);
                if value != ABSENT {
                    values.add(group, value, 1);
                }
            }
            if self.approximate && values.counts.len() > APPROXIMATE_VALUES_MIN {
                values.round();
            }
            bounded("values of a percentile", values.counts.len())?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Buffers {
    /// The rows of the block that are looked at.
    rows: Vec<u32>,
    keys: Vec<CodeBlock>,
    distinct: CodeBlock,
    ints: Vec<i64>,
    /// (which of the rows, group)
    assigned: Vec<(usize, u32)>,
}

fn combine(combinations: &[Keys], nth: usize, keys: &[u32]) -> Vec<Keys> {
    let with = |mut combination: Keys, key: u32| {
        if let Some(slot) = combination.get_mut(nth) {
            *slot = key;
        }
        combination
    };
    combinations.iter().flat_map(|&combination| keys.iter().map(move |&key| with(combination, key))).collect()
}

pub(super) fn bounded(what: &'static str, len: usize) -> Result<(), ReadError> {
    if len > MEASURED_VALUES_MAX { Err(ReadError::TooBroad { what, limit: MEASURED_VALUES_MAX }) } else { Ok(()) }
}
