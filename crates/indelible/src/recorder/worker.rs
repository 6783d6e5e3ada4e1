//! The background thread: does for queued events what callers do for theirs, and tells of those that were lost.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use indelible_engine::store::{AppendError, Durability, Pending, Ready, Receipt};
use indelible_proof::Event;

use super::{
    RecordError,
    gap::{Cause, Gaps},
    pipeline::{Pipeline, Unfit},
    queue::{Queue, Queued, Work},
    stats::Counters,
};
use crate::limits::{BUSY_WAIT_MAX, CLOSING_RETRIES_MAX, QUEUE_BATCH_EVENTS, RETRIES_MAX, RETRY_WAIT};

/// The thread, for whoever ends it.
#[derive(Debug)]
pub(super) struct Worker(Mutex<Option<JoinHandle<()>>>);

impl Worker {
    pub(super) fn start(queue: Arc<Queue>, pipeline: Arc<Pipeline>) -> Result<Self, String> {
        let run = move || Duty { queue: &queue, pipeline: &pipeline }.run();
        let thread = thread::Builder::new().name("indelible-queue".to_owned()).spawn(run);
        thread.map(|thread| Self(Mutex::new(Some(thread)))).map_err(|error| error.to_string())
    }

    /// Waits for the thread's end, unless this is the thread: then a hook held the last recorder.
    pub(super) fn join(&self) {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // The thread catches the panics of hooks and has none of its own to report.
            drop(thread.join());
        }
    }
}

/// A chunk of the queue that the store has, or refused.
struct Underway {
    /// Events of the queue that it was made of.
    count: usize,
    batch: Vec<Ready>,
    answer: Result<Pending, AppendError>,
}

struct Duty<'a> {
    queue: &'a Queue,
    pipeline: &'a Pipeline,
}

impl Duty<'_> {
    fn run(&self) {
        while let Some(work) = self.queue.take() {
            self.do_work(work);
        }
    }

    fn do_work(&self, work: Work) {
        for sent in work.adopted {
            // Its submitter went away, so nobody is there to be answered; waiting serves hooks and counts.
            drop(sent.wait(self.pipeline));
        }
        let (mut gaps, mut underway) = (work.gaps, None);
        let mut events = work.events.into_iter();
        loop {
            let chunk: Vec<Queued> = events.by_ref().take(QUEUE_BATCH_EVENTS).collect();
            if chunk.is_empty() {
                break;
            }
            // While the store writes a chunk, the next is made ready.
            let (count, batch) = (chunk.len(), self.prepare(chunk, &mut gaps));
            if let Some(before) = underway.take() {
                let settled = self.finish(before, &mut gaps);
                self.queue.settle(settled, Gaps::default());
            }
            underway = Some(Underway { count, answer: self.append(&batch), batch });
        }
        let count = underway.map_or(0, |last| self.finish(last, &mut gaps));
        // The gaps go first, so that whoever flushes finds them.
        let untold = self.tell_gaps(gaps);
        self.queue.settle(count, untold);
    }

    /// Makes a chunk of the queue ready for the store.
    fn prepare(&self, chunk: Vec<Queued>, gaps: &mut Gaps) -> Vec<Ready> {
        let mut batch = Vec::with_capacity(chunk.len());
        for Queued { what, at } in chunk {
            let mut event = what.event();
            event.occurred_at.get_or_insert(at);
            let tenant = event.tenant.clone();
            match self.pipeline.prepare(event) {
                Ok(Some(ready)) => batch.push(ready),
                Ok(None) => Counters::add(&self.pipeline.stats.suppressed, 1),
                Err(unfit) => {
                    let cause = match unfit {
                        Unfit::Invalid(_) => Cause::InvalidEvent,
                        Unfit::HookPanicked(_) => Cause::HookPanicked,
                    };
                    let error = unfit.at(0);
                    gaps.add(cause, tenant.as_deref(), at, Some(&error.to_string()));
                    self.pipeline.lost(&error, 1, &[]);
                }
            }
        }
        batch
    }

    /// Waits for a chunk, adds to the gaps what was lost of it, and says how many events of the queue it was.
    fn finish(&self, Underway { count, batch, answer }: Underway, gaps: &mut Gaps) -> usize {
        match self.insist(&batch, answer) {
            Ok(receipts) => self.pipeline.acknowledged(&receipts, &self.pipeline.copies(&batch)),
            Err(error) => self.give_up(&batch, error, gaps),
        }
        count
    }

    fn give_up(&self, batch: &[Ready], error: AppendError, gaps: &mut Gaps) {
        let error = RecordError::from(error);
        let words = error.to_string();
        let now = self.pipeline.now();
        for event in batch.iter().map(Ready::event) {
            let at = event.recorded_at.unwrap_or(now);
            gaps.add(Cause::WriteFailed, event.tenant.as_deref(), at, Some(&words));
        }
        self.pipeline.lost(&error, batch.len(), &self.pipeline.copies(batch));
    }

    /// Records the gaps; gives them back when that failed.
    fn tell_gaps(&self, gaps: Gaps) -> Gaps {
        let batch: Vec<Ready> = gaps.events().filter_map(|event| self.gap(event)).collect();
        if batch.is_empty() {
            return Gaps::default();
        }
        match self.insist(&batch, self.append(&batch)) {
            Ok(receipts) => {
                Counters::add(&self.pipeline.stats.gaps, receipts.len());
                Gaps::default()
            }
            Err(_) => gaps,
        }
    }

    /// A gap that is fit for the log. What a lost event called its tenant, or said in its error, may not be.
    fn gap(&self, event: Event) -> Option<Ready> {
        let mut plain = event.clone();
        self.pipeline.prepare_own(event).ok().or_else(|| {
            plain.tenant = None;
            plain.metadata.remove("error");
            self.pipeline.prepare_own(plain).ok()
        })
    }

    fn append(&self, batch: &[Ready]) -> Result<Pending, AppendError> {
        match batch {
            [] => Ok(Pending::completed(Ok(Vec::new()))),
            _ => self.pipeline.store.append(batch.to_vec(), Durability::Durable),
        }
    }

    /// Waits for an append, and appends again while there is hope: for as long as the store is merely busy and the
    /// recorder open, and a few times when it could not write.
    fn insist(&self, batch: &[Ready], first: Result<Pending, AppendError>) -> Result<Vec<Receipt>, AppendError> {
        let (mut answer, mut failures, mut closing_tries) = (first, 0, 0);
        loop {
            let wait = match answer.and_then(Pending::wait) {
                Err(AppendError::Busy { retry_after_ms }) if closing_tries < CLOSING_RETRIES_MAX => {
                    closing_tries += u32::from(self.queue.is_closing());
                    Duration::from_millis(retry_after_ms).min(BUSY_WAIT_MAX)
                }
                Err(AppendError::Unavailable { .. }) if failures < RETRIES_MAX => {
                    failures += 1;
                    RETRY_WAIT * failures
                }
                ended => return ended,
            };
            thread::sleep(wait);
            answer = self.append(batch);
        }
    }
}

/// Lets nobody wait in vain when the thread ends, even by a panic of the store or the clock.
impl Drop for Duty<'_> {
    fn drop(&mut self) {
        self.queue.end(|left| Counters::add(&self.pipeline.stats.lost, left));
    }
}
