//! Holding what was read against what was signed.

use std::{io, ops::Range};

use indelible_proof::{
    checkpoint::Checkpoint,
    limits::NOTE_BYTES_MAX,
    note::Note,
    rotation::KeyHistory,
    tree::{CompactRange, Hash},
};

use super::{Layout, OpenError, Recovered, Torn, TreeError, io_at, is_begun};
use crate::{
    fs::{Fs, read},
    wal::{Signed, WalError},
};

impl Recovered {
    /// Compares the log with the checkpoint that was signed when a file was begun or the log was closed, and with the one
    /// at which its key was last changed. Only a log that was never begun has no checkpoint: it is written before the
    /// first file.
    pub(super) fn check_signed(&self, fs: &dyn Fs, layout: &Layout, keys: &KeyHistory) -> Result<(), OpenError> {
        let path = layout.checkpoint();
        let name = path.display().to_string();
        let wrong = |problem| OpenError::Checkpoint { path: name.clone(), problem };
        let bytes = match read(fs, &path, NOTE_BYTES_MAX as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Nobody can sign what a fuzzer makes up.
                let wanted = is_begun(fs, layout)? && !cfg!(fuzzing);
                return if wanted { Err(wrong("missing".to_owned())) } else { Ok(()) };
            }
            read => read.map_err(io_at(&path))?,
        };
        let checkpoint = open_checkpoint(&bytes, keys).map_err(wrong)?;
        self.check_tree(fs, layout, name, &checkpoint)?;
        if let Some(retention) = &self.view.retention {
            self.check_size(&layout.retention().display().to_string(), retention.checkpoint.size())?;
            self.with_tree(fs, layout, |tree| retention.check(&tree))?;
        }
        match keys.rotations().last() {
            Some(rotation) => self.check_tree(fs, layout, layout.rotations().display().to_string(), &rotation.at),
            None => Ok(()),
        }
    }

    /// Compares the log with a checkpoint in a file.
    fn check_tree(&self, fs: &dyn Fs, layout: &Layout, name: String, checkpoint: &Checkpoint) -> Result<(), OpenError> {
        let size = checkpoint.size();
        self.check_size(&name, size)?;
        if self.with_tree(fs, layout, |reader| reader.root(size))? == *checkpoint.root() {
            return Ok(());
        }
        Err(self.altered(fs, layout, name, checkpoint)?)
    }

    /// Whether as many events are there as were signed in a file.
    fn check_size(&self, name: &str, size: u64) -> Result<(), OpenError> {
        let found = self.range.end();
        if found < self.view.end_seq {
            return Err(TreeError::Gone { seq: found }.into());
        }
        if size > found
            && let Some(Torn { path, offset, problem, .. }) = &self.report.torn
        {
            let problem = format!("{problem}, but event {found} was there when {size} events were signed");
            return Err(WalError::Damaged { path: path.display().to_string(), offset: *offset, problem }.into());
        }
        if size > found {
            return Err(OpenError::Shrunk { path: name.to_owned(), signed: size, found });
        }
        Ok(())
    }

    /// Says what was altered of that which a checkpoint in a file covers.
    fn altered(&self, fs: &dyn Fs, layout: &Layout, path: String, signed: &Checkpoint) -> Result<OpenError, TreeError> {
        let size = signed.size();
        let alteration = self.with_tree(fs, layout, |reader| reader.alteration(size, signed.root()))?;
        let place = alteration.place(&self.view, layout);
        Ok(OpenError::Altered { path, size, place })
    }

    /// Compares the tree with the checkpoint of the last frame of a WAL file, whose events it has. Where that does not hold,
    /// finds the first frame that is not as it was signed: `before` is the tree that the file begins with.
    pub(super) fn check_frames<'a>(
        &self,
        (fs, layout): (&dyn Fs, &Layout),
        path: String,
        before: CompactRange,
        leaves: impl Iterator<Item = &'a Hash>,
        frames: &[Signed<'_>],
        keys: &KeyHistory,
    ) -> Result<(), OpenError> {
        let first_seq = before.end();
        let sound = frames.last().is_none_or(|last| check_frame(&self.range, first_seq, last.note, keys).is_none());
        let found = if sound { None } else { first_unsigned(before, leaves, frames, keys) };
        let Some((offset, wrong)) = found else { return Ok(()) };
        // Where there is a frame or a file before, it tells that all up to there is as it was signed.
        let is_first = self.view.tail.len() == 1 && wrong.range.start == first_seq;
        if let Some(signed) = wrong.checkpoint.filter(|_| is_first) {
            return Err(self.altered(fs, layout, path, &signed)?);
        }
        let (from, to) = (wrong.range.start, wrong.range.end.saturating_sub(1));
        let problem = format!("events {from} to {to}: {}", wrong.problem);
        Err(WalError::Damaged { path, offset, problem }.into())
    }
}

/// Events that are not as they were signed.
struct Unsigned {
    range: Range<u64>,
    problem: String,
    /// What was signed for so many events, where the signature holds.
    checkpoint: Option<Checkpoint>,
}

/// Compares the tree with the checkpoint of the frame that ends it, whose events begin at `from`; nothing when it holds.
fn check_frame(range: &CompactRange, from: u64, note: &[u8], keys: &KeyHistory) -> Option<Unsigned> {
    // Nobody can sign what a fuzzer makes up.
    if cfg!(fuzzing) {
        return None;
    }
    let (problem, checkpoint) = match open_checkpoint(note, keys) {
        Ok(signed) if signed.size() != range.end() => (format!("{} events were signed here", signed.size()), None),
        Ok(signed) if Some(*signed.root()) == range.root() => return None,
        Ok(signed) => ("they, or their epoch key, are not those that were signed here".to_owned(), Some(signed)),
        Err(problem) => (problem, None),
    };
    Some(Unsigned { range: from..range.end(), problem, checkpoint })
}

/// The first frame that is not as it was signed, and where it begins in its file.
fn first_unsigned<'a>(
    mut range: CompactRange,
    mut leaves: impl Iterator<Item = &'a Hash>,
    frames: &[Signed<'_>],
    keys: &KeyHistory,
) -> Option<(u64, Unsigned)> {
    let first_seq = range.end();
    frames.iter().find_map(|frame| {
        let from = range.end();
        while range.end() < first_seq + frame.events as u64 {
            range.append(leaves.next()?, |_, _| ());
        }
        check_frame(&range, from, frame.note, keys).map(|wrong| (frame.offset, wrong))
    })
}

fn open_checkpoint(note: &[u8], keys: &KeyHistory) -> Result<Checkpoint, String> {
    let note = Note::parse(note).map_err(|problem| problem.to_string())?;
    keys.open(&note).map_err(|problem| problem.to_string())
}
