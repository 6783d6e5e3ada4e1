//! Tokens, by commands on a data directory and on a server.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Shell;
use crate::server::Server;

fn shell_with_log() -> Shell {
    let shell = Shell::new();
    shell.pipe(r#"{"action":"a.b"}"#, &["record"]).ok();
    shell
}

fn shell_at(server: &Server) -> Shell {
    let mut shell = Shell::new();
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    shell
}

/// What a command prints as JSON.
#[track_caller]
fn json(shell: &Shell, arguments: &[&str]) -> Value {
    serde_json::from_str(&shell.run(&[arguments, &["--json"]].concat()).ok()).unwrap()
}

fn issue(shell: &Shell, options: &[&str]) -> (String, String) {
    let issued = json(shell, &[&["token", "issue", "sk", "ci key", "--owner", "user:42"], options].concat());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&issued["token"]["id"]), text(&issued["plaintext"]))
}

/// The whole life of a token, the same wherever it is kept.
fn lives(shell: &Shell) {
    let (id, text) = issue(shell, &["--ability", "orders:*", "--environment", "live", "--meta", "ticket=SEC-118"]);
    let shown = shell.run(&["token", "show", &id]).ok();
    assert!(shown.contains("owner            user:42\n") && shown.contains("state            active\n"), "{shown}");
    assert!(!shown.contains(&text));
    let good = shell.pipe(&format!("{text}\n"), &["token", "verify", "--ability", "orders:read", "--type", "sk"]).ok();
    assert!(good.starts_with("good\n") && good.contains(&id), "{good}");
    let bad = shell.pipe(&text, &["token", "verify", "--ability", "users:read"]);
    assert_eq!(bad.out, "not good  the token lacks the ability users:read (insufficient_scope)\n");
    assert_eq!((bad.code, bad.err.as_str()), (Some(1), ""));

    let rotated = json(shell, &["token", "rotate", &id, "--grace", "1h"]);
    let new_id = rotated["token"]["id"].as_str().unwrap();
    shell.pipe(&text, &["token", "verify"]).ok();
    let derived = json(shell, &["token", "derive", new_id, "--name", "build 118", "--ability", "orders:read"]);
    assert_eq!(derived["token"]["parent"], rotated["token"]["id"]);
    let revoked = shell.run(&["token", "revoke", new_id, "--with", "descendants", "--reason", "left"]).ok();
    assert_eq!(revoked.lines().count(), 3, "{revoked}");
    let bad = shell.pipe(rotated["plaintext"].as_str().unwrap(), &["token", "verify", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&bad.out).unwrap()["reason"], "token_revoked");

    let list = |options: &[&str]| shell.run(&[&["token", "list", "--json"], options].concat()).ok().lines().count();
    assert_eq!((list(&[]), list(&["--state", "revoked"]), list(&["--owner", "user:42", "--limit", "1"])), (3, 2, 1));
    assert_eq!(
        (list(&["--unused-for", "1h"]), list(&["--environment", "live", "--ungrouped", "--last-used", "--all"])),
        (0, 3)
    );
    let table = shell.run(&["token", "list", "--state", "active"]).ok();
    assert!(table.starts_with("ID") && table.contains("ci key") && table.contains("sk_live_…"), "{table}");
    assert!(shell.run(&["token", "list", "--owner", "42"]).failed(2).contains("such as user:42"));
    shell.run(&["token", "list", "--owner", ""]).failed(2);
    assert!(shell.run(&["token", "reveal", new_id]).failed(1).contains("rotate it to get a new one"));
    assert!(shell.run(&["token", "show", "tok_none"]).failed(1).contains("there is no"));
    assert_eq!(shell.run(&["token", "prune", "--ended-for", "0s"]).ok(), "2 deleted\n");
}

#[test]
fn a_token_lives_in_a_data_directory() {
    let shell = shell_with_log();
    lives(&shell);
    let told = shell.run(&["list", "action:token.*", "--all", "--json"]).ok();
    for action in ["created", "authenticated", "scope_denied", "rotated", "derived", "revoked", "deleted"] {
        assert!(told.contains(&format!("\"token.{action}\"")), "{action}: {told}");
    }
}

