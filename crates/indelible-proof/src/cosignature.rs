//! Cosignatures: C2SP tlog-cosignature, the Ed25519 form (v1). A witness states that a checkpoint is the largest one
//! that it saw of a log, and that it extends all that it saw before.
//!
//! ```text
//! what is signed     "cosignature/v1\ntime " seconds "\n" text of the checkpoint
//! signature bytes    seconds (8 bytes, big-endian) || Ed25519 signature (64 bytes)
//! ```

use zeroize::Zeroizing;

use crate::note::cosigned::{TIME_MAX_S, message};
use crate::note::{KeyError, KeyKind, KeyPair, Note, NoteError, Signature, Verified, VerifierKey};

/// The secret key of a witness. Wiped from memory when dropped.
#[derive(Debug)]
pub struct Cosigner(KeyPair);

/// Which witnesses are trusted, and how many of them have to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

/// Why a quorum is no sound policy, or was not reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    /// More signatures are asked for than there are witnesses.
    #[error("{needed} cosignatures are asked for and there are {witnesses} witnesses: no checkpoint could have them")]
    Unreachable {
        /// Cosignatures asked for.
        needed: usize,
        /// Witnesses named.
        witnesses: usize,
    },
    /// Two witnesses share a name or a public key, or one's key is not of a witness.
    #[error(
        "{name} is named twice as a witness, shares its public key with another one, or its key is not of a witness (type 4)"
    )]
    Witness {
        /// Name of the witness.
        name: String,
    },
    /// A cosignature is wrong.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Too few of the witnesses signed.
    #[error("{found} of the witnesses signed, {needed} are asked for; missing: {missing}")]
    TooFew {
        /// Cosignatures found.
        found: usize,
        /// Cosignatures asked for.
        needed: usize,
        /// Names of the witnesses who did not sign.
        missing: String,
    },
}

impl Cosigner {
    /// A key from its 32 secret bytes, which have to come from the system's random source and serve nothing else.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self(KeyPair::new(name, KeyKind::Cosignature, seed)?))
    }

    /// Reads an *skey* of type 4.
    pub fn from_skey(skey: &str) -> Result<Self, KeyError> {
        Ok(Self(KeyPair::from_skey(skey, KeyKind::Cosignature)?))
    }

    /// The *skey*: keep it secret.
    pub fn to_skey(&self) -> Zeroizing<String> {
        self.0.to_skey()
    }

    /// The public key.
    pub fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// Cosigns a checkpoint's text at a time in seconds since 1970 that is known to
    /// extend all that was cosigned before.
    pub fn cosign(&self, checkpoint: &str, time_s: u64) -> Signature {
        let time_s = time_s.min(TIME_MAX_S);
        let signature = self.0.sign(message(checkpoint, time_s).as_bytes());
        self.0.signature(&[&time_s.to_be_bytes(), signature.as_slice()].concat())
    }
}

impl Quorum {
    /// At least `needed` of these witnesses. With 0 cosignatures are verified and none is asked for.
    pub fn new(witnesses: Vec<VerifierKey>, needed: usize) -> Result<Self, QuorumError> {
        if needed > witnesses.len() {
            return Err(QuorumError::Unreachable { needed, witnesses: witnesses.len() });
        }
        for (at, witness) in witnesses.iter().enumerate() {
            let same = |other: &VerifierKey| other.name() == witness.name() || other.public() == witness.public();
            if witness.kind() != KeyKind::Cosignature || witnesses.iter().take(at).any(same) {
                return Err(QuorumError::Witness { name: witness.name().to_owned() });
            }
        }
        Ok(Self { witnesses, needed })
    }

    /// The witnesses, in the order given.
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// How many have to sign.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// The witnesses who cosigned the note, if they are enough. A wrong signature of one of them refuses the note.
    ///
    /// The times are the witnesses' own; whether one lies too far back is for the caller to judge.
    pub fn check(&self, note: &Note) -> Result<Vec<Verified<'_>>, QuorumError> {
        let signed = match note.verify(&self.witnesses) {
            Err(NoteError::Untrusted { .. }) => Vec::new(),
            signed => signed?,
        };
        if signed.len() >= self.needed {
            return Ok(signed);
        }
        let silent = self.witnesses.iter().filter(|witness| signed.iter().all(|it| it.key != *witness));
        let missing: Vec<_> = silent.map(VerifierKey::name).collect();
        Err(QuorumError::TooFew { found: signed.len(), needed: self.needed, missing: missing.join(", ") })
    }
}

#[cfg(test)]
mod tests;
