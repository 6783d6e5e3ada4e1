//! Verifying: everything is read again, and the tree is made again from the events as they are read now.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use indelible_proof::{
    checkpoint::CheckpointError,
    note::Note,
    tile::{Tile, WIDTH},
    tree::{CompactRange, EMPTY_ROOT, Hash, Node},
};

use super::{
    Log,
    marker::RETENTION_APPLIED,
    tree::{TreeError, TreeReader},
    view::Sealed,
};
use crate::{
    limits::{BLOCK_ROWS, CANONICAL_ROWS},
    parallel,
    source::{ReadError, Source},
};

/// Events that are verified by one core in one go: as many as their terms are read for at once, and whole tiles of level 1.
const STRETCH: usize = CANONICAL_ROWS as usize;

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Segments whose every checksum, code and order holds.
    pub segments: u64,
    /// Bytes of their files and of the write-ahead log. Opening the log has checked the latter.
    pub bytes: u64,
    /// Events that were decoded: all those under the checkpoint that retention has not removed.
    pub events: u64,
    /// So many first events were removed by retention. What is kept of the tree over them leads to the root.
    pub removed: u64,
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
    /// The event that the marker of a retention names does not tell of it.
    #[error(
        "{path}: the log has signed that retention removed the events before {first_seq}, but event {event} does not tell \
         of it: ask whoever has the signing key"
    )]
    Untold {
        /// The marker's file.
        path: String,
        /// The event that was to tell of it.
        event: u64,
        /// The first event that is there.
        first_seq: u64,
    },
    /// A kept checkpoint is of events that retention has removed.
    #[error(
        "a checkpoint of {size} events was kept, but retention has removed those before {first_seq}: of the tree below only \
         whole groups of 256 events are left; keep the newest checkpoint instead"
    )]
    Removed {
        /// Events under the kept checkpoint.
        size: u64,
        /// The first event that is there.
        first_seq: u64,
    },
    /// Events are not those that the tree was made of.
    #[error(
        "events {first_seq} to {last_seq} in {path}: at least one of them, or their epoch key, was altered since the tree \
         was made; restore it from a copy"
    )]
    Altered {
        /// The first that may be altered.
        first_seq: u64,
        /// The last that may be altered.
        last_seq: u64,
        /// The file that they are in; two where they are in two.
        path: String,
    },
    /// The events are those that were signed, but what is kept of the tree is not made of them.
    #[error(
        "{path}: not made of the events, which are as they were signed; restore this file from a copy, or, where retention \
         removed nothing, remove it, so that it is made again"
    )]
    Tile {
        /// The file of the tile.
        path: String,
    },
    /// The log's own checkpoint, or the one that was kept, is not signed by the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The events are not those that were signed.
    #[error(
        "the first {size} events have the root {found}, but {root} was signed: the log is not the one that was signed; \
         the first difference is not before event {sound}"
    )]
    Root {
        /// Events under the checkpoint.
        size: u64,
        /// So many first events are those of a smaller checkpoint.
        sound: u64,
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

/// What a verification is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Every segment by itself: checksums, codes, order, indexes.
    Segments,
    /// Every leaf made again from its event, and the tree over them.
    Tree,
}

impl Log {
    /// Verifies the log as it stands, and that it extends the checkpoints that were kept elsewhere. `progress` is told,
    /// from any thread, how many events more a pass has behind it.
    ///
    /// Every checksum of every segment is checked; every leaf is made again from its event, not taken from anywhere; the
    /// tree over them must be the one on disk, and its root the one that the log's key has signed.
    pub fn verify(&self, kept: &[Note], progress: &(dyn Fn(Pass, u64) + Sync)) -> Result<Verified, VerifyError> {
        let keys = self.shared.keys();
        let checkpoint = keys.history().open(&self.checkpoint())?;
        let mut roots = BTreeMap::from([(checkpoint.size(), vec![*checkpoint.root()])]);
        for note in kept {
            let kept = keys.history().open(note)?;
            if kept.size() > checkpoint.size() {
                return Err(VerifyError::Shrunk { signed: kept.size(), found: checkpoint.size() });
            }
            roots.entry(kept.size()).or_default().push(*kept.root());
        }
        for rotation in keys.history().rotations() {
            roots.entry(rotation.at.size()).or_default().push(*rotation.at.root());
        }
        let (segments, tail_bytes) = {
            let view = self.shared.view();
            (view.segments.clone(), view.tail.iter().map(|generation| generation.bytes).sum::<u64>())
        };
        let bytes = tail_bytes + verify_segments(&segments, progress)?;
        let removed = self.with_tree(|tree| self.verify_tree(&tree, &roots, progress).map(|()| tree.first_seq()))?;
        self.verify_retention()?;
        let segments = segments.len() as u64;
        Ok(Verified { segments, bytes, events: checkpoint.size() - removed, removed, root: *checkpoint.root() })
    }

