//! Any text as a signed note, a checkpoint, a rotation, a key, an answer of a witness: an error, or what is written
//! again as the same text. Nothing is believed that a key did not sign.
#![no_main]

use indelible_fuzz::{log_key, witness};
use indelible_proof::{
    checkpoint::Checkpoint,
    cosignature::Quorum,
    note::{Note, Signature, VerifierKey},
    rotation::{self, KeyHistory, Rotation},
    witness::{parse_conflict, take_answer},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(lines) = Signature::parse_lines(text) {
        assert_eq!(lines.iter().map(Signature::to_string).collect::<String>(), text);
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    let _ = parse_conflict(text.as_bytes());
    if let Ok(rotations) = rotation::parse(text.as_bytes()) {
        assert_eq!(rotation::to_text(&rotations), text);
    }
    let Ok(mut note) = Note::parse(text.as_bytes()) else { return };
    assert_eq!(note.to_string(), text);
    let log = [log_key().verifier().clone()];
    let _ = Rotation::open(&note);
    let _ = KeyHistory::follow(log[0].clone(), std::slice::from_ref(&note));
    if let Ok(checkpoint) = Checkpoint::open(&note, &log) {
        assert!(note.signatures().iter().any(|it| it.is_by(&log[0])) && checkpoint.to_string() == note.text());
    }
    let quorum = Quorum::new(vec![witness().verifier().clone()], 1).unwrap();
    let seen = quorum.check(&note).is_ok();
    let answer: String = note.signatures().iter().map(Signature::to_string).collect();
    assert_eq!(take_answer(&mut note, answer.as_bytes(), witness().verifier()).is_ok(), seen);
});
