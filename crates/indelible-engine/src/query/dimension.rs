//! A field, or a span of time, as small numbers: what rows are grouped by and distinct values are counted by.

use std::hash::Hash;

use hashbrown::HashMap;
use jiff::tz::TimeZone;

use super::{
    bucket::Buckets,
    json,
    model::{Field, Group, Value},
};
use crate::{
    column::{Column, Kind},
    limits::BLOCK_ROWS,
    rollup::HOUR_US,
    source::{ABSENT, CodeBlock, ReadError, Source},
};

/// The key of a row that has no value.
pub(super) const NULL: u32 = 0;

/// Gives each row of one source its keys: [`NULL`], or 1 + n for the n-th value.
#[derive(Debug)]
pub(super) enum Dimension<'q> {
    Time(Buckets, Interner<i64>),
    Terms { column: Column, empty: Option<u32> },
    Ints(Column, Interner<i64>),
    Json(Column, &'q [String], Interner<String>),
}

/// Numbers values in the order of their first appearance.
#[derive(Debug)]
pub(super) struct Interner<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Hash + Eq + Clone> Interner<T> {
    pub(super) fn key(&mut self, value: T) -> u32 {
        if let Some(&key) = self.numbers.get(&value) {
            return key;
        }
        self.values.push(value.clone());
        let key = self.values.len() as u32;
        self.numbers.insert(value, key);
        key
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        self.values.get((key as usize).checked_sub(1)?)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values by number.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.values.into_iter()
    }
}

impl<'q> Dimension<'q> {
    pub(super) fn of_group(source: &dyn Source, group: &'q Group, zone: &TimeZone) -> Result<Self, ReadError> {
        match group {
            Group::Time(bucket) => Ok(Self::Time(Buckets::new(zone, *bucket), Interner::default())),
            Group::Field(field) => Self::of_field(source, field),
        }
    }

    pub(super) fn of_field(source: &dyn Source, field: &'q Field) -> Result<Self, ReadError> {
        Ok(match field {
            Field::Json(column, path) => Self::Json(*column, path, Interner::default()),
            Field::Column(column) => match column.kind() {
                // The empty term stands for "none" in lists of structs.
                Kind::Terms => Self::Terms { column: *column, empty: source.find_term(*column, "")? },
                Kind::Ints => Self::Ints(*column, Interner::default()),
                Kind::Blob => Self::Json(*column, &[], Interner::default()),
            },
        })
    }

    /// A number that keys stay below, where it is known beforehand.
    pub(super) fn key_end(&self, source: &dyn Source) -> Option<u64> {
        match self {
            Self::Terms { column, .. } => Some(u64::from(source.term_count(*column)) + 1),
            Self::Time(buckets, _) => {
                let (low, high) = source.int_range(Column::OccurredAt)?;
                Some(buckets.count_max(low, high).saturating_add(1))
            }
            Self::Ints(..) | Self::Json(..) => None,
        }
    }

    /// The keys of each of some rising rows of a block, every one once; at least [`NULL`].
    pub(super) fn keys(
        &mut self,
        source: &dyn Source,
        block: u32,
        rows: &[u32],
        ints: &mut Vec<i64>,
        out: &mut CodeBlock,
    ) -> Result<(), ReadError> {
        out.clear();
        match self {
            Self::Terms { column, empty } => {
                source.codes_of(*column, block, rows, out)?;
                term_keys(out, *empty, rows.len());
            }
            Self::Time(buckets, interner) => {
                source.ints_of(Column::OccurredAt, block, rows, ints)?;
                let mut last = (ABSENT, NULL);
                out.codes.extend(ints.iter().map(|&us| {
                    if us == ABSENT {
                        return NULL;
                    }
                    let bucket = buckets.of(us);
                    if last.0 != bucket {
                        last = (bucket, interner.key(bucket));
                    }
                    last.1
                }));
            }
            Self::Ints(column, interner) => {
                source.ints_of(*column, block, rows, ints)?;
                out.codes.extend(ints.iter().map(|&value| if value == ABSENT { NULL } else { interner.key(value) }));
            }
            Self::Json(column, path, interner) => {
                json_keys(source, *column, path, interner, (block, rows), out)?;
            }
        }
        Ok(())
    }

