//! What a token looks like: `sk_live_` and 50 characters of base 58, of which 44 are the secret and 6 a checksum.
//!
//! The secret is 256 random bits, always as wide. The checksum is the CRC-32 of everything before it: a key that was
//! mistyped or cut off is refused without a look at any database, and scanners for leaked secrets can tell a token from
//! what only resembles one. It is no proof of anything: everybody can compute it.
//!
//! Tokens that Bearer for Laravel issued are read too.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::limits;

/// Every token that is issued matches this regular expression: for scanners of source code and logs. What matches and
/// has a wrong checksum is none.
pub const PATTERN: &str = r"\b[A-Za-z][A-Za-z0-9-]{0,31}_[A-Za-z][A-Za-z0-9-]{0,31}_[1-9A-HJ-NP-Za-km-z]{50}\b";

/// Without the characters that are mistaken for each other: no 0, O, I and l.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The digits of 256 bits.
const SECRET_CHARS: usize = 44;
/// The digits of 32 bits.
const CHECKSUM_CHARS: usize = 6;

/// The text of a token, which only its user may have. It is wiped from memory when dropped, and shown by nothing but
/// [`reveal`](Self::reveal).
pub struct Plaintext(Zeroizing<String>);

/// Why no token could be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A prefix or an environment that no token can have.
    #[error("\"{0}\" cannot be part of a token: begin with a letter, and write at most 32 letters, digits and hyphens")]
    Word(String),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Plaintext {
    /// A new token of a prefix and an environment.
    pub fn generate(prefix: &str, environment: &str) -> Result<Self, GenerateError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice())?;
        Self::of_secret(prefix, environment, &secret)
    }

    fn of_secret(prefix: &str, environment: &str, secret: &[u8; 32]) -> Result<Self, GenerateError> {
        if let Some(word) = [prefix, environment].into_iter().find(|word| !is_word(word)) {
            return Err(GenerateError::Word(word.chars().take(64).collect()));
        }
        // As large as it gets: growing would leave a copy behind.
        let bytes = prefix.len() + environment.len() + 2 + SECRET_CHARS + CHECKSUM_CHARS;
        let mut text = Zeroizing::new(String::with_capacity(bytes));
        text.extend([prefix, "_", environment, "_"]);
        text.extend(base58::<SECRET_CHARS>(secret).iter().copied().map(char::from));
        let checksum = checksum(&text);
        text.extend(checksum.iter().copied().map(char::from));
        Ok(Self(text))
    }

    /// A text that was kept sealed.
    pub(super) const fn unsealed(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text, to be handed to its user.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }

    /// Its last four characters, by which people tell one token from another.
    pub fn last_four(&self) -> &str {
        self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default()
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Plaintext(..)")
    }
}

/// How a token was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// By us.
    Own,
    /// By Bearer's generator `seam`: 24 characters of base 58.
    Seam,
    /// By Bearer's generator `uuid`.
    Uuid,
    /// By Bearer's generator `random`: 40 letters and digits, and their CRC-32 in hexadecimal digits.
    Random,
}

/// A text that is a token by its looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The id that Bearer's users may put before the text: `id|text`.
    pub id: Option<&'a str>,
    /// The prefix of its type, e.g. `sk`.
    pub prefix: &'a str,
    /// Its environment, e.g. `live`.
    pub environment: &'a str,
    /// How it was made.
    pub format: Format,
    text: &'a str,
}

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It looks like none.
    #[error("this is no token: one looks like sk_live_ and 50 letters and digits")]
    Malformed,
    /// It looks like one that was mistyped, cut off or made up.
    #[error("the token's checksum is wrong: it was mistyped or changed; copy it again")]
    Checksum,
}

impl<'a> Parsed<'a> {
    /// Reads a token as it was presented.
    pub fn of(presented: &'a str) -> Result<Self, FormatError> {
        if presented.len() > limits::TOKEN_BYTES_MAX {
            return Err(FormatError::Malformed);
        }
        let (id, text) = presented.split_once('|').map_or((None, presented), |(id, text)| (Some(id), text));
        let mut parts = text.split('_');
        let (Some(prefix), Some(environment), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(FormatError::Malformed);
        };
        if !is_word(prefix) || !is_word(environment) || !id.is_none_or(is_id) {
            return Err(FormatError::Malformed);
        }
        let format = Format::of(secret).ok_or(FormatError::Malformed)?;
        let is_right = match format {
            Format::Own => text
                .split_at_checked(text.len() - CHECKSUM_CHARS)
                .is_some_and(|(all, sum)| *checksum(all) == *sum.as_bytes()),
            Format::Random => secret
                .split_at_checked(40)
                .is_some_and(|(all, sum)| format!("{:08x}", crc32fast::hash(all.as_bytes())) == sum),
            Format::Seam | Format::Uuid => true,
        };
        if is_right { Ok(Self { id, prefix, environment, format, text }) } else { Err(FormatError::Checksum) }
    }

    /// By what the token is found: [`hash`] of its text, without the id.
    pub fn hash(&self) -> [u8; 32] {
        hash(self.text)
    }
}

/// Without the secret.
impl fmt::Debug for Parsed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Parsed({}_{}_.., {:?})", self.prefix, self.environment, self.format)
    }
}

impl Format {
    /// The one that makes secrets like this.
    fn of(secret: &str) -> Option<Self> {
        let all = |is_one: fn(&u8) -> bool| secret.as_bytes().iter().all(is_one);
        let is_base58 = |byte: &u8| matches!(byte, b'1'..=b'9' | b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z' | b'a'..=b'k' | b'm'..=b'z');
        match secret.len() {
            50 if all(is_base58) => Some(Self::Own),
            24 if all(is_base58) => Some(Self::Seam),
            48 if all(u8::is_ascii_alphanumeric) => Some(Self::Random),
            36 if is_uuid(secret) => Some(Self::Uuid),
            _ => None,
        }
    }
}

/// SHA-256 of a token. Its secret has so many random bits that a slow hash would protect nothing.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether a text can be the prefix of a type, or an environment.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= limits::TOKEN_WORD_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Whether it can stand before the text of an imported token: numbers, UUIDs and ULIDs can.
pub(super) fn is_id(text: &str) -> bool {
    (1..=limits::IMPORTED_ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn checksum(text: &str) -> Zeroizing<[u8; CHECKSUM_CHARS]> {
    base58(&crc32fast::hash(text.as_bytes()).to_be_bytes())
}

/// A number, most significant byte first, in so many digits of base 58.
pub(super) fn base58<const DIGITS: usize>(number: &[u8]) -> Zeroizing<[u8; DIGITS]> {
    let mut digits = Zeroizing::new([0; DIGITS]);
    for byte in number {
        let mut carry = u32::from(*byte);
        for digit in digits.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
    }
    for digit in digits.iter_mut() {
        *digit = ALPHABET.get(usize::from(*digit)).copied().unwrap_or_default();
    }
    digits
}

#[cfg(test)]
mod tests;
