//! Signed notes: C2SP signed-note.
//!
//! ```text
//! text, any lines, the last of which ends in a newline
//! (an empty line)
//! — key name base64(key id || signature)      one line a signature
//! ```
//!
//! A note is read strictly: there is one spelling of it, and [`Note`]'s `Display` writes it again byte for byte. Its
//! text must not be believed before [`Note::verify`] found the signature of a key that is trusted. Signatures of
//! unknown keys are carried along and ignored, so that witnesses and new keys can sign too.

pub(crate) mod cosigned;
mod key;

use std::fmt;

use crate::base64;
use crate::limits;

pub(crate) use key::KeyPair;
pub use key::{KeyError, KeyKind, SigningKey, VerifierKey, is_name};

/// A text with its signatures, not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Plain, and ends in a newline.
    pub(crate) text: String,
    /// At least one.
    pub(crate) signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub(crate) name: String,
    pub(crate) key_id: u32,
    /// What follows the key id; its form depends on the kind of the key.
    pub(crate) bytes: Vec<u8>,
}

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'key> {
    /// The key that signed.
    pub key: &'key VerifierKey,
    /// When, in seconds since 1970, by the signer's clock; only cosignatures say it.
    pub time_s: Option<u64>,
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than [`limits::NOTE_BYTES_MAX`] or with more signatures than [`limits::SIGNATURES_MAX`].
    #[error(
        "the note is larger than {} bytes or has more than {} signatures",
        limits::NOTE_BYTES_MAX,
        limits::SIGNATURES_MAX
    )]
    TooLarge,
    /// No UTF-8, or with control characters.
    #[error("the note is no plain text: it was damaged, or this is another kind of file")]
    NoPlainText,
    /// Without the empty line, or without a newline at the end.
    #[error("the note has no empty line before its signatures, or does not end in a newline: was it cut?")]
    NoSignatures,
    /// A line after the empty line is no signature.
    #[error("line {line} after the note's text is no signature line in canonical form")]
    SignatureLine {
        /// The line, from 1.
        line: usize,
    },
    /// The signature of a trusted key is wrong.
    #[error("the signature of {name} does not fit the text: the note was altered, or another key signed")]
    WrongSignature {
        /// Name of the key.
        name: String,
    },
    /// None of the trusted keys signed.
    #[error("none of the trusted keys signed the note; its signatures are of: {signers}")]
    Untrusted {
        /// Who signed, as the note has it: name and key id.
        signers: String,
    },
}

impl Note {
    /// A text with its first signature. The text has to end in a newline and be free of other control characters.
    pub fn new(text: impl Into<String>, signature: Signature) -> Result<Self, NoteError> {
        let text = text.into();
        if !is_plain(&text) {
            return Err(NoteError::NoPlainText);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::NoSignatures);
        }
        Ok(Self { text, signatures: vec![signature] })
    }

    /// Reads a signed note; the bytes are the note and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > limits::NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge);
        }
        let note = std::str::from_utf8(bytes).ok().filter(|note| is_plain(note)).ok_or(NoteError::NoPlainText)?;
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let signatures = Signature::parse_lines(signatures)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text that is signed, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every signature, known or not, in the order of the note.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds signatures that the note does not have yet; beyond [`limits::SIGNATURES_MAX`] they are left out.
    pub fn add(&mut self, signatures: impl IntoIterator<Item = Signature>) {
        for signature in signatures {
            if !self.signatures.contains(&signature) && self.signatures.len() < limits::SIGNATURES_MAX {
                self.signatures.push(signature);
            }
        }
    }

    /// The note with those of its signatures that are by one of these keys.
    ///
    /// `None` when none is left.
    pub fn signed_by(&self, keys: &[VerifierKey]) -> Option<Self> {
        let mut signatures = self.signatures.clone();
        signatures.retain(|signature| keys.iter().any(|key| signature.is_by(key)));
        (!signatures.is_empty()).then(|| Self { text: self.text.clone(), signatures })
    }

    /// Verifies the signatures of those keys that signed; at least one must have.
    ///
    /// Each key is named once, in the order of `keys`. A signature that bears the name and id of one of the keys and
    /// does not verify makes the whole note refused.
    pub fn verify<'key>(&self, keys: &'key [VerifierKey]) -> Result<Vec<Verified<'key>>, NoteError> {
        let mut verified = Vec::new();
        for key in keys {
            if let Some(time_s) = self.verify_one(key)? {
                verified.push(Verified { key, time_s });
            }
        }
        if verified.is_empty() { Err(NoteError::Untrusted { signers: self.signers() }) } else { Ok(verified) }
    }

    /// The outer `Option` says whether the key signed, the inner when. Of several signatures the latest counts.
    fn verify_one(&self, key: &VerifierKey) -> Result<Option<Option<u64>>, NoteError> {
        let mut signed = None;
        for signature in self.signatures.iter().filter(|signature| signature.is_by(key)) {
            let wrong = || NoteError::WrongSignature { name: key.name().to_owned() };
            signed = signed.max(Some(key.verify(&self.text, &signature.bytes).ok_or_else(wrong)?));
        }
        Ok(signed)
    }

    fn signers(&self) -> String {
        let names: Vec<_> = self.signatures.iter().map(|it| format!("{}+{:08x}", it.name, it.key_id)).collect();
        names.join(", ")
    }
}

impl Signature {
    /// Reads signature lines, as a witness answers them; at least one, each with its newline.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        let lines = text.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        if lines.len() > limits::NOTE_BYTES_MAX || lines.split('\n').count() > limits::SIGNATURES_MAX {
            return Err(NoteError::TooLarge);
        }
        let line = |(line, text)| Self::parse_line(text).ok_or(NoteError::SignatureLine { line });
        (1..).zip(lines.split('\n')).map(line).collect()
    }

    fn parse_line(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = base64::decode(base64)?;
        let (key_id, bytes) = bytes.split_first_chunk()?;
        let key_id = u32::from_be_bytes(*key_id);
        let sound = key::is_name(name) && !bytes.is_empty();
        sound.then(|| Self { name: name.to_owned(), key_id, bytes: bytes.to_vec() })
    }

    /// Name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key that is said to have signed.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Whether the line bears the key's name and id; it is not verified by that.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.key_id == key.id() && self.name == key.name()
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' || byte == b'\n')
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(out, "{signature}"))
    }
}

/// The line, with its newline.
impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.to_be_bytes(), self.bytes.as_slice()].concat();
        writeln!(out, "— {} {}", self.name, base64::encode(&bytes))
    }
}

#[cfg(test)]
pub(crate) mod tests;
