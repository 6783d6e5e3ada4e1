//! What was altered, when a log is not the one that was signed.

use std::path::Path;

use indelible_proof::{
    tile::Tile,
    tree::{EMPTY_ROOT, Hash, Node},
};

use super::{TreeError, TreeReader};
use crate::log::{layout::Layout, view::View};

/// What was altered, as far as the root, the tiles on disk and the events tell. Each is held against the others: where two
/// agree the third is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Alteration {
    /// The events are those that were signed; this tile is not made of them.
    Tile(Tile),
    /// Some of the events below a node.
    Events(Node),
    /// One of the last events, which no tile covers yet: first and last. Or an earlier one, and the tiles were made to fit.
    Last(u64, u64),
}

impl TreeReader<'_> {
    /// Finds out why the tree of the first `size` events is not one with the root that was signed for it.
    pub(in crate::log) fn alteration(&self, size: u64, signed: &Hash) -> Result<Alteration, TreeError> {
        let mut stored = self.nodes(size);
        let first_seq = self.first_seq();
        let (mut range, mut differing) = (self.range(first_seq)?, None);
        self.entries(first_seq..size, &mut |_, entry| {
            range.append(&entry.leaf_hash().into(), |node, hash| {
                if differing.is_none() && node.level % 8 == 0 && stored(node).ok() != Some(hash) {
                    differing = Some(node);
                }
            });
        })?;
        let as_signed = range.root().unwrap_or(EMPTY_ROOT) == *signed;
        Ok(match differing.and_then(|node| Some((node, Tile::holding(node, size)?))) {
            Some((_, tile)) if as_signed => Alteration::Tile(tile),
            Some((node, _)) => Alteration::Events(node),
            None => Alteration::Last(size - size % 256, size.saturating_sub(1)),
        })
    }
}

impl Alteration {
    /// Where it is, for a message.
    pub(in crate::log) fn place(self, view: &View, layout: &Layout) -> String {
        let file = |path: &Path| path.display().to_string();
        let events = |first_seq, last_seq| {
            let files = view.files_of(first_seq, last_seq, layout);
            format!("one of the events {first_seq} to {last_seq} in {files}, or their epoch key, was altered")
        };
        match self {
            Self::Tile(tile) => format!(
                "the events are, but {} is not made of them: where nothing was removed by retention it is made again once it is \
                 away",
                file(&layout.tile(tile))
            ),
            Self::Events(node) => {
                let first_seq = node.index << node.level;
                events(first_seq, first_seq + (1 << node.level) - 1)
            }
            Self::Last(first_seq, last_seq) if first_seq <= last_seq => {
                let tree = file(&layout.tree());
                format!("{}, or an earlier one and {tree} was made to fit", events(first_seq, last_seq))
            }
            Self::Last(..) => format!("one of them was altered, and {} was made to fit", file(&layout.tree())),
        }
    }
}
