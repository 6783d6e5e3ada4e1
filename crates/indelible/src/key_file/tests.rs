use super::*;

#[test]
fn a_key_is_made_once_for_its_owner_alone_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys").join("fingerprint.key");
    let key = fingerprint_key(&path).unwrap();
    assert_ne!(key, [0; 32]);
    assert_eq!(fingerprint_key(&path).unwrap(), key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_without_a_key_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fingerprint.key");
    for text in ["", "07", &"g".repeat(64), &"07".repeat(33), &"07".repeat(4096)] {
        std::fs::write(&path, text).unwrap();
        assert!(fingerprint_key(&path).is_err(), "{text}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::write(&path, format!("{}\n", "07".repeat(32))).unwrap();
    assert_eq!(fingerprint_key(&path).unwrap(), [7; 32]);
}
