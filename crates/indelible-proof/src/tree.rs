//! The Merkle tree of the log: RFC 6962 and RFC 9162, over SHA-256.
//!
//! ```text
//! leaf      SHA-256(0x00 || entry)             level 0; its index is the event's seq
//! node      SHA-256(0x01 || left || right)     level l, index i: covers the leaves i * 2^l up to (i + 1) * 2^l
//! root(0)   SHA-256("")
//! root(n)   node(root of the first k leaves, root of the others), k the largest power of two below n
//! ```
//!
//! Only *complete* nodes have a [`Node`] name; they never change once written. The nodes on the right edge of a tree
//! whose size is no power of two are made of them when they are asked for. A [`CompactRange`] is what has to be kept
//! to append: at most 64 hashes for a whole log. Proofs are generated from any source of complete nodes
//! ([`inclusion_proof`], [`consistency_proof`]) and verified from hashes alone ([`verify_inclusion`],
//! [`verify_consistency`]).
//!
//! # Example: is this entry in the log?
//!
//! ```
//! use std::collections::HashMap;
//! use indelible_proof::tree::{self, CompactRange, Hash, Node, ProofError};
//!
//! let leaves: Vec<Hash> = (0..5_u8).map(|n| tree::leaf(&[n])).collect();
//! let mut interior = HashMap::new();
//! let mut log = CompactRange::new();
//! log.extend(&leaves, |node, hash| { interior.insert(node, hash); });
//! let root = log.root().unwrap_or(tree::EMPTY_ROOT);
//!
//! let node = |node: Node| if node.level == 0 { leaves[node.index as usize] } else { interior[&node] };
//! let proof = tree::inclusion_proof(3, 5, |it| Ok::<_, ProofError>(node(it)))?;
//! tree::verify_inclusion(&leaves[3], 3, 5, &proof, &root)?;
//! assert!(tree::verify_inclusion(&leaves[2], 3, 5, &proof, &root).is_err());
//! # Ok::<(), ProofError>(())
//! ```

mod consistency;
mod inclusion;
mod range;
mod subtree;

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::leaf::LeafHash;

pub use consistency::{consistency_proof, verify_consistency};
pub use inclusion::{inclusion_proof, verify_inclusion};
pub use range::{CompactRange, RangeError};

/// A hash of the tree: of a leaf, a node or a root.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// The root of the empty tree, SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The name of a complete node: it covers the leaves `index * 2^level` up to `(index + 1) * 2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves, at most 63.
    pub level: u8,
    /// Place within the level, from the left.
    pub index: u64,
}

/// Why a proof cannot be made or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf lies outside the tree.
    #[error("there is no leaf {index} in a tree of {size} leaves")]
    NoSuchLeaf {
        /// The leaf asked for.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {new} leaves cannot extend one of {old}: ask the other way round, or the log was rolled back")]
    Shrunk {
        /// Size of the tree that should be the older.
        old: u64,
        /// Size of the tree that should be the newer.
        new: u64,
    },
    /// The proof has another number of hashes than its tree asks for.
    #[error("the proof has {found} hashes where the tree asks for {expected}")]
    Length {
        /// Hashes in the proof.
        found: usize,
        /// Hashes that it must have.
        expected: usize,
    },
    /// The hashes lead to another root than the one of the (newer) tree.
    #[error("the hashes do not lead to the root {root}")]
    Root {
        /// The root that they should lead to.
        root: Hash,
    },
    /// The hashes lead to another root than the older tree's: the history was changed.
    #[error("the hashes do not lead to the older root {root}: the newer tree is not an extension of the older")]
    OldRoot {
        /// The root that they should lead to.
        root: Hash,
    },
}

/// Leaf hash of any entry: SHA-256(0x00 || entry). An event's is [`crate::Entry::leaf_hash`].
pub fn leaf(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// Hash of the node above two: SHA-256(0x01 || left || right).
pub fn parent(left: &Hash, right: &Hash) -> Hash {
    let mut message = [1; 65];
    let (_, children) = message.split_at_mut(1);
    let (left_place, right_place) = children.split_at_mut(32);
    left_place.copy_from_slice(&left.0);
    right_place.copy_from_slice(&right.0);
    Hash(Sha256::digest(message).into())
}

/// Root of the tree over these leaf hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut range = CompactRange::new();
    range.extend(leaves, |_, _| ());
    range.root().unwrap_or(EMPTY_ROOT)
}

impl From<LeafHash> for Hash {
    fn from(leaf: LeafHash) -> Self {
        Self(leaf.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        LeafHash(self.0).fmt(out)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
pub(crate) mod tests;
