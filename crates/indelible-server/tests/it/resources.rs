//! Questions about resources, over HTTP and by commands, of two tenants that do the same.

use serde_json::{Value, json};

use crate::{
    cli::Shell,
    server::{NDJSON, Server},
};

const QUESTIONS: [&str; 6] = ["log", "changes", "state", "feed", "approvals", "requests"];

/// A network that was asked for, allowed, changed and deleted, and one that is still asked for.
fn story() -> String {
    let by = |user: &str| json!({"type": "user", "id": user, "email": format!("{user}@example.com")});
    let event = |minute: u32, word: &str, user: &str, targets: Value, changes: Value| {
        json!({
            "action": format!("resource.{word}"), "occurred_at": format!("2026-11-20T12:{minute:02}:00Z"),
            "actor": by(user), "targets": targets, "changes": changes,
        })
    };
    let request = |id: &str| json!({"type": "resource_request", "id": id});
    let wanted = json!({"type": "network", "name": "office"});
    let there = json!({"type": "network", "id": "net_7", "name": "office", "attrs": {"address": "10.7.0.0/24"}});
    let (was, is) = (json!({"mtu": 1500, "note": "a\nb\nc", "\u{1b}[2J": 1}), json!({"mtu": 1400, "note": "a\nB\nc"}));
    let events = [
        event(0, "requested", "bob", json!([wanted, request("r1")]), json!({"after": {"mtu": 9000}})),
        event(2, "approved", "alice", json!([there, request("r1")]), Value::Null),
        event(3, "created", "alice", json!([there]), json!({"after": was})),
        event(4, "updated", "bob", json!([there]), json!({"before": was, "after": is})),
        event(5, "deleted", "alice", json!([there]), json!({"before": is})),
        event(6, "requested", "bob", json!([wanted, request("r2")]), Value::Null),
        json!({"action": "invoice.sent", "actor": by("bob"), "targets": [{"type": "invoice", "id": "118"}]}),
    ];
    events.map(|event| event.to_string()).join("\n")
}

fn actions(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap_or_else(|| panic!("{answer}"));
    events.iter().map(|event| event["action"].as_str().unwrap().trim_start_matches("resource.")).collect()
}

fn scenario() -> (Server, String, String) {
    let server = Server::start();
    let keys = ["acme", "globex"].map(|tenant| server.make_key(tenant, &["events:read", "events:write"]));
    let [acme, globex] = keys;
    assert_eq!(server.post_as(&acme, "/v1/events", NDJSON, story()).status, 201);
    (server, acme, globex)
}

#[test]
fn each_question_is_answered_right() {
    let (server, acme, _) = scenario();
    let ask = |question: &str| {
        let answer = server.get_as(&acme, &format!("/v1/resources/{question}"));
        assert_eq!(answer.status, 200, "{question}: {}", answer.text);
        answer.json()
    };
    let all = ask("log?resource=network:net_7");
    assert_eq!(actions(&all), ["deleted", "updated", "created", "approved", "requested"]);
    let first = ask("log?resource=network:net_7&limit=2");
    let rest = format!("log?resource=network:net_7&cursor={}", first["next"].as_str().unwrap());
    assert_eq!((actions(&first), actions(&ask(&rest)).len()), (vec!["deleted", "updated"], 3));
    assert_eq!(actions(&ask("log?resource=network:net_7&actor=user:bob&action=updated")), ["updated"]);
    assert_eq!(actions(&ask("log?resource=resource_request:r2")), ["requested"]);

    let changes = &ask("changes?resource=network:net_7&action=updated")["changes"][0];
    assert_eq!(changes["changed_by"]["id"], "bob");
    assert_eq!(changes["fields"][1], json!({"path": "mtu", "before": 1500, "after": 1400}));
    let patch = json!([
        {"op": "remove", "path": "/\u{1b}[2J"},
        {"op": "replace", "path": "/mtu", "value": 1400},
        {"op": "replace", "path": "/note", "value": "a\nB\nc"},
    ]);
    assert_eq!(changes["patch"], patch);

    let state = |at: &str| ask(&format!("state?resource=network:net_7{at}"));
    assert_eq!((&state("")["standing"], &state("")["fields"]["mtu"]), (&json!("deleted"), &json!(1400)));
    let before = state("&at=2026-11-20T12:03:30Z");
    assert_eq!((&before["standing"], &before["fields"]["mtu"]), (&json!("present"), &json!(1500)));
    assert_eq!((&before["unknown"], &before["attrs"]["address"]), (&json!([]), &json!("10.7.0.0/24")));
    let wanted = state("&at=2026-11-20T12:01:00Z");
    assert_eq!((&wanted["standing"], &wanted["unknown"]), (&json!("requested"), &json!(["*"])));

    assert_eq!(actions(&ask("feed")).len(), 6);
    assert_eq!(actions(&ask("feed?type=invoice")), ["invoice.sent"]);
    assert_eq!(actions(&ask("feed?action=invoice.*&actor=bob@example.com")), ["invoice.sent"]);
    assert_eq!(actions(&ask("feed?since=2026-11-20T12:06:00Z")), ["requested"]);
    let decisions = ask("approvals");
    let decided = &decisions["decisions"][0];
    assert_eq!((&decided["decision"], &decided["waited_s"]), (&json!("approved"), &json!(120)));
    assert_eq!(
        (&decided["decided_by"]["id"], &decided["request"]["requested_by"]["id"]),
        (&json!("alice"), &json!("bob"))
    );
    assert_eq!(ask("approvals?actor=bob")["decisions"], json!([]));
    assert_eq!(ask("requests")["requests"][0]["request"], "r2");
}

