//! The one thread that owns the sequence.

use std::{collections::HashMap, io, path::Path, sync::Arc, time::Duration};

use indelible_proof::{Entry, EventId, Timestamp, tree::Hash};

use super::{
    Shared,
    epochs::{self, Epoch},
    keys::Keys,
    layout::{Day, Layout},
    queue::{Asks, Hashed, Taken, Waiting},
    repeats::{Repeats, identity, recorded_at},
    tree::{Grown, Head},
    view::{Generation, publish},
};
use crate::{
    fs::{Fs, check_room, write_new},
    limits::{IDLE_WAIT_MS, RESUME_ROOM_BYTES, RESUME_WAIT_MS},
    store::{AppendError, Durability, Ready, Receipt},
    wal::Writer,
};

/// Everything here belongs to the committing thread alone; `shared` says for each of its fields who may touch it.
#[derive(Debug)]
pub(super) struct Committer {
    shared: Arc<Shared>,
    /// None only while the log is halted: when it was opened the disk was full.
    writer: Option<Writer>,
    epoch: Arc<Epoch>,
    head: Head,
    /// The latest day of the events in the WAL file; none while it has no events.
    day: Option<Day>,
    opened_at: Timestamp,
    next_seq: u64,
    /// Bytes that could not be written, for which there must be room again.
    room_bytes: u64,
    /// A key of which nobody knows whether it is the one on disk: nothing is signed before that is certain.
    unsure: Option<Keys>,
}

/// What becomes of a group: who gets which receipts, and which events are new.
struct Plan<'a> {
    receipts: Vec<Vec<Receipt>>,
    fresh: Vec<&'a Ready>,
    /// Of the new events.
    leaves: Vec<Hash>,
}

impl Committer {
    pub(super) fn new(
        shared: Arc<Shared>,
        writer: Option<Writer>,
        epoch: Arc<Epoch>,
        head: Head,
        next_seq: u64,
    ) -> Self {
        let opened_at = shared.now();
        Self { shared, writer, epoch, head, day: None, opened_at, next_seq, room_bytes: 0, unsure: None }
    }

    /// Commits what waits until the queue is closed and empty, then makes the rest durable.
    pub(super) fn run(mut self) {
        loop {
            match self.shared.queue.take(self.patience()) {
                Taken::Group(group) => self.commit(group),
                Taken::Nothing => self.idle(),
                Taken::Closed => break,
            }
        }
        self.finish();
    }

    /// How long to wait for events before looking at the file. One without events does not grow old.
    fn patience(&self) -> Option<Duration> {
        let wait_ms = if self.is_halted() { RESUME_WAIT_MS } else { IDLE_WAIT_MS };
        (self.is_halted() || self.events() > 0).then_some(Duration::from_millis(wait_ms))
    }

    fn is_halted(&self) -> bool {
        self.shared.halted().is_some()
    }

    /// What there is to do without events: to try to write again, or to let the sealer have the events of a log that has
    /// fallen silent.
    pub(super) fn idle(&mut self) {
        if self.is_halted() {
            let problem = self.leave_file().err();
            self.shared.set_halted(problem.map(|problem| problem.to_string()));
        } else if self.must_rotate(&[], None) {
            // A failure halts the log, and that is how it is reported.
            let _ = self.rotate();
        }
    }

    /// Events of the open file.
    fn events(&self) -> u64 {
        self.next_seq - self.epoch.first_seq
    }

    fn wal_bytes(&self) -> u64 {
        self.writer.as_ref().map_or(0, Writer::len)
    }

