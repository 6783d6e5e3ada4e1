//! Bringing the tallies of several sources together, by value.

use hashbrown::{HashMap, HashSet};
use indelible_proof::Timestamp;

use super::{
    dimension::{Dimension, NULL, int_value},
    model::{Aggregate, Measure, Value},
    tally::{Keys, Seen, Tally, Values, bounded},
    term_set::{TermSet, Union, within_bytes},
};
use crate::{
    column::Column,
    limits::GROUPS_MAX,
    source::{ReadError, Source},
};

/// The groups of all sources so far.
#[derive(Debug, Default)]
pub(super) struct Merged {
    groups: HashMap<Vec<Value>, u32>,
    group_bytes: usize,
    counts: Vec<u64>,
    spans: Vec<(i64, i64)>,
    distinct: Vec<DistinctValues>,
    values: Vec<Values>,
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
        number: impl Fn(u32) -> u32,
    ) -> Result<(), ReadError> {
        let mut found = HashMap::new();
        for (key, value) in values_of(source, dimension, pairs.iter().map(|&(_, key)| key).collect())? {
            found.insert(key, self.number(value)?);
        }
        for (group, key) in pairs {
            if let Some(&value) = found.get(key) {
                self.add(number(*group), value)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, group: u32, number: u32) -> Result<(), ReadError> {
        self.pairs.insert((group, number));
        bounded("different values", self.pairs.len())
    }
}

impl Merged {
    /// Adds what a source gave.
    pub(super) fn add(&mut self, source: &dyn Source, tally: &Tally<'_>) -> Result<(), ReadError> {
        let mut texts = Vec::new();
        for (nth, dimension) in tally.dimensions.iter().enumerate() {
            let keys = tally.groups.keys.iter().filter_map(|keys: &Keys| keys.get(nth).copied());
            texts.push(values_of(source, dimension, keys.collect())?);
        }
        let value = |(key, texts): (&u32, &HashMap<u32, Value>)| texts.get(key).cloned().unwrap_or(Value::Null);
        let mut numbers = Vec::with_capacity(tally.groups.keys.len());
        for keys in &tally.groups.keys {
            numbers.push(self.group(keys.iter().zip(&texts).map(value).collect())?);
        }
        let number = |group: u32| numbers.get(group as usize).copied().unwrap_or_default();
        for ((&number, count), span) in numbers.iter().zip(&tally.counts).zip(&tally.spans) {
            self.count(number, *count, *span);
        }
        self.distinct.resize_with(self.distinct.len().max(tally.distinct.len()), DistinctValues::default);
        for (merged, distinct) in self.distinct.iter_mut().zip(&tally.distinct) {
            match &distinct.seen {
                Seen::Pairs(pairs) => merged.add_pairs(source, &distinct.dimension, pairs, number)?,
                Seen::Keys(bits) => merged.terms.add(TermSet::gather(|visit| {
                    let keys = bits_of(bits);
                    let keys = keys.strip_prefix(&[NULL]).unwrap_or(&keys);
                    distinct.dimension.terms(source, Some(keys), visit)
                })?)?,
                Seen::Every => {
                    merged.terms.add(TermSet::gather(|visit| distinct.dimension.terms(source, None, visit))?)?;
                }
            }
        }
        for values in &tally.values {
            let counts = values.counts.iter().map(|(&(group, value), &count)| ((number(group), value), count));
            self.add_values(values.column, counts)?;
        }
        Ok(())
    }

    /// Adds what another thread gathered.
    pub(super) fn absorb(&mut self, other: Self) -> Result<(), ReadError> {
        let mut numbers = vec![0; other.counts.len()];
        for (values, group) in other.groups {
            if let Some(number) = numbers.get_mut(group as usize) {
                *number = self.group(values)?;
            }
        }
        let number = |group: u32| numbers.get(group as usize).copied().unwrap_or_default();
        for ((group, count), span) in (0..).zip(other.counts).zip(other.spans) {
            self.count(number(group), count, span);
        }
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
        }
        for Values { column, counts } in other.values {
            let counts = counts.into_iter().map(|((group, value), count)| ((number(group), value), count));
            self.add_values(column, counts)?;
        }
        Ok(())
    }

    /// The number of a group, new or not.
    pub(super) fn group(&mut self, values: Vec<Value>) -> Result<u32, ReadError> {
        if let Some(&number) = self.groups.get(&values) {
            return Ok(number);
        }
        if self.groups.len() >= GROUPS_MAX {
            return Err(ReadError::TooBroad { what: "groups", limit: GROUPS_MAX });
        }
        self.group_bytes += values.iter().map(bytes_of).sum::<usize>();
        within_bytes(self.group_bytes)?;
        let number = self.groups.len() as u32;
        self.groups.insert(values, number);
        self.counts.push(0);
        self.spans.push((i64::MAX, i64::MIN));
        Ok(number)
    }

    fn count(&mut self, number: u32, count: u64, span: (i64, i64)) {
        let slots = self.counts.get_mut(number as usize).zip(self.spans.get_mut(number as usize));
        if let Some((counted, (first, last))) = slots {
            *counted += count;
            *first = span.0.min(*first);
            *last = span.1.max(*last);
        }
    }

    fn add_values(&mut self, column: Column, counts: impl Iterator<Item = ((u32, i64), u64)>) -> Result<(), ReadError> {
        let at = self.values.iter().position(|known| known.column == column).unwrap_or_else(|| {
            self.values.push(Values { column, counts: HashMap::new() });
            self.values.len() - 1
        });
        if let Some(merged) = self.values.get_mut(at) {
            for (key, count) in counts {
                *merged.counts.entry(key).or_insert(0) += count;
            }
            bounded("values of a percentile", merged.counts.len())?;
        }
        Ok(())
    }

    /// Each group's keys, then its measures.
    pub(super) fn into_rows(mut self, aggregate: &Aggregate) -> Vec<Vec<Value>> {
        let mut rows: Vec<Vec<Value>> = vec![Vec::new(); self.counts.len()];
        for (values, number) in std::mem::take(&mut self.groups) {
            if let Some(row) = rows.get_mut(number as usize) {
                *row = values;
            }
        }
        let mut distinct = std::mem::take(&mut self.distinct).into_iter();
        for measure in &aggregate.measures {
            let values = match measure {
                Measure::Count => self.counts.iter().map(|&count| int(count)).collect(),
                Measure::First => self.spans.iter().map(|&(first, _)| time(first, i64::MAX)).collect(),
                Measure::Last => self.spans.iter().map(|&(_, last)| time(last, i64::MIN)).collect(),
                Measure::Distinct(_) => self.distinct_counts(distinct.next().unwrap_or_default()),
                Measure::Percentile(column, percent) => self.percentiles(*column, *percent),
            };
            rows.iter_mut().zip(values).for_each(|(row, value): (_, Value)| row.push(value));
        }
        rows
    }

    fn distinct_counts(&self, distinct: DistinctValues) -> Vec<Value> {
        let mut counts = vec![0u64; self.counts.len()];
        if let Some(only) = counts.first_mut() {
            *only = distinct.terms.count() as u64;
        }
        for (group, _) in distinct.pairs {
            if let Some(count) = counts.get_mut(group as usize) {
                *count += 1;
            }
        }
        counts.into_iter().map(int).collect()
    }

    /// By the nearest rank: the smallest value that at least so many percent of the values do not exceed.
    fn percentiles(&self, column: Column, percent: u8) -> Vec<Value> {
        let mut sorted: Vec<Vec<(i64, u64)>> = vec![Vec::new(); self.counts.len()];
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

fn values_of(
    source: &dyn Source,
    dimension: &Dimension<'_>,
    mut keys: Vec<u32>,
) -> Result<HashMap<u32, Value>, ReadError> {
    keys.sort_unstable();
    keys.dedup();
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
