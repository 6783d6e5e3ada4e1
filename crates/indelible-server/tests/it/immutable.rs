//! Nothing edits or deletes an event: whatever the interface and the command line offer is walked through and, where it can be,
//! done. The one thing that removes events is retention, which removes whole expired segments, signs it and records itself;
//! its own tests are in `retention`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    cli::Shell,
    server::{JSON, Server, bearer},
};

/// What else the interface changes, beside adding events: an operation that is not here has to be thought about.
const CHANGES: [&str; 17] = [
    "delete /v1/keys/{id}",
    "post /v1/events",
    "post /v1/keys",
    "post /v1/retention",
    "post /v1/rotations",
    "post /v1/security-events/{name}",
    "post /v1/token-groups",
    "post /v1/token-groups/{id}/revoke",
    "post /v1/tokens",
    "post /v1/tokens/import",
    "post /v1/tokens/prune",
    "post /v1/tokens/verify",
    "post /v1/tokens/{id}/derive",
    "post /v1/tokens/{id}/reveal",
    "post /v1/tokens/{id}/revoke",
    "post /v1/tokens/{id}/rotate",
    "post /v1/webhooks/{name}",
];

/// Commands whose help speaks of taking something away or changing it, and of what. None of it is an event, but for the first two.
const TAKING_AWAY: [(&str, &str); 7] = [
    ("retain", "whole expired segments"),
    ("serve", "the same, by its configuration"),
    ("", "names `retain`"),
    ("record", "an example whose action is user.deleted"),
    ("token", "names `token prune`"),
    ("token prune", "tokens that ended long ago; the log keeps what it has of them"),
    ("outbox drain", "what was recorded leaves the outbox, a table of the application"),
];

/// Words that tell of it, by their beginnings.
const STEMS: [&str; 10] = ["delet", "edit", "eras", "modif", "overwrit", "prun", "purg", "remov", "rewrit", "truncat"];

/// Commands that do not end, or that only make logs of their own.
const NOT_RUN: [&str; 4] = ["bench", "help", "serve", "witness"];

/// A log in which a user and a resource come, act and go.
fn lived() -> Server {
    let server = Server::start();
    for (action, target) in [
        ("account.created", "user"),
        ("resource.created", "network"),
        ("resource.updated", "network"),
        ("resource.deleted", "network"),
        ("account.deleted", "user"),
    ] {
        server.record(&json!({
            "action": action, "actor": {"type": "user", "id": "42", "email": "alice@example.com"},
            "targets": [{"type": target, "id": "42", "name": "office"}], "changes": {"before": {"a": 1}},
        }));
    }
    server
}

