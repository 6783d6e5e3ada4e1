//! The bounded queue between callers that do not wait and the background thread.

use std::{
    fmt, mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indelible_proof::{Event, Timestamp};

use super::{
    RecordError,
    gap::{Cause, Gaps},
    pipeline::Sent,
};
use crate::limits::{GAP_RETRY_WAIT, QUEUE_NAP, QUEUE_NAPS_MAX};

/// An event that waits, with the moment at which it came.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) what: Waiting,
    pub(super) at: Timestamp,
}

/// An event, or what makes it on the background thread.
pub(super) enum Waiting {
    Made(Box<Event>),
    #[cfg_attr(
        not(any(feature = "tokens", feature = "tower")),
        expect(dead_code, reason = "only capture and tokens leave the making to the thread")
    )]
    Unmade(Box<dyn FnOnce() -> Event + Send>),
}

impl Waiting {
    pub(super) fn event(self) -> Event {
        match self {
            Self::Made(event) => *event,
            Self::Unmade(make) => make(),
        }
    }

    /// The tenant, as far as it is known.
    fn tenant(&self) -> Option<&str> {
        match self {
            Self::Made(event) => event.tenant.as_deref(),
            Self::Unmade(_) => None,
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(event) => event.fmt(out),
            Self::Unmade(_) => out.write_str("Unmade"),
        }
    }
}

impl Queued {
    pub(super) fn new(event: Event, at: Timestamp) -> Self {
        Self { what: Waiting::Made(Box::new(event)), at }
    }
}

/// What callers leave and the background thread takes.
///
/// A caller that finds the thread napping does not wake it: a wake-up would cost it more than all the rest, and the
/// nap ends by itself after a millisecond.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the background thread: from its sleep, or early from a nap.
    work: Condvar,
    /// Wakes those who wait in [`Queue::flush`].
    settled: Condvar,
    events_max: usize,
}

#[derive(Debug, Default)]
struct State {
    work: Work,
    /// Events ever taken in, and of these the ones that are stored or lost.
    accepted: u64,
    settled: u64,
    /// The background thread sleeps until it is woken.
    asleep: bool,
    closing: bool,
}

/// What the background thread takes at once, in the order in which it does it.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Appends whose submitter went away.
    pub(super) adopted: Vec<Sent>,
    pub(super) events: Vec<Queued>,
    /// Losses to tell of.
    pub(super) gaps: Gaps,
    /// The gaps were tried before and could not be written.
    stale_gaps: bool,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.adopted.is_empty() && self.events.is_empty() && self.gaps.is_empty()
    }

    fn is_urgent(&self) -> bool {
        !self.is_empty() && (!self.stale_gaps || !self.adopted.is_empty() || !self.events.is_empty())
    }
}

impl Queue {
    pub(super) fn new(events_max: usize) -> Self {
        Self { state: Mutex::default(), work: Condvar::new(), settled: Condvar::new(), events_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves an event, or counts it as lost.
    pub(super) fn push(&self, queued: Queued) -> Result<(), RecordError> {
        let mut state = self.lock();
        self.check_room(&mut state, std::slice::from_ref(&queued))?;
        state.work.events.push(queued);
        state.accepted += 1;
        self.wake(state);
        Ok(())
    }

    /// Leaves events, or counts them all as lost.
    pub(super) fn push_all(&self, queued: Vec<Queued>) -> Result<(), RecordError> {
        let mut state = self.lock();
        self.check_room(&mut state, &queued)?;
        state.accepted += queued.len() as u64;
        state.work.events.extend(queued);
        self.wake(state);
        Ok(())
    }

    fn check_room(&self, state: &mut State, queued: &[Queued]) -> Result<(), RecordError> {
        if state.closing {
            return Err(RecordError::Closed);
        }
        let room = self.events_max.saturating_sub((state.accepted - state.settled) as usize);
        if queued.len() <= room {
            return Ok(());
        }
        for Queued { what, at } in queued {
            state.work.gaps.add(Cause::QueueFull, what.tenant(), *at, None);
        }
        state.work.stale_gaps = false;
        Err(RecordError::QueueFull { lost: queued.len(), events_max: self.events_max })
    }

    /// Leaves an append to wait for; gives it back when nobody will take it.
    pub(super) fn adopt(&self, sent: Sent) -> Option<Sent> {
        let mut state = self.lock();
        if state.closing {
            return Some(sent);
        }
        state.work.adopted.push(sent);
        self.wake(state);
        None
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if mem::take(&mut state.asleep) {
            drop(state);
            self.work.notify_one();
        }
    }

    pub(super) fn waiting(&self) -> u64 {
        let state = self.lock();
        state.accepted - state.settled
    }

    /// Blocks until everything accepted so far is settled.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        let goal = state.accepted;
        self.work.notify_one();
        while state.settled < goal {
            state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more; the background thread ends when it has done what is there.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }

    /// Whether [`Queue::close`] was called.
    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Waits for work; `None` when the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        let mut naps = 0;
        loop {
            if state.work.is_urgent() {
                return Some(mem::take(&mut state.work));
            }
            let gaps_wait = !state.work.gaps.is_empty();
            if state.closing {
                return None;
            }
            if naps < QUEUE_NAPS_MAX {
                naps += 1;
                state = self.nap(state, QUEUE_NAP);
            } else if gaps_wait {
                state.asleep = true;
                state = self.nap(state, GAP_RETRY_WAIT);
                state.work.stale_gaps = false;
            } else {
                state.asleep = true;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn nap<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        let (mut state, _) = self.work.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner);
        state.asleep = false;
        state
    }

    /// Nobody will take anything more. What is left is counted as lost before anybody who waits for it goes on.
    pub(super) fn end(&self, count_lost: impl FnOnce(usize)) {
        let mut state = self.lock();
        state.closing = true;
        count_lost((state.accepted - state.settled) as usize);
        state.settled = state.accepted;
        state.work = Work::default();
        drop(state);
        self.settled.notify_all();
    }

    /// Says that some events are stored or lost, and leaves the gaps that still have to be told of.
    pub(super) fn settle(&self, events: usize, gaps: Gaps) {
        let mut state = self.lock();
        state.settled += events as u64;
        if !gaps.is_empty() {
            state.work.stale_gaps = state.work.gaps.is_empty();
            state.work.gaps.merge(gaps);
        }
        drop(state);
        self.settled.notify_all();
    }
}
