//! The key that signs changes, and everything that was ever signed verifies on.

use indelible_proof::{
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    rotation::{self, KeyHistory},
};

use super::harness::{Harness, Steps};
use crate::{
    fs::{Failure, Fs, read},
    log::{OpenError, VerifyError},
    store::{AppendError, Durability, Store},
};

fn record(harness: &Harness, steps: &mut Steps, events: u64) {
    let batch = (0..events).map(|n| harness.ready(n)).collect();
    steps.append(batch, Durability::Durable).unwrap();
}

fn shown(steps: &Steps) -> Note {
    Note::clone(&steps.log.checkpoint())
}

/// What a verifier who trusts an earlier key learns from the log.
fn history(trusted: VerifierKey, steps: &Steps) -> KeyHistory {
    KeyHistory::follow(trusted, &rotation::parse(steps.log.rotations().as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_verifier_with_an_old_key_follows_the_log_to_the_new_one() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let first = steps.log.verifier();
    assert_eq!(steps.log.rotations(), "");
    let mut notes = vec![shown(&steps)];
    for events in [3, 300, 0, 5] {
        record(&harness, &mut steps, events);
        notes.push(shown(&steps));
        steps.rotate_key().unwrap();
        notes.push(shown(&steps));
        if events == 300 {
            steps.rotate();
            steps.seal_all();
        }
    }
    record(&harness, &mut steps, 2);
    notes.push(shown(&steps));
    let check = |steps: &Steps| {
        let history = history(first.clone(), steps);
        assert_eq!((history.rotations().len(), history.current()), (4, &steps.log.verifier()));
        notes.iter().for_each(|note| drop(history.open(note).unwrap()));
        steps.log.verify(&notes, &|_, _| ()).unwrap();
    };
    check(&steps);
    steps.committer.finish();
    drop(steps);
    check(&Steps::open(&harness).unwrap());
}

#[test]
fn an_old_key_signs_nothing_beyond_its_last_tree() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    record(&harness, &mut steps, 3);
    let old = steps.log.shared.keys();
    steps.rotate_key().unwrap();
    record(&harness, &mut steps, 3);
    let newest: Checkpoint = shown(&steps).text().parse().unwrap();
    let error = steps.log.verify(&[newest.sign(old.signing())], &|_, _| ()).unwrap_err();
    assert!(matches!(error, VerifyError::Checkpoint(_)), "{error}");
    let evidence = steps.log.evidence(0, &shown(&steps)).unwrap().unwrap();
    let none = indelible_proof::cosignature::Quorum::new(Vec::new(), 0).unwrap();
    evidence.verify(&[steps.log.verifier()], &none).unwrap();
    evidence.verify(&[old.signing().verifier().clone()], &none).unwrap_err();
}

#[test]
fn the_change_of_a_key_survives_a_loss_of_power_at_every_step() {
    let mut crashes = 0;
    for operation in 0.. {
        let harness = Harness::new(operation);
        let mut steps = Steps::open(&harness).unwrap();
        record(&harness, &mut steps, 3);
        steps.append(vec![harness.ready(3)], Durability::Written).unwrap();
        let first = steps.log.verifier();
        let before = harness.disk.operations();
        harness.disk.crash_at(before + operation);
        let changed = steps.rotate_key();
        let note = shown(&steps);
        if changed.is_ok() {
            break;
        }
        crashes += 1;
        drop(steps);
        harness.disk.restart();
        let mut steps = Steps::open(&harness).unwrap();
        record(&harness, &mut steps, 2);
        steps.rotate_key().unwrap();
        record(&harness, &mut steps, 2);
        steps.committer.finish();
        drop(steps);
        let steps = Steps::open(&harness).unwrap();
        steps.log.verify(&[note], &|_, _| ()).unwrap();
        assert_eq!(history(first, &steps).current(), &steps.log.verifier());
    }
    assert!(crashes > 8, "{crashes}");
}

#[test]
fn a_change_that_fails_leaves_the_old_key_or_goes_on_until_it_is_certain() {
    for failure in [Failure::NotPersisted, Failure::Persisted] {
        for operation in 0.. {
            let harness = Harness::new(operation);
            let mut steps = Steps::open(&harness).unwrap();
            record(&harness, &mut steps, 3);
            let first = steps.log.verifier();
            harness.disk.fail_at(harness.disk.operations() + operation, failure);
            match steps.rotate_key() {
                Ok(()) => break,
                Err(AppendError::Unavailable { .. }) => assert_eq!(steps.log.verifier(), first),
                Err(_) => {
                    assert!(steps.log.status().halted.is_some());
                    steps.committer.idle();
                    assert_ne!(steps.log.verifier(), first);
                }
            }
            record(&harness, &mut steps, 3);
            let note = shown(&steps);
            let signs = steps.log.verifier();
            drop(steps);
            harness.disk.crash_at(harness.disk.operations());
            harness.disk.restart();
            let steps = Steps::open(&harness).unwrap();
            assert_eq!(steps.log.verifier(), signs);
            assert_eq!(history(first, &steps).current(), &signs);
            steps.log.verify(&[note], &|_, _| ()).unwrap();
        }
    }
}

#[test]
fn a_rotation_that_was_not_completed_is_taken_back() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    record(&harness, &mut steps, 3);
    let old = steps.log.verifier();
    let at = shown(&steps).text().parse().unwrap();
    let lost = steps.log.shared.keys().rotated(&at).unwrap();
    let layout = steps.log.shared.layout.clone();
    lost.store_rotations(&harness.disk, &layout).unwrap();
    drop(steps);
    let steps = Steps::open(&harness).unwrap();
    assert_eq!((steps.log.verifier(), steps.log.rotations()), (old, String::new()));
    assert!(read(&harness.disk, &layout.rotations(), 1 << 20).is_err());
}

#[test]
fn a_lost_key_or_an_altered_rotation_is_refused_by_name() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    record(&harness, &mut steps, 3);
    steps.rotate_key().unwrap();
    let layout = steps.log.shared.layout.clone();
    drop(steps);
    let bytes = read(&harness.disk, &layout.rotations(), 1 << 20).unwrap();
    for at in [30, bytes.len() - 10] {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        harness.disk.write_again(&layout.rotations(), 0, &altered).unwrap();
        let error = Steps::open(&harness).err().unwrap();
        assert!(matches!(&error, OpenError::SigningKey { path, .. } if path.ends_with("rotations")), "{error}");
    }
    harness.disk.write_again(&layout.rotations(), 0, &bytes).unwrap();
    drop(Steps::open(&harness).unwrap());
    harness.disk.remove(&layout.signing_key()).unwrap();
    let error = Steps::open(&harness).err().unwrap();
    assert!(matches!(&error, OpenError::SigningKey { path, .. } if path.ends_with("signing.key")), "{error}");
    assert!(harness.disk.open(&layout.signing_key()).is_err());
}