#[test]
fn a_token_lives_on_a_server() {
    let server = Server::start();
    let shell = shell_at(&server);
    lives(&shell);
    let (id, _) = issue(&shell, &["--tenant", "acme"]);
    assert!(shell.run(&["token", "show", &id]).failed(1).contains("there is no such token"));
    assert!(shell.run(&["token", "show", &id, "--tenant", "acme"]).ok().contains("tenant           acme\n"));
    assert!(shell.run(&["token", "show", "../keys"]).failed(1).contains("there is no"));
}

#[test]
fn tokens_of_several_types_are_issued_as_a_group() {
    let server = Server::start();
    for shell in [shell_with_log(), shell_at(&server)] {
        let options = ["--owner", "team:7", "--group", "pk,rk"];
        let group = json(&shell, &[&["token", "issue", "sk", "shop"], &options[..]].concat());
        let texts: Vec<&str> =
            group["tokens"].as_array().unwrap().iter().map(|one| one["plaintext"].as_str().unwrap()).collect();
        let ["sk", "pk", "rk"] = texts.iter().map(|text| &text[..2]).collect::<Vec<_>>()[..] else {
            panic!("{texts:?}")
        };
        let listed = shell.run(&["token", "list", "--group", group["group"].as_str().unwrap(), "--json"]).ok();
        assert_eq!(listed.lines().count(), 3);
        shell.pipe(texts[1], &["token", "verify"]).ok();
        let shown = shell.run(&[&["token", "issue", "sk", "shop"], &options[..]].concat()).ok();
        assert_eq!((shown.matches("_test_").count(), shown.matches("grp_").count()), (6, 1), "{shown}");
    }
}

#[test]
fn what_is_typed_wrongly_is_refused_before_anything_is_asked() {
    let shell = shell_with_log();
    for wrong in [
        &["issue", "sk", "x"][..],
        &["issue", "sk", "x", "--owner", "42"],
        &["issue", "sk", "x", "--owner", "user:42", "--expires", "soon"],
        &["issue", "sk", "x", "--owner", "user:42", "--ability", "a:*:b"],
        &["issue", "sk", "x", "--owner", "user:42", "--ip", "1.2.3.4/40"],
        &["issue", "sk", "x", "--owner", "user:42", "--rate-limit", "0"],
        &["issue", "sk", "x", "--owner", "user:42", "--meta", "ticket"],
        &["rotate", "tok_x", "--dual", "--grace", "1h"],
        &["verify", "sk_live_abc"],
        &["verify"],
        &["list", "--state", "dead"],
        &["prune", "--ended-for", "abc"],
    ] {
        shell.run(&[&["token"], wrong].concat()).failed(2);
    }
    assert!(
        shell.run(&["token", "issue", "xx", "x", "--owner", "user:42"]).failed(1).contains("use one of pk, rk, sk")
    );
    assert_eq!(shell.run(&["list", "action:token.*"]).ok(), "");
}

#[test]
fn rows_of_bearer_s_are_imported_once_and_their_texts_stay_valid() {
    let shell = shell_with_log();
    let text = "sk_live_8hT4kQ2mZ9wXc5vB7nY3dFgH";
    let hash = base16ct::lower::encode_string(&Sha256::digest(text));
    let row = format!(
        r#"{{"id":7,"owner_type":"App\\Models\\User","owner_id":42,"type":"sk","environment":"live","name":"ci","token":"{hash}","abilities":"[\"*\"]","created_at":"2025-01-01 00:00:00"}}"#
    );
    shell.write("rows.jsonl", format!("{row}\n"));
    assert_eq!(shell.run(&["token", "import", "rows.jsonl"]).ok(), "1 imported, 0 were there already\n");
    assert_eq!(shell.pipe(&row, &["token", "import", "-"]).ok(), "0 imported, 1 were there already\n");
    shell.pipe(&format!("7|{text}"), &["token", "verify"]).ok();
    shell.write("bad.jsonl", format!("{row}\n\n{}\n", row.replace(&hash, &"5f".repeat(64))));
    let error = shell.run(&["token", "import", "bad.jsonl"]).failed(1);
    assert!(error.contains("line 3: hash: is no SHA-256"), "{error}");
    assert_eq!(shell.pipe("\n \n", &["token", "import", "-"]).ok(), "0 imported, 0 were there already\n");
    let row = row.replace("2025-01-01 00:00:00", "\\u001b[2Jsoon");
    let error = shell.pipe(&row, &["token", "import", "-"]).failed(1);
    assert!(error.contains(r"created_at: \x1b[2Jsoon is no time"), "{error}");
    assert!(shell.pipe("{}", &["token", "import", "-"]).failed(1).contains("line 1: missing field"));
}

