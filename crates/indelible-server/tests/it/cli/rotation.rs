//! The log's signing key is changed, and whoever has an old one follows.

use std::fs;

use serde_json::{Value, json};

use super::{Done, Shell, shell_with_events};
use crate::server::{JSON, Server};

/// Evidence, an export, a checkpoint and the public key of the time, under a name.
fn keep(shell: &Shell, name: &str) {
    shell.write(&format!("{name}.checkpoint"), shell.run(&["checkpoint"]).ok());
    shell.write(&format!("{name}.vkey"), shell.run(&["checkpoint", "--verifier-key"]).ok());
    shell.run(&["proof", "0", "-o", &format!("{name}.tlog-proof")]).ok();
    shell.run(&["export", "--proof", "-o", &format!("{name}.jsonl")]).ok();
}

fn verify(shell: &Shell, file: &[&str], key: &str, rotations: bool) -> Done {
    let rotations: &[&str] = if rotations { &["--rotations", "log.rotations"] } else { &[] };
    shell.run(&[&["verify"], file, &["--key", &format!("{key}.vkey")], rotations].concat())
}

fn assert_followed(shell: &Shell) {
    for name in ["before", "after"] {
        for file in [["--proof", &format!("{name}.tlog-proof")], ["--export", &format!("{name}.jsonl")]] {
            verify(shell, &file, "before", true).ok();
            verify(shell, &file, name, false).ok();
        }
    }
    let unknown = verify(shell, &["--proof", "after.tlog-proof"], "before", false).failed(1);
    assert!(unknown.contains("none of the trusted keys signed"), "{unknown}");
    let unknown = verify(shell, &["--export", "before.jsonl"], "after", false).failed(1);
    assert!(unknown.contains("none of the trusted keys signed"), "{unknown}");
}

#[test]
fn an_old_key_verifies_what_was_proven_before_and_with_the_rotations_what_comes_after() {
    let shell = shell_with_events();
    keep(&shell, "before");
    assert_eq!(shell.run(&["checkpoint", "--rotations"]).ok(), "");
    let told = shell.run(&["key", "rotate"]).ok();
    assert!(told.contains("up to its first 3 events"), "{told}");
    keep(&shell, "after");
    let again: Value = serde_json::from_str(&shell.run(&["key", "rotate", "--json"]).ok()).unwrap();
    assert_eq!(
        (&again["old"], &again["size"]),
        (&fs::read_to_string(shell.path("after.vkey")).unwrap().trim().into(), &4.into())
    );
    shell.write("log.rotations", shell.run(&["checkpoint", "--rotations"]).ok());
    assert_followed(&shell);
    for key in ["before", "after"] {
        let kept = ["--checkpoint", "before.checkpoint", "--checkpoint", "after.checkpoint"];
        assert!(verify(&shell, &kept, key, false).ok().contains(again["new"].as_str().unwrap()));
    }
    let listed = shell.run(&["list", "action:audit.log.key_rotated", "--json", "--all"]).ok();
    let events: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 2, "{listed}");
    assert_eq!(events[0]["metadata"], json!({"old_key": again["old"], "new_key": again["new"], "size": 4}));
    assert_eq!(events[0]["actor"]["id"], "indelible");
}

#[test]
fn a_key_signs_nothing_beyond_its_rotation() {
    let shell = shell_with_events();
    keep(&shell, "before");
    fs::copy(shell.path("data/keys/signing.key"), shell.path("stolen.key")).unwrap();
    shell.run(&["key", "rotate"]).ok();
    shell.write("log.rotations", shell.run(&["checkpoint", "--rotations"]).ok());
    // The thief of the old key goes on with a copy of the log from before.
    let thief = shell.path("thief");
    fs::create_dir(&thief).unwrap();
    let copied = std::process::Command::new("cp").arg("-r").arg(shell.path("data")).arg(&thief).status().unwrap();
    assert!(copied.success());
    fs::copy(shell.path("stolen.key"), thief.join("data/keys/signing.key")).unwrap();
    fs::remove_file(thief.join("data/keys/rotations")).unwrap();
    let refused = shell.run(&["checkpoint", "--data", "thief/data"]).failed(1);
    assert!(refused.contains("none of the trusted keys signed"), "{refused}");
}

#[test]
fn a_running_server_changes_its_key_for_administrators_of_all_tenants() {
    let mut shell = Shell::new();
    let server = Server::start();
    server.record(&json!({"action": "token.created"}));
    let of_one_tenant = server.make_key("acme", &["admin"]);
    server.post_as(&of_one_tenant, "/v1/rotations", JSON, "").assert_problem(403, "forbidden");
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    keep(&shell, "before");
    shell.run(&["key", "rotate"]).ok();
    keep(&shell, "after");
    shell.write("log.rotations", shell.run(&["checkpoint", "--rotations"]).ok());
    assert_followed(&shell);
    let told = server.events().into_iter().find(|event| event["action"] == "audit.log.key_rotated").unwrap();
    assert_eq!((&told["actor"]["type"], &told["credential"]["kind"]), (&"token".into(), &"api_key".into()));
    let server = server.restart();
    shell.set("INDELIBLE_URL", &server.url(""));
    assert_eq!(
        shell.run(&["checkpoint", "--rotations"]).ok(),
        fs::read_to_string(shell.path("log.rotations")).unwrap()
    );
    shell.write("now.vkey", shell.run(&["checkpoint", "--verifier-key"]).ok());
    assert_eq!(fs::read(shell.path("now.vkey")).unwrap(), fs::read(shell.path("after.vkey")).unwrap());
}

#[test]
fn rotations_that_are_damaged_are_refused() {
    let shell = shell_with_events();
    keep(&shell, "before");
    shell.run(&["key", "rotate"]).ok();
    let rotations = shell.run(&["checkpoint", "--rotations"]).ok();
    shell.write("log.rotations", rotations.replacen("\n3\n", "\n2\n", 1));
    let failed = verify(&shell, &["--proof", "before.tlog-proof"], "before", true).failed(1);
    assert!(failed.contains("log.rotations: the signature of indelible does not fit"), "{failed}");
}