    /// Makes durable what was only written.
    pub(super) fn finish(&mut self) {
        if self.is_halted() {
            return;
        }
        let synced = self.sync_if_dirty().map_err(|error| format!("fdatasync: {error}"));
        let closed = synced.and_then(|()| {
            let Shared { config, layout, .. } = &*self.shared;
            keep_checkpoint(&*config.fs, layout, &self.head).map_err(|problem| problem.to_string())
        });
        self.publish_checkpoint();
        if let Err(cause) = closed {
            self.shared.set_halted(Some(cause));
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
    /// write(wal, frame)     all events of the group that are new and the signed checkpoint that covers them, in one piece
    /// fdatasync(wal)        unless every batch asked for `Written` only
    /// ```
    ///
    /// The name and the header of the file were durable before its first frame ([`Writer::create`]).
    fn record(&mut self, group: &mut [Waiting]) -> Result<Vec<Vec<Receipt>>, AppendError> {
        self.shared.check_writing()?;
        if group.iter().any(|batch| batch.asks == Asks::NewKey) {
            self.change_key()?;
        }
        // 1. One WAL file is one segment, one epoch and one day.
        let day = group.iter().filter_map(|batch| batch.day).max();
        if self.must_rotate(group, day) {
            self.rotate()?;
        }
        // 2. Callers hashed with the epoch that they saw, which may be over.
        self.rehash(group);
        // 3. Repeated idempotency keys get the receipt of the first; all others get the next numbers.
        let Plan { receipts, fresh, leaves } = self.plan(group)?;
        // 4. One frame, and one sync; also when all are repeats: what they repeat may have been written without a sync.
        let sync = group.iter().any(|batch| batch.durability == Durability::Durable && !batch.events.is_empty());
        let grown = self.head.grow(&leaves);
        self.write(&fresh, &grown, sync)?;
        // 5. It lasts: readers may see it, and the caller may acknowledge.
        self.next_seq += fresh.len() as u64;
        self.day = self.day.max(day);
        if !fresh.is_empty() {
            self.head.accept(grown, &self.shared.tiles);
        }
        publish(&self.shared.view, fresh.into_iter(), self.wal_bytes());
        self.publish_checkpoint();
        Ok(receipts)
    }

    /// Shows the checkpoint once a restart would find all that it covers.
    fn publish_checkpoint(&self) {
        if !self.writer.as_ref().is_some_and(Writer::is_dirty) {
            self.shared.set_checkpoint(Arc::clone(self.head.checkpoint()));
        }
    }

    fn write(&mut self, fresh: &[&Ready], grown: &Grown, sync: bool) -> Result<(), AppendError> {
        let Some(writer) = &mut self.writer else {
            return Err(self.halt("there is no file to write to".to_owned()));
        };
        let told = writer.len();
        if !fresh.is_empty()
            && let Err(error) = writer.append(
                self.next_seq,
                fresh.iter().map(|ready| &ready.canonical),
                &grown.checkpoint().to_string(),
            )
        {
            self.room_bytes = writer.frame_len().min(RESUME_ROOM_BYTES);
            return Err(self.halt(format!("write: {error}")));
        }
        if sync && let Err(error) = self.sync_if_dirty() {
            self.writer.iter_mut().for_each(|writer| writer.take_back(told));
            return Err(self.halt(format!("fdatasync: {error}")));
        }
        Ok(())
    }

    fn sync_if_dirty(&mut self) -> io::Result<()> {
        if let Some(writer) = self.writer.as_mut().filter(|writer| writer.is_dirty()) {
            writer.sync()?;
            self.shared.count_fsync();
        }
        Ok(())
    }

    /// What follows a failed write, of which nobody knows how much is on disk: never the same file again. When a new one
    /// cannot be begun at once, nothing is taken until it can.
    fn halt(&mut self, cause: String) -> AppendError {
        match self.leave_file() {
            Ok(()) => AppendError::Unavailable { cause },
            Err(then) => {
                let cause = format!("{cause}; then {then}");
                self.shared.set_halted(Some(cause.clone()));
                AppendError::Halted { cause }
            }
        }
    }

    /// Mends the file of which a write failed, and begins a new one.
    fn leave_file(&mut self) -> Result<(), Unwritten> {
        if let Some(keys) = self.unsure.take() {
            let path = self.shared.layout.signing_key();
            self.sign_with(keys).map_err(Unwritten::at(&path))?;
        }
        let Shared { config, layout, .. } = &*self.shared;
        if let Some(writer) = &mut self.writer {
            writer.mend(&*config.fs).map_err(Unwritten::at(writer.path()))?;
        }
        if self.room_bytes > 0 {
            let path = layout.room();
            check_room(&*config.fs, &path, self.room_bytes).map_err(Unwritten::at(&path))?;
        }
        self.begin_file()?;
        self.room_bytes = 0;
        Ok(())
    }

    /// Replaces the key that signs.
    ///
    /// ```text
    /// fdatasync(wal)                              all that the old key has signed is durable
    /// open, write, fdatasync, rename, fsync(dir)  the rotation; it counts once the new key is there
    /// open, write, fdatasync, rename, fsync(dir)  the new key
    /// ```
    fn change_key(&mut self) -> Result<(), AppendError> {
        if let Err(error) = self.sync_if_dirty() {
            return Err(self.halt(format!("fdatasync: {error}")));
        }
        let shared = Arc::clone(&self.shared);
        let (old, fs, layout) = (shared.keys(), &*shared.config.fs, &shared.layout);
        let unchanged = |path: &Path, problem: io::Error| AppendError::Unavailable {
            cause: format!("{}: {problem}; the key was not changed", path.display()),
        };
        let rotated = self.head.checkpoint().text().parse().map_err(io::Error::other).and_then(|at| old.rotated(&at));
        let new = rotated.map_err(|problem| unchanged(&layout.signing_key(), problem))?;
        new.store_rotations(fs, layout).map_err(|problem| unchanged(&layout.rotations(), problem))?;
        let Err(problem) = self.sign_with(new) else { return Ok(()) };
        if old.is_stored(fs, layout) {
            self.unsure = None;
            return Err(unchanged(&layout.signing_key(), problem));
        }
        let cause = format!("{}: {problem}; the key may be changed, or not", layout.signing_key().display());
        shared.set_halted(Some(cause.clone()));
        Err(AppendError::Halted { cause })
    }

    /// Stores a key, and signs with it from then on. While that fails nobody knows which key a restart would find.
    fn sign_with(&mut self, keys: Keys) -> io::Result<()> {
        let stored = keys.store_key(&*self.shared.config.fs, &self.shared.layout);
        if stored.is_err() {
            self.unsure = Some(keys);
            return stored;
        }
        self.head.sign_with(Arc::clone(keys.signing()));
        self.shared.set_keys(Arc::new(keys));
        self.publish_checkpoint();
        Ok(())
    }

    fn must_rotate(&mut self, group: &[Waiting], day: Option<Day>) -> bool {
        let now = self.shared.now();
        // When the clock goes back the age counts from there, not from a time that is yet to come.
        self.opened_at = self.opened_at.min(now);
        let age_us = now.as_micros() - self.opened_at.as_micros();
        let events = self.events();
        let config = &self.shared.config;
        let asked = group.iter().any(|batch| batch.asks == Asks::NewFile);
        let full = events >= config.seal_events || self.wal_bytes() >= config.seal_bytes;
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
        let synced = self.sync_if_dirty().map_err(|error| format!("fdatasync: {error}"));
        let begun = synced.and_then(|()| self.begin_file().map_err(|problem| problem.to_string()));
        begun.map_err(|cause| self.halt(cause))
    }

    /// Begins the file for the next events, with a new epoch. When the old one has no events the new one has its name and
    /// its epoch, with which callers may have hashed already.
    fn begin_file(&mut self) -> Result<(), Unwritten> {
        let Shared { config, layout, identity, .. } = &*self.shared;
        let epoch = match self.events() {
            0 => Arc::clone(&self.epoch),
            _ => Arc::new(epochs::make(self.next_seq).map_err(Unwritten::at(&layout.epoch(self.next_seq)))?),
        };
        let writer = begin(&*config.fs, layout, identity.number, &epoch, &self.head)?;
        let mut view = self.shared.view_mut();
        view.tail.pop_if(|generation| generation.first_seq == epoch.first_seq);
        view.tail.push(Generation::new(epoch.first_seq, writer.len()));
        drop(view);
        self.epoch = epoch;
        self.writer = Some(writer);
        self.day = None;
        self.opened_at = self.shared.now();
        self.shared.epochs.add(self.next_seq);
        self.shared.set_epoch(Arc::clone(&self.epoch));
        self.publish_checkpoint();
        self.shared.wake_sealer();
        Ok(())
    }

    fn rehash(&self, group: &mut [Waiting]) {
        for batch in group.iter_mut().filter(|batch| batch.epoch.first_seq != self.epoch.first_seq) {
            for hashed in &mut batch.events {
                hashed.leaf = Entry::of(&hashed.ready.canonical, &self.epoch.key).leaf_hash();
            }
        }
    }

    fn plan<'a>(&self, group: &'a [Waiting]) -> Result<Plan<'a>, AppendError> {
        let mut plan = Plan { receipts: Vec::with_capacity(group.len()), fresh: Vec::new(), leaves: Vec::new() };
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
                        plan.leaves.push(hashed.leaf.into());
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

/// Makes the file for the events of an epoch, and its key. The name and the header of the file are durable, and so is
/// the checkpoint of all events before it.
pub(super) fn begin(
    fs: &dyn Fs,
    layout: &Layout,
    log_number: u32,
    epoch: &Epoch,
    head: &Head,
) -> Result<Writer, Unwritten> {
    let (key, path) = (layout.epoch(epoch.first_seq), layout.wal_file(epoch.first_seq));
    keep_checkpoint(fs, layout, head)?;
    epochs::keep(fs, layout, epoch).map_err(Unwritten::at(&key))?;
    Writer::create(fs, path.clone(), epoch.first_seq, log_number).map_err(Unwritten::at(&path))
}

/// Writes the checkpoint down. Everything that it covers is durable.
fn keep_checkpoint(fs: &dyn Fs, layout: &Layout, head: &Head) -> Result<(), Unwritten> {
    let path = layout.checkpoint();
    let note = head.checkpoint().to_string();
    write_new(fs, &path, |file| file.append(note.as_bytes())).map_err(Unwritten::at(&path))
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub(super) struct Unwritten {
    pub(super) path: String,
    pub(super) problem: io::Error,
}

impl Unwritten {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |problem| Self { path, problem }
    }
}

impl Drop for Committer {
    /// Whatever ends the committer, callers must not wait for it.
    fn drop(&mut self) {
        self.shared.queue.abandon();
    }
}
