//! Batches on their way into the log, again when the log is busy.

use std::{
    collections::VecDeque,
    io::{self, Write},
};

use indelible_proof::Event;

use crate::{
    cli::{
        error::{Failure, patiently},
        place::Place,
    },
    limits::{IMPORT_BATCH_BYTES, IMPORT_BATCH_EVENTS},
};

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Events that were recorded now.
    pub(super) fresh: u64,
    /// Events that were recorded before.
    pub(super) known: u64,
}

/// Collects events and records them, in batches that any log takes.
#[derive(Debug)]
pub(super) struct Sender {
    /// None when nothing is to be recorded.
    place: Option<Place>,
    /// Each with its length as JSON.
    waiting: VecDeque<(Event, u64)>,
    waiting_bytes: u64,
}

impl Sender {
    pub(super) fn new(place: Option<Place>) -> Self {
        Self { place, waiting: VecDeque::new(), waiting_bytes: 0 }
    }

    pub(super) fn push(&mut self, event: Event) -> Result<(), Failure> {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &event).map_err(Failure::because)?;
        self.waiting_bytes += length.0;
        self.waiting.push_back((event, length.0));
        Ok(())
    }

    /// Whether a whole batch waits.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= IMPORT_BATCH_EVENTS || self.waiting_bytes >= IMPORT_BATCH_BYTES
    }

    /// Records everything that waits. It is durable when this returns.
    pub(super) fn send(&mut self) -> Result<Sent, Failure> {
        let mut sent = Sent::default();
        while !self.waiting.is_empty() {
            let batch = self.batch();
            let Some(place) = &self.place else { continue };
            // The keys of the events make it safe to send again what may have arrived.
            for receipt in patiently(|| place.record(batch.clone()))? {
                if receipt.duplicate { sent.known += 1 } else { sent.fresh += 1 }
            }
        }
        Ok(sent)
    }

    /// Takes the next batch, of one event at least.
    fn batch(&mut self) -> Vec<Event> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some((event, length)) = self.waiting.pop_front() {
            if !batch.is_empty() && (batch.len() == IMPORT_BATCH_EVENTS || bytes + length > IMPORT_BATCH_BYTES) {
                self.waiting.push_front((event, length));
                break;
            }
            bytes += length;
            batch.push(event);
        }
        self.waiting_bytes -= bytes;
        batch
    }
}

/// Counts what is written and keeps nothing.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_events_and_in_bytes() {
        let mut sender = Sender::new(None);
        let small = |sender: &mut Sender| sender.push(Event::new("token.created")).unwrap();
        let large = |sender: &mut Sender| {
            let original = "x".repeat(IMPORT_BATCH_BYTES as usize / 2);
            sender.push(Event::new("token.created").meta("original", original)).unwrap();
        };
        (0..IMPORT_BATCH_EVENTS + 1).for_each(|_| small(&mut sender));
        assert!(sender.is_full());
        (0..3).for_each(|_| large(&mut sender));
        let batches: Vec<usize> = std::iter::repeat_with(|| sender.batch().len()).take_while(|&len| len > 0).collect();
        assert_eq!(batches, [IMPORT_BATCH_EVENTS, 2, 1, 1]);
        assert!(!sender.is_full());
    }
}
