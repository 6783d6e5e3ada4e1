use std::fs;
use std::path::PathBuf;

use serde_json::json;

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

/// A directory with a log of three events, and the checkpoint that was kept of the first two.
fn shell_with_log() -> Shell {
    let shell = Shell::new();
    let record = |action: &str| shell.run(&["record", action, "--actor", "user:42"]).ok();
    record("auth.login");
    record("auth.logout");
    std::fs::write(shell.path("kept.checkpoint"), shell.run(&["checkpoint"]).ok()).unwrap();
    std::fs::write(shell.path("log.vkey"), shell.run(&["checkpoint", "--verifier-key"]).ok()).unwrap();
    record("auth.login");
    shell
}

#[test]
fn a_whole_log_is_made_again_and_held_against_a_key_and_a_kept_checkpoint() {
    let shell = shell_with_log();
    let told = verify(&shell, &[]).ok();
    assert!(told.starts_with("proven  every event is what was recorded"), "{told}");
    assert!(told.contains("3 events") && told.contains("found beside the log"), "{told}");
    let told = verify(&shell, &["--key", "log.vkey", "--checkpoint", "kept.checkpoint", "--json"]).ok();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["proven"], &told["events"], &told["key_given"]),
        (&json!(true), &json!(3), &json!(true)),
        "{told}"
    );
    assert_eq!(told["extends"][0]["size"], 2);
}

#[test]
fn a_log_of_another_key_or_rolled_back_behind_a_kept_checkpoint_is_refused() {
    let shell = shell_with_log();
    let (old, now) = (shell.path("old"), shell.path("data"));
    let copied = std::process::Command::new("cp").arg("-r").arg(&now).arg(&old).status().unwrap();
    assert!(copied.success());
    shell.run(&["record", "auth.logout"]).ok();
    std::fs::write(shell.path("four.checkpoint"), shell.run(&["checkpoint"]).ok()).unwrap();
    let failed = verify(&shell, &["--data", "old", "--checkpoint", "four.checkpoint"]).failed(1);
    assert!(failed.contains("a checkpoint of 4 events was kept, but only 3 are there"), "{failed}");
    shell.run(&["record", "auth.login", "--data", "old"]).ok();
    let failed = verify(&shell, &["--data", "old", "--checkpoint", "four.checkpoint"]).failed(1);
    assert!(failed.contains("the log is not the one that was signed"), "{failed}");

    shell.run(&["record", "auth.login", "--data", "another"]).ok();
    let failed = verify(&shell, &["--data", "another", "--key", "log.vkey"]).failed(1);
    assert!(failed.contains("none of the keys given"), "{failed}");
    assert!(verify(&shell, &["--data", "nowhere"]).failed(1).contains("there is no log in nowhere"));
    assert!(verify(&shell, &["--proof", "event.tlog-proof"]).failed(2).contains("--key"));
}
