use proptest::prelude::*;

use super::*;
use crate::note::tests::key;
use crate::tree::leaf;

const LOG: &str = "log.example.com";

fn at(size: u64) -> Checkpoint {
    Checkpoint::new(LOG, size, leaf(&size.to_be_bytes())).unwrap()
}

fn rotation(size: u64, old: u8, new: u8) -> Note {
    Rotation::sign(&at(size), &key(LOG, old), &key(LOG, new)).unwrap()
}

fn history(rotations: &[Note]) -> Result<KeyHistory, RotationError> {
    KeyHistory::follow(key(LOG, 1).verifier().clone(), rotations)
}

#[test]
fn keys_are_followed_from_the_trusted_one() {
    let notes = [rotation(10, 1, 2), rotation(20, 2, 3)];
    let notes = notes.map(|note| Note::parse(note.to_string().as_bytes()).unwrap());
    let history = history(&notes).unwrap();
    assert_eq!(history.current(), key(LOG, 3).verifier());
    let later = KeyHistory::follow(key(LOG, 2).verifier().clone(), &notes).unwrap();
    assert_eq!(later.current(), key(LOG, 3).verifier());
}

#[test]
fn each_key_signs_its_own_trees_only() {
    let history = history(&[rotation(10, 1, 2), rotation(20, 2, 3)]).unwrap();
    let signs = |size: u64| {
        let opens = |seed: &u8| history.open(&at(size).sign(&key(LOG, *seed))).is_ok();
        (1..=3).filter(opens).collect::<Vec<u8>>()
    };
    assert_eq!(
        [signs(1), signs(10), signs(11), signs(20), signs(21)],
        [vec![1], vec![1, 2], vec![2], vec![2, 3], vec![3]]
    );
}

#[test]
fn a_rotation_needs_both_keys() {
    let note = rotation(10, 1, 2);
    for (which, kept) in [("new", 0), ("old", 1)] {
        let alone = Note { text: note.text.clone(), signatures: vec![note.signatures[kept].clone()] };
        assert!(
            matches!(Rotation::open(&alone), Err(RotationError::Unsigned { which: missing, .. }) if missing == which)
        );
    }
}

#[test]
fn a_rotation_between_two_logs_or_to_the_same_key_is_refused() {
    let other = key("other.example.com", 2);
    assert_eq!(Rotation::sign(&at(10), &key(LOG, 1), &other), Err(RotationError::Form));
    assert_eq!(Rotation::sign(&at(10), &key(LOG, 1), &key(LOG, 1)), Err(RotationError::Form));
}

#[test]
fn a_broken_chain_is_refused() {
    assert_eq!(history(&[rotation(10, 1, 2), rotation(20, 3, 4)]), Err(RotationError::Broken { number: 2 }));
    assert_eq!(history(&[rotation(10, 1, 2), rotation(9, 2, 3)]), Err(RotationError::Broken { number: 2 }));
    assert_eq!(history(&[rotation(10, 1, 2), rotation(20, 1, 3)]), Err(RotationError::Broken { number: 2 }));
}

#[test]
fn the_present_key_vouches_for_those_before_it() {
    let notes = [rotation(10, 1, 2), rotation(20, 2, 3)];
    let current = |seed: u8| key(LOG, seed).verifier().clone();
    let history = KeyHistory::up_to(&current(3), &notes).unwrap();
    assert!(history.open(&at(10).sign(&key(LOG, 1))).is_ok());
    assert!(history.open(&at(11).sign(&key(LOG, 1))).is_err());
    assert_eq!(KeyHistory::up_to(&current(2), &notes), Err(RotationError::Broken { number: 2 }));
    assert_eq!(KeyHistory::up_to(&current(1), &[]).unwrap().current(), &current(1));
}

#[test]
fn rotations_that_stand_one_behind_the_other_are_read_back() {
    let notes = [rotation(10, 1, 2), rotation(20, 2, 3), rotation(20, 3, 4)];
    for count in 0..=3 {
        let text = to_text(&notes[..count]);
        assert_eq!(parse(text.as_bytes()).unwrap(), notes[..count]);
    }
    let text = to_text(&notes);
    assert!(parse(text.trim_end().as_bytes()).is_err());
    assert!(parse(format!("{text}\n").as_bytes()).is_err());
    assert_eq!(parse(&vec![b'x'; limits::ROTATIONS_BYTES_MAX + 1]), Err(RotationError::TooLarge));
}

#[test]
fn no_checkpoint_is_a_rotation_and_no_rotation_a_checkpoint() {
    assert_eq!(Rotation::open(&at(10).sign(&key(LOG, 1))), Err(RotationError::Form));
    assert!(rotation(10, 1, 2).text().parse::<Checkpoint>().is_err());
}

#[test]
fn a_rotation_with_any_bit_flipped_is_refused() {
    let note = rotation(10, 1, 2).to_string();
    for at in 0..note.len() * 8 {
        let mut flipped = note.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(!Note::parse(&flipped).is_ok_and(|note| Rotation::open(&note).is_ok()), "bit {at}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_rotation_or_refused(text in "(indelible/key-rotation/v1\n)?[a-z0-9+=\n]{0,60}\n") {
        let note = Note::new(text.clone(), key(LOG, 1).sign(&text)).unwrap();
        prop_assert!(Rotation::open(&note).is_err());
    }
}