    /// Verifies the events that are to be removed, all before `end_seq`: they are those that were signed.
    pub(super) fn verify_expired(
        &self,
        end_seq: u64,
        progress: &(dyn Fn(Pass, u64) + Sync),
    ) -> Result<(), VerifyError> {
        let checkpoint = self.shared.keys().history().open(&self.checkpoint())?;
        let (size, root) = (checkpoint.size(), *checkpoint.root());
        let mut segments = self.shared.view().segments.clone();
        segments.retain(|sealed| sealed.end_seq <= end_seq);
        verify_segments(&segments, progress)?;
        self.with_tree(|tree| {
            let first_seq = tree.first_seq();
            let (mut range, mut differing) = (tree.range(first_seq)?, None);
            for (stretch, within) in self.remake(&tree, &cuts(first_seq..end_seq, []), size, progress)? {
                differing = differing.or(within);
                join(&mut range, &stretch, &mut tree.nodes(size), &mut differing)?;
            }
            let kept = CompactRange::from_nodes(end_seq, size, tree.nodes(size))?;
            join(&mut range, &kept, &mut tree.nodes(size), &mut differing)?;
            self.check_root(&range, &BTreeMap::from([(size, vec![root])]), differing)
        })
    }

    /// Makes the tree again, on all cores, and compares it with the nodes on disk and, wherever a checkpoint is, with its
    /// root. The lowest nodes over what retention has removed are taken as they are on disk: the root tells whether they are
    /// those that were signed.
    fn verify_tree(
        &self,
        tree: &TreeReader<'_>,
        roots: &BTreeMap<u64, Vec<Hash>>,
        progress: &(dyn Fn(Pass, u64) + Sync),
    ) -> Result<(), VerifyError> {
        let end = roots.keys().last().copied().unwrap_or(0);
        let first_seq = tree.first_seq();
        for &size in roots.keys().take_while(|&&size| size < first_seq) {
            let range = tree.range(size).map_err(|error| match error {
                TreeError::Removed { first_seq, .. } => VerifyError::Removed { size, first_seq },
                other => other.into(),
            })?;
            self.check_root(&range, roots, None)?;
        }
        let (mut range, mut stored, mut differing) = (CompactRange::new(), tree.nodes(end), None);
        for from in (0..first_seq).step_by(usize::from(WIDTH)) {
            let group = CompactRange::from_nodes(from, first_seq.min(from + u64::from(WIDTH)), &mut stored)?;
            join(&mut range, &group, &mut stored, &mut differing)?;
        }
        self.check_root(&range, roots, differing)?;
        for (stretch, within) in self.remake(tree, &cuts(first_seq..end, roots.keys().copied()), end, progress)? {
            differing = differing.or(within);
            join(&mut range, &stretch, &mut stored, &mut differing)?;
            self.check_root(&range, roots, differing)?;
        }
        match differing.and_then(|node| Tile::holding(node, end)) {
            Some(tile) => Err(VerifyError::Tile { path: self.shared.layout.tile(tile).display().to_string() }),
            None => Ok(()),
        }
    }

    /// Whether the log itself tells of what retention has removed.
    fn verify_retention(&self) -> Result<(), VerifyError> {
        let Some(retention) = self.retention() else { return Ok(()) };
        let told = self.snapshot().get(None, retention.event)?;
        if told.is_some_and(|told| told.event.action == RETENTION_APPLIED) {
            return Ok(());
        }
        let path = self.shared.layout.retention().display().to_string();
        Err(VerifyError::Untold { path, event: retention.event, first_seq: retention.first_seq })
    }

    /// Makes the tree over some events again, on all cores, a stretch between any two cuts; with each the first node that is
    /// another on disk.
    fn remake(
        &self,
        tree: &TreeReader<'_>,
        cuts: &[u64],
        end: u64,
        progress: &(dyn Fn(Pass, u64) + Sync),
    ) -> Result<Vec<(CompactRange, Option<Node>)>, VerifyError> {
        parallel::in_order(cuts.len().saturating_sub(1), |nth| {
            let (from, to) = (cuts.get(nth).copied().unwrap_or(end), cuts.get(nth + 1).copied().unwrap_or(end));
            self.verify_stretch(tree, from..to, end, progress)
        })
    }