    /// The key of what a roll-up has as a key.
    pub(super) fn key_of(&mut self, key: u32) -> u32 {
        match self {
            Self::Time(buckets, interner) => interner.key(buckets.of(i64::from(key) * HOUR_US)),
            Self::Ints(_, interner) if key != NULL => interner.key(i64::from(key) - 1),
            _ => key,
        }
    }

    /// Visits the terms of some keys, rising and without [`NULL`], or all; none when values are no terms.
    pub(super) fn terms(
        &self,
        source: &dyn Source,
        keys: Option<&[u32]>,
        visit: &mut dyn FnMut(&str),
    ) -> Result<(), ReadError> {
        let Self::Terms { column, empty } = self else { return Ok(()) };
        match keys {
            Some(keys) => {
                let codes: Vec<u32> = keys.iter().map(|key| key.saturating_sub(1)).collect();
                source.terms_of(*column, &codes, &mut |_, term| visit(term))
            }
            None => source.terms(*column, &mut |code, term| {
                if Some(code) != *empty {
                    visit(term);
                }
            }),
        }
    }

    /// Visits the values of some keys, rising and without [`NULL`], as they stand in a table.
    pub(super) fn values(
        &self,
        source: &dyn Source,
        keys: &[u32],
        visit: &mut dyn FnMut(u32, Value),
    ) -> Result<(), ReadError> {
        match self {
            Self::Terms { column, .. } => {
                let codes: Vec<u32> = keys.iter().map(|key| key.saturating_sub(1)).collect();
                return source
                    .terms_of(*column, &codes, &mut |code, term| visit(code + 1, Value::Text(term.to_owned())));
            }
            Self::Time(buckets, interner) => {
                keys.iter().for_each(|&key| visit(key, interner.get(key).map_or(Value::Null, |&at| buckets.value(at))));
            }
            Self::Ints(column, interner) => keys.iter().for_each(|&key| {
                visit(key, interner.get(key).map_or(Value::Null, |&value| int_value(*column, value)));
            }),
            Self::Json(_, _, interner) => keys.iter().for_each(|&key| {
                visit(key, interner.get(key).map_or(Value::Null, |text| Value::Text(text.clone())));
            }),
        }
        Ok(())
    }
}

/// A column's integer as it stands in a table.
pub(super) fn int_value(column: Column, value: i64) -> Value {
    match indelible_proof::Timestamp::from_micros(value) {
        Ok(at) if column.is_time() => Value::Time(at),
        _ => Value::Int(value),
    }
}

fn term_keys(block: &mut CodeBlock, empty: Option<u32>, rows: usize) {
    if block.starts.is_empty() && block.codes.len() == rows && empty.is_none() {
        block.codes.iter_mut().for_each(|code| *code += 1);
        return;
    }
    let mut keys = CodeBlock::default();
    for row in 0..rows {
        keys.starts.push(keys.codes.len() as u32);
        let from = keys.codes.len();
        for &code in block.of(row).iter().filter(|&&code| Some(code) != empty) {
            if !keys.codes.get(from..).is_some_and(|before| before.contains(&(code + 1))) {
                keys.codes.push(code + 1);
            }
        }
        if keys.codes.len() == from {
            keys.codes.push(NULL);
        }
    }
    keys.starts.push(keys.codes.len() as u32);
    *block = keys;
}

fn json_keys(
    source: &dyn Source,
    column: Column,
    path: &[String],
    interner: &mut Interner<String>,
    (block, rows): (u32, &[u32]),
    out: &mut CodeBlock,
) -> Result<(), ReadError> {
    let first = block * BLOCK_ROWS;
    let in_source: Vec<u32> = rows.iter().map(|row| first + row).collect();
    let mut found: Vec<(u32, u32)> = Vec::new();
    source.blobs(column, &in_source, &mut |row, blob| {
        let from = found.len();
        json::each(blob, path, &mut |text| {
            let one = (row - first, interner.key(text.to_owned()));
            if !found.get(from..).is_some_and(|before| before.contains(&one)) {
                found.push(one);
            }
        });
    })?;
    let mut found = found.into_iter().peekable();
    for &row in rows {
        out.starts.push(out.codes.len() as u32);
        let from = out.codes.len();
        while let Some((_, key)) = found.next_if(|(of, _)| *of == row) {
            out.codes.push(key);
        }
        if out.codes.len() == from {
            out.codes.push(NULL);
        }
    }
    out.starts.push(out.codes.len() as u32);
    Ok(())
}
