//! The keys that sign notes, and their text forms: `vkey` for those who verify, `skey` for the one who signs.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Signature;
use super::cosigned;
use crate::{base64, limits};

/// What a key signs: its signature type in C2SP signed-note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The text itself (type 0x01): logs.
    Ed25519,
    /// The text of a checkpoint and a time (type 0x04): witnesses.
    Cosignature,
}

/// A public key with its name: whom to trust. Its text form is the *vkey* `name+id+base64(type || key)`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: KeyKind,
    key: VerifyingKey,
}

/// The key of a log: signs texts. Wiped from memory when dropped.
///
/// Its text form is the *skey* `PRIVATE+KEY+name+id+base64(type || seed)`.
pub struct SigningKey(KeyPair);

/// A secret key of either kind.
pub(crate) struct KeyPair {
    secret: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

/// Why a key is refused. The messages never repeat the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name cannot stand in a signature line.
    #[error("a key's name has 1 to {} bytes and no spaces, control characters or '+'", limits::KEY_NAME_BYTES_MAX)]
    Name,
    /// Not of the form of a key.
    #[error("this is no key of the form name+id+base64; was it copied as a whole?")]
    Form,
    /// A kind of key that is not supported, or not the kind that is needed here.
    #[error(
        "the key's signature type is not one that fits here: logs sign with type 1, witnesses with type 4 (Ed25519)"
    )]
    Kind,
    /// The id is not the one of this name and key.
    #[error("the key's id does not fit its name and key: was it copied without an error?")]
    Id,
    /// The public key is no point of the curve, or one that any signature fits.
    #[error("the public key is not a sound Ed25519 key")]
    Point,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::Cosignature].into_iter().find(|kind| kind.byte() == byte)
    }
}

impl VerifierKey {
    /// A key from the 32 bytes of RFC 8032.
    pub fn new(name: &str, kind: KeyKind, public: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name);
        }
        let key = VerifyingKey::from_bytes(public).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { name: name.to_owned(), id: id_of(name, kind, public), kind, key })
    }

    /// Name, as it stands in signature lines; of a log's key it is the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id, as it stands in signature lines.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of RFC 8032.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Verifies the bytes of a signature; `None` when they do not fit, else the time that they state.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Option<u64>> {
        match self.kind {
            KeyKind::Ed25519 => self.verify_bytes(text.as_bytes(), signature).then_some(None),
            KeyKind::Cosignature => {
                let (time_s, signature) = cosigned::split(signature)?;
                let message = cosigned::message(text, time_s);
                self.verify_bytes(message.as_bytes(), signature).then_some(Some(time_s))
            }
        }
    }

    fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl SigningKey {
    /// A key from its 32 secret bytes, which have to come from the system's random source.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self(KeyPair::new(name, KeyKind::Ed25519, seed)?))
    }

    /// Reads an *skey*.
    pub fn from_skey(skey: &str) -> Result<Self, KeyError> {
        Ok(Self(KeyPair::from_skey(skey, KeyKind::Ed25519)?))
    }

    /// The *skey*: keep it secret.
    pub fn to_skey(&self) -> Zeroizing<String> {
        self.0.to_skey()
    }

    /// The public key.
    pub fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// Signs a note's text.
    pub fn sign(&self, text: &str) -> Signature {
        self.0.signature(&self.0.sign(text.as_bytes()))
    }
}

const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

impl KeyPair {
    pub(crate) fn new(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, secret.verifying_key().as_bytes())?;
        Ok(Self { secret, verifier })
    }

    pub(crate) fn from_skey(skey: &str, kind: KeyKind) -> Result<Self, KeyError> {
        let text = KeyText::parse(skey.strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Form)?)?;
        let pair = Self::new(text.name, text.kind, &text.key)?;
        if pair.verifier.id != text.id {
            return Err(KeyError::Id);
        }
        if text.kind == kind { Ok(pair) } else { Err(KeyError::Kind) }
    }

    pub(crate) fn to_skey(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(join_key(&self.verifier, self.secret.as_bytes()));
        Zeroizing::new([PRIVATE_PREFIX, key.as_str()].concat())
    }

    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    /// The signature line of these bytes under this key's name.
    pub(crate) fn signature(&self, bytes: &[u8]) -> Signature {
        Signature { name: self.verifier.name.clone(), key_id: self.verifier.id, bytes: bytes.to_vec() }
    }
}

/// Whether a key may be named so, and a log, whose origin is the name of its key: 1 to
/// [`limits::KEY_NAME_BYTES_MAX`] bytes without spaces, control characters and pluses, because names stand between
/// spaces in signature lines and between pluses in keys.
pub fn is_name(name: &str) -> bool {
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.len() <= limits::KEY_NAME_BYTES_MAX && name.chars().all(sound)
}

fn id_of(name: &str, kind: KeyKind, public: &[u8; 32]) -> u32 {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(public).finalize();
    hash.first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
}

/// The parts of a key's text form; nothing but the form was checked.
struct KeyText<'text> {
    name: &'text str,
    id: u32,
    kind: KeyKind,
    key: Zeroizing<[u8; 32]>,
}

impl<'text> KeyText<'text> {
    fn parse(text: &'text str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let hex = id.len() == 8 && id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let id = u32::from_str_radix(id, 16).ok().filter(|_| hex).ok_or(KeyError::Form)?;
        let key = Zeroizing::new(base64::decode(key).ok_or(KeyError::Form)?);
        let (kind, key) = key.split_first().ok_or(KeyError::Form)?;
        let kind = KeyKind::from_byte(*kind).ok_or(KeyError::Kind)?;
        let key = Zeroizing::new(<[u8; 32]>::try_from(key).map_err(|_| KeyError::Form)?);
        Ok(Self { name, id, kind, key })
    }
}

fn join_key(verifier: &VerifierKey, key: &[u8; 32]) -> String {
    let mut bytes = Zeroizing::new([0; 33]);
    if let Some((kind, place)) = bytes.split_first_mut() {
        *kind = verifier.kind.byte();
        place.copy_from_slice(key);
    }
    let base64 = Zeroizing::new(base64::encode(bytes.as_slice()));
    format!("{}+{:08x}+{}", verifier.name, verifier.id, base64.as_str())
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        let text = KeyText::parse(vkey)?;
        let verifier = Self::new(text.name, text.kind, &text.key)?;
        if verifier.id == text.id { Ok(verifier) } else { Err(KeyError::Id) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&join_key(self, self.public()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerifierKey({self})")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({}, ..)", self.verifier.name)
    }
}
