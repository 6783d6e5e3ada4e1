//! The numbers of one block of a column: which rows have any, then the numbers themselves, bit-packed in the way
//! that takes least.

use super::{
    bits::{pack, packed_len, unpack, width_of},
    wire::{Decoded, Wire, put_signed, put_varint},
};
use crate::{
    limits::{BLOCK_CODES_MAX, BLOCK_ROWS},
    source::{ABSENT, CodeBlock},
};

/// Every row has one number.
const ALL: u8 = 0;
/// A bit a row.
const BITMAP: u8 = 1;
/// The rows that have a number, packed.
const POSITIONS: u8 = 2;
/// How many numbers each row has, packed.
const COUNTS: u8 = 3;

/// The integers as they are.
const PLAIN: u8 = 0;
/// The first one, then each one's difference to the one before.
const DELTA: u8 = 1;
/// The difference to the same row of `recorded_at`.
const RELATIVE: u8 = 2;

/// Set in the width byte where the numbers are indexes into a table.
const TABLE: u8 = 0x80;
/// Distinct values up to which the writer makes a table; a reader takes as many as a block has rows.
const TABLE_MAX: usize = 64;

/// Encodes a block of codes; nothing when no row has any.
pub(super) fn put_codes(block: &CodeBlock, out: &mut Vec<u8>) {
    let numbers: Vec<i64> = block.codes.iter().map(|&code| i64::from(code)).collect();
    if block.starts.is_empty() {
        out.push(ALL);
    } else if numbers.is_empty() {
        return;
    } else {
        let counts = || block.starts.windows(2).map(|pair| i64::from(span(pair)));
        if counts().any(|count| count > 1) {
            out.push(COUNTS);
            put_numbers(&counts().collect::<Vec<i64>>(), out);
        } else {
            put_presence(&counts().map(|count| count == 1).collect::<Vec<bool>>(), 0, out);
        }
    }
    put_numbers(&numbers, out);
}

fn span(pair: &[u32]) -> u32 {
    if let [from, to] = pair { to.saturating_sub(*from) } else { 0 }
}

/// Decodes a block of codes below `terms`.
pub(super) fn codes(bytes: &[u8], rows: usize, terms: u32, out: &mut CodeBlock) -> Decoded<()> {
    out.clear();
    if bytes.is_empty() {
        out.starts.resize(rows + 1, 0);
        return Ok(());
    }
    let mut wire = Wire(bytes);
    let form = wire.u8()?;
    let mut total = 0;
    match form {
        ALL => total = rows,
        COUNTS => {
            let mut sound = true;
            out.starts.push(0);
            let starts = &mut out.starts;
            numbers(&mut wire, rows, |count| {
                total += usize::try_from(count).unwrap_or(usize::MAX).min(BLOCK_CODES_MAX + 1);
                sound &= total <= BLOCK_CODES_MAX;
                starts.push(total as u32);
            })?;
            if !sound {
                return Err("a block has more codes than the limit");
            }
        }
        _ => {
            out.starts.reserve(rows + 1);
            out.starts.push(0);
            let starts = &mut out.starts;
            presence(&mut wire, form, rows, |present| {
                total += usize::from(present);
                starts.push(total as u32);
            })?;
        }
    }
    let mut largest = 0;
    out.codes.reserve(total);
    let codes = &mut out.codes;
    numbers(&mut wire, total, |number| {
        largest |= number & !i64::from(u32::MAX);
        codes.push(number as u32);
    })?;
    wire.end()?;
    if largest != 0 || codes.iter().any(|&code| code >= terms) {
        return Err("a code has no term");
    }
    Ok(())
}

