//! Compact ranges: what has to be kept of a stretch of leaves to append to it, to join it with its neighbour, and to
//! compute the root. The idea is that of the compact ranges of the transparency-dev project.

use super::subtree::{complete_nodes, fold};
use super::{Hash, Node, parent};

/// The complete nodes of a stretch of consecutive leaves, each as large as it can be: at most 64 for a stretch from
/// leaf 0, 126 for any other.
///
/// Ranges of the parts of a log are computed apart (in parallel, one a segment) and joined with [`Self::join`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactRange {
    start: u64,
    end: u64,
    /// One for each of `complete_nodes(start..end)`.
    nodes: Vec<Hash>,
}

/// Why a range cannot be taken up or joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The two ranges do not touch.
    #[error("a range that starts at leaf {start} cannot follow one that ends before leaf {end}")]
    Apart {
        /// Where the left range ends.
        end: u64,
        /// Where the right range starts.
        start: u64,
    },
    /// The bytes are no range.
    #[error("{len} bytes are no compact range of these leaves: it was cut or is damaged; recompute it from the events")]
    Damaged {
        /// Length of the bytes.
        len: usize,
    },
}

impl Default for CompactRange {
    fn default() -> Self {
        Self::new()
    }
}

impl CompactRange {
    /// The empty range at leaf 0: a whole log.
    pub fn new() -> Self {
        Self::starting_at(0)
    }

    /// The empty range before the leaf `start`: a part of a log.
    pub fn starting_at(start: u64) -> Self {
        // Room for every node there can ever be from 0, so that appending never allocates.
        Self { start, end: start, nodes: Vec::with_capacity(64) }
    }

    /// The first leaf.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The leaf after the last; the size of the tree when the range starts at 0.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Appends one leaf hash; `completed` gets each interior node that this completes, lower ones first.
    pub fn append(&mut self, leaf: &Hash, mut completed: impl FnMut(Node, Hash)) {
        self.push(Node { level: 0, index: self.end }, *leaf, &mut completed);
    }

    /// Appends leaf hashes; `completed` gets each interior node that this completes, children before parents.
    ///
    /// One node is hashed per leaf on average; nothing is allocated.
    pub fn extend(&mut self, leaves: &[Hash], mut completed: impl FnMut(Node, Hash)) {
        for leaf in leaves {
            self.append(leaf, &mut completed);
        }
    }

    /// Appends the range that follows; `completed` gets the interior nodes that neither range had.
    pub fn join(&mut self, right: &Self, mut completed: impl FnMut(Node, Hash)) -> Result<(), RangeError> {
        if right.start != self.end {
            return Err(RangeError::Apart { end: self.end, start: right.start });
        }
        for (node, hash) in complete_nodes(right.start..right.end).zip(&right.nodes) {
            self.push(node, *hash, &mut completed);
        }
        Ok(())
    }

    /// Root of the tree; `None` when the range does not start at leaf 0 and so is no tree.
    pub fn root(&self) -> Option<Hash> {
        (self.start == 0).then(|| fold(&self.nodes))
    }

    /// The complete nodes from left to right: what [`Self::from_nodes`] asks for.
    pub fn nodes(&self) -> impl Iterator<Item = (Node, Hash)> {
        complete_nodes(self.start..self.end).zip(self.nodes.iter().copied())
    }

    /// The range of the leaves `start..end`, from a source of complete nodes (stored tiles).
    pub fn from_nodes<E>(start: u64, end: u64, node: impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let mut range = Self::starting_at(start);
        for hash in complete_nodes(start..end).map(node) {
            range.nodes.push(hash?);
        }
        range.end = end.max(start);
        Ok(range)
    }

    /// `start`, `end` (8 bytes each, little-endian), then the nodes from left to right.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 32 * self.nodes.len());
        bytes.extend_from_slice(&self.start.to_le_bytes());
        bytes.extend_from_slice(&self.end.to_le_bytes());
        self.nodes.iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
        bytes
    }

    /// Takes up what [`Self::to_bytes`] wrote. It cannot tell whether the hashes are right: compare the root.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RangeError> {
        let damaged = RangeError::Damaged { len: bytes.len() };
        let (start, rest) = bytes.split_first_chunk().ok_or(damaged)?;
        let (end, rest) = rest.split_first_chunk().ok_or(damaged)?;
        let (start, end) = (u64::from_le_bytes(*start), u64::from_le_bytes(*end));
        let (hashes, []) = rest.as_chunks() else { return Err(damaged) };
        if start > end || complete_nodes(start..end).count() != hashes.len() {
            return Err(damaged);
        }
        let mut range = Self::starting_at(start);
        range.end = end;
        range.nodes.extend(hashes.iter().copied().map(Hash));
        Ok(range)
    }

    /// Appends a complete node that starts where the range ends, and joins it with its left siblings.
    fn push(&mut self, mut node: Node, mut hash: Hash, completed: &mut impl FnMut(Node, Hash)) {
        // Saturates only where no log gets: after 2^64 - 1 events.
        self.end = node.index.saturating_add(1) << node.level;
        while let Some(left) = self.take_left_sibling(node) {
            hash = parent(&left, &hash);
            node = Node { level: node.level + 1, index: node.index / 2 };
            completed(node, hash);
        }
        self.nodes.push(hash);
    }

    /// Takes the left sibling off the end. If it lies within the range it is the last node: no larger one can end
    /// where `node` begins, because `node` is on the right.
    fn take_left_sibling(&mut self, node: Node) -> Option<Hash> {
        let inside = node.index % 2 == 1 && (node.index - 1) << node.level >= self.start;
        if inside { self.nodes.pop() } else { None }
    }
}
