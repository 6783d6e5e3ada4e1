use std::fs;
use std::path::PathBuf;

use super::{Done, Shell};

/// A file of the published evidence.
fn published(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../indelible-proof/testvectors/evidence");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A shell in a directory with the published files and no log.
fn auditor() -> Shell {
    let shell = Shell::new();
    for name in ["event-4.tlog-proof", "event-4-without-who.tlog-proof", "whole.jsonl", "filtered.jsonl", "log.vkey"] {
        shell.write(name, published(name));
    }
    shell.write("witness.vkey", published("witness.vkey"));
    shell
}

fn verify(shell: &Shell, arguments: &[&str]) -> Done {
    shell.run(&[&["verify"], arguments].concat())
}

#[test]
fn evidence_is_verified_without_a_log() {
    let shell = auditor();
    let key = published("log.vkey");
    let told = verify(&shell, &["--proof", "event-4.tlog-proof", "--key", key.trim()]).ok();
    for expected in
        ["proven", "event 4 of the log is token.revoked (success)", "user 42", "token tok_7", "2026-11-20T12:00:04"]
    {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(told.contains("no witness was asked for"), "{told}");
    let witnessed = ["--proof", "event-4.tlog-proof", "--key", "log.vkey", "--witness", "witness.vkey"];
    assert!(verify(&shell, &witnessed).ok().contains("witness.example.com, 2026-11-20 12:01:00"));
}

#[test]
fn evidence_as_json_has_what_is_proven_and_what_is_withheld() {
    let call =
        ["--proof", "event-4-without-who.tlog-proof", "--key", "log.vkey", "--witness", "witness.vkey", "--json"];
    let told: serde_json::Value = serde_json::from_str(&verify(&auditor(), &call).ok()).unwrap();
    assert_eq!((told["proven"].as_bool(), told["seq"].as_u64()), (Some(true), Some(4)));
    assert_eq!((&told["sealed"][0], &told["event"]["actor"]), (&"who".into(), &serde_json::Value::Null));
    assert_eq!((&told["checkpoint"]["origin"], &told["checkpoint"]["size"]), (&"log.example.com".into(), &11.into()));
    assert_eq!(told["checkpoint"]["witnesses"][0]["name"], "witness.example.com");
}

#[test]
fn evidence_that_does_not_hold_ends_with_1_and_says_why() {
    let shell = auditor();
    shell.write("altered", published("event-4.tlog-proof").replace("index 4", "index 5"));
    let failed = verify(&shell, &["--proof", "altered", "--key", "log.vkey"]).failed(1);
    assert!(failed.contains("the entry is not at index 5"), "{failed}");
    let failed = verify(&shell, &["--proof", "absent", "--key", "log.vkey"]).failed(1);
    assert!(failed.contains("absent: cannot read"), "{failed}");
    let failed = verify(&shell, &["--proof", "event-4.tlog-proof", "--key", "witness.vkey"]).failed(2);
    assert!(failed.contains("not a log's"), "{failed}");
}

#[test]
fn a_key_that_is_none_or_a_quorum_that_cannot_be_is_wrong_use() {
    let shell = auditor();
    let proof = ["--proof", "event-4.tlog-proof", "--key"];
    assert!(verify(&shell, &[&proof[..], &["nonsense"]].concat()).failed(2).contains("--key nonsense: this is no key"));
    let quorum = ["log.vkey", "--witness", "witness.vkey", "--quorum", "2"];
    assert!(verify(&shell, &[&proof[..], &quorum].concat()).failed(2).contains("there are 1 witnesses"));
    verify(&shell, &["--key", "log.vkey"]).failed(2);
}

#[test]
fn an_export_is_verified_and_says_what_is_complete() {
    let shell = auditor();
    let told = verify(&shell, &["--export", "whole.jsonl", "--whole", "--key", "log.vkey"]).ok();
    assert!(told.contains("proven  the whole log up to the checkpoint: 11 events"), "{told}");
    let refused = verify(&shell, &["--export", "filtered.jsonl", "--key", "log.vkey"]).failed(1);
    assert!(refused.contains("6 events between the first and the last are left out"), "{refused}");
    let refused = verify(&shell, &["--export", "filtered.jsonl", "--whole", "--key", "log.vkey"]).failed(1);
    assert!(refused.contains("has 4 events of the log's 11"), "{refused}");
    let told = verify(&shell, &["--export", "filtered.jsonl", "--filtered", "--key", "log.vkey"]).ok();
    assert!(told.contains("4 events between 0 and 9; 6 events are left out there"), "{told}");
}

#[test]
fn an_export_with_a_line_dropped_altered_or_cut_ends_with_1_and_names_it() {
    let shell = auditor();
    let whole = published("whole.jsonl");
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let check = |content: String, expected: &str| {
        shell.write("altered.jsonl", content);
        let failed = verify(&shell, &["--export", "altered.jsonl", "--key", "log.vkey"]).failed(1);
        assert!(failed.contains(expected), "{failed}");
    };
    check([&lines[..3], &lines[4..]].concat().concat(), "line 4 (event 4): event 3 is missing before it");
    check(whole.replacen("alice@example.com", "bob", 1), "line 1 (event 0): its content hashes to the leaf");
    check(lines[..5].concat(), "ends after line 5 without a checkpoint");
    check("x".repeat(2 << 20), "line 1: has more than");
}
