//! Idempotency keys that a record gets each time it is imported.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Format, limits};

/// The keys given out for one file.
///
/// A record's own id makes the key where it has one: `okta:<uuid>`. Should a file use an id for different records,
/// the later ones get a hash of their content appended. Without an id the key is the hash of the record and the
/// number of its occurrence in the file, because equal lines of a log are different events.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// By id or content: the content first seen, and how often.
    seen: HashMap<u128, (u128, u32)>,
}

/// Bytes of an id within a key; with the longest name of a format and a hash it stays within 128.
const ID_BYTES_MAX: usize = 72;

impl Keys {
    pub(super) fn of(&mut self, format: Format, id: Option<&str>, record: &Value) -> String {
        let content = hash(record.to_string().as_bytes());
        let plain =
            |id: &&str| !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic());
        let Some(id) = id else {
            let occurrence = self.note(content, content).1;
            return format!("{format}:{content:032x}:{occurrence}");
        };
        let id = Some(id).filter(plain).map_or_else(|| format!("{:032x}", hash(id.as_bytes())), str::to_owned);
        let (first, _) = self.note(hash(id.as_bytes()), content);
        if first == content { format!("{format}:{id}") } else { format!("{format}:{id}:{:016x}", content >> 64) }
    }

    fn note(&mut self, key: u128, content: u128) -> (u128, u32) {
        if self.seen.len() >= limits::KEYS_MAX && !self.seen.contains_key(&key) {
            return (content, 1);
        }
        let seen = self.seen.entry(key).or_insert((content, 0));
        seen.1 = seen.1.saturating_add(1);
        *seen
    }
}

fn hash(bytes: &[u8]) -> u128 {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let (head, _) = digest.split_at(16);
    head.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}
