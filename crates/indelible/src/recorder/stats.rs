//! What a recorder has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the recorder was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that the store acknowledged, those of the queue included, gaps and duplicates not.
    pub recorded: u64,
    /// Events whose idempotency key was known, so that nothing was stored.
    pub duplicates: u64,
    /// Events that a before hook suppressed.
    pub suppressed: u64,
    /// Events of calls that ended with an error; none of them was stored. Queued events count as lost instead.
    pub failed: u64,
    /// Queued events that were lost: the queue was full, they were invalid, or the store could not write them.
    pub lost: u64,
    /// Events that wait in the queue now.
    pub queued: u64,
    /// `audit.gap` events recorded.
    pub gaps: u64,
    /// Hooks that panicked.
    pub hook_panics: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) recorded: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) suppressed: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) hook_panics: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, events: usize) {
        counter.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Stats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            recorded: of(&self.recorded),
            duplicates: of(&self.duplicates),
            suppressed: of(&self.suppressed),
            failed: of(&self.failed),
            lost: of(&self.lost),
            queued: 0,
            gaps: of(&self.gaps),
            hook_panics: of(&self.hook_panics),
        }
    }
}
