//! Where the pages of a section are: only their lengths are stored.

use super::wire::{Decoded, Wire};

/// Pages that follow each other.
#[derive(Debug, Default)]
pub(super) struct Extents {
    start: u64,
    ends: Vec<u64>,
}

impl Extents {
    /// None yet, beginning at an offset.
    pub(super) fn starting(start: u64) -> Self {
        Self { start, ends: Vec::new() }
    }

    /// Adds a page of a length.
    pub(super) fn push(&mut self, len: u32) {
        self.ends.push(self.end().saturating_add(u64::from(len)));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Offset behind the last page.
    pub(super) fn end(&self) -> u64 {
        self.ends.last().copied().unwrap_or(self.start)
    }

    /// Offset and length of a page; length 0 where there is none.
    pub(super) fn get(&self, nth: usize) -> (u64, u32) {
        let before = nth.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(self.start);
        let end = self.ends.get(nth).copied().unwrap_or(before);
        (before, (end - before) as u32)
    }

    pub(super) fn lens(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).map(|nth| self.get(nth).1)
    }

    pub(super) fn decode(wire: &mut Wire<'_>, count: usize, at: &mut u64) -> Decoded<Self> {
        let mut extents = Self::starting(*at);
        extents.ends.reserve_exact(count.min(wire.0.len()));
        for _ in 0..count {
            extents.push(wire.count(u32::MAX as usize)? as u32);
        }
        *at = extents.end();
        Ok(extents)
    }
}
