//! Base 64 as C2SP uses it: the standard alphabet, padded, and only the one canonical spelling of any bytes.

use base64ct::{Base64, Encoding as _};

use crate::tree::Hash;

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// `None` unless the text is what [`encode`] writes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// A line that holds one hash.
pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let len = Base64::decode(text, &mut hash).ok()?.len();
    (len == hash.len()).then_some(Hash(hash))
}

/// A whole number as C2SP writes it: decimal digits without leading zeros.
pub(crate) fn decode_decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    canonical.then(|| text.parse().ok()).flatten()
}