/// Encodes a block of integers, [`ABSENT`] where a row has none; nothing when no row has any.
///
/// `recorded_at` are the values of that column, when this one may refer to them.
pub(super) fn put_ints(values: &[i64], recorded_at: Option<&[i64]>, out: &mut Vec<u8>) {
    let present: Vec<i64> = values.iter().copied().filter(|&value| value != ABSENT).collect();
    let Some(&first) = present.first() else { return };
    let deltas: Vec<i64> = present.iter().zip(present.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect();
    let relative = recorded_at.filter(|base| !base.contains(&ABSENT) && present.len() == values.len());
    let relative: Option<Vec<i64>> =
        relative.map(|base| values.iter().zip(base).map(|(value, base)| value.wrapping_sub(*base)).collect());
    let (plain_width, delta_width) = (spread(&present), spread(&deltas));
    let relative_width = relative.as_deref().map_or(u32::MAX, spread);
    let transform = if relative_width < plain_width && relative_width <= delta_width {
        RELATIVE
    } else if delta_width < plain_width {
        DELTA
    } else {
        PLAIN
    };
    if present.len() == values.len() {
        out.push(ALL | transform << 2);
    } else {
        put_presence(&values.iter().map(|&value| value != ABSENT).collect::<Vec<bool>>(), transform << 2, out);
    }
    match (transform, relative) {
        (RELATIVE, Some(relative)) => put_numbers(&relative, out),
        (DELTA, _) => {
            put_signed(out, first);
            put_numbers(&deltas, out);
        }
        _ => put_numbers(&present, out),
    }
}

/// Whether a block of integers refers to the same block of `recorded_at`.
pub(super) fn is_relative(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|form| form >> 2 == RELATIVE)
}

/// Decodes a block of integers; `recorded_at` is needed only when the block refers to it.
pub(super) fn ints(bytes: &[u8], rows: usize, recorded_at: &[i64], out: &mut Vec<i64>) -> Decoded<()> {
    out.clear();
    if bytes.is_empty() {
        out.resize(rows, ABSENT);
        return Ok(());
    }
    let mut wire = Wire(bytes);
    let form = wire.u8()?;
    let mut rows_present: Vec<u16> = Vec::new();
    let all = form & 3 == ALL;
    if !all {
        let mut row = 0;
        presence(&mut wire, form & 3, rows, |present| {
            if present {
                rows_present.push(row);
            }
            row += 1;
        })?;
    }
    let count = if all { rows } else { rows_present.len() };
    out.reserve(rows);
    match form >> 2 {
        PLAIN => numbers(&mut wire, count, |number| out.push(number))?,
        DELTA => {
            let mut value = wire.signed()?;
            out.push(value);
            numbers(&mut wire, count.saturating_sub(1), |delta| {
                value = value.wrapping_add(delta);
                out.push(value);
            })?;
        }
        RELATIVE => {
            let mut base = recorded_at.iter();
            numbers(&mut wire, count, |number| out.push(number.wrapping_add(base.next().copied().unwrap_or(0))))?;
        }
        _ => return Err("an unknown form of integers"),
    }
    wire.end()?;
    if !all {
        spread_out(out, &rows_present, rows);
    }
    Ok(())
}

/// Moves values to their rows.
fn spread_out(values: &mut Vec<i64>, rows_present: &[u16], rows: usize) {
    let mut spread = vec![ABSENT; rows];
    for (&row, &value) in rows_present.iter().zip(values.iter()) {
        if let Some(slot) = spread.get_mut(usize::from(row)) {
            *slot = value;
        }
    }
    *values = spread;
}

fn spread(values: &[i64]) -> u32 {
    let (low, high) = (values.iter().min(), values.iter().max());
    low.zip(high).map_or(0, |(low, high)| width_of(high.wrapping_sub(*low) as u64))
}

fn put_presence(present: &[bool], form_bits: u8, out: &mut Vec<u8>) {
    let count = present.iter().filter(|present| **present).count();
    let width = width_of(present.len().saturating_sub(1) as u64);
    if packed_len(count, width) + 2 < packed_len(present.len(), 1) {
        out.push(POSITIONS | form_bits);
        put_varint(out, count as u64);
        let rows = present.iter().zip(0u64..).filter(|(present, _)| **present);
        pack(rows.map(|(_, row)| row), width, out);
    } else {
        out.push(BITMAP | form_bits);
        pack(present.iter().map(|&present| u64::from(present)), 1, out);
    }
}

