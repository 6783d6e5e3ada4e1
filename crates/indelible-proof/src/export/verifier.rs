//! Verifying an export, line by line.

use super::line::{self, EventLine, Line};
use super::{ExportError, LineError};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::Quorum;
use crate::disclosure::Part;
use crate::id::EventId;
use crate::limits;
use crate::note::{Note, Verified, VerifierKey};
use crate::tree::{CompactRange, Hash};

/// Takes the lines of an export one after the other; keeps at most 64 hashes of them.
///
/// Nothing is proven before [`Self::finish`]. After an error the export is refused as a whole.
#[derive(Debug, Clone, Default)]
pub struct ExportVerifier {
    lines: u64,
    events: u64,
    /// Seqs of the first and the last event.
    ends: Option<(u64, u64)>,
    with_sealed_parts: u64,
    log_number: Option<u32>,
    /// Every leaf so far, those left out too.
    tree: CompactRange,
    end: Option<Note>,
}

/// What an export proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenExport<'keys> {
    /// The tree that has the events.
    pub checkpoint: Checkpoint,
    /// The witnesses who saw that tree, and when.
    pub witnesses: Vec<Verified<'keys>>,
    /// Events in the export.
    pub events: u64,
    /// Seqs of the first and the last of them; `None` when there are no events.
    pub ends: Option<(u64, u64)>,
    /// Events of which *who* or *what* was erased or withheld.
    pub with_sealed_parts: u64,
}

impl ProvenExport<'_> {
    /// Events between the first and the last that the export does not have.
    pub fn left_out(&self) -> u64 {
        self.ends.map_or(0, |(first, last)| (last - first + 1).saturating_sub(self.events))
    }

    /// Whether nothing is missing from the log's first event up to the checkpoint.
    pub fn is_whole(&self) -> bool {
        self.events == self.checkpoint.size()
    }
}

impl ExportVerifier {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next line, with or without its newline.
    pub fn line(&mut self, line: &[u8]) -> Result<(), ExportError> {
        self.lines += 1;
        let failed = |seq, problem| ExportError::Line { line: self.lines, seq, problem };
        if self.end.is_some() {
            return Err(failed(None, LineError::BehindTheEnd));
        }
        if line.len() > limits::EXPORT_LINE_BYTES_MAX {
            return Err(failed(None, LineError::TooLong));
        }
        match line::read(line).map_err(|error| failed(None, LineError::Form(error)))? {
            Line::Event(event) => self.event(&event).map_err(|problem| ExportError::Line {
                line: self.lines,
                seq: Some(event.seq),
                problem,
            }),
            Line::End { checkpoint, skipped } => self
                .checkpoint(&checkpoint, &skipped)
                .map_err(|problem| ExportError::Line { line: self.lines, seq: None, problem }),
        }
    }

    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The checkpoint of the last line, once that was read; nobody has verified it yet.
    pub fn signed(&self) -> Option<&Note> {
        self.end.as_ref()
    }

    fn event(&mut self, event: &EventLine) -> Result<(), LineError> {
        let (seq, next) = (event.seq, self.tree.end());
        if seq < next {
            return Err(LineError::Order { before: next - 1 });
        }
        if seq > next && event.skipped.is_empty() {
            // A whole export has no hashes to skip anything with, wherever it begins.
            return Err(LineError::Missing { from: next, until: seq });
        }
        let number = *self.log_number.get_or_insert(event.id.log_number());
        let id = event.recorded_at.map(|at| EventId::new(at, number, seq));
        if seq > EventId::SEQ_MAX || id != Some(event.id) {
            return Err(LineError::Id);
        }
        let computed = event.told.entry().leaf_hash();
        if computed != event.leaf {
            return Err(LineError::Leaf { told: event.leaf, computed });
        }
        self.skip(seq, &event.skipped)?;
        self.tree.append(&computed.into(), |_, _| ());
        self.events += 1;
        self.ends = Some((self.ends.map_or(seq, |(first, _)| first), seq));
        let sealed = [event.told.who(), event.told.what()].iter().any(|part| matches!(part, Part::Sealed(_)));
        self.with_sealed_parts += u64::from(sealed);
        Ok(())
    }

    fn checkpoint(&mut self, note: &str, skipped: &[Hash]) -> Result<(), LineError> {
        let note = Note::parse(note.as_bytes()).map_err(CheckpointError::from);
        let note = note.map_err(LineError::Checkpoint)?;
        let size = note.text().parse::<Checkpoint>().map_err(LineError::Checkpoint)?.size();
        let next = self.tree.end();
        if size < next {
            return Err(LineError::Older { size, last: next - 1 });
        }
        if size > next && skipped.is_empty() {
            return Err(LineError::Missing { from: next, until: size });
        }
        self.skip(size, skipped)?;
        self.end = Some(note);
        Ok(())
    }

    /// Takes the hashes of the events from the last one read up to `until`.
    fn skip(&mut self, until: u64, hashes: &[Hash]) -> Result<(), LineError> {
        let mut needed = 0;
        let gap = CompactRange::from_nodes(self.tree.end(), until, |_| {
            needed += 1;
            Ok::<_, LineError>(hashes.get(needed - 1).copied().unwrap_or(Hash([0; 32])))
        })?;
        let wrong = LineError::Skipped { found: hashes.len(), expected: needed };
        if hashes.len() != needed {
            return Err(wrong);
        }
        self.tree.join(&gap, |_, _| ()).map_err(|_| wrong)
    }

    /// Says what the export proves: that one of the keys `log` signed the tree which these events make, and the witnesses
    /// asked for saw it.
    pub fn finish<'keys>(
        self,
        log: &[VerifierKey],
        witnesses: &'keys Quorum,
    ) -> Result<ProvenExport<'keys>, ExportError> {
        let note = self.end.ok_or(ExportError::Cut { lines: self.lines })?;
        let checkpoint = Checkpoint::open(&note, log)?;
        if self.tree.root() != Some(*checkpoint.root()) {
            return Err(ExportError::Root { size: checkpoint.size(), root: *checkpoint.root() });
        }
        let witnesses = witnesses.check(&note)?;
        let Self { events, ends, with_sealed_parts, .. } = self;
        Ok(ProvenExport { checkpoint, witnesses, events, ends, with_sealed_parts })
    }
}
