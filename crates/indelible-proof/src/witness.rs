//! The protocol between a log and its witnesses: C2SP tlog-witness, `add-checkpoint`, without the HTTP.
//!
//! ```text
//! old <size that the witness cosigned last>
//! consistency proof from there, a hash a line in base64; none when the size is 0
//! (an empty line)
//! the signed checkpoint
//! ```
//!
//! A log sends an [`AddCheckpoint`]. The witness asks [`decide`], stores the new [`Seen`] durably, and only then
//! cosigns ([`crate::cosignature::Cosigner::cosign`]) and answers the signature line. Reading what was seen, deciding
//! and storing have to be one step for each log, or two requests could roll the witness back. The log takes the answer
//! with [`take_answer`].

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::base64::{self, decode_decimal, decode_hash};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::limits;
use crate::note::{Note, NoteError, Signature, VerifierKey};
use crate::tree::{EMPTY_ROOT, Hash, ProofError, verify_consistency};

/// What a log asks a witness to cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

/// The checkpoint of a log that a witness cosigned last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Leaves in its tree.
    pub size: u64,
    /// Root of its tree.
    pub root: Hash,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No request of the form above.
    #[error("line {line} of the request is not {expected}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The checkpoint is damaged.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The witness does not know the log.
    #[error("this witness does not know the log {origin}; ask its operator to add it")]
    UnknownLog {
        /// The log.
        origin: String,
    },
    /// The log's keys did not sign, or a signature of theirs is wrong.
    #[error("the checkpoint is not signed by the log: {0}")]
    NotSigned(NoteError),
    /// The proof starts from a larger tree than the checkpoint's.
    #[error("the old size {old} is above the checkpoint's size {new}")]
    OldSize {
        /// Where the proof starts.
        old: u64,
        /// The checkpoint's size.
        new: u64,
    },
    /// The proof does not start where the witness stands.
    #[error("the checkpoint cosigned last has {seen} leaves: prove consistency from there")]
    Conflict {
        /// Size of the checkpoint cosigned last.
        seen: u64,
    },
    /// The checkpoint does not extend the one that was cosigned last: the log forked, or its proof is wrong.
    #[error("the checkpoint does not extend the one cosigned last: {0}")]
    Inconsistent(ProofError),
}

/// Why the answer of a witness is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No signature lines, or a wrong signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// No text at all.
    #[error("the witness did not answer with text")]
    NoText,
}

impl Refusal {
    /// The HTTP status that the protocol gives it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } | Self::OldSize { .. } => 400,
            Self::Checkpoint(CheckpointError::EmptyRoot) | Self::Inconsistent(_) => 422,
            Self::Checkpoint(_) => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownLog { .. } => 404,
            Self::Conflict { .. } => 409,
        }
    }
}

impl AddCheckpoint {
    /// A request for a signed checkpoint with the proof that it extends a tree of `old_size` leaves.
    pub fn new(old_size: u64, proof: Vec<Hash>, note: Note) -> Result<Self, Refusal> {
        let checkpoint: Checkpoint = note.text().parse()?;
        if proof.len() > limits::WITNESS_HASHES_MAX {
            return Err(Refusal::Malformed {
                line: 2 + limits::WITNESS_HASHES_MAX,
                expected: "empty: at most 63 hashes",
            });
        }
        Ok(Self { old_size, proof, note, checkpoint })
    }

    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let wrong = |line, expected| Refusal::Malformed { line, expected };
        if body.len() > limits::NOTE_BYTES_MAX {
            return Err(wrong(1, "the beginning of a request of a sensible size"));
        }
        let body = str::from_utf8(body).map_err(|_| wrong(1, "text"))?;
        let (head, note) =
            body.split_once("\n\n").ok_or(wrong(1, "followed by a proof, an empty line and a checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| decode_decimal(line.strip_prefix("old ")?));
        let old_size = old_size.ok_or(wrong(1, "\"old \" and a size without leading zeros"))?;
        let hash = |(line, text)| decode_hash(text).ok_or(wrong(line, "a hash in canonical base64"));
        let proof = (2..).zip(lines).take(limits::WITNESS_HASHES_MAX + 1).map(hash).collect::<Result<Vec<_>, _>>()?;
        Self::new(old_size, proof, Note::parse(note.as_bytes()).map_err(CheckpointError::from)?)
    }

    /// The checkpoint; not to be believed before [`decide`].
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signed checkpoint, whose text is to be cosigned.
    pub fn note(&self) -> &Note {
        &self.note
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(out, "{}", base64::encode(&hash.0)))?;
        write!(out, "\n{}", self.note)
    }
}

/// Whether a witness that trusts `keys` for the log and saw `seen` of it may cosign; what it then has seen.
///
/// No keys: the log is unknown. `seen` is `None` before the first checkpoint.
pub fn decide(request: &AddCheckpoint, keys: &[VerifierKey], seen: Option<&Seen>) -> Result<Seen, Refusal> {
    let AddCheckpoint { old_size: old, proof, note, checkpoint } = request;
    let new = checkpoint.size();
    if keys.is_empty() {
        return Err(Refusal::UnknownLog { origin: checkpoint.origin().to_owned() });
    }
    note.verify(keys).map_err(Refusal::NotSigned)?;
    if *old > new {
        return Err(Refusal::OldSize { old: *old, new });
    }
    let seen = seen.copied().unwrap_or(Seen { size: 0, root: EMPTY_ROOT });
    if *old != seen.size {
        return Err(Refusal::Conflict { seen: seen.size });
    }
    let newer = (new, checkpoint.root());
    verify_consistency((seen.size, &seen.root), newer, proof).map_err(Refusal::Inconsistent)?;
    Ok(Seen { size: new, root: *checkpoint.root() })
}

/// Takes a witness's answer: verifies its cosignature of the note, adds it, and says when it was made, in seconds since
/// 1970. Lines of other keys are left out.
pub fn take_answer(note: &mut Note, answer: &[u8], witness: &VerifierKey) -> Result<u64, AnswerError> {
    let lines = str::from_utf8(answer).map_err(|_| AnswerError::NoText)?;
    let mut signatures = Signature::parse_lines(lines)?;
    signatures.retain(|signature| signature.is_by(witness));
    let cosigned = Note { text: note.text.clone(), signatures };
    let verified = cosigned.verify(std::slice::from_ref(witness))?;
    let time_s = verified.iter().find_map(|it| it.time_s).unwrap_or_default();
    note.add(cosigned.signatures);
    Ok(time_s)
}

/// Body of the answer to [`Refusal::Conflict`], sent as `text/x.tlog.size`.
pub fn conflict_body(seen: u64) -> String {
    format!("{seen}\n")
}

/// Reads what [`conflict_body`] wrote: the size from which the witness wants a proof.
///
/// A size above the log's own means that the log was rolled back: it must not go on.
pub fn parse_conflict(body: &[u8]) -> Option<u64> {
    decode_decimal(str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// Where a witness serves the checkpoint that it cosigned last, below its monitoring prefix.
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", Hash(Sha256::digest(origin).into()))
}

#[cfg(test)]
mod tests;