#[test]
fn nothing_of_another_tenant_is_shown_and_what_is_asked_wrongly_is_refused() {
    let (server, acme, globex) = scenario();
    for question in QUESTIONS {
        let of = if ["log", "changes", "state"].contains(&question) { "?resource=network:net_7" } else { "" };
        let answer = server.get_as(&globex, &format!("/v1/resources/{question}{of}"));
        assert_eq!(answer.status, 200, "{question}: {}", answer.text);
        for theirs in ["office", "alice", "bob", "1400", "r2", "present"] {
            assert!(!answer.text.contains(theirs), "{question}: {}", answer.text);
        }
    }
    for (path, field) in [
        ("log", "resource"),
        ("state?resource=net_7", "resource"),
        ("state?resource=network:net_7&at=soon", "at"),
        ("feed?since=soon", "since"),
        ("feed?limit=0", "limit"),
        ("feed?cursor=x", "cursor"),
        ("feed?kind=network", "kind"),
        // What a question does not take would be taken for met.
        ("feed?resource=network:net_7", "resource"),
        ("log?resource=network:net_7&type=network", "type"),
        ("state?resource=network:net_7&actor=bob", "actor"),
        ("requests?at=1h", "at"),
    ] {
        let answer = server.get_as(&acme, &format!("/v1/resources/{path}"));
        assert_eq!(answer.assert_problem(400, "invalid-parameter")["field"], field, "{path}");
    }
    let without = server.make_key("acme", &["events:write", "tokens:read"]);
    server.get_as(&without, "/v1/resources/feed").assert_problem(403, "forbidden");
    server.get_as(&acme, "/v1/resources/nothing").assert_problem(404, "not-found");
    let told = server.restart().events();
    let told = told.iter().find(|event| event["targets"][0]["id"] == "resources").unwrap();
    assert_eq!((&told["action"], &told["tenant"]), (&json!("audit.log.read"), &json!("globex")));
}

#[test]
fn who_sees_all_tenants_asks_about_one() {
    let (server, acme, globex) = scenario();
    let theirs =
        json!({"action": "resource.created", "tenant": "globex", "targets": [{"type": "network", "id": "net_7"}]});
    let theirs = theirs.to_string();
    assert_eq!(server.post_as(&globex, "/v1/events", NDJSON, theirs.clone()).status, 201);
    let path = "/v1/resources/log?resource=network:net_7";
    let of = |key: &str, tenant: &str| server.get_of(key, tenant, path);
    assert_eq!(actions(&server.get(path).json()).len(), 6);
    assert_eq!(actions(&of(&server.key, "globex").json()), ["created"]);
    assert_eq!(actions(&of(&acme, "acme").json()).len(), 5);
    assert_eq!(of(&acme, "globex").assert_problem(403, "forbidden")["field"], "indelible-tenant");

    let mut shell = Shell::new();
    let log = |shell: &Shell| shell.run(&["resource", "log", "network:net_7", "--tenant", "globex"]).ok();
    shell.pipe(&story(), &["record"]).ok();
    shell.pipe(&theirs, &["record"]).ok();
    assert!(log(&shell).ends_with("  created  network:net_7  #7\n"));
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    assert!(log(&shell).ends_with("  created  network:net_7  #7\n"));
}

