use proptest::prelude::*;

use super::*;
use crate::note::tests::key;
use crate::tree::tests::{from, leaves, nodes_of};
use crate::tree::{inclusion_proof, root_of};

const LOG: &str = "log.example.com";

fn keys() -> [VerifierKey; 1] {
    [key(LOG, 1).verifier().clone()]
}

fn proof(index: u64, size: u64, extra: Option<&[u8]>) -> TlogProof {
    let leaves = leaves(size);
    let hashes = inclusion_proof(index, size, from(&nodes_of(&leaves))).unwrap();
    let checkpoint = Checkpoint::new(LOG, size, root_of(&leaves)).unwrap().sign(&key(LOG, 1));
    TlogProof { extra: extra.map(<[u8]>::to_vec), index, hashes, checkpoint }
}

#[test]
fn a_proof_file_proves_its_leaf_and_no_other() {
    for (index, size) in [(0, 1), (0, 2), (6, 11), (10, 11)] {
        let proof = TlogProof::parse(proof(index, size, Some(b"more")).to_string().as_bytes()).unwrap();
        assert_eq!(proof.extra.as_deref(), Some(b"more".as_slice()));
        assert_eq!(proof.verify(&leaves(size)[index as usize], &keys()).unwrap().size(), size);
        let refusal = proof.verify(&crate::tree::leaf(b"other"), &keys()).unwrap_err();
        assert!(matches!(refusal, TlogProofError::Inclusion { .. }), "{refusal}");
    }
}

#[test]
fn a_proof_file_has_the_published_form() {
    let text = proof(1, 3, None).to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 1"]);
    assert_eq!((lines[4], lines[5], lines[6], lines[8]), ("", LOG, "3", ""));
    assert!(proof(1, 3, Some(b"x")).to_string().starts_with("c2sp.org/tlog-proof@v1\nextra eA==\nindex 1\n"));
}

#[test]
fn a_proof_file_with_any_bit_flipped_is_refused() {
    let text = proof(6, 11, None).to_string();
    let leaf = leaves(11)[6];
    for at in 0..text.len() * 8 {
        let mut flipped = text.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        let verified = TlogProof::parse(&flipped).and_then(|proof| proof.verify(&leaf, &keys()));
        assert!(verified.is_err(), "bit {at}");
    }
}

#[test]
fn damaged_proof_files_say_which_line_is_wrong() {
    let text = proof(6, 11, Some(b"more")).to_string();
    let line = |text: String| match TlogProof::parse(text.as_bytes()).unwrap_err() {
        TlogProofError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(line(String::new()), 1);
    assert_eq!(line(text.replace("@v1", "@v2")), 1);
    assert_eq!(line(text.replace("extra bW9yZQ==", "extra bW9yZQ=")), 2);
    assert_eq!(line(text.replace("extra bW9yZQ==", "extra bW9yZR==")), 2);
    assert_eq!(line(text.replace("extra", "Extra")), 2);
    assert_eq!(line(text.replace("index 6", "index 06")), 3);
    assert_eq!(line(text.replace("index 6\n", "index 6\nAAAA\n")), 4);
    let hashes = format!("{}\n", base64::encode(&[7; 32])).repeat(70);
    assert_eq!(line(text.replace("index 6\n", &format!("index 6\n{hashes}"))), 3 + 65);
    let long = base64::encode(&vec![7; limits::EXTRA_BYTES_MAX + 1]);
    assert_eq!(line(text.replace("bW9yZQ==", &long)), 2);
    assert_eq!(TlogProof::parse(&vec![b'x'; limits::PROOF_BYTES_MAX + 1]), Err(TlogProofError::TooLarge));
}

proptest! {
    #[test]
    fn anything_like_a_proof_file_is_one_in_its_one_spelling_or_refused(
        text in "c2sp.org/tlog-proof@v1\n(extra [A-Za-z]{4,8}={0,2}\n)?index [0-9]{1,3}\n([A-Za-z0-9+/]{42}[AEIM]=\n){0,3}\n[a\n]{1,3}\n\n(— a AAAA[A-Z]{4}\n){0,3}|\\PC{0,40}",
    ) {
        if let Ok(proof) = TlogProof::parse(text.as_bytes()) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }

    #[test]
    fn any_bytes_as_a_proof_file_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = TlogProof::parse(&bytes);
    }
}
