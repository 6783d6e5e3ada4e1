use proptest::prelude::*;

use super::*;
use crate::cosignature::Cosigner;
use crate::note::tests::key;
use crate::tree::tests::{from, leaves, nodes_of};
use crate::tree::{consistency_proof, leaf, root_of};

const LOG: &str = "log.example.com";

fn signed(leaves: &[Hash]) -> Note {
    Checkpoint::new(LOG, leaves.len() as u64, root_of(leaves)).unwrap().sign(&key(LOG, 1))
}

fn keys() -> [VerifierKey; 1] {
    [key(LOG, 1).verifier().clone()]
}

fn request(leaves: &[Hash], old: usize) -> AddCheckpoint {
    let proof = consistency_proof(old as u64, leaves.len() as u64, from(&nodes_of(leaves))).unwrap();
    AddCheckpoint::new(old as u64, proof, signed(leaves)).unwrap()
}

fn seen(leaves: &[Hash]) -> Seen {
    Seen { size: leaves.len() as u64, root: root_of(leaves) }
}

#[test]
fn a_witness_follows_a_log_that_grows() {
    let leaves = leaves(40);
    let mut last = None;
    for (old, new) in [(0, 0), (0, 3), (3, 3), (3, 7), (7, 8), (8, 40)] {
        let request = request(&leaves[..new], old);
        let again = AddCheckpoint::parse(request.to_string().as_bytes()).unwrap();
        assert_eq!(again, request);
        let now = decide(&again, &keys(), last.as_ref()).unwrap();
        assert_eq!(now, seen(&leaves[..new]));
        last = Some(now);
    }
}

#[test]
fn a_fork_is_refused() {
    let leaves = leaves(9);
    let mut forked = leaves.clone();
    forked[2] = leaf(b"forked");
    for new in [5, 9] {
        let refusal = decide(&request(&forked[..new], 5), &keys(), Some(&seen(&leaves[..5]))).unwrap_err();
        assert!(matches!(refusal, Refusal::Inconsistent(_)), "{refusal}");
        assert_eq!(refusal.status(), 422);
    }
}

#[test]
fn every_refusal_has_the_status_of_the_protocol() {
    let leaves = leaves(9);
    let five = seen(&leaves[..5]);
    let refused = |request: &AddCheckpoint, keys: &[VerifierKey]| decide(request, keys, Some(&five)).unwrap_err();
    let good = request(&leaves, 5);

    assert_eq!(refused(&good, &[]).status(), 404);
    assert_eq!(refused(&good, &[key(LOG, 2).verifier().clone()]).status(), 403);
    let mut forged = good.clone();
    forged.note.add([key(LOG, 1).sign("another\n")]);
    assert_eq!(refused(&forged, &keys()).status(), 403);
    let above = AddCheckpoint { old_size: 10, ..good.clone() };
    assert_eq!(refused(&above, &keys()), Refusal::OldSize { old: 10, new: 9 });
    assert_eq!(refused(&above, &keys()).status(), 400);
    let elsewhere = request(&leaves, 4);
    assert_eq!(refused(&elsewhere, &keys()), Refusal::Conflict { seen: 5 });
    assert_eq!(refused(&elsewhere, &keys()).status(), 409);
    assert_eq!(decide(&good, &keys(), None), Err(Refusal::Conflict { seen: 0 }));
    let with_proof = AddCheckpoint { proof: vec![leaf(b"")], ..request(&leaves, 0) };
    assert_eq!(decide(&with_proof, &keys(), None).unwrap_err().status(), 422);
    let without = AddCheckpoint { proof: Vec::new(), ..good };
    assert_eq!(refused(&without, &keys()).status(), 422);
}

#[test]
fn a_checkpoint_of_nothing_with_a_wrong_root_is_unprocessable() {
    let text = format!("{LOG}\n0\n{}\n", base64::encode(&[7; 32]));
    let note = Note::new(text.clone(), key(LOG, 1).sign(&text)).unwrap();
    let refusal = AddCheckpoint::parse(format!("old 0\n\n{note}").as_bytes()).unwrap_err();
    assert_eq!(refusal.status(), 422);
}

