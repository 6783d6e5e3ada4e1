//! Batches on their way into the log, again when the log is busy.

use std::thread;

use indelible_proof::Event;

use crate::{
    cli::{
        Failure,
        place::{Place, Receipt},
    },
    limits::{IMPORT_BATCH_EVENTS, SEND_TRIES_MAX},
};

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Events that were recorded now.
    pub(super) fresh: u64,
    /// Events that were recorded before.
    pub(super) known: u64,
}

/// Collects events and records them.
#[derive(Debug)]
pub(super) struct Sender {
    /// None when nothing is to be recorded.
    place: Option<Place>,
    waiting: Vec<Event>,
}

impl Sender {
    pub(super) fn new(place: Option<Place>) -> Self {
        Self { place, waiting: Vec::new() }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.waiting.push(event);
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Records everything that waits. It is durable when this returns.
    pub(super) fn send(&mut self) -> Result<Sent, Failure> {
        let mut sent = Sent::default();
        let Some(place) = &self.place else { return Ok(sent) };
        while !self.waiting.is_empty() {
            let rest = self.waiting.split_off(self.waiting.len().min(IMPORT_BATCH_EVENTS));
            let batch = std::mem::replace(&mut self.waiting, rest);
            for receipt in record(place, batch)? {
                if receipt.duplicate { sent.known += 1 } else { sent.fresh += 1 }
            }
        }
        Ok(sent)
    }
}

/// Tries until the log takes it. The keys of the events make it safe to send again what may have arrived.
fn record(place: &Place, batch: Vec<Event>) -> Result<Vec<Receipt>, Failure> {
    let Place::Remote(server) = place else { return place.record(batch) };
    let mut tries = 1;
    loop {
        match server.send(&batch) {
            Ok(receipts) => return Ok(receipts),
            Err(error) => match error.retry_after() {
                Some(pause) if tries < SEND_TRIES_MAX => thread::sleep(pause),
                _ => return Err(error.into()),
            },
        }
        tries += 1;
    }
}
