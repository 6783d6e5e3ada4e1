//! Repeats of the same failure, as one event that counts them: a flood of guesses fills no disk, and none goes uncounted.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indelible_proof::Timestamp;

use crate::limits;

/// How many failures alike are told one by one, within which time, before the rest are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coalescing {
    /// Failures that are events of their own. Default: 10.
    pub singly: u32,
    /// How long the rest are counted before an event tells of them, from the first failure on. Default: a minute.
    pub window: Duration,
}

impl Default for Coalescing {
    fn default() -> Self {
        Self { singly: 10, window: Duration::from_secs(60) }
    }
}

/// The failures that no event tells of yet, by what makes them alike.
pub(super) struct Flood<K> {
    coalescing: Coalescing,
    alike: Mutex<HashMap<K, Alike>>,
}

/// The failures alike of a window.
struct Alike {
    since: Timestamp,
    told: u32,
    /// How many are not told, the first of them and the last.
    rest: Option<(u64, Timestamp, Timestamp)>,
}

/// Failures alike, for one event that tells of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeats<K> {
    pub(super) key: K,
    pub(super) count: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
}

/// What is to be written after a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noted<K> {
    /// Whether the failure is an event of its own. Otherwise it is counted.
    pub(super) singly: bool,
    /// Counted ones whose time has come; whoever noted the failure writes them.
    pub(super) due: Vec<Repeats<K>>,
}

impl<K: Hash + Eq> Flood<K> {
    pub(super) fn new(coalescing: Coalescing) -> Self {
        Self { coalescing, alike: Mutex::default() }
    }

    /// Notes a failure. When there are more kinds of them than can be counted, what was counted up to now is due early.
    pub(super) fn note(&self, key: K, at: Timestamp) -> Noted<K> {
        let mut alike = self.alike.lock().unwrap_or_else(PoisonError::into_inner);
        let due = if alike.get(&key).is_some_and(|same| self.is_over(same, at)) {
            alike.remove_entry(&key).and_then(repeats).into_iter().collect()
        } else if alike.len() >= limits::FAILURES_ALIKE_MAX && !alike.contains_key(&key) {
            alike.drain().filter_map(repeats).collect()
        } else {
            Vec::new()
        };
        let same = alike.entry(key).or_insert(Alike { since: at, told: 0, rest: None });
        Noted { singly: same.count(self.coalescing.singly, at), due }
    }

    /// The counted ones whose window is over.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<Repeats<K>> {
        let mut alike = self.alike.lock().unwrap_or_else(PoisonError::into_inner);
        alike.extract_if(|_, same| self.is_over(same, now)).filter_map(repeats).collect()
    }

    /// All counted ones, window over or not.
    pub(super) fn take_all(&self) -> Vec<Repeats<K>> {
        self.alike.lock().unwrap_or_else(PoisonError::into_inner).drain().filter_map(repeats).collect()
    }

    /// A clock that was put back ends a window too: none lasts longer than it should.
    fn is_over(&self, same: &Alike, now: Timestamp) -> bool {
        let passed = now.as_micros().abs_diff(same.since.as_micros());
        u128::from(passed) >= self.coalescing.window.as_micros()
    }
}

impl Alike {
    /// Counts one more; whether it is an event of its own.
    fn count(&mut self, singly: u32, at: Timestamp) -> bool {
        if self.told < singly {
            self.told += 1;
            return true;
        }
        // Threads may come out of order.
        let (count, first_at, last_at) = self.rest.unwrap_or((0, at, at));
        self.rest = Some((count + 1, first_at.min(at), last_at.max(at)));
        false
    }
}

fn repeats<K>((key, alike): (K, Alike)) -> Option<Repeats<K>> {
    let (count, first_at, last_at) = alike.rest?;
    Some(Repeats { key, count, first_at, last_at })
}

#[cfg(test)]
mod tests;
