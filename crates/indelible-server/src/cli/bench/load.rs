//! How much is sent, in which pieces, and what came of it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use clap::Args;
use indelible_engine::limits::BATCH_EVENTS_MAX;
use indelible_proof::Event;

use super::{events::Events, gauge::Times};
use crate::{
    cli::{error::Failure, place::Place, progress::Progress},
    clock,
    limits::{BENCH_THREADS_MAX, SEND_PATIENCE},
};

/// The options that say what is sent.
#[derive(Debug, Args)]
pub(super) struct Load {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(super) events: u64,
    /// Events recorded at once
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=BATCH_EVENTS_MAX as i64))]
    pub(super) batch: u32,
    /// Batches under way at the same time; with --queued, callers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=BENCH_THREADS_MAX))]
    pub(super) concurrency: u32,
    /// Start of the random numbers: the same gives the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) events: u64,
    /// How long each batch waited for its acknowledgement.
    pub(super) acks: Times,
    /// How long each call that does not wait took.
    pub(super) calls: Times,
    /// How often the log asked to come back later.
    pub(super) busy: u64,
    /// Events that a full queue did not take.
    pub(super) lost: u64,
    /// CPU time of the thread that sent, where that is known.
    pub(super) sender_ns: u64,
}

impl Loaded {
    pub(super) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.acks.extend(other.acks);
        self.calls.extend(other.calls);
        self.busy += other.busy;
        self.lost += other.lost;
        self.sender_ns += other.sender_ns;
    }
}

/// How far all senders together are.
#[derive(Debug)]
pub(super) struct Counter {
    done: AtomicU64,
    progress: Mutex<Progress>,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { done: AtomicU64::new(0), progress: Mutex::new(Progress::new("bench", None)) }
    }

    pub(super) fn add(&self, events: u64) {
        let done = self.done.fetch_add(events, Ordering::Relaxed) + events;
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).at(0, done);
    }
}

impl Load {
    /// How many events a sender makes.
    pub(super) fn share(&self, sender: u32) -> u64 {
        let (senders, sender) = (u64::from(self.concurrency), u64::from(sender));
        self.events / senders + u64::from(sender < self.events % senders)
    }

    /// The events of a sender.
    pub(super) fn generator(&self, sender: u32) -> std::iter::Take<Events> {
        let share = self.share(sender);
        let events = Events::new(self.seed.wrapping_add(u64::from(sender) << 32), share, clock::now());
        events.take(usize::try_from(share).unwrap_or(usize::MAX))
    }

    /// Runs every sender on a thread.
    pub(super) fn on_threads(
        &self,
        send: impl Fn(u32, &Counter) -> Result<Loaded, Failure> + Sync,
    ) -> Result<Loaded, Failure> {
        let (counter, send) = (Counter::new(), &send);
        let mut loaded = Loaded::default();
        thread::scope(|scope| {
            let counter = &counter;
            let threads: Vec<_> =
                (0..self.concurrency).map(|sender| scope.spawn(move || send(sender, counter))).collect();
            for thread in threads {
                loaded.add(thread.join().map_err(|_| Failure::Failed("a thread panicked".to_owned()))??);
            }
            Ok(loaded)
        })
    }

    /// Records what is made for each sender in batches, each awaited until it is on disk.
    pub(super) fn batches<E: Iterator<Item = Event> + Clone>(
        &self,
        place: &Place,
        made_for: impl Fn(u32) -> E + Sync,
    ) -> Result<Loaded, Failure> {
        self.on_threads(|sender, counter| {
            let (mut events, mut loaded) = (made_for(sender), Loaded::default());
            let mut waiting_since = None;
            loop {
                let before = events.clone();
                let batch: Vec<Event> = events.by_ref().take(self.batch as usize).collect();
                if batch.is_empty() {
                    return Ok(loaded);
                }
                let count = batch.len() as u64;
                let since = *waiting_since.get_or_insert_with(Instant::now);
                match place.record(batch) {
                    Ok(_) => {
                        loaded.acks.add(since.elapsed());
                        loaded.events += count;
                        counter.add(count);
                        waiting_since = None;
                    }
                    Err(Failure::Busy { retry_after, .. }) if since.elapsed() < SEND_PATIENCE => {
                        loaded.busy += 1;
                        thread::sleep(retry_after);
                        events = before;
                    }
                    Err(failure) => return Err(failure),
                }
            }
        })
    }
}
