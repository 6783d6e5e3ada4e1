use proptest::prelude::*;

use super::*;

fn token() -> Plaintext {
    Plaintext::generate("sk", "live").unwrap()
}

#[test]
fn a_sealed_text_is_opened_with_its_key_for_its_token_alone() {
    let (vault, text) = (Vault::new(&[7; 32]), token());
    let sealed = vault.seal("tok_1", &text).unwrap();
    assert_eq!(vault.open("tok_1", &sealed).unwrap().reveal(), text.reveal());
    let error = vault.open("tok_2", &sealed).unwrap_err().to_string();
    assert!(error.starts_with("the text of token tok_2 cannot be opened: the key is not"), "{error}");
    assert!(Vault::new(&[8; 32]).open("tok_1", &sealed).is_err());
    assert_eq!(format!("{vault:?}"), "Vault(..)");
}

#[test]
fn the_same_text_is_sealed_otherwise_each_time_and_does_not_show() {
    let (vault, text) = (Vault::new(&[7; 32]), token());
    let sealed = vault.seal("tok_1", &text).unwrap();
    assert_ne!(sealed, vault.seal("tok_1", &text).unwrap());
    assert!(!sealed.windows(8).any(|window| text.reveal().as_bytes().starts_with(window)));
}

#[test]
fn it_is_the_algorithm_that_it_says() {
    // XChaCha20-Poly1305 of draft-irtf-cfrg-xchacha-03, A.3.1.
    let key: Vec<u8> = (0x80..=0x9f).collect();
    let vault = Vault::new(&key.try_into().unwrap());
    let sealed = [
        "404142434445464748494a4b4c4d4e4f5051525354555657",
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39",
        "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
        "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
    ];
    let sealed = base16ct::lower::decode_vec(sealed.concat()).unwrap();
    let aad = base16ct::lower::decode_vec("50515253c0c1c2c3c4c5c6c7").unwrap();
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().unwrap();
    let text = vault.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).unwrap();
    assert!(text.starts_with(b"Ladies and Gentlemen of the class of '99"));
}

proptest! {
    #[test]
    fn a_changed_bit_or_length_is_noticed(bit in 0..98 * 8_usize, len in 0..98_usize) {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("tok_1", &token()).unwrap();
        prop_assert_eq!(sealed.len(), 98);
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(vault.open("tok_1", &changed).is_err());
        prop_assert!(vault.open("tok_1", &sealed[..len]).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(Vault::new(&[7; 32]).open("tok_1", &bytes).is_err());
    }
}
