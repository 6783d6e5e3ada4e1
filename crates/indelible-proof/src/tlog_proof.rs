//! Proof files: C2SP tlog-proof. That an entry is in a log, to be checked offline.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>            left out when there is nothing
//! index <seq>
//! inclusion proof, a hash a line in base64
//! (an empty line)
//! the signed checkpoint, with the cosignatures of witnesses
//! ```
//!
//! The usual file extension is `.tlog-proof`. In our own proof files the extra line discloses the event
//! ([`crate::evidence`]).

use std::fmt;

use crate::base64::{self, decode_decimal, decode_hash};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::limits;
use crate::note::{Note, VerifierKey};
use crate::tree::{Hash, ProofError, verify_inclusion};

/// That an entry is in a log; not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What an application adds; not covered by any signature.
    pub extra: Option<Vec<u8>>,
    /// The entry's index in the log.
    pub index: u64,
    /// Inclusion proof, from the leaf upwards.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// Why a proof file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Larger than [`limits::PROOF_BYTES_MAX`].
    #[error("the proof file is larger than {} bytes", limits::PROOF_BYTES_MAX)]
    TooLarge,
    /// A line is not what should stand there.
    #[error("line {line} of the proof file is not {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The checkpoint is damaged, or not signed by the log.
    #[error("the checkpoint in the proof file: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not at this place of the log.
    #[error("the entry is not at index {index} of the log as the checkpoint has it: {problem}")]
    Inclusion {
        /// The place.
        index: u64,
        /// What is wrong.
        problem: ProofError,
    },
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

impl TlogProof {
    /// Reads a proof file; the bytes are the file and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        let wrong = |line, expected| TlogProofError::Line { line, expected };
        if bytes.len() > limits::PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLarge);
        }
        let text = str::from_utf8(bytes).map_err(|_| wrong(1, "text"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(wrong(1, "followed by an empty line and a checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        lines.next_if(|(_, line)| *line == HEADER).ok_or(wrong(1, HEADER))?;
        let extra = lines.next_if(|(_, line)| line.starts_with("extra ")).map(|(_, line)| parse_extra(line));
        let extra =
            extra.map(|extra| extra.ok_or(wrong(2, "extra data in canonical base64, at most 1 MiB"))).transpose()?;
        let (at, index) = lines.next().unwrap_or((2, ""));
        let index = index.strip_prefix("index ").and_then(decode_decimal);
        let index = index.ok_or(wrong(at, "\"index \" and a whole number without leading zeros"))?;
        let hash = |(line, text): (usize, &str)| decode_hash(text).ok_or(wrong(line, "a hash in canonical base64"));
        let hashes = lines.take(limits::PROOF_HASHES_MAX + 1).map(hash).collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > limits::PROOF_HASHES_MAX {
            return Err(wrong(at + hashes.len(), "empty: no proof has more than 64 hashes"));
        }
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(CheckpointError::from)?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Whether one of the log's keys signed the checkpoint and the leaf is at its index of that tree.
    ///
    /// Cosignatures are for [`crate::cosignature::Quorum::check`] on `checkpoint`.
    pub fn verify(&self, leaf: &Hash, log: &[VerifierKey]) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, log)?;
        let index = self.index;
        verify_inclusion(leaf, index, checkpoint.size(), &self.hashes, checkpoint.root())
            .map_err(|problem| TlogProofError::Inclusion { index, problem })?;
        Ok(checkpoint)
    }
}

fn parse_extra(line: &str) -> Option<Vec<u8>> {
    let extra = base64::decode(line.strip_prefix("extra ")?)?;
    (extra.len() <= limits::EXTRA_BYTES_MAX).then_some(extra)
}

impl fmt::Display for TlogProof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", base64::encode(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(out, "{}", base64::encode(&hash.0)))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests;
