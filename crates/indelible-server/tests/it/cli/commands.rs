//! Each command on a data directory.

use std::fs;

use serde_json::Value;

use super::{Shell, shell_with_events};

/// A text in which what differs from run to run is gone.
fn steady(text: &str, json: &Value) -> String {
    let id = json["id"].as_str().unwrap();
    let recorded_at = json["recorded_at"].as_str().unwrap();
    text.replace(id, "ID").replace(recorded_at, "RECORDED_AT")
}

fn event(shell: &Shell, which: &str) -> Value {
    serde_json::from_str(&shell.run(&["show", which, "--json"]).ok()).unwrap()
}

#[test]
fn a_recorded_event_is_listed_and_shown() {
    let shell = shell_with_events();
    let list = "\
TIME                 ACTION             OUTCOME  ACTOR              TARGET       IP           SEQ
2026-11-20 12:00:02  role.assigned      success  service:billing    user:9 +1                   2
2026-11-20 12:00:01  token.created      success  alice@example.com  token:tok_7                 1
2026-11-20 12:00:00  auth.login.failed  failure  alice@example.com               203.0.113.9    0
";
    assert_eq!(shell.run(&["list"]).ok(), list);
    assert_eq!(shell.run(&["list", "action:role.*"]).ok().lines().count(), 2);
    assert_eq!(shell.run(&["list", "action:none"]).ok(), "");
    let shown = shell.run(&["show", "2"]).ok();
    let expected = "\
role.assigned  success  medium
id           ID
seq          2
recorded_at  RECORDED_AT
occurred_at  2026-11-20T12:00:02.000000Z
tenant       default

actor
  type  service
  id    billing

targets
  [0].type  user
  [0].id    9
  [1].type  role
  [1].id    admin

metadata
  ticket  SEC-118

changes
  - role  \"viewer\"
  + role  \"admin\"
  + scope.all  true
";
    let json = event(&shell, "2");
    assert_eq!(steady(&shown, &json), expected);
    assert_eq!(shell.run(&["show", json["id"].as_str().unwrap()]).ok(), shown);
}

#[test]
fn flags_make_the_event_that_json_makes() {
    let shell = Shell::new();
    let flags = [
        "record",
        "token.revoked",
        "--at",
        "2026-11-20T12:00:00Z",
        "--actor",
        "user:42",
        "--actor-email",
        "alice@example.com",
        "--target",
        "token:tok_7",
        "--ip",
        "::ffff:203.0.113.9",
        "--user-agent",
        "curl/8",
        "--meta",
        "attempt=3",
        "--meta",
        "note=by hand",
        "--tag",
        "x",
        "--reason",
        "token_expired",
        "--severity",
        "high",
        "--status",
        "204",
        "--service",
        "api",
        "--session",
        "s1",
        "--request-id",
        "r1",
        "--credential",
        "api_key:k1",
        "--outcome",
        "denied",
        "--tenant",
        "acme",
        "--idempotency-key",
        "once",
    ];
    assert!(shell.run(&flags).ok().ends_with("  seq 0\n"));
    assert!(shell.run(&flags).ok().ends_with("  seq 0  recorded before\n"), "the key is known");
    let json = r#"{"action":"token.revoked","occurred_at":"2026-11-20T12:00:00Z","actor":{"type":"user","id":"42",
        "email":"alice@example.com"},"targets":[{"type":"token","id":"tok_7"}],"context":{"ip":"203.0.113.9",
        "user_agent":"curl/8"},"metadata":{"attempt":3,"note":"by hand"},"tags":["x"],"reason":"token_expired",
        "severity":"high","http":{"status":204},"source":{"service":"api"},"session_id":"s1","request_id":"r1",
        "credential":{"kind":"api_key","id":"k1"},"outcome":"denied","tenant":"acme","idempotency_key":"twice"}"#;
    shell.run(&["record", json]).ok();
    let (mut first, mut second) = (event(&shell, "0"), event(&shell, "1"));
    for event in [&mut first, &mut second] {
        for name in ["id", "seq", "recorded_at", "idempotency_key"] {
            event.as_object_mut().unwrap().remove(name);
        }
    }
    assert_eq!(first, second);
}

#[test]
fn one_process_after_another_records_though_each_leaves_something_to_seal() {
    let shell = Shell::new();
    for seq in 0..12 {
        assert!(shell.run(&["record", "token.created"]).ok().ends_with(&format!("  seq {seq}\n")));
    }
}

#[test]
fn a_batch_with_one_bad_event_records_nothing() {
    let shell = Shell::new();
    let error = shell.pipe("{\"action\":\"token.created\"}\n{\"acton\":\"token.created\"}", &["record"]).failed(1);
    assert!(error.starts_with("error: event 2: acton: "), "{error}");
    assert!(!shell.path("data").exists());
    let error = shell.pipe("{\"action\":\"token.created\"}\n{\"action\"", &["record"]).failed(1);
    assert!(error.starts_with("error: event 2: not JSON: "), "{error}");
}

