//! From an event as the application made it to one that the store takes: defaults, hooks, redaction, checks.

use std::{
    any::Any,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use indelible_engine::store::{AppendError, Durability, Pending, Ready, Receipt, Store};
use indelible_proof::{Event, EventError, Source, Timestamp};

use super::{Decision, RecordError, Recording, Refusal, stats::Counters};
use crate::redaction::Redaction;

type Before = Box<dyn Fn(&mut Event) -> Decision + Send + Sync>;
type After = Box<dyn Fn(&Receipt, &Event) + Send + Sync>;
type WriteError = Box<dyn Fn(&RecordError, &[Event]) + Send + Sync>;

#[derive(Default)]
pub(super) struct Hooks {
    pub(super) before: Vec<Before>,
    pub(super) after: Vec<After>,
    pub(super) write_error: Vec<WriteError>,
}

/// Everything that an event passes on its way to the store. Shared by callers and the background thread; nothing in
/// it changes but the counters.
pub(super) struct Pipeline {
    pub(super) store: Arc<dyn Store>,
    pub(super) hooks: Hooks,
    pub(super) redaction: Redaction,
    pub(super) source: Source,
    pub(super) tenant: Option<String>,
    #[cfg(feature = "geo")]
    pub(super) places: Option<crate::geo::Places>,
    pub(super) clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) stats: Counters,
}

/// Why one event cannot go to the store.
pub(super) enum Unfit {
    Invalid(EventError),
    HookPanicked(String),
}

impl Unfit {
    pub(super) fn at(self, index: usize) -> RecordError {
        match self {
            Self::Invalid(error) => RecordError::Invalid { index, error },
            Self::HookPanicked(cause) => RecordError::HookPanicked { index, cause },
        }
    }
}

/// A batch that is ready for the store.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) batch: Vec<Ready>,
    /// For each event of the call: whether it is in the batch, and was not suppressed.
    pub(super) kept: Vec<bool>,
}

/// A batch on its way, with what is needed to answer for it.
#[derive(Debug)]
pub(super) struct Sent {
    pending: Pending,
    kept: Vec<bool>,
    /// Copies for the hooks; empty when there are none.
    events: Vec<Event>,
}

impl Pipeline {
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Makes one event ready; `None` when a hook suppressed it.
    pub(super) fn prepare(&self, mut event: Event) -> Result<Option<Ready>, Unfit> {
        self.fill_in(&mut event);
        for hook in &self.hooks.before {
            match catch_unwind(AssertUnwindSafe(|| hook(&mut event))) {
                Ok(Decision::Record) => {}
                Ok(Decision::Suppress) => return Ok(None),
                Err(panic) => {
                    Counters::add(&self.stats.hook_panics, 1);
                    return Err(Unfit::HookPanicked(message_of(&*panic)));
                }
            }
        }
        self.seal(event).map(Some).map_err(Unfit::Invalid)
    }

    /// Makes an event of the recorder's own ready: no hook may suppress it.
    pub(super) fn prepare_own(&self, mut event: Event) -> Result<Ready, EventError> {
        self.fill_in(&mut event);
        self.seal(event)
    }

    fn seal(&self, event: Event) -> Result<Ready, EventError> {
        Ready::new(self.redaction.apply(event), self.now())
    }

    fn fill_in(&self, event: &mut Event) {
        if event.tenant.is_none() {
            event.tenant.clone_from(&self.tenant);
        }
        #[cfg(feature = "geo")]
        if let Some(places) = &self.places {
            places.fill_in(event);
        }
        if self.source != Source::default() {
            let source = event.source.get_or_insert_default();
            let defaults = &self.source;
            for (field, default) in [
                (&mut source.service, &defaults.service),
                (&mut source.version, &defaults.version),
                (&mut source.host, &defaults.host),
                (&mut source.environment, &defaults.environment),
            ] {
                if field.is_none() {
                    field.clone_from(default);
                }
            }
        }
    }

    /// Makes a batch ready, all or nothing.
    pub(super) fn draft(&self, events: Vec<Event>) -> Result<Draft, RecordError> {
        let count = events.len();
        let mut draft = Draft { batch: Vec::with_capacity(count), kept: Vec::with_capacity(count) };
        for (index, event) in events.into_iter().enumerate() {
            match self.prepare(event) {
                Ok(ready) => draft.push(ready),
                Err(unfit) => return Err(self.failed(unfit.at(index), count, &[])),
            }
        }
        Ok(draft)
    }

