//! The secret of an API key: `ik_` and 32 random bytes in lower-case base 32.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// Crockford's alphabet: no letters that are mistaken for digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of the secret that are kept for display: 25 random bits of 256.
const PREFIX: usize = "ik_".len() + 5;

/// A key as it is given to its user, once.
pub(crate) struct Secret(String);

impl Secret {
    /// A new one.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("ik_{}", random::<32>()?)))
    }

    /// The text to present.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn prefix(&self) -> &str {
        self.0.get(..PREFIX).unwrap_or_default()
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// A new id of a key.
pub(super) fn random_id() -> Result<String, getrandom::Error> {
    Ok(format!("key_{}", random::<10>()?))
}

/// SHA-256 of a secret. The secret has 256 random bits, so a slow hash would protect nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub(super) fn bucket(&self) -> u64 {
        self.0.iter().take(8).fold(0, |bucket, &byte| bucket << 8 | u64::from(byte))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        base16ct::lower::encode_string(&digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const PROBLEM: &str = "sha256 is not 64 hexadecimal digits";
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(PROBLEM);
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * at..2 * at + 2).ok_or(PROBLEM)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| PROBLEM)?;
        }
        Ok(Self(bytes))
    }
}

fn random<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(base32(&bytes))
}

fn base32(bytes: &[u8]) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (0..(bytes.len() * 8).div_ceil(5))
        .map(|digit| (0..5).fold(0, |value, at| value << 1 | bit(digit * 5 + at)))
        .filter_map(|value| ALPHABET.get(usize::from(value)).copied().map(char::from))
        .collect()
}
