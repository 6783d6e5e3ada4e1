//! Exports with proof: lines from which a receiver can make the signed root again.

use std::fmt;

use indelible_proof::{
    Canonical, Recorded,
    disclosure::Disclosure,
    export::ExportWriter,
    note::Note,
    tile::{self, Tile},
    tree::{Hash, Node},
};

use super::{Log, epochs::Epoch, tree::TreeError};
use crate::limits::BLOCK_ROWS;

/// Makes the lines of an export that ends with a checkpoint, one after the other. However long the export is, it holds
/// the hashes of one tile a level, those of one block of events, and the key of one epoch.
pub struct Exporter<'log> {
    log: &'log Log,
    writer: ExportWriter,
    nodes: Box<dyn FnMut(Node) -> Result<Hash, TreeError> + Send + 'log>,
    /// Of the event written last.
    epoch: Option<Epoch>,
}

impl Log {
    /// Begins an export of events under a checkpoint of this log.
    pub fn exporter(&self, checkpoint: Note) -> Result<Exporter<'_>, TreeError> {
        let writer = ExportWriter::new(checkpoint)?;
        let nodes = Box::new(tile::nodes(writer.size(), tiles(self, writer.size())));
        Ok(Exporter { log: self, writer, nodes, epoch: None })
    }
}

impl Exporter<'_> {
    /// Events under the checkpoint: those behind cannot be exported.
    pub fn size(&self) -> u64 {
        self.writer.size()
    }

    /// The line of an event of this log, with its newline. Events come in the order of the log; what is left out between
    /// two is proven by hashes.
    pub fn line(&mut self, recorded: &Recorded) -> Result<Vec<u8>, TreeError> {
        let epoch = self.epoch_of(recorded.seq)?;
        let told = Disclosure::of(&Canonical::of(&recorded.event), &epoch.key);
        self.writer.line(recorded, &told, &mut self.nodes)
    }

    /// The last line, which has the checkpoint.
    pub fn end(mut self) -> Result<Vec<u8>, TreeError> {
        self.writer.end(&mut self.nodes)
    }

    fn epoch_of(&mut self, seq: u64) -> Result<&Epoch, TreeError> {
        let shared = &self.log.shared;
        if seq < shared.view().first_seq() {
            return Err(self.log.with_tree(|tree| tree.gone(seq)));
        }
        let first_seq = shared.epochs.first_of(seq);
        let epoch = match self.epoch.take() {
            Some(known) if Some(known.first_seq) == first_seq => known,
            _ => shared.epochs.of(&*shared.config.fs, &shared.layout, seq)?,
        };
        Ok(self.epoch.insert(epoch))
    }
}

/// Reads the tiles of a tree of a size. Those of level 0 are made again from events, and to read a few events of a block takes
/// nearly as long as to read all: where two tiles of one block are asked for, the rest of it is read with the second.
fn tiles(log: &Log, size: u64) -> impl FnMut(Tile) -> Result<Vec<Hash>, TreeError> {
    let (mut last_block, mut ahead) = (None, (0, Vec::new()));
    move |tile| {
        let first = tile.index() * u64::from(tile::WIDTH);
        let block = first / u64::from(BLOCK_ROWS);
        if tile.level() > 0 || last_block.replace(block) != Some(block) {
            return log.with_tree(|tree| tree.tile(tile));
        }
        if let Some(hashes) = part(&ahead, first, tile) {
            return Ok(hashes);
        }
        ahead = (first, Vec::new());
        let end = size.min((block + 1) * u64::from(BLOCK_ROWS));
        log.with_tree(|tree| tree.entries(first..end, &mut |_, entry| ahead.1.push(entry.leaf_hash().into())))?;
        part(&ahead, first, tile).ok_or(TreeError::Gone { seq: first })
    }
}

/// The hashes of a tile, out of leaves that begin at another.
fn part((from, leaves): &(u64, Vec<Hash>), first: u64, tile: Tile) -> Option<Vec<Hash>> {
    let from = usize::try_from(first.checked_sub(*from)?).ok()?;
    Some(leaves.get(from..)?.get(..tile.width().into())?.to_vec())
}

impl fmt::Debug for Exporter<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Exporter").field("writer", &self.writer).finish_non_exhaustive()
    }
}
