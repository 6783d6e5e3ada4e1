//! Runs of numbers, bit-packed in the way that takes least; any one can be had without the others.

use super::{
    bits::{get, pack, packed_len, unpack, unpack_u32, width_of},
    wire::{Decoded, Wire, put_signed, put_varint},
};
use crate::limits::BLOCK_ROWS;

/// Set in the width byte where the numbers are indexes into a table.
const TABLE: u8 = 0x80;
/// Distinct values up to which the writer makes a table; a reader takes as many as a block has rows.
const TABLE_MAX: usize = 64;

/// Appends numbers: their spread above the smallest, or indexes into a table where few are distinct.
pub(super) fn put(values: &[i64], out: &mut Vec<u8>) {
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

/// The bits that hold every value's difference to the smallest one.
pub(super) fn spread(values: &[i64]) -> u32 {
    let (low, high) = (values.iter().min(), values.iter().max());
    low.zip(high).map_or(0, |(low, high)| width_of(high.wrapping_sub(*low) as u64))
}

/// Numbers as they lie in a page.
#[derive(Debug)]
pub(super) struct Numbers<'a> {
    width: u32,
    values: Values,
    packed: &'a [u8],
    count: usize,
}

/// What the packed integers stand for.
#[derive(Debug)]
enum Values {
    /// How far a value is above this one.
    Above(i64),
    /// Which of these a value is.
    Table(Vec<i64>),
}

impl<'a> Numbers<'a> {
    /// Takes `count` numbers off the front.
    pub(super) fn take(wire: &mut Wire<'a>, count: usize) -> Decoded<Self> {
        let form = wire.u8()?;
        let width = u32::from(form & !TABLE);
        if width > u64::BITS {
            return Err("a number is wider than 64 bits");
        }
        let values = if form & TABLE == 0 { Values::Above(wire.signed()?) } else { Values::Table(table(wire)?) };
        Ok(Self { width, values, packed: wire.take(packed_len(count, width))?, count })
    }

    /// The `nth` number.
    pub(super) fn get(&self, nth: usize) -> Decoded<i64> {
        if nth >= self.count {
            return Err("a number is beyond the last");
        }
        let packed = get(self.packed, self.width, nth);
        match &self.values {
            Values::Above(low) => Ok(low.wrapping_add(packed as i64)),
            Values::Table(table) => table.get(packed as usize).copied().ok_or(BEYOND_TABLE),
        }
    }

    /// Whether what surrounds the numbers leaves a value possible.
    pub(super) fn may_have(&self, value: i64) -> bool {
        match &self.values {
            Values::Above(low) => *low <= value,
            Values::Table(table) => table.binary_search(&value).is_ok(),
        }
    }

    /// Visits all of them.
    pub(super) fn each(&self, mut visit: impl FnMut(i64)) -> Decoded<()> {
        match &self.values {
            Values::Above(low) => {
                unpack(self.packed, self.width, self.count, |above| visit(low.wrapping_add(above as i64)));
                Ok(())
            }
            Values::Table(table) => {
                let mut sound = true;
                unpack(self.packed, self.width, self.count, |index| {
                    let value = table.get(index as usize).copied();
                    sound &= value.is_some();
                    visit(value.unwrap_or(0));
                });
                if sound { Ok(()) } else { Err(BEYOND_TABLE) }
            }
        }
    }

    /// Appends all of them, which are codes below `end`.
    pub(super) fn codes(&self, end: u32, out: &mut Vec<u32>) -> Decoded<()> {
        let from = out.len();
        match &self.values {
            Values::Above(low) => {
                // Their sum stays within 32 bits, so that none wraps around to a code that there is.
                let within = |low: &u32| self.width <= u32::BITS && low.checked_add(max_of(self.width)).is_some();
                let low = u32::try_from(*low).ok().filter(within).ok_or(NO_TERM)?;
                unpack_u32(self.packed, self.width, low, self.count, out);
            }
            Values::Table(table) => {
                let codes: Vec<u32> = table.iter().map(|&value| u32::try_from(value).unwrap_or(u32::MAX)).collect();
                unpack_u32(self.packed, self.width, 0, self.count, out);
                // An index beyond the table becomes a code that no column has.
                let code = |index: u32| codes.get(index as usize).copied().unwrap_or(u32::MAX);
                out.get_mut(from..).unwrap_or_default().iter_mut().for_each(|slot| *slot = code(*slot));
            }
        }
        let codes = out.get(from..).unwrap_or_default();
        let largest = codes.iter().fold(0, |largest, &code| largest.max(code));
        if largest < end || codes.is_empty() { Ok(()) } else { Err(NO_TERM) }
    }
}

const BEYOND_TABLE: &str = "an index is beyond its table";
/// The problem of a code that its column does not have.
pub(super) const NO_TERM: &str = "a code has no term";

fn max_of(width: u32) -> u32 {
    u32::MAX.checked_shr(u32::BITS.saturating_sub(width)).unwrap_or(0)
}

fn table(wire: &mut Wire<'_>) -> Decoded<Vec<i64>> {
    let len = wire.count(BLOCK_ROWS as usize)?;
    let mut table = vec![wire.signed()?];
    for _ in 1..len {
        let before = table.last().copied().unwrap_or(0);
        table.push(before.wrapping_add(wire.varint()? as i64));
    }
    Ok(table)
}
