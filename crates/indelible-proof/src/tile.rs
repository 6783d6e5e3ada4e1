//! Tiles: C2SP tlog-tiles. The tree's hashes in files that never change once full.
//!
//! ```text
//! tile/<L>/<N>            256 hashes of level 8 L: those with the index 256 N and up; 8,192 bytes
//! tile/<L>/<N>.p/<W>      the W hashes of that tile which a smaller tree has
//! tile/entries/<N>[.p/<W>]   the entries behind tile/0/<N>: for each its length (2 bytes, big-endian) and its bytes
//! N                       groups of three digits, all but the last after an x: 1234067 is x001/x234/067
//! ```
//!
//! A tile is the whole subtree of height 8 above its hashes: the nodes within are hashed again when they are asked
//! for. [`nodes`] makes any reader of tiles a source for proofs.

mod path;
mod verify;

use std::collections::BTreeMap;

use crate::tree::{self, Hash, Node};

pub use path::TilePathError;
pub use verify::verify;

/// Hashes in a full tile, 2^8.
pub const WIDTH: u16 = 256;

/// Levels of the tree in one tile.
const HEIGHT: u8 = 8;

/// The highest level of tiles: trees have fewer than 2^64 leaves.
const LEVEL_MAX: u8 = 7;

/// The name of a tile of hashes, full or partial. Its `Display` and `FromStr` are the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

/// The name of a bundle of entries, full or partial. Its `Display` and `FromStr` are the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    index: u64,
    width: u16,
}

/// What is wrong with the content of a tile or a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not as long as its name says.
    #[error("{tile} should have {} bytes and has {found}: it was cut or damaged", usize::from(tile.width()) * 32)]
    Length {
        /// The tile.
        tile: Tile,
        /// Bytes found.
        found: usize,
    },
    /// The bytes of a bundle are not the entries that its name says.
    #[error("{bundle} is not made of {} entries with their lengths: it was cut or damaged", bundle.width())]
    Entries {
        /// The bundle.
        bundle: Bundle,
    },
    /// A tile does not hash to what the tile above it says.
    #[error("{tile} does not hash to what {above} says of it: one of the two was altered")]
    Above {
        /// The lower tile.
        tile: Tile,
        /// The tile that has its root.
        above: Tile,
    },
    /// A node that the tree does not have.
    #[error("a tree of {size} leaves has no node {} of level {}", node.index, node.level)]
    NoSuchNode {
        /// The node asked for.
        node: Node,
        /// Leaves in the tree.
        size: u64,
    },
    /// The tiles do not hash to the root.
    #[error("the tiles of a tree of {size} leaves do not hash to the root {root}")]
    Root {
        /// Leaves in the tree.
        size: u64,
        /// The root that they should have.
        root: Hash,
    },
}

