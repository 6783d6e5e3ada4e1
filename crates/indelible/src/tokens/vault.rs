//! Texts of revealable tokens, encrypted with a key that is not in the database.
//!
//! Sealed with XChaCha20-Poly1305: 24 random bytes of nonce, then the text with its tag. The token's id is authenticated
//! along with it, so that a text moved to another token's row cannot be opened there.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::format::Plaintext;

const NONCE_BYTES: usize = 24;

/// The key to the texts of revealable tokens. It is wiped from memory when dropped.
pub struct Vault(XChaCha20Poly1305);

/// Why a text was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Made with another key, for another token, or damaged.
    #[error(
        "the text of token {0} cannot be opened: the key is not the one that it was sealed with, or the row was changed"
    )]
    Unopened(String),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Vault {
    /// A vault with this key. It has to be random, and kept elsewhere than the database: who has both can read all.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    pub(super) fn seal(&self, id: &str, text: &Plaintext) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: text.reveal().as_bytes(), aad: id.as_bytes() };
        // Fails for texts of 256 GiB alone.
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Unopened(id.to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    pub(super) fn open(&self, id: &str, sealed: &[u8]) -> Result<Plaintext, VaultError> {
        let unopened = || VaultError::Unopened(id.to_owned());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(unopened)?;
        let payload = Payload { msg: sealed, aad: id.as_bytes() };
        let text = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| unopened())?;
        let text = String::from_utf8(text).map_err(|_| unopened())?;
        Ok(Plaintext::unsealed(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Vault(..)")
    }
}

#[cfg(test)]
mod tests;
