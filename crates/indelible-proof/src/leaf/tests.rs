use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::event::{Event, Recorded};

/// The published vectors; whoever verifies in another language replays the same file.
const VECTORS: &str = include_str!("../../testvectors/leaf.json");

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    event: Value,
    epoch_key: String,
    record: String,
    who: String,
    what: String,
    digest_record: String,
    salt_who: String,
    salt_what: String,
    commit_who: String,
    commit_what: String,
    entry: String,
    leaf_hash: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(hex: &str) -> EpochKey {
    let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    EpochKey(std::array::from_fn(byte))
}

fn event(json: &Value) -> Event {
    serde_json::from_value(json.clone()).unwrap()
}

#[test]
fn the_published_vectors_replay() {
    let Vectors { vectors } = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() >= 12);
    for vector in vectors {
        let parts = Canonical::checked(&event(&vector.event)).unwrap();
        let key = key(&vector.epoch_key);
        let digest = digest(parts.record());
        let salts = key.salts(&digest);
        let entry = Entry::of(&parts, &key);
        let computed = [
            String::from_utf8_lossy(parts.record()).into_owned(),
            String::from_utf8_lossy(parts.who()).into_owned(),
            String::from_utf8_lossy(parts.what()).into_owned(),
            hex(&digest),
            hex(&salts.who),
            hex(&salts.what),
            hex(&commit(&salts.who, parts.who())),
            hex(&commit(&salts.what, parts.what())),
            hex(&entry.0),
            entry.leaf_hash().to_string(),
        ];
        let published = [
            vector.record,
            vector.who,
            vector.what,
            vector.digest_record,
            vector.salt_who,
            vector.salt_what,
            vector.commit_who,
            vector.commit_what,
            vector.entry,
            vector.leaf_hash,
        ];
        assert_eq!(computed, published, "{}", vector.name);
    }
}

#[test]
fn an_empty_part_is_committed_to_as_zeros() {
    let entry = Entry::of(&Canonical::of(&Event::new("auth.logout")), &EpochKey([7; 32]));
    assert_eq!(entry.0[32..], [0; 64]);
}

#[test]
fn the_place_in_the_log_is_no_part_of_the_leaf() {
    let recorded: Recorded = serde_json::from_str(
        r#"{"id":"019386f0-4c00-7abc-8123-0000000004d2","seq":1234,"action":"auth.logout","tenant":"acme"}"#,
    )
    .unwrap();
    assert_eq!(Canonical::of(&recorded.event), Canonical::of(&Event::new("auth.logout").tenant("acme")));
}

#[test]
fn secrets_do_not_appear_in_debug_output() {
    let key = EpochKey([0xab; 32]);
    assert_eq!(format!("{key:?} {:?} {:?}", key.salter(), key.salts(&[0; 32])), "EpochKey(..) Salter(..) Salts(..)");
}
