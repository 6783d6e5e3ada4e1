//! Bringing the tallies of several sources together, by value.

use std::cmp::Ordering;

use hashbrown::{HashMap, HashSet};
use indelible_proof::Timestamp;

use super::{
    dimension::{Dimension, Interner, NULL, int_value},
    groups::{Groups, Keys},
    model::{Aggregate, Measure, Value},
    tally::{Seen, Tally, Values, bounded},
    term_set::{TermSet, Union, within_bytes},
};
use crate::{
    column::Column,
    limits::{APPROXIMATE_VALUES_MIN, GROUP_BY_MAX},
    sketch::{Sketch, hash},
    source::{ReadError, Source},
};

/// The groups of all sources so far.
#[derive(Debug)]
pub(super) struct Merged {
    /// The values of each dimension; groups are of their keys.
    dimensions: Vec<Interner<Value>>,
    pub(super) groups: Groups,
    group_bytes: usize,
    distinct: Vec<DistinctValues>,
    values: Vec<Values>,
    /// A group may have as many events more as this less what is listed of it.
    left_out: u64,
}

/// What all sources gave.
#[derive(Debug)]
pub(super) struct Answer {
    dimensions: Vec<Interner<Value>>,
    groups: Vec<Keys>,
    /// Of each measure, the value of each group.
    measures: Vec<Vec<Value>>,
    /// How many events of each group may have been left out.
    pub(super) missing: Vec<u64>,
    /// How many events a group may have that is not there.
    pub(super) left_out: u64,
    /// Whether no measure comes from a sketch or from rounded values.
    pub(super) exact: bool,
}

/// The different values of one field.
#[derive(Debug, Default)]
struct DistinctValues {
    /// Of the only group, when they are terms.
    terms: Union,
    numbers: HashMap<Value, u32>,
    bytes: usize,
    /// (group, number of the value)
    pairs: HashSet<(u32, u32)>,
    /// Of the groups of which not all values are known.
    sketches: HashMap<u32, Sketch>,
}