/// What commands print, the same wherever the log is.
fn reads(shell: &Shell) {
    let log = shell.run(&["resource", "log", "network:net_7"]).ok();
    let expected = [
        "2026-11-20 12:05:00  deleted  network:net_7  office  (10.7.0.0/24)  by alice@example.com  #4",
        "  - mtu  1400",
        "  - note  \"a\\nB\\nc\"",
        "2026-11-20 12:04:00  updated  network:net_7  office  (10.7.0.0/24)  by bob@example.com  #3",
        "  - \\x1b[2J  1",
        "  - mtu  1500",
        "  + mtu  1400",
        "  @ note  line 2",
        "    a",
        "  - b",
        "  + B",
        "    c",
        "2026-11-20 12:03:00  created  network:net_7  office  (10.7.0.0/24)  by alice@example.com  #2",
    ];
    assert_eq!(log.lines().take(expected.len()).collect::<Vec<_>>(), expected, "{log}");
    let patch = shell.run(&["resource", "log", "network:net_7", "--patch", "--action", "deleted"]).ok();
    let patch: Value = serde_json::from_str(&patch).unwrap();
    assert_eq!(patch["patch"][0], json!({"op": "remove", "path": "/mtu"}));

    let show = |more: &[&str]| shell.run(&[&["resource", "show", "network:net_7"], more].concat()).ok();
    assert!(
        show(&[]).starts_with(
            "network:net_7  office  10.7.0.0/24\ndeleted  after 5 events, the last of 2026-11-20 12:05:00 (#4); it was\n  mtu "
        ),
        "{}",
        show(&[])
    );
    let before = show(&["--at", "2026-11-20T12:03:30Z"]);
    assert!(
        before.contains("\n  mtu      1500\n") && before.contains("present") && !before.contains("unknown"),
        "{before}"
    );
    assert!(show(&["--at", "2026-11-20T12:01:00Z"]).ends_with("unknown  *\n"));
    let json: Value = serde_json::from_str(&show(&["--json"])).unwrap();
    assert_eq!(json["fields"]["mtu"], 1400);

    let feed = shell.run(&["resource", "feed", "--type", "network", "--limit", "3"]).ok();
    assert!(feed.contains("resource.deleted    alice@example.com  network:net_7   office  mtu, note "), "{feed}");
    assert!(feed.contains("office  \\x1b[2J, mtu, note "), "{feed}");
    let approvals = shell.run(&["resource", "approvals"]).ok();
    assert!(
        approvals.contains("approved  alice@example.com  network:net_7  office  bob@example.com  2m"),
        "{approvals}"
    );
    assert!(approvals.ends_with("from request to decision: median 2m, longest 2m\n"), "{approvals}");
    assert!(shell.run(&["resource", "requests"]).ok().contains("network:office        r2"));
    assert!(shell.run(&["resource", "log", "net_7"]).failed(2).contains("such as network:net_7"));

    // What is not there, and what is left out, is said.
    let nothing = shell.run(&["resource", "show", "network:net_8"]).ok();
    assert_eq!(nothing, "network:net_8\nunknown: no event tells whether it is there\n");
    for question in [&["log", "network:net_8"][..], &["feed", "--type", "net"], &["approvals", "--type", "net"]] {
        assert_eq!(shell.run(&[&["resource"], question].concat()).ok(), "none\n");
    }
    let some = shell.run(&["resource", "log", "network:net_7", "--limit", "1"]).ok();
    assert!(some.ends_with("\nthere may be more: narrow the question, or raise --limit\n"), "{some}");
    assert!(shell.run(&["resource", "feed", "--limit", "0"]).failed(2).contains("--limit"));
}

#[test]
fn commands_tell_the_same_of_a_data_directory_and_of_a_server() {
    let shell = Shell::new();
    shell.pipe(&story(), &["record"]).ok();
    reads(&shell);
    let server = Server::start();
    let mut shell = Shell::new();
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    shell.pipe(&story(), &["record"]).ok();
    reads(&shell);
}

#[test]
fn a_diff_is_coloured_where_it_may_be_and_fits_the_terminal() {
    let mut shell = Shell::new();
    let event = json!({"action": "resource.updated", "targets": [{"type": "a", "id": "1"}],
        "changes": {"before": {"text": "x".repeat(60)}, "after": {"text": "[REDACTED]", "same": "[REDACTED]"}}});
    shell.pipe(&event.to_string(), &["record"]).ok();
    shell.set("COLUMNS", "40");
    let plain = shell.run(&["resource", "log", "a:1"]).ok();
    assert!(plain.lines().skip(1).all(|line| line.chars().count() <= 40), "{plain}");
    assert_eq!(plain.matches('x').count(), 62, "{plain}");
    shell.set("NO_COLOR", "1");
    let coloured = shell.run(&["resource", "log", "a:1", "--color", "always"]).ok();
    assert!(coloured.contains("\u{1b}[31m- text") && coloured.contains("\u{1b}[32m+ text"), "{coloured:?}");
    assert!(!shell.run(&["resource", "log", "a:1"]).ok().contains('\u{1b}'));
}

#[test]
fn what_the_triggers_of_an_outbox_tell_is_part_of_the_trail() {
    let shell = Shell::new();
    let connection = rusqlite::Connection::open(shell.path("app.db")).unwrap();
    connection.execute_batch("CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT, mtu INT)").unwrap();
    shell.run(&["outbox", "triggers", "app.db", "--table", "networks", "--type", "network", "--apply"]).ok();
    connection
        .execute_batch("INSERT INTO networks VALUES ('net_7', 'office', 1500); UPDATE networks SET mtu = 1400; DELETE FROM networks")
        .unwrap();
    shell.run(&["outbox", "drain", "app.db"]).ok();
    let state: Value = serde_json::from_str(&shell.run(&["resource", "show", "network:net_7", "--json"]).ok()).unwrap();
    assert_eq!(state["fields"], json!({"id": "net_7", "name": "office", "mtu": 1400}));
    assert_eq!((&state["standing"], &state["unknown"]), (&json!("deleted"), &json!([])));
}