/// Each operation of the interface, as method and path.
fn operations(server: &Server) -> Vec<(String, String, Value)> {
    let description = server.get("/openapi.json").json();
    let paths = description["paths"].as_object().unwrap().clone();
    let of_path = |(path, methods): (String, Value)| {
        let methods = methods.as_object().unwrap().clone();
        methods.into_iter().map(move |(method, operation)| (method, path.clone(), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

/// Sends a request that a client with manners would not.
fn send(server: &Server, method: &str, path: &str, body: &str) -> u16 {
    let (method, key, bytes) = (method.to_uppercase(), bearer(&server.key), body.len());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: {key}\r\ncontent-type: {JSON}\r\ncontent-length: {bytes}\r\n\
         connection: close\r\n\r\n"
    );
    let answer = server.raw(format!("{head}{body}").as_bytes());
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn no_operation_of_the_interface_changes_an_event() {
    let server = lived();
    let events = server.events();
    let ids = |event: &Value| [event["id"].as_str().unwrap().to_owned(), event["seq"].to_string()];
    let names: Vec<String> = events.iter().flat_map(ids).collect();
    let mut changing = BTreeSet::new();
    for (method, path, operation) in operations(&server) {
        if method == "get" {
            continue;
        }
        changing.insert(format!("{method} {path}"));
        // Expired events may go: here none has.
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        let examples = [example.clone(), json!({}), json!({"events": names, "ids": names, "id": names[0]})];
        for (body, name) in examples.iter().flat_map(|body| names.iter().map(move |name| (body, name))) {
            if !path.contains('{') && name != &names[0] {
                continue;
            }
            send(&server, &method, &path.replace("{id}", name).replace("{name}", name), &body.to_string());
        }
    }
    let known: BTreeSet<String> = CHANGES.iter().map(|&it| it.to_owned()).collect();
    assert_eq!(changing, known, "an operation came or went: does it edit or delete an event?");

    // And what is not offered is not there either.
    for (_, path, operation) in operations(&server) {
        for method in ["put", "patch", "delete", "post"] {
            if changing.contains(&format!("{method} {path}")) || operation.is_null() {
                continue;
            }
            let path = path.replace("{id}", &names[0]).replace("{name}", "x").replace("{path}", "0/000");
            let status = send(&server, method, &path, "{}");
            assert!([404, 405].contains(&status), "{method} {path}: {status}");
        }
    }
    let after = server.restart().events();
    assert_eq!(after.get(..events.len()), Some(&events[..]));
}

#[test]
fn entries_survive_their_user_and_their_resource() {
    let server = lived();
    let count = |path: &str| server.get(&format!("/v1/resources/{path}")).json()["events"].as_array().unwrap().len();
    assert_eq!((count("log?resource=network:42"), count("log?resource=user:42")), (3, 2));
    assert_eq!((count("feed?actor=user:42"), count("feed?actor=alice@example.com&action=*.*")), (3, 5));
}

/// Each command with what it prints for help: words that name it, text.
fn commands(shell: &Shell, path: &[&str], all: &mut Vec<(String, String)>) {
    let help = shell.run(&[path, &["--help"]].concat()).ok();
    let below =
        help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default().to_owned();
    all.push((path.join(" "), help));
    for line in below.lines().filter_map(|line| line.strip_prefix("  ")) {
        if let Some(name) = line.split(' ').next().filter(|name| !name.is_empty() && *name != "help") {
            commands(shell, &[path, &[name]].concat(), all);
        }
    }
}

#[test]
fn no_command_changes_an_event() {
    let shell = Shell::new();
    let events =
        (0..5).map(|nth| json!({"action": "resource.updated", "targets": [{"type": "a", "id": nth.to_string()}]}));
    let lines: Vec<String> = events.map(|event| event.to_string()).collect();
    shell.pipe(&lines.join("\n"), &["record"]).ok();
    let recorded = |shell: &Shell| shell.run(&["list", "--oldest", "--all", "--json"]).ok();
    let before = recorded(&shell);
    let id = serde_json::from_str::<Value>(before.lines().next().unwrap()).unwrap()["id"].as_str().unwrap().to_owned();

    let mut all = Vec::new();
    commands(&shell, &[], &mut all);
    assert!(all.len() > 40, "{all:?}");
    let tells = |help: &str| {
        let words = help.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_lowercase);
        words.into_iter().any(|word| STEMS.iter().any(|stem| word.starts_with(stem)))
    };
    let telling: BTreeSet<&str> = all.iter().filter(|(_, help)| tells(help)).map(|(path, _)| path.as_str()).collect();
    let known: BTreeSet<&str> = TAKING_AWAY.iter().map(|(path, _)| *path).collect();
    assert_eq!(telling, known, "the help of a command speaks of taking away: not events?");

    for (path, _) in &all {
        let words: Vec<&str> = path.split(' ').filter(|word| !word.is_empty()).collect();
        if words.first().is_none_or(|first| NOT_RUN.contains(first)) {
            continue;
        }
        for more in [&[][..], &["0"], &[&id], &["a:0"], &["0", "--force"], &["*"]] {
            shell.run(&[&words, more].concat());
        }
    }
    let after = recorded(&shell);
    assert!(after.starts_with(&before), "{after}");
    shell.run(&["verify"]).ok();
}

#[test]
fn what_is_done_to_an_outbox_or_to_the_database_of_tokens_is_not_done_to_the_log() {
    let shell = Shell::new();
    let outbox = rusqlite::Connection::open(shell.path("app.db")).unwrap();
    shell.run(&["outbox", "schema", "--apply", "app.db"]).ok();
    outbox.execute("INSERT INTO indelible_outbox (event) VALUES ('{\"action\":\"invoice.approved\"}')", []).unwrap();
    shell.run(&["outbox", "drain", "app.db", "--keep"]).ok();
    shell.run(&["token", "issue", "sk", "ci key", "--owner", "user:42"]).ok();
    let recorded = |shell: &Shell| shell.run(&["list", "--oldest", "--all", "--json"]).ok();
    let before = recorded(&shell);
    assert_eq!(before.lines().count(), 2);

    // A row that was drained says something else, and is to be drained again; then all go.
    outbox
        .execute_batch("UPDATE indelible_outbox SET event = '{\"action\":\"invoice.denied\"}', settled_at = NULL")
        .unwrap();
    shell.run(&["outbox", "drain", "app.db"]).ok();
    outbox.execute_batch("DELETE FROM indelible_outbox; DROP TABLE indelible_outbox").unwrap();
    let state = rusqlite::Connection::open(shell.path("data/state.db")).unwrap();
    state.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM tokens").unwrap();
    drop(state);
    assert_eq!(recorded(&shell), before);
    shell.run(&["verify"]).ok();
}
