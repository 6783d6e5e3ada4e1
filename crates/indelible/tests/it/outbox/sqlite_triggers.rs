//! Triggers that record the changes of a table in SQLite.

use indelible::{
    Actor, Event,
    outbox::{Drained, Outbox as _, Sqlite, Watch, drain},
    system_time,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{all, recorder};

const TABLE: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, \"the total\" REAL, note TEXT, pdf BLOB, big INTEGER, hash TEXT, seen_at TEXT);
    CREATE TABLE \"odd '\"\"name\" (a TEXT, b INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID;";

struct Database {
    _directory: TempDir,
    connection: Connection,
    outbox: Sqlite,
}

impl Database {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("app.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(TABLE).unwrap();
        let outbox = Sqlite::open(&file).unwrap();
        Self { _directory: directory, connection, outbox }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// The events of everything that was done since.
    fn events(&self) -> Vec<Event> {
        let (recorder, store) = recorder();
        let drained = drain(&self.outbox, &recorder, system_time()).unwrap();
        assert_eq!(drained.parked, 0, "{:?}", self.outbox.status());
        all(&*store).into_iter().map(|recorded| recorded.event).collect()
    }
}

fn invoices() -> Watch {
    Watch::new("invoices").kind("invoice").exclude("seen_at").mask("hash")
}

fn changes(event: &Event) -> Value {
    serde_json::to_value(event.changes.as_ref().unwrap()).unwrap()
}

#[test]
fn a_row_that_is_made_changed_and_deleted_is_three_events() {
    let database = Database::new();
    database.outbox.watch(&invoices()).unwrap();
    database.outbox.watch(&invoices()).unwrap();
    database.run("INSERT INTO invoices (id, \"the total\", note) VALUES (7, 12.5, 'first')");
    database.run("UPDATE invoices SET note = NULL, \"the total\" = 13.5");
    database.run("DELETE FROM invoices");
    let events = database.events();
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["resource.created", "resource.updated", "resource.deleted"]);
    for event in &events {
        let target = &event.targets[0];
        assert_eq!((target.r#type.as_deref(), target.id.as_deref()), (Some("invoice"), Some("7")));
        assert_eq!(event.actor, Some(Actor::new("system", "sqlite")));
    }
    let row = |total: f64, note: Value| json!({"id": 7, "the total": total, "note": note, "pdf": null, "big": null, "hash": "[REDACTED]"});
    assert_eq!(changes(&events[0]), json!({"after": row(12.5, json!("first"))}));
    assert_eq!(
        changes(&events[1]),
        json!({"before": {"the total": 12.5, "note": "first"}, "after": {"the total": 13.5, "note": null}})
    );
    assert_eq!(changes(&events[2]), json!({"before": row(13.5, Value::Null)}));
}

#[test]
fn a_change_of_nothing_or_of_excluded_columns_alone_is_no_event() {
    let database = Database::new();
    database.outbox.watch(&invoices()).unwrap();
    database.run("INSERT INTO invoices (id, note) VALUES (7, 'n')");
    database.run("UPDATE invoices SET note = 'n', seen_at = 'now'; UPDATE invoices SET hash = 'x', seen_at = 'later'");
    let events = database.events();
    assert_eq!(events.len(), 2);
    assert_eq!(changes(&events[1]), json!({"before": {"hash": "[REDACTED]"}, "after": {"hash": "[REDACTED]"}}));
}

#[test]
fn who_acts_is_who_the_transaction_says_and_cannot_be_left_behind() {
    let database = Database::new();
    database.outbox.watch(&invoices()).unwrap();
    database.run(
        r#"BEGIN; INSERT INTO indelible_actor VALUES ('42', '{"tenant":"acme","request_id":"r1"}', 1);
           INSERT INTO invoices (id) VALUES (1); DELETE FROM indelible_actor; COMMIT;
           BEGIN; INSERT INTO indelible_actor (actor) VALUES ('{"type":"service","id":"billing"}');
           INSERT INTO invoices (id) VALUES (2); DELETE FROM indelible_actor; COMMIT;"#,
    );
    let left = database.connection.execute_batch(
        "BEGIN; INSERT INTO indelible_actor (actor) VALUES ('42'); INSERT INTO invoices (id) VALUES (3); COMMIT",
    );
    assert!(left.unwrap_err().to_string().contains("FOREIGN KEY"));
    database.run("ROLLBACK");
    let events = database.events();
    let who: Vec<_> = events.iter().map(|event| (event.actor.clone().unwrap(), event.tenant.as_deref())).collect();
    assert_eq!(who, [(Actor::user("42"), Some("acme")), (Actor::new("service", "billing"), Some("default"))]);
    assert_eq!(events[0].request_id.as_deref(), Some("r1"));
}

#[test]
fn values_that_the_log_cannot_hold_are_told_of() {
    let database = Database::new();
    database.outbox.watch(&Watch::new("invoices")).unwrap();
    let long = "ä".repeat(2000);
    database.run(&format!(
        "INSERT INTO invoices (id, \"the total\", note, pdf, big) VALUES (1, 9e999, '{long}', zeroblob(5000000), 9223372036854775807)"
    ));
    let after = changes(&database.events()[0])["after"].clone();
    assert_eq!(
        (&after["the total"], &after["pdf"], &after["big"]),
        (&json!("Inf"), &json!("[5000000 bytes]"), &json!("9223372036854775807"))
    );
    assert_eq!(after["note"], json!(format!("{}... [2000 characters]", "ä".repeat(200))));
}

#[test]
fn names_and_keys_may_be_odd() {
    let database = Database::new();
    database.outbox.watch(&Watch::new("odd '\"name")).unwrap();
    database.run("INSERT INTO \"odd '\"\"name\" VALUES ('x', 1), ('', 2)");
    let events = database.events();
    let ids: Vec<_> = events.iter().map(|event| event.targets[0].id.clone().unwrap()).collect();
    assert_eq!(ids, [r#"[1,"x"]"#, r#"[2,""]"#]);
    let wrong = |watch: Watch| database.outbox.watch(&watch).unwrap_err().to_string();
    assert!(wrong(Watch::new("nowhere")).contains("no table nowhere"));
    assert!(wrong(invoices().mask("hush")).contains("invoices has no column hush"));
}

#[test]
fn a_rolled_back_change_leaves_no_event() {
    let database = Database::new();
    database.outbox.watch(&invoices()).unwrap();
    database.run("BEGIN; INSERT INTO invoices (id) VALUES (1); ROLLBACK");
    let (recorder, _) = recorder();
    assert_eq!(drain(&database.outbox, &recorder, system_time()).unwrap(), Drained::default());
}