/// Visits each row's presence.
fn presence(wire: &mut Wire<'_>, form: u8, rows: usize, mut visit: impl FnMut(bool)) -> Decoded<()> {
    match form {
        BITMAP => unpack(wire.take(packed_len(rows, 1))?, 1, rows, |bit| visit(bit == 1)),
        POSITIONS => {
            let count = wire.count(rows)?;
            let width = width_of(rows.saturating_sub(1) as u64);
            let mut next = 0;
            let mut sound = true;
            unpack(wire.take(packed_len(count, width))?, width, count, |row| {
                sound &= row >= next && row < rows as u64;
                if sound {
                    (next..row).for_each(|_| visit(false));
                    visit(true);
                    next = row + 1;
                }
            });
            if !sound {
                return Err("rows do not rise");
            }
            (next..rows as u64).for_each(|_| visit(false));
        }
        _ => return Err("an unknown form of presence"),
    }
    Ok(())
}

/// Appends numbers: their spread above the smallest, or indexes into a table where few are distinct.
fn put_numbers(values: &[i64], out: &mut Vec<u8>) {
    let low = values.iter().copied().min().unwrap_or(0);
    let width = spread(values);
    if let Some(table) = table_of(values, width) {
        let index_width = width_of(table.len().saturating_sub(1) as u64);
        out.push(index_width as u8 | TABLE);
        put_varint(out, table.len() as u64);
        put_signed(out, low);
        for (a, b) in table.iter().zip(table.iter().skip(1)) {
            put_varint(out, b.wrapping_sub(*a) as u64);
        }
        pack(values.iter().map(|value| table.binary_search(value).unwrap_or(0) as u64), index_width, out);
    } else {
        out.push(width as u8);
        put_signed(out, low);
        pack(values.iter().map(|value| value.wrapping_sub(low) as u64), width, out);
    }
}

/// The sorted distinct values, where a table of them saves room.
fn table_of(values: &[i64], width: u32) -> Option<Vec<i64>> {
    if width < 3 {
        return None;
    }
    let mut table: Vec<i64> = Vec::new();
    for value in values {
        if let Err(at) = table.binary_search(value) {
            if table.len() == TABLE_MAX {
                return None;
            }
            table.insert(at, *value);
        }
    }
    let table_bytes = packed_len(values.len(), width_of(table.len().saturating_sub(1) as u64))
        + table.len() * (width as usize / 7 + 1);
    (table_bytes < packed_len(values.len(), width)).then_some(table)
}

/// Visits `count` numbers.
fn numbers(wire: &mut Wire<'_>, count: usize, mut visit: impl FnMut(i64)) -> Decoded<()> {
    let form = wire.u8()?;
    let width = u32::from(form & !TABLE);
    if width > u64::BITS {
        return Err("a number is wider than 64 bits");
    }
    if form & TABLE == 0 {
        let low = wire.signed()?;
        unpack(wire.take(packed_len(count, width))?, width, count, |above| visit(low.wrapping_add(above as i64)));
        return Ok(());
    }
    let len = wire.count(BLOCK_ROWS as usize)?;
    let mut table = vec![wire.signed()?; len.max(1)];
    for at in 1..len {
        let step = wire.varint()? as i64;
        let before = table.get(at - 1).copied().unwrap_or(0);
        if let Some(slot) = table.get_mut(at) {
            *slot = before.wrapping_add(step);
        }
    }
    let mut sound = true;
    unpack(wire.take(packed_len(count, width))?, width, count, |index| {
        let value = table.get(index as usize).copied();
        sound &= value.is_some();
        visit(value.unwrap_or(0));
    });
    if sound { Ok(()) } else { Err("an index is beyond its table") }
}
