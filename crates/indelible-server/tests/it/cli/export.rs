//! Exports with proof: written by one command, judged by another.

use serde_json::json;

use super::{Shell, shell_with_events};
use crate::server::{NDJSON, Server};

/// A shell with a log of some events, every third of another kind, and the log's public key.
fn shell_with(events: usize) -> Shell {
    let shell = Shell::new();
    shell.pipe(&lines(events), &["record"]).ok();
    shell.write("log.vkey", shell.run(&["checkpoint", "--verifier-key"]).ok());
    shell
}

fn lines(events: usize) -> String {
    let action = |n| if n % 3 == 0 { "token.revoked" } else { "token.authenticated" };
    let event = |n| {
        json!({"action": action(n), "actor": {"type": "user", "id": "42", "email": "alice@example.com"},
               "targets": [{"type": "token", "id": format!("tok_{n}")}]})
    };
    (0..events).map(|n| format!("{}\n", event(n))).collect()
}

fn verify(shell: &Shell, file: &str, more: &[&str]) -> super::Done {
    shell.run(&[&["verify", "--export", file, "--key", "log.vkey"], more].concat())
}

#[test]
fn a_whole_export_proves_that_nothing_is_missing() {
    let shell = shell_with(1500);
    let written = shell.run(&["export", "--proof", "-o", "all.jsonl"]).ok();
    assert!(written.contains("1,500 events"), "{written}");
    let told = verify(&shell, "all.jsonl", &["--whole"]).ok();
    assert!(told.contains("the whole log up to the checkpoint: 1,500 events"), "{told}");
    shell.write("printed.jsonl", shell.run(&["export", "--proof"]).ok());
    verify(&shell, "printed.jsonl", &["--whole"]).ok();
}

#[test]
fn a_stretch_and_a_filtered_export_prove_what_they_have() {
    let shell = shell_with(1500);
    shell.run(&["export", "seq:300..1200", "--proof", "-o", "stretch.jsonl"]).ok();
    let told = verify(&shell, "stretch.jsonl", &[]).ok();
    assert!(told.contains("901 events, from 300 to 1200, none is missing between"), "{told}");
    shell.run(&["export", "action:token.revoked", "--proof", "-o", "revoked.jsonl"]).ok();
    let refused = verify(&shell, "revoked.jsonl", &[]).failed(1);
    assert!(refused.contains("add --filtered"), "{refused}");
    let told = verify(&shell, "revoked.jsonl", &["--filtered"]).ok();
    assert!(told.contains("500 events between 0 and 1497; 998 events are left out there"), "{told}");
    shell.run(&["export", "action:no.such", "--proof", "-o", "none.jsonl"]).ok();
    assert!(verify(&shell, "none.jsonl", &["--filtered"]).ok().contains("an export without events"));
}

#[test]
fn a_line_dropped_altered_swapped_or_doubled_is_named() {
    let shell = shell_with(20);
    let whole = shell.run(&["export", "--proof"]).ok();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let check = |lines: Vec<&str>, expected: &str| {
        shell.write("altered.jsonl", lines.concat());
        let failed = verify(&shell, "altered.jsonl", &[]).failed(1);
        assert!(failed.contains(expected), "{failed}");
    };
    let with = |at: usize, line: &str| -> String { [&lines[..at].concat(), line, &lines[at + 1..].concat()].concat() };
    check([&lines[..7], &lines[8..]].concat(), "line 8 (event 8): event 7 is missing before it");
    check([&lines[..19], &lines[20..]].concat(), "line 20: event 19 is missing before it");
    let (altered, seq) =
        (with(7, &lines[7].replace("tok_7", "tok_9")), with(7, &lines[7].replace("\"seq\":7", "\"seq\":9")));
    check(vec![&altered], "line 8 (event 7): its content hashes to the leaf");
    check(vec![&seq], "line 8 (event 9): the events 7 to 8 are missing before it");
    check([&lines[..3], &[lines[4], lines[3]], &lines[5..]].concat(), "line 4 (event 4): event 3 is missing before it");
    check([&lines[..5], &lines[4..]].concat(), "line 6 (event 4): it stands behind event 4");
    check(lines[..20].to_vec(), "ends after line 20 without a checkpoint");
    let filtered = shell.run(&["export", "action:token.revoked", "--proof"]).ok();
    let lines: Vec<&str> = filtered.split_inclusive('\n').collect();
    check(
        [&lines[..1], &lines[2..]].concat(),
        "line 2 (event 6): it has 1 hashes of skipped events where 3 are needed",
    );
}

#[test]
fn an_export_of_an_empty_log_is_proven_too() {
    let shell = Shell::new();
    let server = Server::start();
    let key = server.get("/v1/status").json()["verifier_key"].as_str().unwrap().to_owned();
    shell.write("log.vkey", key);
    shell.write("empty.jsonl", server.get("/v1/export?proof=true").text);
    assert!(verify(&shell, "empty.jsonl", &["--whole"]).ok().contains("0 events"));
}

#[test]
fn a_server_streams_the_same_proof() {
    let mut shell = Shell::new();
    let server = Server::start();
    server.post("/v1/events", NDJSON, lines(3000));
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    shell.write("log.vkey", shell.run(&["checkpoint", "--verifier-key"]).ok());
    shell.run(&["export", "--proof", "-o", "all.jsonl"]).ok();
    verify(&shell, "all.jsonl", &["--whole"]).ok();
    shell.run(&["export", "action:token.revoked", "--proof", "-o", "revoked.jsonl"]).ok();
    assert!(verify(&shell, "revoked.jsonl", &["--filtered"]).ok().contains("1,000 events between 0 and 2997"));
    server.get("/v1/export?proof=true&format=csv").assert_problem(400, "invalid-parameter");
}

#[test]
fn a_key_of_one_tenant_exports_its_events_and_hashes_for_the_others() {
    let shell = Shell::new();
    let server = Server::start();
    for n in 0..40 {
        let tenant = if n % 4 == 1 { "acme" } else { "globex" };
        server.record(&json!({"action": "token.revoked", "tenant": tenant, "request_id": format!("{tenant}-{n}")}));
    }
    let auditor = server.make_key("acme", &["events:read"]);
    let export = server.get_as(&auditor, "/v1/export?proof=true").text;
    assert!(!export.contains("globex"), "{export}");
    shell.write("acme.jsonl", export);
    shell.write("log.vkey", server.get("/v1/status").json()["verifier_key"].as_str().unwrap());
    assert!(verify(&shell, "acme.jsonl", &["--filtered"]).ok().contains("10 events between 1 and 37"));
}

#[test]
fn only_json_lines_have_room_for_a_proof() {
    let shell = shell_with_events();
    let failed = shell.run(&["export", "--proof", "-o", "all.csv"]).failed(2);
    assert!(failed.contains("only JSON lines"), "{failed}");
}
