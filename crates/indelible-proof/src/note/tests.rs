use proptest::prelude::*;

use super::*;

/// The example of C2SP signed-note.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

pub(crate) fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::new(name, &[seed; 32]).unwrap()
}

fn signed(text: &str, signers: &[&SigningKey]) -> Note {
    let mut note = Note::new(text, signers[0].sign(text)).unwrap();
    note.add(signers[1..].iter().map(|key| key.sign(text)));
    note
}

fn keys(signers: &[&SigningKey]) -> Vec<VerifierKey> {
    signers.iter().map(|key| key.verifier().clone()).collect()
}

#[test]
fn the_published_example_verifies() {
    let key: VerifierKey = VKEY.parse().unwrap();
    assert_eq!((key.name(), key.id(), key.kind()), ("example.com/foo", 0x530d_903a, KeyKind::Ed25519));
    assert_eq!(key.to_string(), VKEY);
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![Verified { key: &key, time_s: None }]));
}

#[test]
fn a_note_with_any_bit_flipped_is_refused() {
    let key: VerifierKey = VKEY.parse().unwrap();
    for at in 0..NOTE.len() * 8 {
        let mut flipped = NOTE.as_bytes().to_vec();
        flipped[at / 8] ^= 1 << (at % 8);
        let verified = Note::parse(&flipped).is_ok_and(|note| note.verify(std::slice::from_ref(&key)).is_ok());
        assert!(!verified, "bit {at}");
    }
}

#[test]
fn a_key_with_any_byte_changed_is_refused() {
    let skey = key("log.example.com", 7).to_skey();
    for at in 0..VKEY.len().max(skey.len()) {
        for other in ["A", "0", "f", "+", "=", ""] {
            let change = |key: &str| format!("{}{other}{}", &key[..at], &key[at + 1..]);
            if at < VKEY.len() && change(VKEY) != VKEY {
                assert!(change(VKEY).parse::<VerifierKey>().is_err(), "{}", change(VKEY));
            }
            if at < skey.len() && change(&skey) != *skey {
                assert!(SigningKey::from_skey(&change(&skey)).is_err(), "byte {at}");
            }
        }
    }
}

#[test]
fn keys_say_what_is_wrong_with_them() {
    let refused = |vkey: &str| vkey.parse::<VerifierKey>().unwrap_err();
    assert_eq!(refused(""), KeyError::Form);
    assert_eq!(refused(&VKEY.replace("530d903a", "530D903A")), KeyError::Form);
    assert_eq!(refused(&VKEY.replace("530d903a", "530d903b")), KeyError::Id);
    assert_eq!(refused(&VKEY.replace("example", "exam ple")), KeyError::Name);
    assert_eq!(refused(&VKEY.replace("+Aeky", "+Beky")), KeyError::Kind);
    let zero_point = VerifierKey::new("log", KeyKind::Ed25519, &[0; 32]);
    assert_eq!(zero_point, Err(KeyError::Point), "a key of small order fits many signatures");
    assert_eq!(SigningKey::new("", &[1; 32]).unwrap_err(), KeyError::Name);
}

#[test]
fn a_signing_key_comes_back_from_its_text_and_never_shows_in_debug() {
    let key = key("log.example.com", 7);
    let again = SigningKey::from_skey(&key.to_skey()).unwrap();
    assert_eq!(again.verifier(), key.verifier());
    assert_eq!(again.sign("x\n"), key.sign("x\n"));
    assert_eq!(format!("{key:?}"), "SigningKey(log.example.com, ..)");
}

#[test]
fn signatures_of_unknown_keys_are_carried_along() {
    let (log, stranger) = (key("log.example.com", 1), key("stranger.example.com", 2));
    let note = signed("text\n", &[&stranger, &log]);
    let trusted = keys(&[&log]);
    assert_eq!(note.verify(&trusted).unwrap().len(), 1);
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
}

#[test]
fn a_note_of_strangers_only_is_refused_and_names_them() {
    let (log, stranger) = (key("log.example.com", 1), key("log.example.com", 2));
    let refusal = signed("text\n", &[&stranger]).verify(&keys(&[&log])).unwrap_err();
    let signers = format!("log.example.com+{:08x}", stranger.verifier().id());
    assert_eq!(refusal, NoteError::Untrusted { signers });
}

