//! Different terms of several sources, counted without a hash of any: sources have them sorted.

use std::cmp::Ordering;

use crate::{limits::MEASURED_BYTES_MAX, query::tally::bounded, source::ReadError};

/// Sorted terms, each once, end to end.
#[derive(Debug, Default)]
pub(super) struct TermSet {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl TermSet {
    /// Takes every term that is visited; more cheaply where they come in order.
    pub(super) fn gather(
        visit_all: impl FnOnce(&mut dyn FnMut(&str)) -> Result<(), ReadError>,
    ) -> Result<Self, ReadError> {
        let (mut set, mut sorted, mut bytes) = (Self::default(), true, 0);
        visit_all(&mut |term| {
            bytes += term.len();
            if bytes <= MEASURED_BYTES_MAX {
                sorted &= set.last().is_none_or(|last| last < term.as_bytes());
                set.push(term.as_bytes());
            }
        })?;
        within_bytes(bytes)?;
        if sorted { Ok(set) } else { Ok(set.sorted()) }
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, nth: usize) -> Option<&[u8]> {
        let from = nth.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(from..*self.ends.get(nth)?)
    }

    fn last(&self) -> Option<&[u8]> {
        self.get(self.len().checked_sub(1)?)
    }

    fn push(&mut self, term: &[u8]) {
        self.text.extend_from_slice(term);
        self.ends.push(self.text.len());
    }

    fn sorted(&self) -> Self {
        let mut terms: Vec<&[u8]> = (0..self.len()).filter_map(|nth| self.get(nth)).collect();
        terms.sort_unstable();
        terms.dedup();
        let mut sorted = Self::default();
        terms.into_iter().for_each(|term| sorted.push(term));
        sorted
    }

    fn union(&self, other: &Self) -> Self {
        let mut union = Self {
            text: Vec::with_capacity(self.text.len() + other.text.len()),
            ends: Vec::with_capacity(self.len() + other.len()),
        };
        let (mut a, mut b) = (0, 0);
        loop {
            let (left, right) = (self.get(a), other.get(b));
            let order = match (left, right) {
                (Some(left), Some(right)) => left.cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return union,
            };
            a += usize::from(order.is_le());
            b += usize::from(order.is_ge());
            let next = if order.is_le() { left } else { right };
            next.into_iter().for_each(|term| union.push(term));
        }
    }
}

/// Sets that are brought together when they are about equally large, so that no term is moved often.
#[derive(Debug, Default)]
pub(super) struct Union {
    /// Each more than twice as large as the next one.
    sets: Vec<TermSet>,
}

impl Union {
    /// Adds a set.
    pub(super) fn add(&mut self, mut set: TermSet) -> Result<(), ReadError> {
        while let Some(last) = self.sets.pop_if(|last| last.len() <= 2 * set.len()) {
            set = last.union(&set);
        }
        self.sets.push(set);
        within_bytes(self.sets.iter().map(|set| set.text.len()).sum())?;
        bounded("different values", self.sets.iter().map(TermSet::len).sum())
    }

    /// Adds what was brought together elsewhere.
    pub(super) fn absorb(&mut self, other: Self) -> Result<(), ReadError> {
        other.sets.into_iter().try_for_each(|set| self.add(set))
    }

    /// Visits every term, perhaps more than once.
    pub(super) fn each(&self, mut visit: impl FnMut(&str)) {
        let terms = self.sets.iter().flat_map(|set| (0..set.len()).filter_map(|nth| set.get(nth)));
        terms.filter_map(|term| std::str::from_utf8(term).ok()).for_each(&mut visit);
    }

    /// How many different terms there are.
    pub(super) fn count(mut self) -> usize {
        let mut all = self.sets.pop().unwrap_or_default();
        while let Some(larger) = self.sets.pop() {
            all = larger.union(&all);
        }
        all.len()
    }
}

/// Refuses more bytes of different values than an answer may be made of.
pub(super) fn within_bytes(bytes: usize) -> Result<(), ReadError> {
    let limit = MEASURED_BYTES_MAX;
    if bytes > limit { Err(ReadError::TooBroad { what: "bytes of different values", limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_union_has_each_term_once(sets in proptest::collection::vec(proptest::collection::vec("[ab]{0,4}", 0..40), 0..12), split in 0usize..12) {
            let (mut one, mut other) = (Union::default(), Union::default());
            for (nth, terms) in sets.iter().enumerate() {
                let set = TermSet::gather(|visit| {
                    terms.iter().for_each(|term| visit(term));
                    Ok(())
                });
                if nth < split { &mut one } else { &mut other }.add(set.unwrap()).unwrap();
            }
            one.absorb(other).unwrap();
            prop_assert_eq!(one.count(), sets.iter().flatten().collect::<BTreeSet<_>>().len());
        }
    }
}
