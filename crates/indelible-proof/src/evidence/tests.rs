use super::*;
use crate::canonical::Canonical;
use crate::cosignature::Cosigner;
use crate::event::{Actor, Event};
use crate::leaf::EpochKey;
use crate::note::tests::key;
use crate::tree::tests::{from, leaves, nodes_of};
use crate::tree::{inclusion_proof, root_of};

const LOG: &str = "log.example.com";

fn witness() -> Cosigner {
    Cosigner::new("w.example.com", &[5; 32]).unwrap()
}

fn event() -> Event {
    Event::new("token.revoked").actor(Actor::user("alice@example.com"))
}

fn keys() -> [VerifierKey; 1] {
    [key(LOG, 1).verifier().clone()]
}

fn quorum(needed: usize) -> Quorum {
    Quorum::new(vec![witness().verifier().clone()], needed).unwrap()
}

/// Evidence of the event as the sixth of eleven.
fn evidence_of(told: Disclosure) -> Evidence {
    let mut leaves = leaves(11);
    leaves[5] = Disclosure::of(&Canonical::of(&event()), &EpochKey([7; 32])).entry().leaf_hash().into();
    let proof = inclusion_proof(5, 11, from(&nodes_of(&leaves))).unwrap();
    let mut checkpoint = Checkpoint::new(LOG, 11, root_of(&leaves)).unwrap().sign(&key(LOG, 1));
    let cosignature = witness().cosign(checkpoint.text(), 1_795_176_000);
    checkpoint.add([cosignature]);
    Evidence::new(told, 5, proof, checkpoint).unwrap()
}

fn told() -> Disclosure {
    Disclosure::of(&Canonical::of(&event()), &EpochKey([7; 32]))
}

#[test]
fn evidence_proves_the_event_its_place_the_log_and_the_witnesses() {
    let evidence = Evidence::parse(evidence_of(told()).to_string().as_bytes()).unwrap();
    let quorum = quorum(1);
    let proven = evidence.verify(&keys(), &quorum).unwrap();
    assert_eq!((proven.seq, &proven.event, proven.checkpoint.size()), (5, &event(), 11));
    assert_eq!(proven.witnesses[0].time_s, Some(1_795_176_000));
}

#[test]
fn evidence_holds_when_a_part_is_withheld() {
    let evidence = evidence_of(told().without_who());
    assert_eq!(evidence.verify(&keys(), &quorum(1)).unwrap().event.actor, None);
}

#[test]
fn evidence_with_any_bit_flipped_is_refused() {
    let text = evidence_of(told()).to_string();
    let quorum = quorum(1);
    for at in 0..text.len() * 8 {
        let mut flipped = text.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        let verified = Evidence::parse(&flipped).is_ok_and(|evidence| evidence.verify(&keys(), &quorum).is_ok());
        assert!(!verified, "bit {at}");
    }
}

#[test]
fn evidence_says_what_is_wrong() {
    let evidence = evidence_of(told());
    let other = evidence_of(Disclosure::of(&Canonical::of(&Event::new("token.created")), &EpochKey([7; 32])));
    let refusal = other.verify(&keys(), &quorum(1)).unwrap_err();
    assert!(matches!(refusal, EvidenceError::Proof(TlogProofError::Inclusion { index: 5, .. })), "{refusal}");
    let stranger = [key(LOG, 2).verifier().clone()];
    let refusal = evidence.verify(&stranger, &quorum(1)).unwrap_err();
    assert!(matches!(refusal, EvidenceError::Proof(TlogProofError::Checkpoint(_))), "{refusal}");
    let absent = Cosigner::new("absent.example.com", &[9; 32]).unwrap();
    let quorum = Quorum::new(vec![absent.verifier().clone()], 1).unwrap();
    assert!(matches!(evidence.verify(&keys(), &quorum), Err(EvidenceError::Witnesses(_))));
    let mut bare = evidence.proof().clone();
    bare.extra = None;
    assert_eq!(Evidence::parse(bare.to_string().as_bytes()), Err(EvidenceError::NoEvent));
    bare.extra = Some(b"{}".to_vec());
    assert!(matches!(Evidence::parse(bare.to_string().as_bytes()), Err(EvidenceError::Event(_))));
}

#[test]
fn the_published_evidence_verifies_and_is_written_as_it_was() {
    let vkey = |text: &str| -> VerifierKey { text.trim().parse().unwrap() };
    let log = [vkey(include_str!("../../testvectors/evidence/log.vkey"))];
    let witness = vkey(include_str!("../../testvectors/evidence/witness.vkey"));
    let quorum = Quorum::new(vec![witness], 1).unwrap();
    let files = [
        (0, include_str!("../../testvectors/evidence/event-0.tlog-proof")),
        (0, include_str!("../../testvectors/evidence/event-0-without-who.tlog-proof")),
        (4, include_str!("../../testvectors/evidence/event-4.tlog-proof")),
        (4, include_str!("../../testvectors/evidence/event-4-without-who.tlog-proof")),
        (10, include_str!("../../testvectors/evidence/event-10.tlog-proof")),
        (10, include_str!("../../testvectors/evidence/event-10-without-who.tlog-proof")),
    ];
    for (seq, file) in files {
        let evidence = Evidence::parse(file.as_bytes()).unwrap();
        assert_eq!(evidence.verify(&log, &quorum).unwrap().seq, seq);
        assert_eq!(evidence.to_string(), file);
    }
}
