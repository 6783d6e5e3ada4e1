//! Evidence: one file that proves an event to somebody who has nothing but the log's public key.
//!
//! It is a proof file ([`crate::tlog_proof`]) whose extra line is the event ([`crate::disclosure`]), so other people's
//! code can check its proof, and ours the event too.
//!
//! ```
//! use indelible_proof::checkpoint::Checkpoint;
//! use indelible_proof::cosignature::Quorum;
//! use indelible_proof::disclosure::Disclosure;
//! use indelible_proof::evidence::Evidence;
//! use indelible_proof::note::{SigningKey, VerifierKey};
//! use indelible_proof::{Canonical, EpochKey, Event};
//!
//! // The log: one event, signed.
//! let key = SigningKey::new("log.example.com", &[1; 32])?;
//! let told = Disclosure::of(&Canonical::of(&Event::new("auth.logout")), &EpochKey([7; 32]));
//! let root = told.entry().leaf_hash().into();
//! let checkpoint = Checkpoint::new("log.example.com", 1, root)?.sign(&key);
//! let file = Evidence::new(told, 0, Vec::new(), checkpoint)?.to_string();
//!
//! // The verifier: the file, the log's public key, and no witnesses asked for.
//! let trusted: VerifierKey = key.verifier().to_string().parse()?;
//! let none = Quorum::new(Vec::new(), 0)?;
//! let proven = Evidence::parse(file.as_bytes())?.verify(&[trusted], &none)?;
//! assert_eq!((proven.seq, proven.event.action.as_str()), (0, "auth.logout"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::cosignature::{Quorum, QuorumError};
use crate::disclosure::Disclosure;
use crate::error::EventError;
use crate::event::Event;
use crate::leaf::Entry;
use crate::limits;
use crate::note::{Note, Verified, VerifierKey};
use crate::tlog_proof::{TlogProof, TlogProofError};
use crate::tree::Hash;

/// An event with the proof that it is in a log; not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    disclosure: Disclosure,
    proof: TlogProof,
}

/// What evidence proves.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven<'keys> {
    /// The event's place in the log.
    pub seq: u64,
    /// The event; parts that were erased or withheld are absent.
    pub event: Event,
    /// Its entry of the tree.
    pub entry: Entry,
    /// The tree that has it.
    pub checkpoint: Checkpoint,
    /// The witnesses who saw that tree, and when.
    pub witnesses: Vec<Verified<'keys>>,
}

/// What is wrong with evidence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvidenceError {
    /// The proof does not hold: the form, the checkpoint, its signature, or the event's place.
    #[error(transparent)]
    Proof(#[from] TlogProofError),
    /// A proof file without an event.
    #[error("the proof file has no event in its extra line; verify it with the entry from elsewhere")]
    NoEvent,
    /// The event in it is damaged.
    #[error("the event in the proof file: {0}")]
    Event(EventError),
    /// The event is too large for a proof file.
    #[error("the disclosed event takes {bytes} bytes; at most {} are allowed", limits::EXTRA_BYTES_MAX)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The witnesses asked for did not sign.
    #[error(transparent)]
    Witnesses(#[from] QuorumError),
}

impl Evidence {
    /// Evidence of the event at `seq`, with its inclusion proof in the tree of the signed checkpoint.
    pub fn new(disclosure: Disclosure, seq: u64, proof: Vec<Hash>, checkpoint: Note) -> Result<Self, EvidenceError> {
        let extra = disclosure.to_json();
        if extra.len() > limits::EXTRA_BYTES_MAX {
            return Err(EvidenceError::TooLarge { bytes: extra.len() });
        }
        let proof = TlogProof { extra: Some(extra), index: seq, hashes: proof, checkpoint };
        Ok(Self { disclosure, proof })
    }

    /// Reads an evidence file; the bytes are the file and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let proof = TlogProof::parse(bytes)?;
        let extra = proof.extra.as_deref().ok_or(EvidenceError::NoEvent)?;
        let disclosure = Disclosure::from_json(extra).map_err(EvidenceError::Event)?;
        Ok(Self { disclosure, proof })
    }

    /// What is told of the event.
    pub fn disclosure(&self) -> &Disclosure {
        &self.disclosure
    }

    /// The proof around it.
    pub fn proof(&self) -> &TlogProof {
        &self.proof
    }

    /// Verifies everything: event to entry, entry to root, root to the log's signature, and the witnesses.
    ///
    /// `log` are the keys that the verifier trusts for the log; `witnesses` may ask for none.
    pub fn verify<'keys>(&self, log: &[VerifierKey], witnesses: &'keys Quorum) -> Result<Proven<'keys>, EvidenceError> {
        let entry = self.disclosure.entry();
        let checkpoint = self.proof.verify(&entry.leaf_hash().into(), log)?;
        let witnesses = witnesses.check(&self.proof.checkpoint)?;
        let event = self.disclosure.event().map_err(EvidenceError::Event)?;
        Ok(Proven { seq: self.proof.index, event, entry, checkpoint, witnesses })
    }
}

/// The file.
impl fmt::Display for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.proof, out)
    }
}

#[cfg(test)]
mod tests;
