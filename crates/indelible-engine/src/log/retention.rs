//! Retention: whole segments go from the log's beginning, and what proves the others stays.
//!
//! ```text
//! append(event), fdatasync(wal)                   audit.retention.applied: in the tree that the marker signs
//! open, write, fdatasync, rename, fsync(dir) ...  tree/0/<index>: leaves of the tiles in which the log is cut
//! open, write, fdatasync, rename, fsync(dir)      tree/retention, the marker: from here on the events are removed
//! unlink ..., fsync(<day>) ...                    their segments
//! unlink ..., fsync(keys/epochs)                  the keys that their salts were made with
//! ```
//!
//! The marker is a checkpoint of the log, with one line more that says from which event on it is kept. Because the log's
//! key signs it, nobody passes a deletion off as retention; because the event is under the checkpoint, nobody removes what
//! the log does not tell of. A log opens when exactly that is missing, or still there, which the marker says. Of the tree
//! only leaves go: the tiles above stay, and with them every proof of the events that are kept.

use std::{collections::BTreeSet, error::Error, io, path::Path, sync::Arc};

use indelible_proof::{
    Timestamp, limits::NOTE_BYTES_MAX, note::Note, rotation::KeyHistory, tile::Tile, tree::CompactRange,
};

use super::{
    Log, Shared,
    config::OpenError,
    layout::{Day, Layout},
    lock,
    marker::Retention,
    tree::{TreeError, TreeReader, write_leaves},
    verify::{Pass, VerifyError},
    view::{Generation, Sealed},
};
use crate::{
    column::Column,
    fs::{Fs, read, write_new},
    source::Source,
};

/// What retention would remove, or has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// The first event that would be kept.
    pub first_seq: u64,
    /// Events that go.
    pub events: u64,
    /// Segments that hold them.
    pub segments: u64,
    /// Bytes of these on disk.
    pub bytes: u64,
    /// The midnight, UTC, before which all of them were recorded.
    pub before: Timestamp,
}

/// Why retention removed nothing, or could not end.
#[derive(Debug, thiserror::Error)]
pub enum RetainError {
    /// The events are not what was signed: they are evidence, and stay.
    #[error("nothing was removed, because what has expired is not what was signed: {0}")]
    Altered(#[from] VerifyError),
    /// The log could not record that it removes events.
    #[error("nothing was removed, because the event that tells of it was not recorded: {0}")]
    Unrecorded(Box<dyn Error + Send + Sync>),
    /// What has to stay could not be written.
    #[error("{path}: {problem}; nothing was removed: check the disk and the file's permissions")]
    Unwritten {
        /// The file.
        path: String,
        /// The system's words.
        problem: io::Error,
    },
    /// The events are gone from the log, and some of their files are still there. It is tried again.
    #[error("the events were removed, but not all of their files: {0}; it is tried again, also at the next start")]
    Lingering(String),
    /// The log was closed before their files were removed, which the next start does.
    #[error("the log was closed before the files of the removed events were gone; the next start removes them")]
    Closed,
}

impl From<TreeError> for RetainError {
    fn from(error: TreeError) -> Self {
        Self::Altered(error.into())
    }
}

impl Retention {
    /// Reads the marker; `None` when nothing was ever removed.
    pub(super) fn load(fs: &dyn Fs, layout: &Layout, keys: &KeyHistory) -> Result<Option<Self>, OpenError> {
        let path = layout.retention();
        let bytes = match read(fs, &path, NOTE_BYTES_MAX as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|problem| OpenError::Io { path: path.display().to_string(), problem })?,
        };
        let retention = Note::parse(&bytes)
            .map_err(|problem| problem.to_string())
            .and_then(|note| keys.open(&note).map_err(|problem| problem.to_string()))
            .and_then(|signed| Self::parse(signed).ok_or_else(|| "it does not say what was removed".to_owned()));
        retention.map(Some).map_err(|problem| wrong(&path, problem))
    }

    /// Holds the tree against the marker: it must be the one that was signed, made of what is kept of the events that were
    /// removed.
    pub(super) fn check(&self, tree: &TreeReader<'_>) -> Result<(), OpenError> {
        let size = self.checkpoint.size();
        let mut range = tree.range(self.first_seq)?;
        let behind = CompactRange::from_nodes(self.first_seq, size, tree.nodes(size))?;
        // Where the first ends the second begins.
        let joined = range.join(&behind, |_, _| ()).is_ok();
        if joined && range.root().as_ref() == Some(self.checkpoint.root()) {
            return Ok(());
        }
        let problem =
            "what is kept of the tree of the removed events, or the events, are not what was signed".to_owned();
        Err(wrong(&tree.layout.tree(), problem))
    }
}

fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> RetainError + use<> {
    let path = path.display().to_string();
    |problem| RetainError::Unwritten { path, problem }
}

fn wrong(path: &Path, problem: String) -> OpenError {
    OpenError::Retention { path: path.display().to_string(), problem }
}

impl Log {
    /// What the last retention removed; `None` when the log begins at its first event.
    pub fn retention(&self) -> Option<Arc<Retention>> {
        self.shared.view().retention.clone()
    }