#[test]
fn types_and_the_vault_come_from_the_configuration() {
    let shell = shell_with_log();
    shell.write("vault.key", "5f".repeat(32));
    shell.write(
        "indelible.toml",
        "[tokens]\nvault_key_file = \"vault.key\"\n[tokens.types.int]\nname = \"Integration\"\nprefix = \"int\"\nrevealable = true\n",
    );
    let issued = json(&shell, &["token", "issue", "int", "x", "--owner", "user:42"]);
    let revealed = shell.run(&["token", "reveal", issued["token"]["id"].as_str().unwrap()]).ok();
    assert_eq!(revealed.trim(), issued["plaintext"].as_str().unwrap());
    shell.write("vault.key", "short");
    assert!(shell.run(&["token", "list"]).failed(1).contains("64 hexadecimal digits"));
}

/// Usage of one token, the same wherever it is kept.
fn usage(shell: &Shell) -> String {
    let (id, text) = issue(shell, &["--ability", "orders:*"]);
    for _ in 0..3 {
        shell.pipe(&text, &["token", "verify", "--ability", "orders:read"]).ok();
    }
    shell.pipe(&text, &["token", "verify", "--ability", "users:read"]).failed(1);
    id
}

/// What is told of it.
fn told(shell: &Shell, id: &str) {
    let report = shell.run(&["token", "usage", id]).ok();
    assert!(report.starts_with("uses       3   first 2"), "{report}");
    assert!(report.contains("\ndays       ") && report.contains("\nhours      0 to 23, at most 3\n"), "{report}");
    assert!(report.contains("#") && report.is_ascii(), "{report}");
    assert!(report.contains("insufficient_scope") && !report.contains("SUSPICIOUS"), "{report}");
    let foreign = shell.run(&["token", "usage", "tok_none"]);
    assert_eq!(foreign.code, Some(0));
    assert!(
        foreign.err.starts_with("note: there is no ") && foreign.err.contains("what the log has of tok_none"),
        "{foreign:?}"
    );
    let all = json(shell, &["token", "usage", "--owner", "user:42", "--tz", "Europe/Berlin"]);
    assert_eq!((&all["total"]["uses"], &all["tokens"]["rows"][0]["value"]), (&3.into(), &id.into()));
    let one = |question: &str| shell.run(&["token", "usage", "--question", question]).ok();
    assert!(one("statistics").contains("total_requests   3\n"));
    assert!(one("lifecycle").contains("token.created") && one("abilities").contains("orders:read"));
    assert!(!one("never-used").contains(id));
    assert_eq!(json(shell, &["token", "usage", "--question", "unique-ips"])["exact"], true);
    for wrong in [&["a", "--type", "sk"][..], &["--question", "why"], &["--tz", "Atlantis"], &["--over", "-1"]] {
        shell.run(&[&["token", "usage"], wrong].concat()).failed(2);
    }
    for limit in ["0", "1001"] {
        assert!(shell.run(&["token", "usage", "--limit", limit]).failed(2).contains("'--limit <N>'"));
    }
    assert!(shell.run(&["token", "usage", "--since", "once"]).failed(2).contains("since: \"once\" is no time"));
    assert!(shell.run(&["token", "usage", "--owner", "42"]).failed(2).contains("such as user:42"));
}

#[test]
fn usage_is_told_of_a_data_directory_and_of_a_server() {
    let shell = shell_with_log();
    let id = usage(&shell);
    told(&shell, &id);

    let server = Server::start();
    let mut shell = Shell::new();
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    let id = usage(&shell);
    let server = server.restart();
    shell.set("INDELIBLE_URL", &server.url(""));
    told(&shell, &id);
}
