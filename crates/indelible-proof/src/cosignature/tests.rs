use super::*;
use crate::checkpoint::Checkpoint;
use crate::note::tests::key;
use crate::tree::leaf;

fn witness(name: &str, seed: u8) -> Cosigner {
    Cosigner::new(name, &[seed; 32]).unwrap()
}

fn checkpoint() -> Note {
    Checkpoint::new("log.example.com", 3, leaf(b"root")).unwrap().sign(&key("log.example.com", 1))
}

fn cosigned(witnesses: &[(&Cosigner, u64)]) -> Note {
    let mut note = checkpoint();
    let signatures: Vec<_> = witnesses.iter().map(|(witness, time_s)| witness.cosign(note.text(), *time_s)).collect();
    note.add(signatures);
    Note::parse(note.to_string().as_bytes()).unwrap()
}

fn keys(witnesses: &[&Cosigner]) -> Vec<VerifierKey> {
    witnesses.iter().map(|witness| witness.verifier().clone()).collect()
}

#[test]
fn a_quorum_is_reached_by_distinct_witnesses() {
    let (a, b, c) = (witness("a.example.com", 1), witness("b.example.com", 2), witness("c.example.com", 3));
    let quorum = Quorum::new(keys(&[&a, &b, &c]), 2).unwrap();
    let both = cosigned(&[(&a, 100), (&c, 200)]);
    let signed: Vec<_> = quorum.check(&both).unwrap().iter().map(|it| (it.key.name(), it.time_s)).collect();
    assert_eq!(signed, [("a.example.com", Some(100)), ("c.example.com", Some(200))]);

    let one_twice = cosigned(&[(&b, 100), (&b, 200)]);
    let missing = "a.example.com, c.example.com".to_owned();
    assert_eq!(quorum.check(&one_twice), Err(QuorumError::TooFew { found: 1, needed: 2, missing }));
    let latest = Quorum::new(keys(&[&b]), 1).unwrap();
    assert_eq!(latest.check(&one_twice).unwrap()[0].time_s, Some(200));
}

#[test]
fn a_quorum_of_none_asks_for_none_and_still_refuses_a_wrong_cosignature() {
    let a = witness("a.example.com", 1);
    let quorum = Quorum::new(keys(&[&a]), 0).unwrap();
    assert_eq!(quorum.check(&checkpoint()), Ok(Vec::new()));
    let mut note = checkpoint();
    note.add([a.cosign("another text\n", 7)]);
    assert!(matches!(quorum.check(&note), Err(QuorumError::Note(NoteError::WrongSignature { .. }))));
}

#[test]
fn the_time_of_a_cosignature_is_signed_too() {
    let a = witness("a.example.com", 1);
    let mut signature = a.cosign("text\n", 100);
    signature.bytes[7] ^= 1;
    let note = Note::new("text\n", signature).unwrap();
    assert!(note.verify(&keys(&[&a])).is_err());
}

#[test]
fn the_signature_of_a_log_is_no_cosignature() {
    let log = key("a.example.com", 1);
    let mut note = checkpoint();
    let mut signature = log.sign(note.text());
    signature.key_id = witness("a.example.com", 1).verifier().id();
    note.add([signature]);
    assert!(note.verify(&keys(&[&witness("a.example.com", 1)])).is_err());
    let refusal = Quorum::new(vec![log.verifier().clone()], 1);
    assert_eq!(refusal, Err(QuorumError::Witness { name: "a.example.com".to_owned() }));
}

#[test]
fn a_quorum_that_one_witness_could_fill_alone_is_refused() {
    let (a, again, alias) = (witness("a.example.com", 1), witness("a.example.com", 2), witness("b.example.com", 1));
    assert!(Quorum::new(keys(&[&a, &again]), 1).is_err());
    assert!(Quorum::new(keys(&[&a, &alias]), 1).is_err());
    assert_eq!(Quorum::new(keys(&[&a]), 2), Err(QuorumError::Unreachable { needed: 2, witnesses: 1 }));
}

#[test]
fn keys_of_logs_and_of_witnesses_are_not_taken_for_each_other() {
    let (log, witness) = (key("x.example.com", 1), witness("x.example.com", 1));
    assert_ne!(log.verifier().id(), witness.verifier().id());
    assert_eq!(Cosigner::from_skey(&log.to_skey()).unwrap_err(), KeyError::Kind);
    assert_eq!(crate::note::SigningKey::from_skey(&witness.to_skey()).unwrap_err(), KeyError::Kind);
    assert_eq!(Cosigner::from_skey(&witness.to_skey()).unwrap().verifier(), witness.verifier());
}

#[test]
fn the_message_is_the_published_one() {
    assert_eq!(message("example.com/log\n", 1_679_315_147), "cosignature/v1\ntime 1679315147\nexample.com/log\n");
}

#[test]
fn no_cosignature_states_a_time_that_the_form_forbids() {
    let a = witness("a.example.com", 1);
    let note = Note::new("text\n", a.cosign("text\n", u64::MAX)).unwrap();
    assert_eq!(note.verify(&keys(&[&a])).unwrap()[0].time_s, Some(TIME_MAX_S));
}