    /// Makes the tree over some events again, as far as it lies within them; gives the first node that is another on disk,
    /// too.
    fn verify_stretch(
        &self,
        tree: &TreeReader<'_>,
        seqs: Range<u64>,
        end: u64,
        progress: &(dyn Fn(Pass, u64) + Sync),
    ) -> Result<(CompactRange, Option<Node>), VerifyError> {
        let mut stored = tree.nodes(end);
        let mut range = CompactRange::starting_at(seqs.start);
        let (mut differing, mut read, mut told) = (None, Ok(()), seqs.start);
        tree.entries(seqs.clone(), &mut |seq, entry| {
            let leaf = entry.leaf_hash().into();
            range.append(&leaf, |node, hash| compare(node, hash, &mut stored, &mut differing, &mut read));
            if seq - told >= u64::from(BLOCK_ROWS) {
                progress(Pass::Tree, seq - told);
                told = seq;
            }
        })?;
        progress(Pass::Tree, seqs.end - told);
        read?;
        Ok((range, differing))
    }

    /// Compares the root of the first events with those that were signed for so many. Where it is another, a node on disk
    /// that differs tells which events were altered.
    fn check_root(
        &self,
        range: &CompactRange,
        roots: &BTreeMap<u64, Vec<Hash>>,
        differing: Option<Node>,
    ) -> Result<(), VerifyError> {
        let (size, found) = (range.end(), range.root().unwrap_or(EMPTY_ROOT));
        let Some(&root) = roots.get(&size).into_iter().flatten().find(|&&root| root != found) else { return Ok(()) };
        let sound = roots.range(..size).next_back().map_or(0, |(&sound, _)| sound);
        Err(differing.map_or(VerifyError::Root { size, sound, root, found }, |node| self.altered(node)))
    }

    fn altered(&self, node: Node) -> VerifyError {
        let first_seq = node.index << node.level;
        let last_seq = first_seq + (1 << node.level) - 1;
        let path = self.shared.view().files_of(first_seq, last_seq, &self.shared.layout);
        VerifyError::Altered { first_seq, last_seq, path }
    }
}

/// Where some events are cut into stretches, with their beginning and end.
fn cuts(seqs: Range<u64>, more: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let aligned = (0..seqs.end).step_by(STRETCH);
    let all: BTreeSet<u64> =
        aligned.chain(more).filter(|cut| seqs.contains(cut)).chain([seqs.start, seqs.end]).collect();
    all.into_iter().collect()
}

/// Adds the tree over the next events, and compares what that completes with the nodes on disk.
fn join(
    range: &mut CompactRange,
    next: &CompactRange,
    stored: &mut impl FnMut(Node) -> Result<Hash, TreeError>,
    differing: &mut Option<Node>,
) -> Result<(), TreeError> {
    let mut read = Ok(());
    let joined = range.join(next, |node, hash| compare(node, hash, stored, differing, &mut read));
    joined.map_err(|_| TreeError::Gone { seq: range.end() })?;
    read
}

/// Checks every segment by itself; gives the bytes of their files.
fn verify_segments(segments: &[Arc<Sealed>], progress: &(dyn Fn(Pass, u64) + Sync)) -> Result<u64, ReadError> {
    let bytes = parallel::in_order(segments.len(), |nth| {
        let Some(sealed) = segments.get(nth) else { return Ok(0) };
        sealed.segment.verify()?;
        progress(Pass::Segments, u64::from(sealed.segment.rows()));
        Ok::<_, ReadError>(sealed.segment.bytes())
    })?;
    Ok(bytes.iter().sum())
}

/// Compares a node with the one on disk, and keeps the first that differs.
fn compare(
    node: Node,
    hash: Hash,
    stored: &mut impl FnMut(Node) -> Result<Hash, TreeError>,
    differing: &mut Option<Node>,
    read: &mut Result<(), TreeError>,
) {
    if differing.is_some() || read.is_err() || !node.level.is_multiple_of(8) {
        return;
    }
    match stored(node) {
        Ok(stored) if stored == hash => {}
        Ok(_) => *differing = Some(node),
        Err(error) => *read = Err(error),
    }
}