#[test]
fn aggregates_are_tables_with_bars() {
    let shell = shell_with_events();
    let table = "\
ACTOR.TYPE  COUNT
user            2  ████████████████████
service         1  ██████████
";
    assert_eq!(shell.run(&["aggregate", "--by", "actor.type"]).ok(), table);
    let json = shell
        .run(&["aggregate", "-outcome:success", "--by", "ip", "--measure", "count,distinct(action)", "--json"])
        .ok();
    let expected =
        r#"{"columns":["context.ip","count","distinct(action)"],"rows":[["203.0.113.9",1,1]],"exact":true,"groups":1}"#;
    assert_eq!(json.trim_end().replace("\"ip\"", "\"context.ip\""), expected);
    let more = shell.run(&["aggregate", "--by", "action", "--limit", "1", "--order", "-action"]).ok();
    assert!(more.ends_with("1 of 3 groups; --limit shows more\n"), "{more}");
}

#[test]
fn exports_appear_whole_in_three_formats() {
    let shell = shell_with_events();
    let lines = shell.run(&["export"]).ok();
    assert_eq!(lines.lines().count(), 3);
    let written = shell.run(&["export", "-o", "all.jsonl"]).ok();
    assert!(written.starts_with("all.jsonl: 3 events, 1."), "{written}");
    assert_eq!(fs::read_to_string(shell.path("all.jsonl")).unwrap(), lines);
    shell.run(&["export", "action:token.*", "-o", "tokens.csv"]).ok();
    let csv = fs::read_to_string(shell.path("tokens.csv")).unwrap();
    assert!(csv.starts_with("id,seq,recorded_at,") && csv.lines().count() == 2, "{csv}");
    shell.run(&["export", "--output", "all.parquet"]).ok();
    let parquet = fs::read(shell.path("all.parquet")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    let names: Vec<_> = fs::read_dir(shell.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "nothing half is left: {names:?}");
    let error = shell.run(&["export", "-o", "no/such/place.csv"]).failed(1);
    assert!(error.starts_with("error: no/such/place.csv: cannot write: "), "{error}");
}

#[test]
fn a_tail_of_a_data_directory_shows_the_past_and_says_why_it_ends() {
    let shell = shell_with_events();
    let done = shell.run(&["tail", "--since", "2026-11-20", "--json", "actor.id:42"]);
    assert_eq!((done.code, done.out.lines().count()), (Some(0), 2));
    assert!(done.err.contains("run `indelible serve`"), "{}", done.err);
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let shell = shell_with_events();
    let healthy = shell.run(&["doctor", "--json"]).ok();
    let findings: Value = serde_json::from_str(&healthy).unwrap();
    let checks: Vec<&str> = findings.as_array().unwrap().iter().map(|f| f["check"].as_str().unwrap()).collect();
    assert_eq!(checks, ["version", "directory", "owner", "keys", "space", "lock", "log", "clock", "fingerprint"]);
    fs::write(shell.path("data/keys/leaked.key"), "secret").unwrap();
    let done = shell.run(&["doctor"]);
    assert_eq!(done.code, Some(1));
    assert!(done.out.contains("problem  keys         others can read leaked.key\n"), "{}", done.out);
    assert!(done.out.contains("                      chmod 600 the files under keys/\n"), "{}", done.out);
    let missing = shell.run(&["doctor", "--data", "elsewhere"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.out.contains("\nproblem  directory    elsewhere: "), "{}", missing.out);
}

#[test]
fn a_directory_that_another_process_has_open_is_left_alone() {
    let shell = shell_with_events();
    let lock = fs::File::open(shell.path("data/lock")).unwrap();
    lock.lock().unwrap();
    let error = shell.run(&["list"]).failed(1);
    assert!(error.contains("another process has this log open") && error.contains("--url"), "{error}");
    lock.unlock().unwrap();
    shell.run(&["list"]).ok();
}

#[test]
fn a_receipt_shows_its_proof_when_asked() {
    let shell = shell_with_events();
    let json = shell.run(&["record", "token.revoked", "--proof", "--json"]).ok();
    let receipt: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&receipt["seq"], &receipt["size"]), (&3.into(), &4.into()));
    assert_eq!(receipt["proof"].as_array().unwrap().len(), 2);
    assert!(receipt["checkpoint"].as_str().unwrap().starts_with("indelible\n4\n"), "{receipt}");
    let told = shell.run(&["record", "token.revoked", "--proof"]).ok();
    assert!(told.contains("  seq 4\n  leaf  ") && told.contains("\n\nindelible\n5\n"), "{told}");
}
