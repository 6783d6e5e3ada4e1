//! Brings the events of a store to a sink: on a thread of its own, in their order, each at least once.

use std::{
    fmt, io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use indelible_engine::{
    query::{Cancel, Filter, Order, Query},
    store::Store,
};

use super::sink::{Refused, Sink, SinkError};
use crate::limits::{FOLLOW_PAUSE, FOLLOW_PAUSE_MAX, FOLLOWED_EVENTS};

/// What an operator should hear of a follower.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The sink took nothing; it is asked again.
    Failed {
        /// Its words.
        error: String,
        /// After how long it is asked again.
        again_in: Duration,
    },
    /// It takes events again.
    Resumed,
    /// It will never take these.
    Refused(Refused),
    /// The store no longer has these, which had not been delivered.
    Missed(Range<u64>),
}

/// Where a follower stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The next event to deliver, once the sink has told.
    pub next_seq: u64,
    /// Events delivered since the start.
    pub delivered: u64,
    /// Events that the sink refused for ever, since the start.
    pub refused: u64,
    /// Events that were gone before they could be delivered, since the start.
    pub missed: u64,
    /// What is wrong, while it is.
    pub error: Option<String>,
}

/// A sink that follows a store. Dropping it ends it.
pub struct Follower {
    name: String,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    store: Arc<dyn Store>,
    state: Mutex<State>,
    /// Wakes the thread for new events and for the end, and who waits for the standing.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    standing: Standing,
    /// Something was committed since the thread looked last.
    committed: bool,
    ended: bool,
}

impl Follower {
    /// Starts to follow a store. `notice` is called on the follower's thread, with its name: it must return soon, and must
    /// not end the follower.
    pub fn start(
        name: &str,
        store: Arc<dyn Store>,
        sink: Box<dyn Sink>,
        notice: impl Fn(&str, &Notice) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { store, state: Mutex::default(), changed: Condvar::new() });
        let heard = Arc::downgrade(&shared);
        shared.store.on_commit(Box::new(move |_| heard.upgrade().is_some_and(|shared| shared.committed())));
        let own = name.to_owned();
        let delivery = Delivery {
            shared: Arc::clone(&shared),
            sink,
            next_seq: None,
            notice: Box::new(move |it| notice(&own, it)),
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || delivery.run())?;
        Ok(Self { name: name.to_owned(), shared, thread: Mutex::new(Some(thread)) })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing {
        self.shared.lock().standing.clone()
    }

    /// Waits until everything that was recorded before this call is delivered, so long at most; whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let end = self.shared.store.status().next_seq;
        let until = |state: &mut State| state.standing.next_seq < end && !state.ended;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), patience, until);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.standing.next_seq >= end
    }

    /// Ends it, after the delivery under way. What was not delivered is at the next start.
    pub fn end(&self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It catches panics of the sink, and has none of its own.
            let _ = thread.join();
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Follower")
            .field("name", &self.name)
            .field("standing", &self.standing())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it wants to hear of the next commit too.
    fn committed(&self) -> bool {
        let mut state = self.lock();
        state.committed = true;
        self.changed.notify_all();
        !state.ended
    }

    /// Changes what is shown to others.
    fn stand(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.lock().standing);
        self.changed.notify_all();
    }

    /// Sleeps until there may be new events; false at the end.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| !state.committed && !state.ended;
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        state.committed = false;
        !state.ended
    }

    /// Sleeps so long; false at the end.
    fn pause(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), pause, |state| !state.ended);
        !waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    fn ended(&self) -> bool {
        self.lock().ended
    }
}

/// The thread's own part.
struct Delivery {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    /// Unknown at the start and after a failure: then the sink tells.
    next_seq: Option<u64>,
    notice: Box<dyn Fn(&Notice) + Send>,
}

impl Delivery {
    fn run(mut self) {
        let mut failures = 0;
        loop {
            // A sink of somebody else's may panic; the events wait all the same.
            let stepped = catch_unwind(AssertUnwindSafe(|| self.step())).unwrap_or_else(|_| Err("it panicked".into()));
            let goes_on = match stepped {
                Ok(delivered) => {
                    if failures > 0 {
                        failures = 0;
                        self.shared.stand(|standing| standing.error = None);
                        self.tell(&Notice::Resumed);
                    }
                    if delivered { !self.shared.ended() } else { self.shared.wait() }
                }
                Err(error) => {
                    let pause = pause(failures);
                    failures = failures.saturating_add(1);
                    self.next_seq = None;
                    let error = error.to_string();
                    self.shared.stand(|standing| standing.error = Some(error.clone()));
                    self.tell(&Notice::Failed { error, again_in: pause });
                    self.shared.pause(pause)
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Delivers the next events; false when there are none.
    fn step(&mut self) -> Result<bool, SinkError> {
        let next_seq = match self.next_seq {
            Some(next_seq) => next_seq,
            None => self.sink.next_seq()?,
        };
        let status = self.shared.store.status();
        if next_seq > status.next_seq {
            let end = status.next_seq;
            return Err(
                format!("it has events up to {next_seq}, but the log ends at {end}: it followed another log").into()
            );
        }
        self.reach(next_seq);
        let filter = Filter { seq_from: Some(next_seq), ..Filter::default() };
        let query = Query { order: Order::OldestFirst, limit: FOLLOWED_EVENTS, ..Query::newest(filter) };
        let events = self.shared.store.query(&query, &Cancel::default())?.events;
        let first = events.first().map_or(status.first_seq, |first| first.seq);
        if first > next_seq {
            self.shared.stand(|standing| standing.missed += first - next_seq);
            self.tell(&Notice::Missed(next_seq..first));
            self.reach(first);
        }
        let Some(last) = events.last() else { return Ok(false) };
        let end = last.seq + 1;
        let refusals = self.sink.deliver(&events)?;
        let refused: u64 = refusals.iter().map(|refused| refused.seqs.end - refused.seqs.start).sum();
        self.shared.stand(|standing| {
            standing.delivered += (events.len() as u64).saturating_sub(refused);
            standing.refused += refused;
        });
        refusals.into_iter().for_each(|refused| self.tell(&Notice::Refused(refused)));
        self.reach(end);
        Ok(true)
    }

    fn reach(&mut self, next_seq: u64) {
        self.next_seq = Some(next_seq);
        self.shared.stand(|standing| standing.next_seq = next_seq);
    }

    fn tell(&self, notice: &Notice) {
        // Whoever listens may panic too.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.notice)(notice)));
    }
}

/// Twice as long with each failure, and somewhat by chance, so that many followers do not come back at once.
fn pause(failures: u32) -> Duration {
    let longest = FOLLOW_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(FOLLOW_PAUSE_MAX);
    let mut chance = [0; 1];
    // Without chance it is the longest.
    let share = getrandom::fill(&mut chance).map_or(1.0, |()| 0.5 + f64::from(chance[0]) / 512.0);
    longest.mul_f64(share)
}
