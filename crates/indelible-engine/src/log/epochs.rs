//! Epoch keys: one for each WAL file, kept for as long as its events are.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indelible_proof::EpochKey;

use super::layout::Layout;
use crate::fs::{Fs, read, write_new};

/// A key and the first event that it is for; the next key's first event is where it ends.
#[derive(Debug, Clone)]
pub(super) struct Epoch {
    pub(super) first_seq: u64,
    pub(super) key: EpochKey,
}

/// An epoch key that is missing, damaged or cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: {problem}; without this epoch key the leaves of its events cannot be made: restore it from a copy if it is gone"
)]
pub struct EpochKeyError {
    /// The key's file.
    pub path: String,
    /// The system's words.
    pub problem: io::Error,
}

/// Which epochs there are. The committer adds to it; whoever needs an old event's leaf reads it.
///
/// An epoch counts once its WAL file is there. A key that was made for a file that could not be is left behind
/// unused: no file and no segment names it.
#[derive(Debug)]
pub(super) struct Epochs(Mutex<BTreeSet<u64>>);

impl Epochs {
    /// Those that files name.
    pub(super) fn new(first_seqs: BTreeSet<u64>) -> Self {
        Self(Mutex::new(first_seqs))
    }

    /// Adds one whose file is there.
    pub(super) fn add(&self, first_seq: u64) {
        self.lock().insert(first_seq);
    }

    /// Forgets those that end before an event or with it, which is the first of one; gives where they begin.
    pub(super) fn forget(&self, end_seq: u64) -> BTreeSet<u64> {
        let mut all = self.lock();
        let kept = all.split_off(&end_seq);
        std::mem::replace(&mut *all, kept)
    }

    /// The first event under the key that an event was hashed with.
    pub(super) fn first_of(&self, seq: u64) -> Option<u64> {
        self.lock().range(..=seq).next_back().copied()
    }

    /// The key that an event was hashed with.
    pub(super) fn of(&self, fs: &dyn Fs, layout: &Layout, seq: u64) -> Result<Epoch, EpochKeyError> {
        load(fs, layout, self.first_of(seq).unwrap_or(seq))
    }

    /// Where the epochs of some events begin.
    pub(super) fn within(&self, first_seq: u64, end_seq: u64) -> Vec<u64> {
        let all = self.lock();
        let before = all.range(..=first_seq).next_back().copied();
        before.into_iter().chain(all.range(first_seq..end_seq).copied().filter(|&seq| seq > first_seq)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the key for the events from here on.
pub(super) fn make(first_seq: u64) -> io::Result<Epoch> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    Ok(Epoch { first_seq, key: EpochKey(key) })
}

/// Writes a key down.
pub(super) fn keep(fs: &dyn Fs, layout: &Layout, epoch: &Epoch) -> io::Result<()> {
    write_new(fs, &layout.epoch(epoch.first_seq), |file| file.append(&epoch.key.0))
}

/// Reads a key.
pub(super) fn load(fs: &dyn Fs, layout: &Layout, first_seq: u64) -> Result<Epoch, EpochKeyError> {
    let path = layout.epoch(first_seq);
    let damaged = |_| io::Error::new(io::ErrorKind::InvalidData, "it does not have 32 bytes");
    read(fs, &path, 32)
        .and_then(|bytes| bytes.try_into().map_err(damaged))
        .map(|key| Epoch { first_seq, key: EpochKey(key) })
        .map_err(|problem| EpochKeyError { path: path.display().to_string(), problem })
}
