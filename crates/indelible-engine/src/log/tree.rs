//! The log's Merkle tree: RFC 6962, over the leaves of the events.
//!
//! ```text
//! tree/<level>/<index>   a tile of hashes: 256 nodes of level 8 * <level>, fewer in the last tile of a level
//! tree/0/<index>         the first leaves of a tile of level 0 in which retention has cut the log
//! tree/checkpoint        the checkpoint that was signed when a file was begun or the log was closed
//! tree/retention         what was removed by retention: see the module `retention`
//! keys/                  what signs: see the module `keys`
//! ```
//!
//! Levels begin at 1: a tile of level 0 is made again from the 256 events that it covers. On disk are the hashes that
//! sealed events complete, written before the segment; those of the tail are in memory and made again at start.
//! Every frame of the write-ahead log ends with the checkpoint of the log up to it, so that what was acknowledged is
//! always under a signature.

mod alteration;
mod head;
mod tiles;

use std::ops::Range;

use indelible_proof::{
    Entry, Timestamp,
    export::ExportWriteError,
    tile::{self, Tile, TileError},
    tree::{CompactRange, EMPTY_ROOT, Hash, Node, ProofError},
};

use super::{
    epochs::{self, EpochKeyError, Epochs},
    layout::Layout,
    marker::Retention,
};
use crate::{
    canonical_rows::CanonicalRows,
    fs::Fs,
    query::{Part, Snapshot},
    source::ReadError,
};

use self::tiles::read_leaves;
pub(super) use self::{
    head::{Grown, Head},
    tiles::{Tiles, write_leaves},
};

/// Why a part of the tree cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file cannot be read, or holds other bytes than were written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Without its key the leaves of an epoch cannot be made.
    #[error(transparent)]
    EpochKey(#[from] EpochKeyError),
    /// There is no such tile.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// There is no such proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The event cannot stand at this place of an export.
    #[error(transparent)]
    Export(#[from] ExportWriteError),
    /// The event, its epoch key or a tile is not what was signed.
    #[error(
        "event {seq}, its epoch key or a tile above it was altered: they do not lead to the root that was signed; \
         `indelible verify` finds the file, to be restored from a copy"
    )]
    Altered {
        /// The event.
        seq: u64,
    },
    /// It takes leaves of events that retention has removed.
    #[error(
        "event {seq} was removed by retention on {at}: the log begins at event {first_seq}, and of the tree below only whole \
         groups of 256 events are kept"
    )]
    Removed {
        /// The first of them.
        seq: u64,
        /// The first event that is still there.
        first_seq: u64,
        /// When they were removed.
        at: Timestamp,
    },
    /// Events that the tree has are not there any more.
    #[error("event {seq} is not there any more: its leaf cannot be made again")]
    Gone {
        /// The first of them.
        seq: u64,
    },
}

impl TreeError {
    /// Why an event is not there that retention has removed.
    pub const fn removed(seq: u64, &Retention { first_seq, at, .. }: &Retention) -> Self {
        Self::Removed { seq, first_seq, at }
    }
}

/// Everything that the tree is read from.
#[derive(Clone, Copy)]
pub(super) struct TreeReader<'a> {
    pub(super) fs: &'a dyn Fs,
    pub(super) layout: &'a Layout,
    pub(super) epochs: &'a Epochs,
    pub(super) tiles: &'a Tiles,
    pub(super) snapshot: &'a Snapshot,
    pub(super) retention: Option<&'a Retention>,
}

impl TreeReader<'_> {
    /// Visits the entries of some events, made again from the events as they are now.
    pub(super) fn entries(&self, seqs: Range<u64>, visit: &mut dyn FnMut(u64, &Entry)) -> Result<(), TreeError> {
        let mut next = seqs.start;
        for part in &self.snapshot.parts {
            let (first_seq, end_seq) =
                part.read(|source| (source.first_seq(), source.first_seq() + u64::from(source.rows())));
            let wanted = next.max(first_seq)..end_seq.min(seqs.end);
            if wanted.start > next || wanted.is_empty() {
                continue;
            }
            next = wanted.end;
            self.entries_of(part, first_seq, wanted, visit)?;
        }
        if next < seqs.end { Err(self.gone(next)) } else { Ok(()) }
    }

    /// The first event that retention has not removed.
    pub(super) fn first_seq(&self) -> u64 {
        self.retention.map_or(0, |retention| retention.first_seq)
    }

    /// Why an event is not there.
    pub(super) fn gone(&self, seq: u64) -> TreeError {
        match self.retention {
            Some(retention) if seq < retention.first_seq => TreeError::removed(seq, retention),
            _ => TreeError::Gone { seq },
        }
    }

    fn entries_of(
        &self,
        part: &Part,
        first_seq: u64,
        seqs: Range<u64>,
        visit: &mut dyn FnMut(u64, &Entry),
    ) -> Result<(), TreeError> {
        let mut starts = self.epochs.within(seqs.start, seqs.end).into_iter().peekable();
        while let Some(epoch_seq) = starts.next() {
            let salter = epochs::load(self.fs, self.layout, epoch_seq)?.key.salter();
            let (from, to) = (epoch_seq.max(seqs.start), starts.peek().copied().unwrap_or(seqs.end));
            let mut left = (from - first_seq) as u32..(to - first_seq) as u32;
            while !left.is_empty() {
                let mut rows = part.read(|source| CanonicalRows::new(source, left.clone()))?;
                while part.read(|source| rows.load(source))? {
                    rows.each(|row, [record, who, what]| {
                        visit(first_seq + u64::from(row), &Entry::of_parts(record, who, what, &salter));
                    });
                }
                left.start = rows.end();
            }
        }
        Ok(())
    }

    /// The hashes of a tile.
    pub(super) fn tile(&self, tile: Tile) -> Result<Vec<Hash>, TreeError> {
        if tile.level() > 0 {
            return self.tiles.read(self.fs, self.layout, tile);
        }
        let first = tile.index() * u64::from(tile::WIDTH);
        let is_cut = first < self.first_seq();
        let mut hashes = if is_cut { read_leaves(self.fs, self.layout, tile)? } else { Vec::new() };
        let wanted = first + hashes.len() as u64..first + u64::from(tile.width());
        self.entries(wanted, &mut |_, entry| hashes.push(entry.leaf_hash().into()))?;
        Ok(hashes)
    }

    /// Any node of the tree of a size.
    pub(super) fn nodes(&self, size: u64) -> impl FnMut(Node) -> Result<Hash, TreeError> {
        tile::nodes(size, |tile| self.tile(tile))
    }

    /// What has to be kept of the first events to go on with the tree.
    pub(super) fn range(&self, size: u64) -> Result<CompactRange, TreeError> {
        CompactRange::from_nodes(0, size, self.nodes(size))
    }

    /// The root of the tree of a size.
    pub(super) fn root(&self, size: u64) -> Result<Hash, TreeError> {
        Ok(self.range(size)?.root().unwrap_or(EMPTY_ROOT))
    }
}
