use proptest::prelude::*;

use super::*;
use crate::note::tests::key;
use crate::tree::leaf;

const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn refused(text: &str) -> CheckpointError {
    text.parse::<Checkpoint>().unwrap_err()
}

#[test]
fn the_published_example_is_read_and_written_again() {
    let checkpoint: Checkpoint = TEXT.parse().unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.to_string(), TEXT);
    let theirs = tlog_tiles::Checkpoint::from_bytes(TEXT.as_bytes()).unwrap();
    assert_eq!(theirs.hash().0, checkpoint.root().0);
}

#[test]
fn a_signed_checkpoint_opens_with_the_log_s_key() {
    let log = key("log.example.com", 1);
    let checkpoint = Checkpoint::new("log.example.com", 3, leaf(b"root")).unwrap();
    let note = Note::parse(checkpoint.sign(&log).to_string().as_bytes()).unwrap();
    assert_eq!(Checkpoint::open(&note, &[log.verifier().clone()]), Ok(checkpoint));
    let stranger = key("log.example.com", 2).verifier().clone();
    let refusal = Checkpoint::open(&note, &[stranger]);
    assert!(matches!(refusal, Err(CheckpointError::Note(NoteError::Untrusted { .. }))));
}

#[test]
fn a_checkpoint_signed_by_the_key_of_another_log_is_refused() {
    let other = key("other.example.com", 1);
    let note = Checkpoint::new("log.example.com", 0, EMPTY_ROOT).unwrap().sign(&other);
    let (found, expected) = ("log.example.com".to_owned(), "other.example.com".to_owned());
    let refusal = Checkpoint::open(&note, &[other.verifier().clone()]);
    assert_eq!(refusal, Err(CheckpointError::Origin { found, expected }));
}

#[test]
fn a_signed_checkpoint_with_any_bit_flipped_is_refused() {
    let log = key("log.example.com", 1);
    let keys = [log.verifier().clone()];
    let note = Checkpoint::new("log.example.com", 3, leaf(b"root")).unwrap().sign(&log).to_string();
    for at in 0..note.len() * 8 {
        let mut flipped = note.clone().into_bytes();
        flipped[at / 8] ^= 1 << (at % 8);
        let opened = Note::parse(&flipped).is_ok_and(|note| Checkpoint::open(&note, &keys).is_ok());
        assert!(!opened, "bit {at}");
    }
}

#[test]
fn damaged_checkpoints_say_which_line_is_wrong() {
    let line = |text: &str| match refused(text) {
        CheckpointError::Line { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(line(""), 2);
    assert_eq!(line(&TEXT.replace("example.com/behind-the-sofa", "")), 1);
    assert_eq!(line(&TEXT.replace("20852163", "020852163")), 2);
    assert_eq!(line(&TEXT.replace("20852163", "+20852163")), 2);
    assert_eq!(line(&TEXT.replace("20852163", "")), 2);
    assert_eq!(line(&TEXT.replace("20852163", "18446744073709551616")), 2);
    assert_eq!(line(&TEXT.replace("q2I=", "q2J=")), 3, "a second spelling of the same root");
    assert_eq!(line(&TEXT.replace("q2I=", "q2I")), 3);
    assert_eq!(line(&TEXT.replace("q2I=", "AAAA")), 3, "a hash that is too long");
    assert_eq!(line(TEXT.trim_end()), 4);
    assert_eq!(line(&format!("{TEXT}\n")), 4);
    assert_eq!(line(&format!("{TEXT}extension\n\nmore\n")), 5);
}

#[test]
fn extension_lines_are_kept() {
    let text = format!("{TEXT}first\nsecond\n");
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!(checkpoint.extensions(), ["first", "second"]);
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn an_empty_tree_has_one_root() {
    assert_eq!(Checkpoint::new("log", 0, leaf(b"")), Err(CheckpointError::EmptyRoot));
    assert!(Checkpoint::new("log", 0, EMPTY_ROOT).is_ok());
    assert!(Checkpoint::new("lo\ng", 1, EMPTY_ROOT).is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_checkpoint_in_its_one_spelling_or_refused(
        text in "[a\n]{0,3}\n[0-9]{0,3}\n[A-Za-z0-9+/]{42,43}[A-Za-z=]{1,2}\n[a\n]{0,4}|[a-z0-9\n]{0,30}",
    ) {
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
