//! The groups that events fall into, and how many fall into each.

use hashbrown::HashMap;

use crate::{
    limits::{GROUP_BY_MAX, GROUPS_MAX},
    source::ReadError,
};

/// One key for each dimension; those beyond the last dimension are 0.
pub(super) type Keys = [u32; GROUP_BY_MAX];

/// Up to this many possible combinations of keys, groups are found by position instead of by hash.
const DENSE_MAX: u64 = 1 << 20;

/// The combinations of keys that occur, numbered, and the events of each.
#[derive(Debug)]
pub(super) struct Groups {
    /// The combinations, by group.
    pub(super) keys: Vec<Keys>,
    pub(super) counts: Vec<u64>,
    /// Earliest and latest `occurred_at` of each group.
    pub(super) spans: Vec<(i64, i64)>,
    /// How much of what was left out is not missing in each group.
    pub(super) listed: Vec<u64>,
    /// For each possible combination, 1 + its group; empty when there are too many.
    dense: Vec<u32>,
    strides: Keys,
    sparse: HashMap<Keys, u32>,
}

impl Groups {
    /// None yet, of keys below some ends.
    pub(super) fn new(key_ends: &[Option<u64>]) -> Self {
        let mut strides = Keys::default();
        let mut size = 1u64;
        for (stride, end) in strides.iter_mut().zip(key_ends) {
            // Beyond 2^32 the product is far above DENSE_MAX, and the strides go unused.
            *stride = size as u32;
            size = size.saturating_mul(end.unwrap_or(u64::MAX));
        }
        let dense = if size <= DENSE_MAX { vec![0; size as usize] } else { Vec::new() };
        Self {
            keys: Vec::new(),
            counts: Vec::new(),
            spans: Vec::new(),
            listed: Vec::new(),
            dense,
            strides,
            sparse: HashMap::new(),
        }
    }

    /// The number of a combination, new or not.
    pub(super) fn find(&mut self, keys: Keys) -> Result<u32, ReadError> {
        let at: usize = keys.iter().zip(&self.strides).map(|(&key, &stride)| key as usize * stride as usize).sum();
        let next = self.keys.len() as u32 + 1;
        let found = match self.dense.get_mut(at) {
            Some(slot) => {
                if *slot == 0 {
                    *slot = next;
                }
                *slot
            }
            None => *self.sparse.entry(keys).or_insert(next),
        };
        if found == next {
            if self.keys.len() >= GROUPS_MAX {
                return Err(ReadError::TooBroad { what: "groups", limit: GROUPS_MAX });
            }
            self.keys.push(keys);
            self.counts.push(0);
            self.spans.push((i64::MAX, i64::MIN));
            self.listed.push(0);
        }
        Ok(found - 1)
    }

    /// Adds events to a group.
    pub(super) fn count(&mut self, group: u32, events: u64) {
        if let Some(count) = self.counts.get_mut(group as usize) {
            *count += events;
        }
    }

    /// Takes in when a group's events occurred, the first and the last.
    pub(super) fn span(&mut self, group: u32, (first, last): (i64, i64)) {
        if let Some(span) = self.spans.get_mut(group as usize) {
            *span = (first.min(span.0), last.max(span.1));
        }
    }

    /// Takes in how many events a group has not.
    pub(super) fn list(&mut self, group: u32, events: u64) {
        if let Some(listed) = self.listed.get_mut(group as usize) {
            *listed += events;
        }
    }
}
