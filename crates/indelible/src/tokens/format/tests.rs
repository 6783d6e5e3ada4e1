use proptest::prelude::*;

use super::*;

fn token(prefix: &str, environment: &str, secret: [u8; 32]) -> String {
    Plaintext::of_secret(prefix, environment, &secret).unwrap().reveal().to_owned()
}

/// Whether a whole text matches a regular expression as simple as [`PATTERN`]: characters and classes, some repeated,
/// none of which stands for what follows it.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.trim_start_matches(r"\b").trim_end_matches(r"\b").chars().peekable();
    let mut text = text.chars().peekable();
    while let Some(first) = pattern.next() {
        let class: Vec<char> = match first {
            '[' => pattern.by_ref().take_while(|&char| char != ']').collect(),
            char => vec![char],
        };
        let is_in = |char: &char| {
            let ranges = class.windows(3).filter(|window| window[1] == '-');
            class.contains(char) || ranges.into_iter().any(|range| (range[0]..=range[2]).contains(char))
        };
        let repeated: String = match pattern.next_if_eq(&'{') {
            Some(_) => pattern.by_ref().take_while(|&char| char != '}').collect(),
            None => "1".to_owned(),
        };
        let (min, max) = repeated.split_once(',').unwrap_or((&repeated, &repeated));
        let found = (0..max.parse().unwrap()).take_while(|_| text.next_if(is_in).is_some()).count();
        if found < min.parse().unwrap() {
            return false;
        }
    }
    text.next().is_none()
}

#[test]
fn a_token_is_what_it_always_was() {
    // Computed by other means: whoever changes the format makes every issued token invalid.
    assert_eq!(token("sk", "live", [0; 32]), "sk_live_111111111111111111111111111111111111111111114Gcs92");
    assert_eq!(token("pk", "test", [255; 32]), "pk_test_JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG23bv1X");
}

#[test]
fn a_plaintext_is_shown_by_reveal_alone() {
    let plaintext = Plaintext::generate("sk", "live").unwrap();
    assert_eq!(format!("{plaintext:?}"), "Plaintext(..)");
    let parsed = Parsed::of(plaintext.reveal()).unwrap();
    assert_eq!(format!("{parsed:?}"), "Parsed(sk_live_.., Own)");
    assert!(plaintext.reveal().ends_with(plaintext.last_four()) && plaintext.last_four().len() == 4);
    assert_ne!(plaintext.reveal(), Plaintext::generate("sk", "live").unwrap().reveal());
}

#[test]
fn a_prefix_that_could_not_be_read_again_makes_no_token() {
    for word in ["", "s_k", "1k", "-k", "s|k", "ök", "sk ", &"s".repeat(33)] {
        assert!(matches!(Plaintext::generate(word, "live"), Err(GenerateError::Word(_))), "{word}");
        assert!(matches!(Plaintext::generate("sk", word), Err(GenerateError::Word(_))), "{word}");
    }
}

#[test]
fn the_random_format_is_refused_when_its_checksum_is_wrong() {
    let secret = "abcdefghijklmnopqrstABCDEFGHIJKLMNOPQRST";
    let token = format!("sk_live_{secret}{:08x}", crc32fast::hash(secret.as_bytes()));
    assert_eq!(Parsed::of(&token).unwrap().format, Format::Random);
    assert_eq!(Parsed::of(&token.replace("abc", "abd")), Err(FormatError::Checksum));
}

#[test]
fn an_id_may_stand_before_the_text_and_is_no_part_of_what_is_hashed() {
    let text = token("sk", "live", [7; 32]);
    for id in ["1", "42", "018f4e6a-8b7e-7c3a-9d2f-1a2b3c4d5e6f", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
        let presented = format!("{id}|{text}");
        let parsed = Parsed::of(&presented).unwrap();
        assert_eq!((parsed.id, parsed.hash()), (Some(id), hash(&text)));
    }
    for presented in [format!("|{text}"), format!("1|2|{text}"), format!("1|{text}|"), format!("a_b|{text}")] {
        assert_eq!(Parsed::of(&presented), Err(FormatError::Malformed), "{presented}");
    }
}

proptest! {
    #[test]
    fn what_is_issued_is_read_again_and_matches_the_documented_pattern(
        prefix in "[A-Za-z][A-Za-z0-9-]{0,31}",
        environment in "[A-Za-z][A-Za-z0-9-]{0,31}",
        secret in any::<[u8; 32]>(),
    ) {
        let text = token(&prefix, &environment, secret);
        prop_assert!(matches(PATTERN, &text));
        prop_assert_eq!(text.len(), prefix.len() + environment.len() + 52);
        let parsed = Parsed::of(&text).unwrap();
        prop_assert_eq!((parsed.id, parsed.prefix, parsed.environment), (None, &*prefix, &*environment));
        prop_assert_eq!((parsed.format, parsed.hash()), (Format::Own, hash(&text)));
    }

    #[test]
    fn what_matches_the_pattern_is_refused_for_its_checksum_alone(
        text in prop::string::string_regex(PATTERN.trim_matches(|edge| r"\b".contains(edge))).unwrap(),
    ) {
        prop_assert!(matches(PATTERN, &text));
        prop_assert_eq!(Parsed::of(&text), Err(FormatError::Checksum));
        let all = &text[..text.len() - CHECKSUM_CHARS];
        let right = format!("{all}{}", std::str::from_utf8(&*checksum(all)).unwrap());
        prop_assert!(Parsed::of(&right).is_ok());
    }

    #[test]
    fn a_mistyped_character_is_refused(secret in any::<[u8; 32]>(), at in 0..58_usize, typed in any::<char>()) {
        let right = token("sk", "live", secret);
        let mut wrong: Vec<char> = right.chars().collect();
        wrong[at] = typed;
        let wrong = String::from_iter(wrong);
        prop_assert_eq!(Parsed::of(&wrong).is_ok(), wrong == right);
    }

    #[test]
    fn swapped_lost_and_doubled_characters_are_refused(secret in any::<[u8; 32]>(), at in 0..57_usize) {
        let right = token("sk", "live", secret);
        let bytes = right.as_bytes();
        let with = |middle: &[u8]| String::from_utf8([&bytes[..at], middle, &bytes[at + 2..]].concat()).unwrap();
        let (first, second) = (bytes[at], bytes[at + 1]);
        for wrong in [with(&[second, first]), with(&[first]), with(&[first, first, second])] {
            prop_assert_eq!(Parsed::of(&wrong).is_ok(), wrong == right, "{}", wrong);
        }
        // Cut to 24 characters of secret it looks like one of Bearer's, which have no checksum; it is never ours.
        prop_assert!(!Parsed::of(&right[..at]).is_ok_and(|parsed| parsed.format == Format::Own));
    }

    #[test]
    fn numbers_are_written_in_base_58(number in any::<u128>()) {
        let mut left = number;
        let digits: Vec<u8> = (0..22).map(|_| { let digit = left % 58; left /= 58; ALPHABET[digit as usize] }).collect();
        prop_assert!(base58::<22>(&number.to_be_bytes()).iter().eq(digits.iter().rev()));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), parts in "([a-z0-9é|_-]{0,50}_){2}[a-zA-Z0-9é-]{0,52}") {
        let _ = Parsed::of(&text);
        let _ = Parsed::of(&parts);
    }
}