impl Tile {
    /// The tile of this place as it is in a tree of `size` leaves; `None` when that tree has none there.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_of_level(level, size);
        let width = hashes.saturating_sub(index.checked_mul(WIDTH.into())?).min(WIDTH.into());
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { level, index, width })
    }

    /// The tile of a tree of `size` leaves that holds a node or, when the node lies within a tile, the hashes below it.
    pub fn holding(node: Node, size: u64) -> Option<Self> {
        let (level, height) = (node.level / HEIGHT, node.level % HEIGHT);
        let index = node.index >> (HEIGHT - height);
        let tile = Self::at(level, index, size)?;
        tile.places(node).map(|_| tile)
    }

    /// Every tile of a tree of `size` leaves, level by level.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        Self::new_since(0, size)
    }

    /// The tiles that a tree of `new` leaves has and one of `old` leaves has not, level by level. A partial tile is
    /// another tile than a wider one at the same place.
    pub fn new_since(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..=LEVEL_MAX).flat_map(move |level| {
            let (before, after) = (hashes_of_level(level, old), hashes_of_level(level, new));
            let first = before / u64::from(WIDTH);
            let end = if before < after { after.div_ceil(WIDTH.into()) } else { first };
            (first..end).filter_map(move |index| Self::at(level, index, new))
        })
    }

    /// Level of tiles: hashes of the tree's level 8 times this. At most 7.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Place within the level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile will never change.
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The nodes whose hashes the tile has, from left to right.
    pub fn hashed_nodes(&self) -> impl Iterator<Item = Node> {
        let (level, first) = (self.level * HEIGHT, self.index << HEIGHT);
        (first..).take(self.width.into()).map(move |index| Node { level, index })
    }

    /// Hash of a node in or under which the tile's hashes lie; `None` when it is not a node of this tile.
    pub fn node(&self, hashes: &[Hash], node: Node) -> Option<Hash> {
        let below = hashes.get(self.places(node)?)?;
        Some(tree::root_of(below))
    }

    /// The hashes as they are stored and served.
    pub fn encode(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// Reads what [`Self::encode`] wrote. A full tile serves for any partial one of the same place.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
        let (hashes, []) = bytes.as_chunks() else {
            return Err(TileError::Length { tile: *self, found: bytes.len() });
        };
        if ![self.width, WIDTH].map(usize::from).contains(&hashes.len()) {
            return Err(TileError::Length { tile: *self, found: bytes.len() });
        }
        Ok(hashes.iter().take(self.width.into()).copied().map(Hash).collect())
    }

    /// Where in the tile the hashes of a node lie.
    fn places(&self, node: Node) -> Option<std::ops::Range<usize>> {
        let height = node.level.checked_sub(self.level * HEIGHT).filter(|height| *height <= HEIGHT)?;
        let first = node.index.checked_mul(1 << height)?.checked_sub(self.index << HEIGHT)?;
        let first = usize::try_from(first).ok()?;
        let end = first.checked_add(1 << height)?;
        (end <= self.width.into()).then_some(first..end)
    }
}

impl Bundle {
    /// The bundle of this place as it is in a tree of `size` leaves; `None` when that tree has none there.
    pub fn at(index: u64, size: u64) -> Option<Self> {
        Tile::at(0, index, size).map(|tile| Self { index, width: tile.width })
    }

    /// Place among the bundles; the first entry has the index 256 times this.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of entries: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Indexes of the entries: the seqs of the events.
    pub fn leaves(&self) -> std::ops::Range<u64> {
        let first = self.index << HEIGHT;
        first..first.saturating_add(self.width.into())
    }

    /// The entries as they are served; `None` when one is longer than a bundle can hold, 65,535 bytes.
    pub fn encode<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(entry);
        }
        Some(bytes)
    }

    /// Reads what [`Self::encode`] wrote: exactly as many entries as the bundle's width, and nothing else.
    pub fn decode<'a>(&self, mut bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, TileError> {
        let damaged = TileError::Entries { bundle: *self };
        let mut entries = Vec::with_capacity(self.width.into());
        for _ in 0..self.width {
            let (len, rest) = bytes.split_first_chunk().ok_or(damaged)?;
            let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into()).ok_or(damaged)?;
            entries.push(entry);
            bytes = rest;
        }
        if bytes.is_empty() { Ok(entries) } else { Err(damaged) }
    }
}

/// Makes a reader of tiles a source of nodes for [`tree::inclusion_proof`], [`tree::consistency_proof`] and
/// [`tree::CompactRange::from_nodes`]. Of each level the tile read last is kept, because proofs ask for neighbours.
pub fn nodes<E: From<TileError>>(
    size: u64,
    mut read: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
) -> impl FnMut(Node) -> Result<Hash, E> {
    let mut last: BTreeMap<u8, (Tile, Vec<Hash>)> = BTreeMap::new();
    move |node| {
        let tile = Tile::holding(node, size).ok_or(TileError::NoSuchNode { node, size })?;
        let kept = last.remove(&tile.level).filter(|kept| kept.0 == tile);
        let fresh = match kept {
            Some(kept) => kept,
            None => (tile, read(tile)?),
        };
        let (_, hashes) = last.entry(tile.level).or_insert(fresh);
        let short = TileError::Length { tile, found: hashes.len() * 32 };
        Ok(tile.node(hashes, node).ok_or(short)?)
    }
}

/// How many complete hashes a tree of `size` leaves has at the level of these tiles.
fn hashes_of_level(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(HEIGHT)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
