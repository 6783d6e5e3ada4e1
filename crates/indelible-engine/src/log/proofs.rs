//! What the log proves: checkpoints, tiles, inclusion, consistency, evidence.

use std::sync::Arc;

use indelible_proof::{
    Canonical,
    checkpoint::{Checkpoint, CheckpointError},
    disclosure::Disclosure,
    evidence::Evidence,
    note::{Note, VerifierKey},
    tile::{Bundle, Tile},
    tree::{Hash, consistency_proof, inclusion_proof, verify_inclusion},
};

use super::{
    Log,
    tree::{TreeError, TreeReader},
};

impl Log {
    /// The key that the log's checkpoints are verified with.
    pub fn verifier(&self) -> VerifierKey {
        self.shared.keys().signing().verifier().clone()
    }

    /// Every change of that key, oldest first: with it a verifier who knows an earlier key learns the present one. Empty
    /// when there was none; see [`indelible_proof::rotation::parse`].
    pub fn rotations(&self) -> String {
        self.shared.keys().rotations()
    }

    /// The newest checkpoint. It covers every event that was acknowledged as durable before it was asked for.
    pub fn checkpoint(&self) -> Arc<Note> {
        self.shared.checkpoint()
    }

    /// Opens a checkpoint of this log: the key that signs, or signed, trees of its size must have signed it.
    pub fn open_checkpoint(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        self.shared.keys().history().open(note)
    }

    /// A tile as it is served: its hashes, one behind the other.
    pub fn tile(&self, tile: Tile) -> Result<Vec<u8>, TreeError> {
        self.with_tree(|tree| Ok(Tile::encode(&tree.tile(tile)?)))
    }

    /// A bundle of entries as it is served.
    pub fn bundle(&self, bundle: Bundle) -> Result<Vec<u8>, TreeError> {
        let mut entries = Vec::with_capacity(bundle.width().into());
        self.with_tree(|tree| tree.entries(bundle.leaves(), &mut |_, entry| entries.push(*entry)))?;
        // An entry has 96 bytes, far fewer than a bundle can hold.
        Ok(Bundle::encode(entries.iter().map(|entry| entry.0.as_slice())).unwrap_or_default())
    }

    /// The hashes that lead from an event's leaf to the root of the tree of a size.
    pub fn inclusion(&self, seq: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        self.with_tree(|tree| inclusion_proof(seq, size, tree.nodes(size)))
    }

    /// The same for several events. Where they rise each tile is read once.
    pub fn inclusions(&self, seqs: &[u64], size: u64) -> Result<Vec<Vec<Hash>>, TreeError> {
        self.with_tree(|tree| {
            let mut nodes = tree.nodes(size);
            seqs.iter().map(|&seq| inclusion_proof(seq, size, &mut nodes)).collect()
        })
    }

    /// The hashes that show that the tree of `new` events extends the one of `old` events.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
        self.with_tree(|tree| consistency_proof(old, new, tree.nodes(new)))
    }

    /// Everything that proves, without this log, that an event is in it; `None` when the checkpoint given does not cover
    /// the event. What would prove nothing, because the event was altered on disk, is an error.
    pub fn evidence(&self, seq: u64, checkpoint: &Note) -> Result<Option<Evidence>, TreeError> {
        let Ok(signed) = self.open_checkpoint(checkpoint) else { return Ok(None) };
        let size = signed.size();
        if seq >= size {
            return Ok(None);
        }
        let Some(recorded) = self.snapshot().get(None, seq)? else { return Err(self.with_tree(|tree| tree.gone(seq))) };
        let epoch = self.shared.epochs.of(&*self.shared.config.fs, &self.shared.layout, seq)?;
        let disclosure = Disclosure::of(&Canonical::of(&recorded.event), &epoch.key);
        let proof = self.inclusion(seq, size)?;
        verify_inclusion(&disclosure.entry().leaf_hash().into(), seq, size, &proof, signed.root())
            .map_err(|_| TreeError::Altered { seq })?;
        Ok(Evidence::new(disclosure, seq, proof, checkpoint.clone()).ok())
    }

    /// Reads the tree as it stands.
    pub(super) fn with_tree<T>(&self, read: impl FnOnce(TreeReader<'_>) -> T) -> T {
        let (snapshot, retention) = {
            let view = self.shared.view();
            (view.snapshot(self.shared.identity.number), view.retention.clone())
        };
        read(TreeReader {
            fs: &*self.shared.config.fs,
            layout: &self.shared.layout,
            epochs: &self.shared.epochs,
            tiles: &self.shared.tiles,
            snapshot: &snapshot,
            retention: retention.as_deref(),
        })
    }
}
