//! The Merkle leaf of an event.

use std::fmt;

use crate::canonical::Canonical;

/// The secret from which an epoch's salts are derived. Destroying it makes erased parts unguessable for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochKey(pub [u8; 32]);

impl fmt::Debug for EpochKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EpochKey(..)")
    }
}

/// What the tree commits to: digest of the record, commitment to *who*, commitment to *what*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry(pub [u8; 96]);

/// RFC 6962 leaf hash of an [`Entry`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafHash(pub [u8; 32]);

impl Entry {
    /// The entry of an event under an epoch key.
    pub fn of(parts: &Canonical, key: &EpochKey) -> Self {
        let _ = (parts, key);
        Self([0; 96])
    }

    /// SHA-256(0x00 || entry).
    pub fn leaf_hash(&self) -> LeafHash {
        LeafHash([0; 32])
    }
}

impl fmt::Display for LeafHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for LeafHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
