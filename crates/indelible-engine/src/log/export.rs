//! Exports with proof: lines from which a receiver can make the signed root again.

use std::fmt;

use indelible_proof::{
    Canonical, Recorded,
    disclosure::Disclosure,
    export::ExportWriter,
    note::Note,
    tile,
    tree::{Hash, Node},
};

use super::{Log, epochs::Epoch, tree::TreeError};

/// Makes the lines of an export that ends with a checkpoint, one after the other. However long the export is, it holds
/// the hashes of one tile and the key of one epoch.
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
        let nodes = Box::new(tile::nodes(writer.size(), |tile| self.with_tree(|tree| tree.tile(tile))));
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
        let first_seq = shared.epochs.first_of(seq);
        let epoch = match self.epoch.take() {
            Some(known) if Some(known.first_seq) == first_seq => known,
            _ => shared.epochs.of(&*shared.config.fs, &shared.layout, seq)?,
        };
        Ok(self.epoch.insert(epoch))
    }
}

impl fmt::Debug for Exporter<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Exporter").field("writer", &self.writer).finish_non_exhaustive()
    }
}
