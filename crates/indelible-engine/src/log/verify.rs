//! Verifying: everything is read again, and the tree is made again from the events as they are read now.

use indelible_proof::{
    LeafHash,
    checkpoint::{Checkpoint, CheckpointError},
    note::Note,
    tree::{CompactRange, EMPTY_ROOT, Hash, Node},
};

use super::{
    Log,
    tree::{TreeError, TreeReader},
};
use crate::source::ReadError;

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Segments whose every checksum, code and order holds.
    pub segments: u64,
    /// Bytes of their files and of the write-ahead log. Opening the log has checked the latter.
    pub bytes: u64,
    /// Events that were decoded: all those under the checkpoint.
    pub events: u64,
    /// The root that their leaves lead to, which is the signed one.
    pub root: Hash,
}

/// What does not check out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file cannot be read, or holds other bytes than were written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The tree cannot be made again.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The first events are not there.
    #[error("the events before {seq} are not there: their segments were removed; restore them from a copy")]
    Missing {
        /// The first event that is there.
        seq: u64,
    },
    /// Events are not those that the tree was made of.
    #[error(
        "events {first_seq} to {last_seq} in {path}: at least one was altered since the tree was made; restore this file \
         from a copy"
    )]
    Altered {
        /// The first that may be altered.
        first_seq: u64,
        /// The last that may be altered.
        last_seq: u64,
        /// The file that they are in.
        path: String,
    },
    /// The log's own checkpoint, or the one that was kept, is not signed by the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The events are not those that were signed.
    #[error(
        "the first {size} events have the root {found}, but {root} was signed: the log is not the one that was signed"
    )]
    Root {
        /// Events under the checkpoint.
        size: u64,
        /// The root that was signed.
        root: Hash,
        /// The root of the events as they are.
        found: Hash,
    },
    /// Fewer events are there than a kept checkpoint covers.
    #[error("a checkpoint of {signed} events was kept, but only {found} are there: the log was rolled back or cut")]
    Shrunk {
        /// Events under the kept checkpoint.
        signed: u64,
        /// Events that are there.
        found: u64,
    },
}

impl Log {
    /// Verifies the log as it stands, and that it extends the checkpoints that were kept elsewhere. `leaf` is given the
    /// leaf of every event, in the order of the log, and so sees how far the work is.
    ///
    /// Every checksum of every segment is checked; every leaf is made again from its event, not taken from anywhere; the
    /// tree over them must be the one on disk, and its root the one that the log's key has signed.
    pub fn verify(&self, kept: &[Note], leaf: &mut dyn FnMut(u64, &LeafHash)) -> Result<Verified, VerifyError> {
        let keys = [self.verifier().clone()];
        let checkpoint = Checkpoint::open(&self.checkpoint(), &keys)?;
        let mut roots = vec![(checkpoint.size(), *checkpoint.root())];
        for note in kept {
            let kept = Checkpoint::open(note, &keys)?;
            if kept.size() > checkpoint.size() {
                return Err(VerifyError::Shrunk { signed: kept.size(), found: checkpoint.size() });
            }
            roots.push((kept.size(), *kept.root()));
        }
        roots.sort_unstable_by_key(|&(size, _)| size);
        let (segments, bytes) = self.verify_segments()?;
        self.with_tree(|tree| self.verify_tree(&tree, &roots, leaf))?;
        Ok(Verified { segments, bytes, events: checkpoint.size(), root: *checkpoint.root() })
    }

    /// Checks every segment by itself; gives how many there are, and the bytes of all files.
    fn verify_segments(&self) -> Result<(u64, u64), VerifyError> {
        let (segments, bytes) = {
            let view = self.shared.view();
            let sealed: u64 = view.segments.iter().map(|sealed| sealed.segment.bytes()).sum();
            let tail: u64 = view.tail.iter().map(|generation| generation.bytes).sum();
            (view.segments.clone(), sealed + tail)
        };
        segments.iter().try_for_each(|sealed| sealed.segment.verify())?;
        Ok((segments.len() as u64, bytes))
    }

    /// Makes the tree again, and compares it with the nodes on disk and, wherever a checkpoint is, with its root.
    fn verify_tree(
        &self,
        tree: &TreeReader<'_>,
        roots: &[(u64, Hash)],
        leaf: &mut dyn FnMut(u64, &LeafHash),
    ) -> Result<(), VerifyError> {
        let end = roots.last().map_or(0, |&(size, _)| size);
        let first_seq = tree.snapshot.parts.first().map_or(0, |part| part.read(|source| source.first_seq()));
        if first_seq > 0 {
            return Err(VerifyError::Missing { seq: first_seq });
        }
        let mut stored = tree.nodes(end);
        let (mut range, mut from) = (CompactRange::new(), 0);
        for &(size, root) in roots {
            let mut wrong = Ok(());
            tree.entries(from..size, &mut |seq, entry| {
                let hash = entry.leaf_hash();
                leaf(seq, &hash);
                range.append(&hash.into(), |node, hash| {
                    if wrong.is_ok() && node.level % 8 == 0 {
                        wrong = self.compare(node, hash, &mut stored);
                    }
                });
            })?;
            wrong?;
            let found = range.root().unwrap_or(EMPTY_ROOT);
            if found != root {
                return Err(VerifyError::Root { size, root, found });
            }
            from = size;
        }
        Ok(())
    }

    fn compare(
        &self,
        node: Node,
        hash: Hash,
        stored: &mut impl FnMut(Node) -> Result<Hash, TreeError>,
    ) -> Result<(), VerifyError> {
        if stored(node)? == hash {
            return Ok(());
        }
        let first_seq = node.index << node.level;
        let last_seq = first_seq + (1 << node.level) - 1;
        let view = self.shared.view();
        let sealed = view.segments.iter().find(|sealed| first_seq < sealed.end_seq);
        let path = sealed.map_or_else(|| self.shared.layout.wal(), |sealed| sealed.path.clone());
        Err(VerifyError::Altered { first_seq, last_seq, path: path.display().to_string() })
    }
}
