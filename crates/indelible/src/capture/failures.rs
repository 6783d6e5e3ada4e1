//! Counts failures in a row of minutes, by identifier and by address, in fixed memory.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::limits;

/// From how many failures on, within which time, an attempt is a repeated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetition {
    /// How many failures, this one included. Default: 5.
    pub failures: u32,
    /// Within which time, counted from the first. Default: ten minutes.
    pub within: Duration,
}

impl Default for Repetition {
    fn default() -> Self {
        Self { failures: 5, within: Duration::from_secs(600) }
    }
}

/// A table of so many slots, each for whoever's hash leads there. A slot that is in use and has more failures is not
/// given up: who tries a thousand names does not wash away that one of them was tried often.
#[derive(Debug)]
pub(super) struct Failures {
    repetition: Repetition,
    hasher: RandomState,
    slots: Mutex<Vec<Option<Slot>>>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u64,
    failures: u32,
    since: Instant,
}

impl Failures {
    pub(super) fn new(repetition: Repetition) -> Self {
        Self { repetition, hasher: RandomState::new(), slots: Mutex::new(vec![None; limits::FAILURE_SLOTS]) }
    }

    /// Counts a failure of somebody; how many there were lately, this one included.
    pub(super) fn count(&self, who: impl Hash, now: Instant) -> u32 {
        let tag = self.hasher.hash_one(who);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let len = slots.len().max(1) as u64;
        let Some(slot) = slots.get_mut((tag % len) as usize) else { return 1 };
        let is_live = |slot: &Slot| now.saturating_duration_since(slot.since) < self.repetition.within;
        match slot {
            Some(slot) if slot.tag == tag && is_live(slot) => {
                slot.failures = slot.failures.saturating_add(1);
                slot.failures
            }
            Some(other) if is_live(other) && other.failures > 1 => 1,
            _ => {
                *slot = Some(Slot { tag, failures: 1, since: now });
                1
            }
        }
    }

    pub(super) const fn is_repeated(&self, failures: u32) -> bool {
        failures >= self.repetition.failures
    }
}

#[cfg(test)]
mod tests;
