//! Which rows of a block have a number: a bit a row, or the rows that have one, whichever is shorter.

use super::{
    bits::{bits_at, pack, packed_len, unpack, width_of},
    wire::{Decoded, Wire, put_varint},
};

/// A bit a row.
pub(super) const BITMAP: u8 = 1;
/// The rows that have a number, packed.
pub(super) const POSITIONS: u8 = 2;

/// Appends the form, with further bits of its byte, and the rows.
pub(super) fn put(present: &[bool], form_bits: u8, out: &mut Vec<u8>) {
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

/// The rows of a block that have a number.
#[derive(Debug)]
pub(super) enum Presence<'a> {
    /// All of so many rows.
    All(usize),
    /// Those whose bit is set.
    Bits(&'a [u8], usize),
    /// Those listed, which rise.
    Rows(Vec<u32>),
}

impl<'a> Presence<'a> {
    /// Takes the rows off the front, in a form that has them.
    pub(super) fn take(wire: &mut Wire<'a>, form: u8, rows: usize) -> Decoded<Self> {
        match form {
            BITMAP => Ok(Self::Bits(wire.take(packed_len(rows, 1))?, rows)),
            POSITIONS => {
                let count = wire.count(rows)?;
                let width = width_of(rows.saturating_sub(1) as u64);
                let mut listed = Vec::with_capacity(count);
                unpack(wire.take(packed_len(count, width))?, width, count, |row| listed.push(row as u32));
                let rising = listed.iter().zip(listed.iter().skip(1)).all(|(a, b)| a < b);
                let within = listed.last().is_none_or(|&last| (last as usize) < rows);
                if rising && within { Ok(Self::Rows(listed)) } else { Err("rows do not rise") }
            }
            _ => Err("an unknown form of presence"),
        }
    }

    /// How many rows have a number.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Bits(bytes, rows) => ones(bytes, 0, *rows),
            Self::Rows(listed) => listed.len(),
        }
    }

    /// Visits each of some rising rows with the place of its number among all numbers, where it has one.
    pub(super) fn places(&self, rows: impl Iterator<Item = u32>, mut visit: impl FnMut(Option<usize>)) {
        let (mut from, mut before) = (0, 0);
        for row in rows {
            visit(match self {
                Self::All(_) => Some(row as usize),
                Self::Bits(bytes, _) => {
                    before += ones(bytes, from, row as usize);
                    from = row as usize;
                    (bits_at(bytes, from, 1) == 1).then_some(before)
                }
                Self::Rows(listed) => {
                    from += listed.get(from..).unwrap_or_default().iter().take_while(|&&one| one < row).count();
                    (listed.get(from) == Some(&row)).then_some(from)
                }
            });
        }
    }

    /// The same for all of so many rows.
    pub(super) fn all_places(&self, rows: usize, mut visit: impl FnMut(Option<usize>)) {
        let Self::Bits(bytes, _) = self else { return self.places(0..rows as u32, visit) };
        let mut before = 0;
        for first in (0..rows).step_by(64) {
            let in_word = (rows - first).min(64) as u32;
            let word = bits_at(bytes, first, in_word);
            for row in 0..in_word {
                let present = word >> row & 1 == 1;
                visit(present.then_some(before));
                before += usize::from(present);
            }
        }
    }

    /// Visits the rows whose numbers have some rising places among all numbers.
    pub(super) fn rows_at(&self, places: &[u32], visit: &mut dyn FnMut(u32)) {
        match self {
            Self::All(_) => places.iter().copied().for_each(visit),
            Self::Rows(listed) => {
                places.iter().filter_map(|&place| listed.get(place as usize)).copied().for_each(visit);
            }
            Self::Bits(bytes, rows) => {
                let (mut places, mut before) = (places.iter().peekable(), 0);
                for first in (0..*rows).step_by(64) {
                    let mut word = bits_at(bytes, first, (rows - first).min(64) as u32);
                    let end = before + word.count_ones();
                    while let Some(place) = places.next_if(|&&place| place < end) {
                        while before < *place {
                            word &= word.wrapping_sub(1);
                            before += 1;
                        }
                        visit(first as u32 + word.trailing_zeros());
                    }
                    before = end;
                }
            }
        }
    }
}

/// How many bits are set, from one up to another.
fn ones(bytes: &[u8], from: usize, to: usize) -> usize {
    let words = (from..to).step_by(64).map(|bit| bits_at(bytes, bit, (to - bit).min(64) as u32));
    words.map(|word| word.count_ones() as usize).sum()
}
