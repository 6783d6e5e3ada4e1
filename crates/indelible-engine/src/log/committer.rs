//! The one thread that owns the sequence.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use indelible_proof::{Entry, EventId, Timestamp};

use super::{
    Shared,
    epochs::{self, Epoch},
    layout::{Day, Layout},
    queue::{Hashed, Taken, Waiting},
    repeats::{Repeats, identity, recorded_at},
    view::{Generation, publish},
};
use crate::{
    fs::{Fs, remove_if_there},
    limits::IDLE_WAIT_MS,
    store::{AppendError, Durability, Ready, Receipt},
    wal::Writer,
};

/// Everything here belongs to the committing thread alone; `shared` says for each of its fields who may touch it.
#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    writer: Writer,
    epoch: Arc<Epoch>,
    /// The latest day of the events in the WAL file; none while it has no events.
    day: Option<Day>,
    opened_at: Timestamp,
    next_seq: u64,
}

/// What becomes of a group: who gets which receipts, and which events are new.
struct Plan<'a> {
    receipts: Vec<Vec<Receipt>>,
    fresh: Vec<&'a Ready>,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, writer: Writer, epoch: Arc<Epoch>, next_seq: u64) -> Self {
        let opened_at = shared.now();
        Self { shared, writer, epoch, day: None, opened_at, next_seq }
    }

    /// Commits what waits until the queue is closed and empty, then makes the rest durable.
    pub(super) fn run(mut self) {
        loop {
            // A file without events does not grow old.
            let wait = (self.events() > 0).then_some(Duration::from_millis(IDLE_WAIT_MS));
            match self.shared.queue.take(wait) {
                Taken::Group(group) => self.commit(group),
                Taken::Nothing => self.rotate_if_old(),
                Taken::Closed => break,
            }
        }
        self.finish();
    }

    /// Lets the sealer have the events of a log that has fallen silent. What fails is tried again later.
    pub(super) fn rotate_if_old(&mut self) {
        if self.shared.poisoned().is_none() && self.must_rotate(&[], None) {
            let _ = self.rotate();
        }
    }

    /// Events of the open file.
    fn events(&self) -> u64 {
        self.next_seq - self.epoch.first_seq
    }

    /// Makes durable what was only written.
    pub(super) fn finish(&mut self) {
        if self.shared.poisoned().is_none() {
            // A failure poisons the log, and that is how it is reported.
            let _ = self.sync_if_dirty();
        }
    }

    /// Records a group of batches and tells everyone.
    pub(super) fn commit(&mut self, mut group: Vec<Waiting>) {
        match self.record(&mut group) {
            Ok(receipts) => {
                for (batch, receipts) in group.into_iter().zip(receipts) {
                    batch.completion.complete(Ok(receipts));
                }
                self.shared.tell_listeners(self.next_seq);
            }
            Err(error) => group.into_iter().for_each(|batch| batch.completion.complete(Err(error.clone()))),
        }
    }

    /// The way of a group, from the queue to its receipts. The order of the steps is the safety argument:
    /// nobody sees a receipt, or reads an event, before the step that makes it last has returned.
    ///
    /// ```text
    /// write(wal, frame)     all events of the group that are new, at the end of the file, in one piece
    /// fdatasync(wal)        unless every batch asked for `Written` only
    /// ```
    ///
    /// The name and the header of the file were durable before its first frame ([`Writer::create`]).
    fn record(&mut self, group: &mut [Waiting]) -> Result<Vec<Vec<Receipt>>, AppendError> {
        if let Some(cause) = self.shared.poisoned() {
            return Err(AppendError::Poisoned { cause });
        }
        // 1. One WAL file is one segment, one epoch and one day.
        let day = group.iter().filter_map(|batch| batch.day).max();
        if self.must_rotate(group, day) {
            self.rotate()?;
        }
        // 2. Callers hashed with the epoch that they saw, which may be over.
        self.rehash(group);
        // 3. Repeated idempotency keys get the receipt of the first; all others get the next numbers.
        let Plan { receipts, fresh } = self.plan(group)?;
        // 4. One frame. If it could not be written whole, what is there of it must go, or nothing more may follow.
        if !fresh.is_empty()
            && let Err(error) = self.writer.append(self.next_seq, fresh.iter().map(|ready| &ready.canonical))
        {
            return Err(match self.writer.cut_back(&*self.shared.config.fs) {
                Ok(()) => AppendError::Unavailable { cause: error.to_string() },
                Err(cut) => self.shared.poison(&format!("{error}; then, while removing what was written: {cut}")),
            });
        }
        // 5. Also when all are repeats: what they repeat may have been written without being synced.
        if group.iter().any(|batch| batch.durability == Durability::Durable && !batch.events.is_empty()) {
            self.sync_if_dirty()?;
        }
        // 6. It lasts: readers may see it, and the caller may acknowledge.
        self.next_seq += fresh.len() as u64;
        self.day = self.day.max(day);
        publish(&self.shared.view, fresh.into_iter(), self.writer.len());
        Ok(receipts)
    }

    /// An fsync that failed says nothing about what is on disk, and trying again says less: the log is poisoned.
    fn sync_if_dirty(&mut self) -> Result<(), AppendError> {
        if self.writer.is_dirty() {
            self.writer.sync().map_err(|error| self.shared.poison(&format!("fdatasync: {error}")))?;
            self.shared.count_fsync();
        }
        Ok(())
    }

    fn must_rotate(&mut self, group: &[Waiting], day: Option<Day>) -> bool {
        let now = self.shared.now();
        // When the clock goes back the age counts from there, not from a time that is yet to come.
        self.opened_at = self.opened_at.min(now);
        let age_us = now.as_micros() - self.opened_at.as_micros();
        let events = self.events();
        let config = &self.shared.config;
        let asked = group.iter().any(|batch| batch.rotate);
        let full = events >= config.seal_events || self.writer.len() >= config.seal_bytes;
        // An event of an earlier day than the file's stays with it: days only advance.
        let other_day = self.day.is_some() && day > self.day;
        events > 0 && (asked || full || age_us >= config.seal_age_us || other_day)
    }

    /// Begins a new WAL file with a new epoch; the old one goes to the sealer.
    ///
    /// ```text
    /// fdatasync(old wal)                          if it has frames that are not durable: only the last file may be torn
    /// open, write, fdatasync, rename, fsync(dir)  the epoch key
    /// open, write, fdatasync, rename, fsync(dir)  the new file's header
    /// ```
    fn rotate(&mut self) -> Result<(), AppendError> {
        self.sync_if_dirty()?;
        let Shared { config, layout, .. } = &*self.shared;
        let (epoch, writer) = match begin(&*config.fs, layout, self.shared.identity.number, self.next_seq) {
            Ok(begun) => begun,
            Err(error) => return Err(self.go_on_with_the_old_file(&error)),
        };
        self.epoch = Arc::new(epoch);
        self.writer = writer;
        self.day = None;
        self.opened_at = self.shared.now();
        self.shared.epochs.add(self.next_seq);
        self.shared.view_mut().tail.push(Generation::new(self.next_seq, self.writer.len()));
        self.shared.set_epoch(Arc::clone(&self.epoch));
        self.shared.wake_sealer();
        Ok(())
    }

    /// A new file that could not be begun must be gone before the old one goes on: none may begin where the one
    /// before does not end.
    fn go_on_with_the_old_file(&self, error: &io::Error) -> AppendError {
        let fs = &*self.shared.config.fs;
        let path = self.shared.layout.wal_file(self.next_seq);
        match remove_if_there(fs, &path).and_then(|()| fs.sync_dir(&self.shared.layout.wal())) {
            Ok(()) => AppendError::Unavailable { cause: error.to_string() },
            Err(left) => self.shared.poison(&format!("{error}; then, while removing {}: {left}", path.display())),
        }
    }

    fn rehash(&self, group: &mut [Waiting]) {
        for batch in group.iter_mut().filter(|batch| batch.epoch.first_seq != self.epoch.first_seq) {
            for hashed in &mut batch.events {
                hashed.leaf = Entry::of(&hashed.ready.canonical, &self.epoch.key).leaf_hash();
            }
        }
    }

    fn plan<'a>(&self, group: &'a [Waiting]) -> Result<Plan<'a>, AppendError> {
        let mut plan = Plan { receipts: Vec::with_capacity(group.len()), fresh: Vec::new() };
        let mut keys: HashMap<(&str, &str), Receipt> = HashMap::new();
        for batch in group {
            let recent = self.recent(batch);
            let mut receipts = Vec::with_capacity(batch.events.len());
            for hashed in &batch.events {
                let key = identity(&hashed.ready);
                let known = key.and_then(|key| keys.get(&key)).or(hashed.repeats.as_ref()).cloned();
                let known = match (known, &recent) {
                    (None, Some(recent)) => self.shared.receipt_of_repeat(recent, &hashed.ready)?,
                    (known, _) => known,
                };
                receipts.push(match known {
                    Some(first) => Receipt { duplicate: true, ..first },
                    None => {
                        let receipt = self.receipt(hashed, self.next_seq + plan.fresh.len() as u64);
                        plan.fresh.push(&hashed.ready);
                        keys.extend(key.map(|key| (key, receipt.clone())));
                        receipt
                    }
                });
            }
            plan.receipts.push(receipts);
        }
        Ok(plan)
    }

    /// What was recorded since the caller of a batch searched for its keys; `None` when it has no keys.
    fn recent(&self, batch: &Waiting) -> Option<Repeats> {
        let with_key = batch.events.iter().filter(|hashed| identity(&hashed.ready).is_some());
        let oldest = with_key.map(|hashed| recorded_at(hashed.ready.event())).min()?;
        Some(Repeats::new(self.shared.snapshot(), batch.searched_to, oldest))
    }

    fn receipt(&self, hashed: &Hashed, seq: u64) -> Receipt {
        let id = EventId::new(recorded_at(hashed.ready.event()), self.shared.identity.number, seq);
        Receipt { id, seq, leaf: hashed.leaf, duplicate: false }
    }
}

/// Makes the key and the file for the events from here on. The name and the header of the file are durable.
pub(super) fn begin(fs: &dyn Fs, layout: &Layout, log_number: u32, first_seq: u64) -> io::Result<(Epoch, Writer)> {
    let epoch = epochs::make(fs, layout, first_seq)?;
    let writer = Writer::create(fs, layout.wal_file(first_seq), first_seq, log_number)?;
    Ok((epoch, writer))
}

impl Drop for Committer {
    /// Whatever ends the committer, callers must not wait for it.
    fn drop(&mut self) {
        self.shared.queue.abandon();
    }
}