#[test]
fn one_wrong_signature_of_a_known_key_refuses_the_note() {
    let (log, other) = (key("log.example.com", 1), key("other.example.com", 2));
    let mut note = signed("text\n", &[&log, &other]);
    note.add([other.sign("another text\n")]);
    let trusted = keys(&[&log, &other]);
    assert_eq!(note.verify(&trusted), Err(NoteError::WrongSignature { name: "other.example.com".to_owned() }));
}

#[test]
fn the_text_may_have_empty_lines() {
    let log = key("log.example.com", 1);
    for text in ["\n", "a\n\nb\n", "a\n\n\n", "— a bcde\n"] {
        let note = Note::parse(signed(text, &[&log]).to_string().as_bytes()).unwrap();
        assert_eq!(note.text(), text);
        assert!(note.verify(&keys(&[&log])).is_ok());
    }
}

#[test]
fn damaged_notes_say_what_is_wrong() {
    let refused = |note: &str| Note::parse(note.as_bytes()).unwrap_err();
    assert_eq!(refused(""), NoteError::NoSignatures);
    assert_eq!(refused("text\n"), NoteError::NoSignatures);
    assert_eq!(refused("text\n\n"), NoteError::NoSignatures);
    assert_eq!(refused(NOTE.trim_end()), NoteError::NoSignatures);
    assert_eq!(refused(&NOTE.replace("This", "\tThis")), NoteError::NoPlainText);
    assert_eq!(refused(&NOTE.replace('\n', "\r\n")), NoteError::NoPlainText);
    assert_eq!(refused(&format!("{NOTE}more\n")), NoteError::SignatureLine { line: 2 });
    assert_eq!(refused(&NOTE.replace("aQM=", "aQN=")), NoteError::SignatureLine { line: 1 });
    assert_eq!(refused(&NOTE.replace("aQM=", "aQM")), NoteError::SignatureLine { line: 1 });
    assert_eq!(refused("text\n\n— a AAAAAA==\n"), NoteError::SignatureLine { line: 1 }, "a key id and no signature");
    assert_eq!(refused(&"x".repeat(limits::NOTE_BYTES_MAX + 1)), NoteError::TooLarge);
    assert_eq!(refused(&format!("x\n\n{}", "— a AAAAAAA=\n".repeat(65))), NoteError::TooLarge);
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::NoPlainText));
    let signature = key("log", 1).sign("text");
    assert_eq!(Note::new("text", signature.clone()), Err(NoteError::NoSignatures));
    assert_eq!(Note::new("te\0xt\n", signature), Err(NoteError::NoPlainText));
}

#[test]
fn another_implementation_verifies_our_notes_and_we_theirs() {
    use signed_note::{Signer as _, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
    let log = key("log.example.com", 9);
    let ours = signed("text\n", &[&log]).to_string();
    let verifier = StandardVerifier::new(&log.verifier().to_string()).unwrap();
    assert_eq!(verifier.key_id(), log.verifier().id());
    let theirs = signed_note::Note::from_bytes(ours.as_bytes()).unwrap();
    let (verified, _) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!(verified.len(), 1);

    let signer = StandardSigner::new(&log.to_skey()).unwrap();
    assert_eq!(signer.name(), "log.example.com");
    let mut theirs = signed_note::Note::new(b"text\n", &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    assert_eq!(String::from_utf8(theirs.to_bytes()).unwrap(), ours);
}

proptest! {
    #[test]
    fn any_bytes_are_a_note_in_its_one_spelling_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn anything_like_a_note_is_one_in_its_one_spelling_or_refused(note in "[a\n]{0,5}\n\n(— [a ]{0,3} [A-Za-z0-9+/]{0,9}={0,3}\n){0,3}[\n ]?") {
        if let Ok(parsed) = Note::parse(note.as_bytes()) {
            prop_assert_eq!(parsed.to_string(), note);
        }
    }

    #[test]
    fn any_text_is_a_key_in_its_one_spelling_or_refused(key in "[a-z+]{0,9}\\+[0-9a-f]{7,9}\\+[A-Za-z0-9+/]{0,44}={0,2}|\\PC{0,40}") {
        if let Ok(parsed) = key.parse::<VerifierKey>() {
            prop_assert_eq!(parsed.to_string(), key);
        }
    }

    #[test]
    fn base64_has_one_spelling(text in "[A-Za-z0-9+/=\n -_]{0,12}") {
        if let Some(bytes) = crate::base64::decode(&text) {
            prop_assert_eq!(crate::base64::encode(&bytes), text);
        }
    }
}
