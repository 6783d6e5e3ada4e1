//! Outboxes, drained by the command line.

use rusqlite::Connection;
use serde_json::Value;

use super::Shell;
use crate::server::Server;

/// A shell beside an application's database with an outbox.
fn shell_with_outbox() -> (Shell, Connection) {
    let shell = Shell::new();
    let connection = Connection::open(shell.path("app.db")).unwrap();
    connection.execute_batch("CREATE TABLE invoices (id INTEGER PRIMARY KEY, state TEXT)").unwrap();
    let schema = shell.run(&["outbox", "schema", "--database", "sqlite"]).ok();
    connection.execute_batch(&schema).unwrap();
    shell.run(&["outbox", "schema", "--apply", "app.db"]).ok();
    (shell, connection)
}

fn insert(connection: &Connection, event: &str) {
    connection.execute("INSERT INTO indelible_outbox (event) VALUES (?1)", [event]).unwrap();
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_was_committed_is_drained_into_a_data_directory_once() {
    let (shell, connection) = shell_with_outbox();
    insert(&connection, r#"{"action":"invoice.approved","targets":[{"type":"invoice","id":"7"}]}"#);
    assert!(shell.run(&["outbox", "status", "app.db"]).ok().starts_with("waiting 1, the first since 2"));
    assert_eq!(shell.run(&["outbox", "drain", "app.db", "--keep"]).ok(), "1 event is in the log\n");
    assert_eq!(json(&shell.run(&["outbox", "drain", "app.db", "--json"]).ok())["settled"], 0);
    assert_eq!(json(&shell.run(&["outbox", "status", "app.db", "--json"]).ok())["kept"], 1);
    let found = json(&shell.run(&["list", "target:invoice:7", "--json"]).ok());
    assert!(found["idempotency_key"].as_str().unwrap().starts_with("outbox:"));
}

#[test]
fn a_server_takes_them_too_and_what_it_does_not_take_is_shown() {
    let (mut shell, connection) = shell_with_outbox();
    let server = Server::start();
    shell.set("INDELIBLE_URL", &server.url(""));
    shell.set("INDELIBLE_KEY", &server.key);
    for nth in 0..3 {
        insert(&connection, &format!(r#"{{"action":"invoice.approved","metadata":{{"nth":{nth}}}}}"#));
        insert(&connection, &format!(r#"{{"action":"Not {nth}"}}"#));
    }
    // Two that waited for more than a day, one of which had been sent.
    connection
        .execute_batch("UPDATE indelible_outbox SET created_at = '2026-01-01T00:00:00Z' WHERE id IN (1, 3)")
        .unwrap();
    let key: String =
        connection.query_row("SELECT key FROM indelible_outbox WHERE id = 1", [], |row| row.get(0)).unwrap();
    shell.run(&["record", "invoice.approved", "--idempotency-key", &format!("outbox:{key}")]).ok();
    let drained = shell.run(&["outbox", "drain", "app.db"]).ok();
    assert_eq!(drained, "3 events are in the log, 3 parked: see `indelible outbox status`\n");
    assert_eq!(shell.run(&["list", "action:invoice.approved", "--json"]).ok().lines().count(), 3);
    let status = shell.run(&["outbox", "status", "app.db"]).ok();
    assert!(status.contains("parked  3") && status.contains("action: "), "{status}");

    // One is mended.
    connection
        .execute_batch(r#"UPDATE indelible_outbox SET event = '{"action":"invoice.late"}' WHERE id = 2"#)
        .unwrap();
    assert_eq!(shell.run(&["outbox", "retry", "app.db"]).ok(), "waiting again: 3\n");
    let drained = shell.run(&["outbox", "drain", "app.db"]).ok();
    assert_eq!(drained, "1 event is in the log, 2 parked: see `indelible outbox status`\n");
    assert_eq!(shell.run(&["list", "action:invoice.late", "--json"]).ok().lines().count(), 1);
    assert_eq!(json(&shell.run(&["outbox", "retry", "app.db", "--json"]).ok())["retried"], 2);
}

#[test]
fn a_log_that_takes_nothing_leaves_everything_where_it_is() {
    let (shell, connection) = shell_with_outbox();
    insert(&connection, r#"{"action":"invoice.approved"}"#);
    let server = Server::start();
    let forbidden = shell.run(&["outbox", "drain", "app.db", "--url", &server.url(""), "--key", "idl_wrong"]);
    assert!(forbidden.failed(1).contains("key"));
    assert!(shell.run(&["outbox", "status", "app.db"]).ok().starts_with("waiting 1"));
}

#[test]
fn triggers_are_printed_and_applied() {
    let (shell, connection) = shell_with_outbox();
    let triggers = ["outbox", "triggers", "app.db", "--table", "invoices", "--type", "invoice"];
    connection.execute_batch(&shell.run(&triggers).ok()).unwrap();
    shell.run(&[&triggers[..], &["--mask", "state", "--apply"]].concat()).ok();
    connection.execute_batch("INSERT INTO invoices VALUES (7, 'open'); UPDATE invoices SET state = 'paid'").unwrap();
    shell.run(&["outbox", "drain", "app.db"]).ok();
    let updated = json(&shell.run(&["list", "action:resource.updated target:invoice:7", "--json"]).ok());
    assert_eq!(updated["changes"]["after"]["state"], "[REDACTED]");
}

#[test]
fn what_is_wrong_with_a_database_is_told_without_its_password() {
    let shell = Shell::new();
    shell.write("app.db", "");
    let absent = shell.run(&["outbox", "drain", "app.db"]).failed(1);
    assert!(absent.contains("indelible outbox schema"), "{absent}");
    for (address, words) in [
        ("postgres://app:hunter2@db.example.com/app", "sslmode=disable"),
        ("postgres://app:hunter2@127.0.0.1:1/app", "refused"),
        ("nowhere.db", "nowhere.db"),
    ] {
        let told = shell.run(&["outbox", "status", address]).failed(1);
        assert!(told.contains(words) && !told.contains("hunter2"), "{told}");
    }
}
