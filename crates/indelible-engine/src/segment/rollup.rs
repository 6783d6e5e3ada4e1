//! The roll-up inside a segment: a page for each table of each digest, then a directory of them.

use std::ops::Range;

use super::{
    extents::Extents,
    footer::VERSION,
    wire::{Decoded, Wire, put_signed, put_varint},
};
use crate::{
    column::Column,
    histogram,
    limits::{BLOCK_ROWS, BUSY_ROWS_MIN, CLASSES_MAX, SEGMENT_ROWS_MAX, STRATUM_BLOCKS},
    rollup::{BUSY, CLASS, Counts, Facet, Key, Rollup, Sketched, Span},
    sketch::{RANK_MAX, REGISTERS, Sketch},
};

/// The facets that a version of the format counts by.
pub(super) fn facets(version: u32) -> &'static [Facet] {
    let first = if version < 3 { 7 } else { Facet::ALL.len() };
    Facet::ALL.get(..first).unwrap_or_default()
}

/// The blocks of each stratum of so many rows; of few rows there are none.
pub(super) fn strata(version: u32, rows: u32) -> Vec<Range<u32>> {
    let blocks = rows.div_ceil(BLOCK_ROWS);
    let has_strata = version >= 3 && blocks > STRATUM_BLOCKS;
    let starts = (0..if has_strata { blocks } else { 0 }).step_by(STRATUM_BLOCKS as usize);
    starts.map(|start| start..(start + STRATUM_BLOCKS).min(blocks)).collect()
}

/// One table of every digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Spans,
    Counts(Facet),
    Sketches(Facet),
}

impl Table {
    /// In the order in which they lie in a segment of a version, each with the pages of all digests. Those of older versions
    /// come first.
    pub(super) fn all(version: u32) -> impl Iterator<Item = Self> {
        let facets = facets(version).iter().flat_map(|&facet| {
            let sketches = facet.is_sketched().then_some(Self::Sketches(facet));
            std::iter::once(Self::Counts(facet)).chain(sketches)
        });
        std::iter::once(Self::Spans).chain(facets)
    }

    fn number(self) -> usize {
        Self::all(VERSION).position(|table| table == self).unwrap_or_default()
    }
}

/// The directory: what was counted, and where its pages are.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) rollup: Rollup,
    pages: Extents,
}

impl Directory {
    /// Where the page of a digest is; of length 0 when there is none.
    pub(super) fn page(&self, table: Table, digest: u32) -> (u64, u32) {
        let (digests, number) = (self.rollup.digests(), table.number());
        if digest >= digests { (0, 0) } else { self.pages.get(number * digests as usize + digest as usize) }
    }

    /// Where all pages are, in their order.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u64, u32)> {
        (0..self.pages.len()).map(|nth| self.pages.get(nth))
    }

    /// Reads its payload, which tells of so many rows; the pages must lie between `start` and `end`. `terms` tells how many
    /// terms a column has.
    pub(super) fn decode(
        payload: &[u8],
        (version, rows): (u32, u32),
        (start, end): (u64, u64),
        terms: impl Fn(Column) -> u32,
    ) -> Decoded<Self> {
        let mut wire = Wire(payload);
        let tells = wire.u8()?;
        let tells = std::array::from_fn(|nth| tells >> nth & 1 == 1);
        let mut rollup = Rollup { tells, strata: strata(version, rows), ..Rollup::default() };
        let count = wire.count(CLASSES_MAX)?;
        rollup.classes =
            vec![Default::default(); if count > wire.0.len() { return Err("ends too early") } else { count }];
        for (nth, column) in CLASS.into_iter().enumerate() {
            let terms = terms(column) as usize;
            for class in &mut rollup.classes {
                class[nth] = wire.count(terms)? as u32;
            }
        }
        for column in BUSY {
            for code in codes(&mut wire, terms(column))? {
                rollup.busy.push((column, code));
            }
        }
        let mut at = start;
        let pages = Extents::decode(&mut wire, Table::all(version).count() * rollup.digests() as usize, &mut at)?;
        wire.end()?;
        if at == end { Ok(Self { rollup, pages }) } else { Err("its pages do not fill the roll-up") }
    }
}

/// The payload of a directory's page.
pub(super) fn encode_directory(rollup: &Rollup, lens: &[u32]) -> Vec<u8> {
    let mut out = vec![rollup.tells.iter().rev().fold(0, |bits, &tells| bits << 1 | u8::from(tells))];
    put_varint(&mut out, rollup.classes.len() as u64);
    for nth in 0..CLASS.len() {
        rollup.classes.iter().for_each(|class| put_varint(&mut out, u64::from(class[nth])));
    }
    for column in BUSY {
        let codes = || rollup.busy.iter().filter(|busy| busy.0 == column).map(|busy| busy.1);
        put_varint(&mut out, codes().count() as u64);
        put_rising(codes(), &mut out);
    }
    lens.iter().for_each(|&len| put_varint(&mut out, u64::from(len)));
    out
}

/// Numbers that rise, as the steps from one to the next.
fn put_rising(numbers: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
    numbers.fold(0, |before, number| {
        put_varint(out, u64::from(number - before));
        number
    });
}

fn codes(wire: &mut Wire<'_>, terms: u32) -> Decoded<Vec<u32>> {
    let count = wire.count((SEGMENT_ROWS_MAX / BUSY_ROWS_MIN) as usize)?;
    let mut code = 0;
    (0..count).map(|_| step(wire, &mut code, terms)).collect()
}

