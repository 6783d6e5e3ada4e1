//! The end of the tree: where it grows, and what signs it.

use std::{io, sync::Arc};

use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, SigningKey},
    tree::{CompactRange, EMPTY_ROOT, Hash, Node},
};

use super::{Layout, Tiles};
use crate::fs::{Fs, read, write_new};

const SKEY_BYTES_MAX: u64 = 1024;

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

    /// What the head becomes with further leaves.
    pub(in crate::log) fn grow(&self, leaves: &[Hash]) -> Grown {
        let (mut range, mut nodes) = (self.range.clone(), Vec::new());
        range.extend(leaves, |node, hash| {
            if node.level % 8 == 0 {
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

/// Reads the key that signs, or makes that of a new log.
pub(in crate::log) fn signing_key(fs: &dyn Fs, layout: &Layout, name: &str, is_new: bool) -> io::Result<SigningKey> {
    let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
    let path = layout.signing_key();
    match read(fs, &path, SKEY_BYTES_MAX) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| invalid("not text".to_owned()))?;
            let key = SigningKey::from_skey(text.trim_end()).map_err(|problem| invalid(problem.to_string()))?;
            let found = key.verifier().name();
            if found == name {
                Ok(key)
            } else {
                Err(invalid(format!("the key of {found:?}, but this log is {name:?}")))
            }
        }
        // A new one would not fit what a lost one has signed.
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_new => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(io::Error::other)?;
            let key = SigningKey::new(name, &seed).map_err(|problem| invalid(problem.to_string()))?;
            write_new(fs, &path, |file| {
                file.append(key.to_skey().as_bytes())?;
                file.append(b"\n")
            })?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}
