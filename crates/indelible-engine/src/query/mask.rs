//! A bit for each row of a block.

use crate::limits::BLOCK_ROWS;

const WORDS: usize = BLOCK_ROWS as usize / 64;

/// Which rows of a block are still wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mask([u64; WORDS]);

impl Mask {
    pub(super) const NONE: Self = Self([0; WORDS]);

    /// The rows of a range.
    pub(super) fn of_range(range: std::ops::Range<u32>) -> Self {
        let below = |end: u32| {
            let mut words = [0; WORDS];
            for (nth, word) in words.iter_mut().enumerate() {
                *word = match end.saturating_sub(nth as u32 * 64) {
                    0 => 0,
                    bits @ 1..64 => (1 << bits) - 1,
                    _ => u64::MAX,
                };
            }
            Self(words)
        };
        let mut mask = below(range.end);
        mask.remove(&below(range.start));
        mask
    }

    /// The rows that a test holds for, out of as many as `values` has.
    pub(super) fn of_values<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Self {
        let mut mask = Self::NONE;
        for (word, values) in mask.0.iter_mut().zip(values.chunks(64)) {
            for (bit, &value) in values.iter().enumerate() {
                *word |= u64::from(test(value)) << bit;
            }
        }
        mask
    }

    pub(super) fn insert(&mut self, row: u32) {
        if let Some(word) = self.0.get_mut(row as usize / 64) {
            *word |= 1 << (row % 64);
        }
    }

    pub(super) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= !other);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The rows, rising.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        self.0.iter().zip(0..).flat_map(|(&word, nth)| {
            let mut word = word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(nth * 64 + bit)
            })
        })
    }
}