    /// Makes the valid events of a batch ready.
    pub(super) fn draft_valid(&self, events: Vec<Event>) -> Result<(Draft, Vec<Refusal>), RecordError> {
        let (count, mut draft, mut refusals) = (events.len(), Draft::default(), Vec::new());
        for (index, event) in events.into_iter().enumerate() {
            match self.prepare(event) {
                Ok(ready) => draft.push(ready),
                Err(Unfit::Invalid(error)) => refusals.push(Refusal { index, error }),
                Err(unfit) => return Err(self.failed(unfit.at(index), count, &[])),
            }
        }
        Counters::add(&self.stats.failed, refusals.len());
        Ok((draft, refusals))
    }

    /// Hands a batch to the store.
    pub(super) fn send(&self, draft: Draft, durability: Durability) -> Result<Sent, RecordError> {
        let events = self.copies(&draft.batch);
        let count = draft.kept.len();
        let pending = if draft.batch.is_empty() {
            Ok(Pending::completed(Ok(Vec::new())))
        } else {
            self.store.append(draft.batch, durability)
        };
        match pending {
            Ok(pending) => Ok(Sent { pending, kept: draft.kept, events }),
            Err(error) => Err(self.failed(error.into(), count, &events)),
        }
    }

    /// Counts, calls the hooks, and turns the store's answer into the caller's.
    fn settle(
        &self,
        result: Result<Vec<Receipt>, AppendError>,
        kept: &[bool],
        events: &[Event],
    ) -> Result<Vec<Recording>, RecordError> {
        let receipts = result.map_err(|error| self.failed(error.into(), kept.len(), events))?;
        let stored = kept.iter().filter(|&&kept| kept).count();
        if receipts.len() < stored {
            return Err(self.failed(RecordError::ReceiptMissing, kept.len(), events));
        }
        Counters::add(&self.stats.suppressed, kept.len() - stored);
        self.acknowledged(&receipts, events);
        let mut receipts = receipts.into_iter().map(Recording::Stored);
        Ok(kept
            .iter()
            .map(|&kept| if kept { receipts.next() } else { None }.unwrap_or(Recording::Suppressed))
            .collect())
    }

    /// Counts stored events and calls the after hooks.
    pub(super) fn acknowledged(&self, receipts: &[Receipt], events: &[Event]) {
        let duplicates = receipts.iter().filter(|receipt| receipt.duplicate).count();
        Counters::add(&self.stats.duplicates, duplicates);
        Counters::add(&self.stats.recorded, receipts.len() - duplicates);
        for (receipt, event) in receipts.iter().zip(events).filter(|(receipt, _)| !receipt.duplicate) {
            for hook in &self.hooks.after {
                self.shielded(|| hook(receipt, event));
            }
        }
    }

    fn failed(&self, error: RecordError, count: usize, events: &[Event]) -> RecordError {
        Counters::add(&self.stats.failed, count);
        self.tell(&error, events);
        error
    }

    /// Counts queued events as lost and calls the write-error hooks.
    pub(super) fn lost(&self, error: &RecordError, count: usize, events: &[Event]) {
        Counters::add(&self.stats.lost, count);
        self.tell(error, events);
    }

    /// Calls the write-error hooks.
    fn tell(&self, error: &RecordError, events: &[Event]) {
        for hook in &self.hooks.write_error {
            self.shielded(|| hook(error, events));
        }
    }

    /// The events of a batch for the hooks to see; none when there is no hook that would.
    pub(super) fn copies(&self, batch: &[Ready]) -> Vec<Event> {
        if self.hooks.after.is_empty() && self.hooks.write_error.is_empty() {
            return Vec::new();
        }
        batch.iter().map(|ready| ready.event().clone()).collect()
    }

    fn shielded(&self, call: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(call)).is_err() {
            Counters::add(&self.stats.hook_panics, 1);
        }
    }
}

impl Draft {
    fn push(&mut self, ready: Option<Ready>) {
        self.kept.push(ready.is_some());
        self.batch.extend(ready);
    }
}

impl Sent {
    pub(super) fn wait(self, pipeline: &Pipeline) -> Result<Vec<Recording>, RecordError> {
        pipeline.settle(self.pending.wait(), &self.kept, &self.events)
    }

    pub(super) fn poll(
        &mut self,
        pipeline: &Pipeline,
        context: &mut Context<'_>,
    ) -> Poll<Result<Vec<Recording>, RecordError>> {
        Pin::new(&mut self.pending).poll(context).map(|result| pipeline.settle(result, &self.kept, &self.events))
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pipeline")
            .field("redaction", &self.redaction)
            .field("source", &self.source)
            .field("tenant", &self.tenant)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// The words of a panic, as far as they are words.
fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
