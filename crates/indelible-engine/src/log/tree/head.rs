//! The end of the tree: where it grows, and what signs it.

use std::sync::Arc;

use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, SigningKey},
    tree::{CompactRange, EMPTY_ROOT, Hash, Node},
};

use super::Tiles;

/// Belongs to the committer alone.
#[derive(Debug)]
pub(in crate::log) struct Head {
    range: CompactRange,
    key: Arc<SigningKey>,
    checkpoint: Arc<Note>,
}

/// The head as it will be once what it covers is written.
#[derive(Debug)]
pub(in crate::log) struct Grown {
    range: CompactRange,
    nodes: Vec<(Node, Hash)>,
    checkpoint: Note,
}

impl Head {
    /// The head of a tree, signed.
    pub(in crate::log) fn new(range: CompactRange, key: Arc<SigningKey>) -> Self {
        let checkpoint = Arc::new(sign(&range, &key));
        Self { range, key, checkpoint }
    }

    /// The checkpoint of all that was committed.
    pub(in crate::log) fn checkpoint(&self) -> &Arc<Note> {
        &self.checkpoint
    }

    /// From now on another key signs, also the tree as it is.
    pub(in crate::log) fn sign_with(&mut self, key: Arc<SigningKey>) {
        self.checkpoint = Arc::new(sign(&self.range, &key));
        self.key = key;
    }

    /// What the head becomes with further leaves.
    pub(in crate::log) fn grow(&self, leaves: &[Hash]) -> Grown {
        let (mut range, mut nodes) = (self.range.clone(), Vec::new());
        range.extend(leaves, |node, hash| {
            if Tiles::hold(node) {
                nodes.push((node, hash));
            }
        });
        let checkpoint = sign(&range, &self.key);
        Grown { range, nodes, checkpoint }
    }

    /// Makes it so.
    pub(in crate::log) fn accept(&mut self, grown: Grown, tiles: &Tiles) {
        tiles.add(&grown.nodes);
        self.range = grown.range;
        self.checkpoint = Arc::new(grown.checkpoint);
    }
}

impl Grown {
    pub(in crate::log) fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }
}

fn sign(range: &CompactRange, key: &SigningKey) -> Note {
    let root = range.root().unwrap_or(EMPTY_ROOT);
    // The key's name is sound, and only a tree without leaves has the empty root: nothing is left to refuse.
    #[allow(clippy::expect_used)]
    Checkpoint::new(key.verifier().name(), range.end(), root).expect("the name of a key is an origin").sign(key)
}
