//! Checkpoints: C2SP tlog-checkpoint. What a log signs about its tree.
//!
//! ```text
//! origin                                     name of the log
//! size                                       decimal
//! root hash                                  base64
//! extension lines, none in checkpoints that our own logs show
//! ```

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::limits;
use crate::note::{Note, NoteError, SigningKey, Verified, VerifierKey};
use crate::tree::{EMPTY_ROOT, Hash};

/// Size and root of a log's tree at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is damaged or not signed by whom it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is no checkpoint.
    #[error("line {line} of the checkpoint is not {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A checkpoint of another log.
    #[error("this is a checkpoint of the log {found}, not of {expected}")]
    Origin {
        /// The log that it is of.
        found: String,
        /// The log that it should be of.
        expected: String,
    },
    /// A tree without leaves has one root only.
    #[error("the checkpoint is of an empty tree and its root is not that of the empty tree")]
    EmptyRoot,
}

impl Checkpoint {
    /// A checkpoint of the log that signs with keys named `origin`.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if !is_line(&origin) || origin.len() > limits::KEY_NAME_BYTES_MAX {
            return Err(CheckpointError::Line { line: 1, expected: ORIGIN });
        }
        if size == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root, extensions: Vec::new() })
    }

    /// Name of the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of events in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// The same with one more extension line.
    pub fn extended(mut self, line: impl Into<String>) -> Result<Self, CheckpointError> {
        let line = line.into();
        if !is_line(&line) {
            return Err(CheckpointError::Line { line: 4 + self.extensions.len(), expected: EXTENSION });
        }
        self.extensions.push(line);
        Ok(self)
    }

    /// The lines behind the root; opaque.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The checkpoint as a note with the log's signature.
    pub fn sign(&self, key: &SigningKey) -> Note {
        let text = self.to_string();
        let signatures = vec![key.sign(&text)];
        Note { text, signatures }
    }

    /// Opens a signed checkpoint: the log's key must have signed it, and its origin must be the key's name.
    ///
    /// Of several keys (an old and a new one) at least one must have signed; all have to bear the log's name.
    pub fn open(note: &Note, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let signed = note.verify(keys)?;
        let checkpoint: Self = note.text().parse()?;
        let by = |verified: &Verified<'_>| verified.key.name() == checkpoint.origin;
        if signed.iter().any(by) {
            return Ok(checkpoint);
        }
        let expected = signed.first().map_or("", |verified| verified.key.name()).to_owned();
        Err(CheckpointError::Origin { found: checkpoint.origin, expected })
    }
}

const ORIGIN: &str = "a log's name of 1 to 255 bytes";
const EXTENSION: &str = "an extension: it is empty or has control characters";

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

/// Reads the text of a note, whose signatures say whether to believe it.
impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, expected| CheckpointError::Line { line, expected };
        let mut lines = text.split('\n');
        let origin = lines.next().unwrap_or_default();
        let size = lines.next().and_then(base64::decode_decimal);
        let size = size.ok_or(wrong(2, "a size in decimal digits without leading zeros"))?;
        let root = lines.next().and_then(base64::decode_hash);
        let root = root.ok_or(wrong(3, "a root hash in canonical base64"))?;
        let mut extensions: Vec<_> = lines.map(str::to_owned).collect();
        // The text ends in a newline, after which nothing comes.
        if extensions.pop().is_none_or(|after| !after.is_empty()) {
            return Err(wrong(4 + extensions.len(), "complete: it has no newline at its end"));
        }
        if let Some(at) = extensions.iter().position(|line| !is_line(line)) {
            return Err(wrong(4 + at, EXTENSION));
        }
        Ok(Self { extensions, ..Self::new(origin, size, root)? })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n{}\n{}", self.origin, self.size, base64::encode(&self.root.0))?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

#[cfg(test)]
mod tests;