/// The next of numbers that rise and are below `end`.
fn step(wire: &mut Wire<'_>, number: &mut u32, end: u32) -> Decoded<u32> {
    let step = wire.count(u32::MAX as usize)? as u32;
    *number = number.checked_add(step).filter(|&number| number < end).ok_or("a number is out of range")?;
    Ok(*number)
}

pub(super) fn encode_spans(spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, spans.len() as u64);
    put_rising(spans.iter().map(|span| span.class), &mut out);
    spans.iter().for_each(|span| put_varint(&mut out, span.count));
    let mut before = 0;
    for Span { occurred_at: (first, last), .. } in spans {
        put_signed(&mut out, first.wrapping_sub(before));
        put_varint(&mut out, last.wrapping_sub(*first) as u64);
        before = *first;
    }
    out
}

pub(super) fn decode_spans(payload: &[u8], classes: u32) -> Decoded<Vec<Span>> {
    let mut wire = Wire(payload);
    let count = wire.count(classes as usize)?;
    let mut class = 0;
    let span = |class| Span { class, count: 0, occurred_at: (0, 0) };
    let mut spans =
        (0..count).map(|_| Ok(span(step(&mut wire, &mut class, classes)?))).collect::<Decoded<Vec<Span>>>()?;
    for span in &mut spans {
        span.count = wire.count(SEGMENT_ROWS_MAX as usize)? as u64;
    }
    let mut before = 0i64;
    for span in &mut spans {
        before = before.wrapping_add(wire.signed()?);
        span.occurred_at = (before, before.wrapping_add(wire.varint()? as i64));
    }
    wire.end()?;
    Ok(spans)
}

pub(super) fn encode_counts(facet: Facet, classes: &[Counts]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, classes.len() as u64);
    put_rising(classes.iter().map(|of| of.class), &mut out);
    for of in classes {
        put_varint(&mut out, of.counts.len() as u64);
        if facet.is_cut() {
            put_varint(&mut out, of.left_out_max);
        }
    }
    for of in classes {
        put_rising(of.counts.iter().map(|(key, _)| key[0]), &mut out);
    }
    let counts = || classes.iter().flat_map(|of| &of.counts);
    if facet.columns().len() > 1 {
        counts().for_each(|(key, _)| put_varint(&mut out, u64::from(key[1])));
    }
    counts().for_each(|(_, count)| put_varint(&mut out, *count));
    out
}

/// Reads a table of counts; `ends` are what its keys stay below.
pub(super) fn decode_counts(payload: &[u8], facet: Facet, classes: u32, ends: Key) -> Decoded<Vec<Counts>> {
    let mut wire = Wire(payload);
    let count = wire.count(classes as usize)?;
    let mut class = 0;
    let of_class = |class| Counts { class, ..Counts::default() };
    let mut all =
        (0..count).map(|_| Ok(of_class(step(&mut wire, &mut class, classes)?))).collect::<Decoded<Vec<Counts>>>()?;
    let mut total = 0;
    for of in &mut all {
        let count = wire.count(SEGMENT_ROWS_MAX as usize)?;
        total += count;
        if total > payload.len() {
            return Err("ends too early");
        }
        of.counts.resize(count, Default::default());
        if facet.is_cut() {
            of.left_out_max = wire.count(SEGMENT_ROWS_MAX as usize)? as u64;
        }
    }
    for of in &mut all {
        let mut key = 0;
        for slot in &mut of.counts {
            slot.0[0] = step(&mut wire, &mut key, ends[0])?;
        }
    }
    let mut each = |set: fn(&mut (Key, u64), usize), max: usize| {
        all.iter_mut().flat_map(|of| &mut of.counts).try_for_each(|slot| {
            set(slot, wire.count(max)?);
            Decoded::Ok(())
        })
    };
    if facet.columns().len() > 1 {
        each(|slot, key| slot.0[1] = key as u32, ends[1].saturating_sub(1) as usize)?;
    }
    each(|slot, count| slot.1 = count as u64, SEGMENT_ROWS_MAX as usize)?;
    wire.end()?;
    Ok(all)
}

/// What the keys of a facet stay below.
pub(super) fn key_ends(facet: Facet, terms: impl Fn(Column) -> u32) -> Key {
    let end = |column: &Column| match column {
        Column::OccurredAt => u32::MAX,
        Column::HttpStatus => u32::from(u16::MAX) + 2,
        Column::HttpLatencyUs => histogram::BUCKETS + 1,
        column => terms(*column).saturating_add(1),
    };
    let mut ends = facet.columns().iter().map(end);
    std::array::from_fn(|_| ends.next().unwrap_or(1))
}

pub(super) fn encode_sketches(sketches: &[Sketched]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, sketches.len() as u64);
    put_rising(sketches.iter().map(|(class, _)| *class), &mut out);
    sketches.iter().for_each(|(_, Sketch(registers))| out.extend_from_slice(registers));
    out
}

pub(super) fn decode_sketches(payload: &[u8], classes: u32) -> Decoded<Vec<Sketched>> {
    let mut wire = Wire(payload);
    let count = wire.count(classes as usize)?;
    let mut class = 0;
    let of = (0..count).map(|_| step(&mut wire, &mut class, classes)).collect::<Decoded<Vec<u32>>>()?;
    let sketch = |class| {
        let registers = wire.take(REGISTERS)?;
        if registers.iter().any(|&register| register > RANK_MAX) {
            return Err("a sketch is out of range");
        }
        Ok((class, Sketch(registers.to_vec())))
    };
    let sketches = of.into_iter().map(sketch).collect();
    wire.end()?;
    sketches
}