    /// What [`Self::retain`] would remove; `None` when nothing has expired.
    pub fn expired(&self, before: Timestamp) -> Option<Expired> {
        let parts = self.shared.expired(before);
        let (first, last) = (parts.first()?, parts.last()?);
        Some(Expired {
            first_seq: last.end_seq,
            events: last.end_seq - first.first_seq,
            segments: parts.len() as u64,
            bytes: parts.iter().map(|part| part.segment.bytes()).sum(),
            before: Day::of_micros(before.as_micros()).midnight(),
        })
    }

    /// Removes the segments at the log's beginning whose events were all recorded on UTC days before that of `before`, for
    /// good; `None` when there are none. Returns when their files are gone.
    ///
    /// First everything that goes is verified; `progress` is told of it as by [`Self::verify`]. Then `record` has to append,
    /// durably, an event with the action [`RETENTION_APPLIED`](super::RETENTION_APPLIED), and gives its index; where it fails nothing is removed.
    ///
    /// Proofs of the events that are kept stay as they are. That the log extends a tree of fewer events than were removed
    /// can be shown for whole groups of 256 events, for every size at which the signing key was changed, and for those in
    /// `sizes`: of checkpoints that somebody has kept.
    pub fn retain(
        &self,
        before: Timestamp,
        sizes: &[u64],
        progress: &(dyn Fn(Pass, u64) + Sync),
        record: impl FnOnce(&Expired) -> Result<u64, Box<dyn Error + Send + Sync>>,
    ) -> Result<Option<Expired>, RetainError> {
        let _alone = lock(&self.shared.upkeep);
        let Some(expired) = self.begin_retention(before, sizes, progress, record)? else { return Ok(None) };
        let mut steps = self.shared.bell.steps();
        while lock(&self.shared.expiring).is_some() {
            self.shared.bell.ring();
            steps = self.shared.bell.next_step(steps).ok_or(RetainError::Closed)?;
            if let Some(problem) = self.shared.seal_error() {
                return Err(RetainError::Lingering(problem));
            }
        }
        Ok(Some(expired))
    }

    /// Everything up to the marker; the sealer does the rest.
    pub(super) fn begin_retention(
        &self,
        before: Timestamp,
        sizes: &[u64],
        progress: &(dyn Fn(Pass, u64) + Sync),
        record: impl FnOnce(&Expired) -> Result<u64, Box<dyn Error + Send + Sync>>,
    ) -> Result<Option<Expired>, RetainError> {
        let Some(expired) = self.expired(before) else { return Ok(None) };
        self.verify_expired(expired.first_seq, progress)?;
        let event = record(&expired).map_err(RetainError::Unrecorded)?;
        let Shared { config, layout, expiring, .. } = &*self.shared;
        let keys = self.shared.keys();
        let rotated = keys.history().rotations().iter().map(|rotation| rotation.at.size());
        self.keep_leaves(expired.first_seq, sizes.iter().copied().chain(rotated))?;
        let checkpoint = self.open_checkpoint(&self.checkpoint()).map_err(VerifyError::from)?;
        let (retention, note) =
            Retention::sign(checkpoint, keys.signing(), expired.first_seq, event, self.shared.now())
                .ok_or_else(|| RetainError::Unrecorded("the newest checkpoint does not cover it".into()))?;
        write_new(&*config.fs, &layout.retention(), |file| file.append(note.to_string().as_bytes()))
            .map_err(unwritten(&layout.retention()))?;
        *lock(expiring) = Some(Arc::new(retention));
        Ok(Some(expired))
    }

    /// Writes down the leaves without which trees of these sizes, and the one of the removed events, could not be made.
    fn keep_leaves(&self, first_seq: u64, sizes: impl Iterator<Item = u64>) -> Result<(), RetainError> {
        let cut = sizes.chain([first_seq]).filter(|&size| size <= first_seq && size % 256 > 0);
        let indexes: BTreeSet<u64> = cut.map(|size| size / 256).collect();
        let Shared { config, layout, .. } = &*self.shared;
        for tile in indexes.into_iter().filter_map(|index| Tile::at(0, index, first_seq)) {
            let leaves = match self.with_tree(|tree| tree.tile(tile)) {
                // An earlier retention did not keep it: nothing can be done about that now.
                Err(TreeError::Removed { .. }) => continue,
                leaves => leaves?,
            };
            write_leaves(&*config.fs, layout, tile, &leaves).map_err(unwritten(&layout.tile(tile)))?;
        }
        Ok(())
    }
}

impl Shared {
    /// The segments at the beginning of which every event was recorded on a day before that of `before`.
    ///
    /// `recorded_at` decides, the log's own clock: `occurred_at` is what a producer claims, who could have the log forget
    /// at once, or never. A day goes whole, with nothing of it still to be sealed, because segments of one day may be merged
    /// at any time, and those of two never: so no segment ever holds both what went and what is kept.
    fn expired(&self, before: Timestamp) -> Vec<Arc<Sealed>> {
        let today = Day::of_micros(before.as_micros());
        let latest = |sealed: &Sealed| sealed.segment.int_range(Column::RecordedAt).map(|(_, latest)| latest);
        let is_old = |sealed: &&Arc<Sealed>| latest(sealed).is_some_and(|latest| Day::of_micros(latest) < today);
        let view = self.view();
        let unsealed = view.tail.iter().find_map(Generation::day).map(|day| day.to_string());
        let is_whole = |sealed: &&Arc<Sealed>| Some(&sealed.day) != unsealed.as_ref();
        view.segments.iter().take_while(is_old).take_while(is_whole).cloned().collect()
    }
}