impl DistinctValues {
    fn number(&mut self, value: Value) -> Result<u32, ReadError> {
        let next = self.numbers.len() as u32;
        let size = bytes_of(&value);
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.bytes += size;
            within_bytes(self.bytes)?;
        }
        Ok(number)
    }

    fn add_pairs(
        &mut self,
        source: &dyn Source,
        dimension: &Dimension<'_>,
        pairs: &HashSet<(u32, u32)>,
        number: impl Fn(u32) -> Option<u32>,
    ) -> Result<(), ReadError> {
        let mut found = HashMap::new();
        for (key, value) in values_of(source, dimension, pairs.iter().map(|&(_, key)| key).collect())? {
            found.insert(key, self.number(value)?);
        }
        for (group, key) in pairs {
            if let (Some(&value), Some(group)) = (found.get(key), number(*group)) {
                self.add(group, value)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, group: u32, number: u32) -> Result<(), ReadError> {
        self.pairs.insert((group, number));
        bounded("different values", self.pairs.len())
    }

    /// Adds terms of the only group, as they are or to its sketch.
    fn add_terms(
        &mut self,
        sketch: bool,
        visit_all: impl FnOnce(&mut dyn FnMut(&str)) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        if !sketch {
            return self.terms.add(TermSet::gather(visit_all)?);
        }
        let sketch = self.sketches.entry(0).or_default();
        visit_all(&mut |term| sketch.add(hash(term)))
    }

    fn add_sketch(&mut self, group: u32, sketch: &Sketch) {
        self.sketches.entry(group).or_default().absorb(sketch);
    }

    /// How many there are in each of the groups.
    fn counts(mut self, groups: usize) -> Vec<Value> {
        let mut counts = vec![0u64; groups];
        if let Some(sketch) = self.sketches.get_mut(&0) {
            self.terms.each(|term| sketch.add(hash(term)));
        } else if let Some(only) = counts.first_mut() {
            *only = self.terms.count() as u64;
        }
        let mut texts = vec![String::new(); if self.sketches.is_empty() { 0 } else { self.numbers.len() }];
        for (value, number) in &self.numbers {
            if let (Value::Text(value), Some(text)) = (value, texts.get_mut(*number as usize)) {
                text.clone_from(value);
            }
        }
        for (group, number) in &self.pairs {
            match (self.sketches.get_mut(group), texts.get(*number as usize), counts.get_mut(*group as usize)) {
                (Some(sketch), Some(text), _) => sketch.add(hash(text)),
                (_, _, Some(count)) => *count += 1,
                _ => {}
            }
        }
        for (group, sketch) in &self.sketches {
            counts.get_mut(*group as usize).into_iter().for_each(|count| *count = sketch.count());
        }
        counts.into_iter().map(int).collect()
    }
}

impl Answer {
    /// A value of a group: of its keys, then of its measures.
    pub(super) fn value(&self, group: u32, nth: usize) -> &Value {
        let value = match self.dimensions.get(nth) {
            Some(dimension) => dimension.get(self.key(group, nth)),
            None => self.measures.get(nth - self.dimensions.len()).and_then(|values| values.get(group as usize)),
        };
        value.unwrap_or(&Value::Null)
    }

    /// All of them.
    pub(super) fn row(&self, group: u32) -> Vec<Value> {
        (0..self.dimensions.len() + self.measures.len()).map(|nth| self.value(group, nth).clone()).collect()
    }

    /// How the keys of two groups compare.
    pub(super) fn compare(&self, a: u32, b: u32) -> Ordering {
        let differs = |nth: &usize| self.key(a, *nth) != self.key(b, *nth);
        let first = (0..self.dimensions.len()).find(differs);
        first.map_or(Ordering::Equal, |nth| self.value(a, nth).cmp(self.value(b, nth)))
    }

    fn key(&self, group: u32, nth: usize) -> u32 {
        self.groups.get(group as usize).and_then(|keys| keys.get(nth)).copied().unwrap_or(NULL)
    }
}

impl Merged {
    /// None yet, grouped by what an aggregate says.
    pub(super) fn new(aggregate: &Aggregate) -> Self {
        let dimensions = aggregate.group_by.len().min(GROUP_BY_MAX);
        Self {
            dimensions: (0..dimensions).map(|_| Interner::default()).collect(),
            groups: Groups::new(&vec![None; dimensions]),
            group_bytes: 0,
            distinct: Vec::new(),
            values: Vec::new(),
            left_out: 0,
        }
    }

    /// Adds what a source gave.
    pub(super) fn add(&mut self, source: &dyn Source, tally: &Tally<'_>) -> Result<(), ReadError> {
        let groups = &tally.groups;
        let of_groups =
            || groups.keys.iter().zip(&groups.counts).map(|(keys, count)| tally.keeps(*count).then_some(keys));
        let mut renamed = Vec::new();
        for (nth, dimension) in tally.dimensions.iter().enumerate() {
            let keys = rising(of_groups().flatten().filter_map(|keys: &Keys| keys.get(nth).copied()).collect());
            let mut of_source = vec![NULL; keys.last().map_or(0, |&last| last as usize + 1)];
            let mut known = Ok(());
            let keys = keys.strip_prefix(&[NULL]).unwrap_or(&keys);
            dimension.values(source, keys, &mut |key, value| match self.key(nth, value) {
                Ok(new) => of_source.get_mut(key as usize).into_iter().for_each(|slot| *slot = new),
                Err(error) => known = Err(error),
            })?;
            known?;
            renamed.push(of_source);
        }
        let mut numbers = Vec::with_capacity(groups.keys.len());
        for keys in of_groups() {
            numbers.push(keys.map(|keys| self.groups.find(rename(keys, &renamed))).transpose()?);
        }
        let number = |group: u32| numbers.get(group as usize).copied().flatten();
        self.left_out += tally.left_out;
        self.add_groups(groups, number);
        self.distinct.resize_with(self.distinct.len().max(tally.distinct.len()), DistinctValues::default);
        for (merged, distinct) in self.distinct.iter_mut().zip(&tally.distinct) {
            match &distinct.seen {
                Seen::Pairs(pairs) => merged.add_pairs(source, &distinct.dimension, pairs, number)?,
                Seen::Keys(bits) => {
                    let keys = bits_of(bits);
                    let keys = keys.strip_prefix(&[NULL]).unwrap_or(&keys);
                    let sketch = tally.approximate && keys.len() > APPROXIMATE_VALUES_MIN;
                    merged.add_terms(sketch, |visit| distinct.dimension.terms(source, Some(keys), visit))?;
                }
                Seen::Every => merged.add_terms(false, |visit| distinct.dimension.terms(source, None, visit))?,
            }
            for (group, sketch) in &distinct.sketches {
                number(*group).into_iter().for_each(|group| merged.add_sketch(group, sketch));
            }
        }
        for values in &tally.values {
            let of_group = |(&(group, value), &count): (&(u32, i64), &u64)| Some(((number(group)?, value), count));
            let counts = values.counts.iter().filter_map(of_group);
            self.add_values(values.column, values.rounded, counts)?;
        }
        Ok(())
    }

    /// Adds what another thread gathered.
    pub(super) fn absorb(&mut self, other: Self) -> Result<(), ReadError> {
        let mut renamed = Vec::new();
        for (nth, dimension) in other.dimensions.into_iter().enumerate() {
            let keys = dimension.into_values().map(|value| self.key(nth, value));
            renamed.push(std::iter::once(Ok(NULL)).chain(keys).collect::<Result<Vec<u32>, ReadError>>()?);
        }
        let numbers = other.groups.keys.iter().map(|keys| self.groups.find(rename(keys, &renamed)));
        let numbers = numbers.collect::<Result<Vec<u32>, ReadError>>()?;
        let number = |group: u32| numbers.get(group as usize).copied().unwrap_or_default();
        self.left_out += other.left_out;
        self.add_groups(&other.groups, |group| Some(number(group)));
        self.distinct.resize_with(self.distinct.len().max(other.distinct.len()), DistinctValues::default);
        for (merged, distinct) in self.distinct.iter_mut().zip(other.distinct) {
            let mut found = vec![0; distinct.numbers.len()];
            for (value, old) in distinct.numbers {
                if let Some(new) = found.get_mut(old as usize) {
                    *new = merged.number(value)?;
                }
            }
            for (group, old) in distinct.pairs {
                merged.add(number(group), found.get(old as usize).copied().unwrap_or_default())?;
            }
            merged.terms.absorb(distinct.terms)?;
            distinct.sketches.iter().for_each(|(group, sketch)| merged.add_sketch(number(*group), sketch));
        }
        for Values { column, counts, rounded } in other.values {
            let counts = counts.into_iter().map(|((group, value), count)| ((number(group), value), count));
            self.add_values(column, rounded, counts)?;
        }
        Ok(())
    }

    /// The key of a value of the `nth` dimension.
    fn key(&mut self, nth: usize, value: Value) -> Result<u32, ReadError> {
        let Some(dimension) = self.dimensions.get_mut(nth).filter(|_| value != Value::Null) else { return Ok(NULL) };
        let (known, bytes) = (dimension.len(), bytes_of(&value));
        let key = dimension.key(value);
        if dimension.len() > known {
            self.group_bytes += bytes;
            within_bytes(self.group_bytes)?;
        }
        Ok(key)
    }

    /// Adds what other groups have, which have these numbers here.
    fn add_groups(&mut self, groups: &Groups, number: impl Fn(u32) -> Option<u32>) {
        for (((group, &count), &span), &listed) in (0..).zip(&groups.counts).zip(&groups.spans).zip(&groups.listed) {
            if let Some(number) = number(group) {
                self.groups.count(number, count);
                self.groups.span(number, span);
                self.groups.list(number, listed);
            }
        }
    }

    fn add_values(
        &mut self,
        column: Column,
        rounded: bool,
        counts: impl Iterator<Item = ((u32, i64), u64)>,
    ) -> Result<(), ReadError> {
        let at = self.values.iter().position(|known| known.column == column).unwrap_or_else(|| {
            self.values.push(Values::new(column));
            self.values.len() - 1
        });
        if let Some(merged) = self.values.get_mut(at) {
            merged.rounded |= rounded;
            for (key, count) in counts {
                *merged.counts.entry(key).or_insert(0) += count;
            }
            bounded("values of a percentile", merged.counts.len())?;
        }
        Ok(())
    }

    pub(super) fn into_answer(mut self, aggregate: &Aggregate) -> Answer {
        let sketched = self.distinct.iter().any(|distinct| !distinct.sketches.is_empty());
        let exact = !sketched && !self.values.iter().any(|values| values.rounded);
        let mut distinct = std::mem::take(&mut self.distinct).into_iter();
        let values = |measure: &Measure| match measure {
            Measure::Count => self.groups.counts.iter().map(|&count| int(count)).collect(),
            Measure::First => self.groups.spans.iter().map(|&(first, _)| time(first, i64::MAX)).collect(),
            Measure::Last => self.groups.spans.iter().map(|&(_, last)| time(last, i64::MIN)).collect(),
            Measure::Distinct(_) => distinct.next().unwrap_or_default().counts(self.groups.counts.len()),
            Measure::Percentile(column, percent) => self.percentiles(*column, *percent),
        };
        let measures = aggregate.measures.iter().map(values).collect();
        let missing = self.groups.listed.iter().map(|listed| self.left_out.saturating_sub(*listed)).collect();
        let (dimensions, groups) = (self.dimensions, self.groups.keys);
        Answer { dimensions, groups, measures, missing, left_out: self.left_out, exact }
    }

    /// By the nearest rank: the smallest value that at least so many percent of the values do not exceed.
    fn percentiles(&self, column: Column, percent: u8) -> Vec<Value> {
        let mut sorted: Vec<Vec<(i64, u64)>> = vec![Vec::new(); self.groups.counts.len()];
        let of_column = self.values.iter().filter(|known| known.column == column);
        for (&(group, value), &count) in of_column.flat_map(|known| &known.counts) {
            if let Some(values) = sorted.get_mut(group as usize) {
                values.push((value, count));
            }
        }
        let nearest = |mut values: Vec<(i64, u64)>| {
            values.sort_unstable();
            let total: u64 = values.iter().map(|(_, count)| count).sum();
            let rank = (u128::from(total) * u128::from(percent)).div_ceil(100).max(1);
            let mut seen = 0;
            let found = values.into_iter().find(|(_, count)| {
                seen += u128::from(*count);
                seen >= rank
            });
            found.map_or(Value::Null, |(value, _)| int_value(column, value))
        };
        sorted.into_iter().map(nearest).collect()
    }
}

/// The same group by other keys.
fn rename(keys: &Keys, renamed: &[Vec<u32>]) -> Keys {
    let mut new = Keys::default();
    for ((slot, key), renamed) in new.iter_mut().zip(keys).zip(renamed) {
        *slot = renamed.get(*key as usize).copied().unwrap_or(NULL);
    }
    new
}

fn rising(mut keys: Vec<u32>) -> Vec<u32> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn values_of(source: &dyn Source, dimension: &Dimension<'_>, keys: Vec<u32>) -> Result<HashMap<u32, Value>, ReadError> {
    let keys = rising(keys);
    let keys = keys.strip_prefix(&[NULL]).unwrap_or(&keys);
    let mut values = HashMap::with_capacity(keys.len());
    dimension.values(source, keys, &mut |key, value| {
        values.insert(key, value);
    })?;
    Ok(values)
}

fn bits_of(words: &[u64]) -> Vec<u32> {
    let of_word =
        |(&word, nth): (&u64, u32)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| nth * 64 + bit);
    words.iter().zip(0..).flat_map(of_word).collect()
}

fn int(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn time(us: i64, none: i64) -> Value {
    if us == none { Value::Null } else { Value::Time(Timestamp::saturating_from_micros(us)) }
}

fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => 0,
    }
}
