//! Writing an export.

use super::line;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::disclosure::Disclosure;
use crate::event::Recorded;
use crate::note::Note;
use crate::tree::{CompactRange, Hash, Node};

/// Makes the lines of an export, one after the other, oldest event first.
///
/// ```
/// use indelible_proof::checkpoint::Checkpoint;
/// use indelible_proof::cosignature::Quorum;
/// use indelible_proof::disclosure::Disclosure;
/// use indelible_proof::export::{ExportVerifier, ExportWriteError, ExportWriter};
/// use indelible_proof::note::SigningKey;
/// use indelible_proof::tree::Hash;
/// use indelible_proof::{Canonical, EpochKey, Event, EventId, Recorded, Timestamp};
///
/// // The log: one event, signed.
/// let now = Timestamp::from_micros(1_795_176_000_000_000)?;
/// let mut event = Event::new("auth.logout");
/// event.complete(now);
/// let told = Disclosure::of(&Canonical::of(&event), &EpochKey([7; 32]));
/// let key = SigningKey::new("log.example.com", &[1; 32])?;
/// let signed = Checkpoint::new("log.example.com", 1, told.entry().leaf_hash().into())?.sign(&key);
/// let recorded = Recorded { id: EventId::new(now, 7, 0), seq: 0, event };
///
/// // Nothing is left out, so no node of the tree is asked for.
/// let no_nodes = |_| Err::<Hash, _>(ExportWriteError::Order { seq: 0, next: 0 });
/// let mut writer = ExportWriter::new(signed)?;
/// let lines = [writer.line(&recorded, &told, no_nodes)?, writer.end(no_nodes)?];
///
/// let mut verifier = ExportVerifier::new();
/// lines.iter().try_for_each(|line| verifier.line(line))?;
/// let none = Quorum::new(Vec::new(), 0)?;
/// let proven = verifier.finish(&[key.verifier().clone()], &none)?;
/// assert!(proven.is_whole());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExportWriter {
    checkpoint: Note,
    size: u64,
    /// The event after the one written last.
    next: u64,
}

/// Why an event cannot be exported here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportWriteError {
    /// The note is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The events do not come in the order of the log.
    #[error("event {seq} cannot stand behind event {}: an export goes up in seq", next.saturating_sub(1))]
    Order {
        /// The event.
        seq: u64,
        /// The least that may come.
        next: u64,
    },
    /// The event came after the checkpoint.
    #[error("event {seq} is not under the checkpoint, which covers {size} events: end the export there")]
    Newer {
        /// The event.
        seq: u64,
        /// Events under the checkpoint.
        size: u64,
    },
}

impl ExportWriter {
    /// An export that ends with this signed checkpoint, and so may have the events below its size.
    pub fn new(checkpoint: Note) -> Result<Self, ExportWriteError> {
        let size = checkpoint.text().parse::<Checkpoint>()?.size();
        Ok(Self { checkpoint, size, next: 0 })
    }

    /// Events under the checkpoint: where the export has to end.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The line of an event, with its newline. What is withheld must be absent from `recorded` and sealed in `told`.
    ///
    /// `node` is asked for complete nodes of the checkpoint's tree, and only when events were left out.
    pub fn line<E: From<ExportWriteError>>(
        &mut self,
        recorded: &Recorded,
        told: &Disclosure,
        node: impl FnMut(Node) -> Result<Hash, E>,
    ) -> Result<Vec<u8>, E> {
        let (seq, next, size) = (recorded.seq, self.next, self.size);
        if seq < next {
            return Err(ExportWriteError::Order { seq, next }.into());
        }
        if seq >= size {
            return Err(ExportWriteError::Newer { seq, size }.into());
        }
        let skipped = skipped(next, seq, node)?;
        self.next = seq + 1;
        Ok(line::write_event(recorded, told, &skipped))
    }

    /// The last line, with its newline.
    pub fn end<E>(self, node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<u8>, E> {
        let skipped = skipped(self.next, self.size, node)?;
        Ok(line::write_end(self.checkpoint.to_string(), &skipped))
    }
}

fn skipped<E>(from: u64, until: u64, node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let gap = CompactRange::from_nodes(from, until, node)?;
    Ok(gap.nodes().map(|(_, hash)| hash).collect())
}
