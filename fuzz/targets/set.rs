//! Any bytes as a Security Event Token and as the keys of its issuer: no token counts that nobody signed, and no input ends
//! in a panic. Up to the first line end it is the token, then the keys.
#![no_main]

use indelible::security_events::{Jwks, Transmitter};
use indelible_fuzz::now;
use libfuzzer_sys::fuzz_target;

/// The key of the standard's example, RFC 8037, appendix A.
const KEYS: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fuzz_target!(|input: &[u8]| {
    let (token, keys) = input.split_at(input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len()));
    let issuer =
        Transmitter { issuer: "https://idp.example.com".to_owned(), audience: "https://log.example.com".to_owned() };
    assert!(issuer.open(token, &Jwks::parse(KEYS).unwrap(), now()).is_err());
    if let Ok(keys) = Jwks::parse(keys) {
        let _ = issuer.open(token, &keys, now());
    }
});
