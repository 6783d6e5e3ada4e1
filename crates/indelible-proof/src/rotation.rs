//! How a log changes its signing key: the old key says which key follows, the new key says the same, both about one
//! tree.
//!
//! ```text
//! indelible/key-rotation/v1
//! origin                      name of the log
//! size                        of the last tree that the old key signs
//! root                        of that tree, base64
//! old vkey
//! new vkey
//! ```
//!
//! It is a signed note ([`crate::note`]) with the signatures of both keys. No checkpoint can be taken for one, nor one
//! for a checkpoint. Smaller trees stay signed by the old key, larger ones must be signed by the new; whoever learns the
//! old key later can sign nothing more. A [`KeyHistory`] follows rotations from the one key that a verifier trusts.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::limits;
use crate::note::{KeyKind, Note, NoteError, SigningKey, VerifierKey};

/// A change of a log's key, both signatures verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The last tree that the old key signs.
    pub at: Checkpoint,
    /// The key until there.
    pub old: VerifierKey,
    /// The key after that.
    pub new: VerifierKey,
}

/// The keys of a log, each with the trees that it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHistory {
    first: VerifierKey,
    rotations: Vec<Rotation>,
}

/// Why a rotation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// The note is damaged.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// More than a log may have.
    #[error("the rotations take more than {} bytes", limits::ROTATIONS_BYTES_MAX)]
    TooLarge,
    /// The tree that it speaks of is damaged.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The text is no rotation, or its keys are not two keys of one log.
    #[error("this is no rotation from one key of a log to another key of the same log")]
    Form,
    /// One of the two keys did not sign.
    #[error("the {which} key {key} did not sign the rotation")]
    Unsigned {
        /// `old` or `new`.
        which: &'static str,
        /// The key's text form.
        key: String,
    },
    /// A rotation that does not start from the key before it, or goes back to a smaller tree.
    #[error(
        "rotation {number} does not follow the one before it: one is missing, or the log has two histories of keys"
    )]
    Broken {
        /// The rotation, from 1, as they were given.
        number: usize,
    },
}

const HEADER: &str = "indelible/key-rotation/v1\n";

impl Rotation {
    /// Signs the change from one key to another at the log's last checkpoint.
    pub fn sign(at: &Checkpoint, old: &SigningKey, new: &SigningKey) -> Result<Note, RotationError> {
        let text = format!("{HEADER}{at}{}\n{}\n", old.verifier(), new.verifier());
        let note = Note { signatures: vec![old.sign(&text), new.sign(&text)], text };
        Self::open(&note)?;
        Ok(note)
    }

    /// Reads a rotation and verifies both signatures. Whether its old key is the log's is for [`KeyHistory`].
    pub fn open(note: &Note) -> Result<Self, RotationError> {
        let text = note.text().strip_prefix(HEADER).ok_or(RotationError::Form)?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let [origin, size, root, old, new] = lines.as_slice() else { return Err(RotationError::Form) };
        let at: Checkpoint = [*origin, *size, *root].concat().parse()?;
        let key = |line: &str| line.strip_suffix('\n').and_then(|vkey| vkey.parse().ok()).ok_or(RotationError::Form);
        let (old, new): (VerifierKey, VerifierKey) = (key(old)?, key(new)?);
        let of_the_log = |key: &VerifierKey| key.name() == at.origin() && key.kind() == KeyKind::Ed25519;
        if !of_the_log(&old) || !of_the_log(&new) || old == new {
            return Err(RotationError::Form);
        }
        signed_by(note, "old", &old)?;
        signed_by(note, "new", &new)?;
        Ok(Self { at, old, new })
    }
}

/// Reads rotations that stand one behind the other, as a log serves them and [`to_text`] writes them.
pub fn parse(bytes: &[u8]) -> Result<Vec<Note>, RotationError> {
    if bytes.len() > limits::ROTATIONS_BYTES_MAX {
        return Err(RotationError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NoteError::NoPlainText)?;
    let is_signature = |line: &&str| line.starts_with("— ");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // A rotation ends with its last signature line. No line of its text can be one: names have no spaces.
    let notes = lines.chunk_by(|a, b| !is_signature(a) || is_signature(b));
    notes.map(|lines| Ok(Note::parse(lines.concat().as_bytes())?)).collect()
}

/// Writes rotations one behind the other.
pub fn to_text(rotations: &[Note]) -> String {
    rotations.iter().map(Note::to_string).collect()
}

fn signed_by(note: &Note, which: &'static str, key: &VerifierKey) -> Result<(), RotationError> {
    match note.verify(std::slice::from_ref(key)) {
        Ok(_) => Ok(()),
        Err(NoteError::Untrusted { .. }) => Err(RotationError::Unsigned { which, key: key.to_string() }),
        Err(error) => Err(error.into()),
    }
}

impl KeyHistory {
    /// Follows the rotations, oldest first, from the key that the verifier trusts. Those before it are passed over.
    pub fn follow(trusted: VerifierKey, rotations: &[Note]) -> Result<Self, RotationError> {
        let mut history = Self { first: trusted, rotations: Vec::new() };
        for (number, note) in (1..).zip(rotations) {
            let rotation = Rotation::open(note)?;
            let follows = rotation.old == *history.current() && history.size() <= rotation.at.size();
            if follows {
                history.rotations.push(rotation);
            } else if !history.rotations.is_empty() {
                return Err(RotationError::Broken { number });
            }
        }
        Ok(history)
    }

    /// The history of the key that signs now, by rotations of which the last leads to it. Whoever trusts that key so
    /// learns which ones it vouches for.
    pub fn up_to(current: &VerifierKey, rotations: &[Note]) -> Result<Self, RotationError> {
        let first = rotations.first().map(Rotation::open).transpose()?.map(|rotation| rotation.old);
        let history = Self::follow(first.unwrap_or_else(|| current.clone()), rotations)?;
        if history.current() == current { Ok(history) } else { Err(RotationError::Broken { number: rotations.len() }) }
    }

    /// The rotations, oldest first.
    pub fn rotations(&self) -> &[Rotation] {
        &self.rotations
    }

    /// The key that signs now.
    pub fn current(&self) -> &VerifierKey {
        self.rotations.last().map_or(&self.first, |last| &last.new)
    }

    /// The keys that may sign a tree of `size` leaves: one, or at a rotation the old and the new.
    pub fn keys_at(&self, size: u64) -> Vec<VerifierKey> {
        let until = |at: usize| self.rotations.get(at).map_or(u64::MAX, |rotation| rotation.at.size());
        let since = |at: usize| at.checked_sub(1).map_or(0, until);
        let keys = std::iter::once(&self.first).chain(self.rotations.iter().map(|rotation| &rotation.new));
        keys.enumerate()
            .filter(|(at, _)| since(*at) <= size && size <= until(*at))
            .map(|(_, key)| key.clone())
            .collect()
    }

    /// Opens a signed checkpoint with the key of its size.
    pub fn open(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        let stated: Checkpoint = note.text().parse()?;
        Checkpoint::open(note, &self.keys_at(stated.size()))
    }

    fn size(&self) -> u64 {
        self.rotations.last().map_or(0, |last| last.at.size())
    }
}

#[cfg(test)]
mod tests;
