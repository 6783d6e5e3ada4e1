//! The Merkle leaf of an event.
//!
//! ```text
//! digest(record) = SHA-256(JCS(record))
//! salts          = HMAC-SHA256(epoch key, digest(record))     first 16 bytes for who, last 16 for what
//! commit(part)   = SHA-256(salt || JCS(part)); 32 zero bytes when the part is empty
//! entry          = digest(record) || commit(who) || commit(what)
//! leaf hash      = SHA-256(0x00 || entry)                     RFC 6962
//! ```
//!
//! `testvectors/leaf.json` holds examples, and `testvectors/replay.py` computes them again in another language.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::canonical::Canonical;

/// The secret from which an epoch's salts are derived. Destroying it makes erased parts unguessable for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochKey(pub [u8; 32]);

/// An [`EpochKey`] made ready for many events.
#[derive(Clone)]
pub struct Salter(Hmac<Sha256>);

/// The salts of one event's parts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salts {
    /// Salt of *who*.
    pub who: [u8; 16],
    /// Salt of *what*.
    pub what: [u8; 16],
}

/// What the tree commits to: digest of the record, commitment to *who*, commitment to *what*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry(pub [u8; 96]);

/// RFC 6962 leaf hash of an [`Entry`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafHash(pub [u8; 32]);

impl EpochKey {
    /// What makes the salts of many events: that part of the work which is the same for all is done.
    pub fn salter(&self) -> Salter {
        // HMAC fills a short key with zeros up to the hash's block; doing it here leaves no length to refuse.
        let mut block = [0; 64];
        let (key, _) = block.split_at_mut(32);
        key.copy_from_slice(&self.0);
        Salter(Hmac::new(&block.into()))
    }

    /// The salts of the event whose record has this digest.
    pub fn salts(&self, digest: &[u8; 32]) -> Salts {
        self.salter().salts(digest)
    }
}

impl Salter {
    /// The salts of the event whose record has this digest.
    pub fn salts(&self, digest: &[u8; 32]) -> Salts {
        let mut mac = self.0.clone();
        mac.update(digest);
        let mac: [u8; 32] = mac.finalize().into_bytes().into();
        let mut salts = Salts { who: [0; 16], what: [0; 16] };
        let (who, what) = mac.split_at(16);
        salts.who.copy_from_slice(who);
        salts.what.copy_from_slice(what);
        salts
    }
}

/// Digest of a record's canonical bytes.
pub fn digest(record: &[u8]) -> [u8; 32] {
    Sha256::digest(record).into()
}

/// Commitment to a part's canonical bytes; 32 zero bytes when it is empty.
pub fn commit(salt: &[u8; 16], part: &[u8]) -> [u8; 32] {
    if part.is_empty() { [0; 32] } else { Sha256::new().chain_update(salt).chain_update(part).finalize().into() }
}

impl Entry {
    /// The entry of an event under an epoch key.
    pub fn of(parts: &Canonical, key: &EpochKey) -> Self {
        Self::of_parts(parts.record(), parts.who(), parts.what(), &key.salter())
    }

    /// The same from the canonical bytes of the parts.
    pub fn of_parts(record: &[u8], who: &[u8], what: &[u8], salter: &Salter) -> Self {
        let digest = digest(record);
        let salts = salter.salts(&digest);
        Self::join(&digest, &commit(&salts.who, who), &commit(&salts.what, what))
    }

    /// The entry of a record's digest and its two commitments: all that is left of an erased part.
    pub fn join(digest: &[u8; 32], who: &[u8; 32], what: &[u8; 32]) -> Self {
        let mut entry = [0; 96];
        for (place, part) in entry.chunks_exact_mut(32).zip([digest, who, what]) {
            place.copy_from_slice(part);
        }
        Self(entry)
    }

    /// SHA-256(0x00 || entry).
    pub fn leaf_hash(&self) -> LeafHash {
        LeafHash(Sha256::new().chain_update([0]).chain_update(self.0).finalize().into())
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EpochKey(..)")
    }
}

impl fmt::Debug for Salter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Salter(..)")
    }
}

impl fmt::Debug for Salts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Salts(..)")
    }
}

impl fmt::Display for LeafHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        out.write_str(base16ct::lower::encode_str(&self.0, &mut text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for LeafHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests;
