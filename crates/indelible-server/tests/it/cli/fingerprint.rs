//! Whoever holds a token finds what the log knows of it.

use super::{Shell, shell_with_events};

#[test]
fn a_token_is_found_in_the_log_by_its_fingerprint() {
    let shell = shell_with_events();
    let issued = shell.run(&["token", "issue", "sk", "ci key", "--owner", "user:42", "--json"]).ok();
    let issued: serde_json::Value = serde_json::from_str(&issued).unwrap();
    let token = issued["plaintext"].as_str().unwrap();
    shell.pipe(token, &["token", "verify"]).ok();
    let fingerprint = shell.pipe(&format!("{token}\r\n"), &["fingerprint"]).ok();
    assert_eq!((fingerprint.len(), fingerprint.starts_with("hmac:")), (38, true), "{fingerprint}");
    let found = shell.run(&["list", &format!("fingerprint:{}", fingerprint.trim_end())]).ok();
    assert!(found.contains("token.authenticated"), "{found}");
    let json = shell.pipe(token, &["fingerprint", "--json"]).ok();
    assert!(json.contains(fingerprint.trim_end()), "{json}");
}

#[test]
fn a_fingerprint_is_that_of_the_key_that_is_named() {
    let shell = Shell::new();
    shell.write("my.key", "07".repeat(32));
    let of = |token: &str| shell.pipe(token, &["fingerprint", "--key-file", "my.key"]).ok();
    // HMAC-SHA256 of it under 32 bytes of 7, its first half.
    assert_eq!(of("tGzv3JOkF0XG5Qx2TlKWIA\n"), "hmac:5cdb88460f63c267c92bc0ff84bdf119\n");
    assert_eq!(of(&"t".repeat(20_000)).len(), 38);
    assert!(shell.pipe(&"t".repeat(70_000), &["fingerprint", "--key-file", "my.key"]).failed(2).contains("longer"));
    shell.pipe("", &["fingerprint", "--key-file", "my.key"]).failed(2);
    let missing = shell.pipe("t0ken", &["fingerprint"]).failed(1);
    assert!(missing.contains("data/keys/fingerprint.key is missing"), "{missing}");
    assert!(!shell.path("data").exists());
}