#[test]
fn a_request_with_any_bit_flipped_is_not_cosigned() {
    let leaves = leaves(9);
    let request = request(&leaves, 5).to_string();
    for at in 0..request.len() * 8 {
        let mut flipped = request.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        let decision = AddCheckpoint::parse(&flipped).and_then(|it| decide(&it, &keys(), Some(&seen(&leaves[..5]))));
        assert!(decision.is_err(), "bit {at}");
    }
}

#[test]
fn damaged_requests_say_which_line_is_wrong() {
    let body = request(&leaves(9), 5).to_string();
    let line = |body: String| match AddCheckpoint::parse(body.as_bytes()).unwrap_err() {
        Refusal::Malformed { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(line(body.replace("old 5", "old 05")), 1);
    assert_eq!(line(body.replace("old 5", "old  5")), 1);
    assert_eq!(line(body.replace("old 5", "Old 5")), 1);
    assert_eq!(line(body.replace("old 5\n", "old 5\nAAAA\n")), 2);
    let hashes = format!("{}\n", base64::encode(&[7; 32])).repeat(60);
    assert_eq!(line(body.replace("old 5\n", &format!("old 5\n{hashes}"))), 65);
    assert_eq!(line("old 5\n".repeat(100_000)), 1);
}

#[test]
fn the_log_takes_the_answer_of_its_witness_and_no_other_line() {
    let (witness, stranger) =
        (Cosigner::new("w.example.com", &[5; 32]).unwrap(), Cosigner::new("s.example.com", &[6; 32]).unwrap());
    let mut note = signed(&leaves(3));
    let (ours, theirs) = (witness.cosign(note.text(), 77), stranger.cosign(note.text(), 78));
    let answer = format!("{theirs}{ours}");
    assert_eq!(take_answer(&mut note, answer.as_bytes(), witness.verifier()), Ok(77));
    assert_eq!(note.signatures().len(), 2);
    assert_eq!(note.signatures()[1], ours);

    let mut other = signed(&leaves(4));
    let wrong = take_answer(&mut other, answer.as_bytes(), witness.verifier());
    assert!(matches!(wrong, Err(AnswerError::Note(NoteError::WrongSignature { .. }))));
    let silent = take_answer(&mut other, theirs.to_string().as_bytes(), witness.verifier());
    assert!(matches!(silent, Err(AnswerError::Note(NoteError::Untrusted { .. }))));
    assert_eq!(other.signatures().len(), 1);
}

#[test]
fn a_conflict_tells_the_size() {
    assert_eq!(parse_conflict(conflict_body(12).as_bytes()), Some(12));
    for body in ["", "12", "012\n", "12\n\n", "-1\n", "18446744073709551616\n"] {
        assert_eq!(parse_conflict(body.as_bytes()), None, "{body:?}");
    }
}

#[test]
fn checkpoints_are_monitored_under_the_hash_of_the_origin() {
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(monitoring_path("hello"), format!("{hash}/checkpoint"));
}

proptest! {
    #[test]
    fn anything_like_a_request_is_one_in_its_one_spelling_or_refused(
        body in "old [0-9]{1,3}\n([A-Za-z0-9+/]{43}=\n){0,3}\n[a ]{1,3}\n[0-9]{1,2}\n[A-Za-z0-9+/]{42}[AEIM]=\n\n(— a AAAA[A-Z]{4}\n){0,3}|\\PC{0,40}",
    ) {
        if let Ok(request) = AddCheckpoint::parse(body.as_bytes()) {
            prop_assert_eq!(request.to_string(), body);
        }
    }

    #[test]
    fn any_bytes_as_a_request_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = AddCheckpoint::parse(&bytes);
    }
}
