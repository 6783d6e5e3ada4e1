//! Triggers that record the changes of a table in Postgres.

use indelible::{
    Actor, Event,
    outbox::{Outbox as _, Watch},
};
use serde_json::{Value, json};

use super::{all, postgres::Database, recorder};

const TABLES: &str = r#"
    CREATE TABLE invoices (id bigint PRIMARY KEY, total numeric, note text, pdf bytea, data jsonb, hash text, seen_at timestamptz);
    CREATE TABLE "Odd ""name" (a text, b int, PRIMARY KEY (b, a));
    CREATE TABLE keyless (a text);"#;

async fn database(schema: &str) -> Database {
    let database = Database::new(schema).await;
    database.run(TABLES).await;
    let watch = Watch::new("invoices").kind("invoice").exclude("seen_at").mask("hash");
    database.outbox.watch(&watch).unwrap();
    database.outbox.watch(&watch).unwrap();
    database
}

/// The events of everything that was done since.
fn events(database: &Database) -> Vec<Event> {
    let (recorder, store) = recorder();
    let drained = database.drain(&recorder);
    assert_eq!(drained.parked, 0, "{:?}", database.outbox.status());
    all(&*store).into_iter().map(|recorded| recorded.event).collect()
}

fn changes(event: &Event) -> Value {
    serde_json::to_value(event.changes.as_ref().unwrap()).unwrap()
}

fn ids(event: &Event) -> Vec<&str> {
    event.targets.iter().map(|target| target.id.as_deref().unwrap()).collect()
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_tell_of_rows_made_changed_and_deleted() {
    let database = database("triggers_rows").await;
    database.run("INSERT INTO invoices (id, total, note, hash) VALUES (7, 12.50, 'first', 'h')").await;
    database.run("UPDATE invoices SET note = NULL, total = 13, hash = 'i'").await;
    database.run("UPDATE invoices SET id = 8; DELETE FROM invoices; TRUNCATE invoices").await;
    let events = events(&database);
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        ["resource.created", "resource.updated", "resource.updated", "resource.deleted", "resource.deleted"]
    );
    assert_eq!(
        events.iter().map(ids).collect::<Vec<_>>(),
        [vec!["7"], vec!["7"], vec!["8", "7"], vec!["8"], vec!["triggers_rows.invoices"]]
    );
    assert_eq!(events[0].targets[0].r#type.as_deref(), Some("invoice"));
    assert_eq!(
        changes(&events[0]),
        json!({"after": {"id": 7, "total": 12.5, "note": "first", "pdf": null, "data": null, "hash": "[REDACTED]"}})
    );
    assert_eq!(
        changes(&events[1]),
        json!({"before": {"note": "first", "total": 12.5, "hash": "[REDACTED]"}, "after": {"note": null, "total": 13, "hash": "[REDACTED]"}})
    );
    assert_eq!(changes(&events[3])["before"]["id"], 8);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_pass_over_changes_of_nothing_and_of_excluded_columns() {
    let database = database("triggers_nothing").await;
    database.run("INSERT INTO invoices (id) VALUES (7); UPDATE invoices SET note = note, seen_at = now()").await;
    database.run("BEGIN; UPDATE invoices SET note = 'undone'; ROLLBACK").await;
    assert_eq!(events(&database).len(), 1);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_tell_who_acts() {
    let database = database("triggers_actor").await;
    database
        .run(
            r#"BEGIN; SET LOCAL indelible.actor = '42'; SET LOCAL indelible.event = '{"tenant":"acme","request_id":"r1"}';
               INSERT INTO invoices (id) VALUES (1); COMMIT;
               BEGIN; SET LOCAL indelible.actor = '{"type":"service","id":"billing"}'; INSERT INTO invoices (id) VALUES (2); COMMIT;
               INSERT INTO invoices (id) VALUES (3);
               DROP ROLE IF EXISTS outbox_clerk; CREATE ROLE outbox_clerk; GRANT USAGE ON SCHEMA triggers_actor TO outbox_clerk;
               GRANT INSERT ON invoices TO outbox_clerk; SET ROLE outbox_clerk; INSERT INTO invoices (id) VALUES (4); RESET ROLE;
               DROP OWNED BY outbox_clerk; DROP ROLE outbox_clerk"#,
        )
        .await;
    let events = events(&database);
    let actors: Vec<Actor> = events.iter().map(|event| event.actor.clone().unwrap()).collect();
    let expected = [
        Actor::user("42"),
        Actor::new("service", "billing"),
        Actor::new("system", "indelible"),
        Actor::new("system", "outbox_clerk"),
    ];
    assert_eq!(actors, expected);
    assert_eq!((events[0].tenant.as_deref(), events[0].request_id.as_deref()), (Some("acme"), Some("r1")));
    assert_eq!(events[1].tenant.as_deref(), Some("default"));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_tell_of_values_that_the_log_cannot_hold() {
    let database = database("triggers_values").await;
    let deep = format!("{}1{}", "[".repeat(30), "]".repeat(30));
    database
        .run(&format!(
            "INSERT INTO invoices VALUES (9223372036854775807, 'NaN', repeat('ä', 2000), decode(repeat('00', 5000), 'hex'), '{deep}');
             INSERT INTO invoices (id, total, data) VALUES (2, 1e30, '{{\"n\": 12345678901234567890, \"m\": [1.5]}}'), (3, 0.1, '{{\"m\": [1.5, null]}}')"
        ))
        .await;
    let events = events(&database);
    let after: Vec<Value> = events.iter().map(|event| changes(event)["after"].clone()).collect();
    assert_eq!(
        (&after[0]["id"], &after[0]["total"], &after[0]["data"]),
        (&json!("9223372036854775807"), &json!("NaN"), &json!(deep))
    );
    assert_eq!(after[0]["note"], json!(format!("{}... [2000 characters]", "ä".repeat(200))));
    assert!(after[0]["pdf"].as_str().unwrap().ends_with("... [10002 characters]"));
    assert_eq!(after[1]["total"], json!(format!("1{}", "0".repeat(30))));
    assert!(after[1]["data"].is_string());
    assert_eq!((&after[2]["total"], &after[2]["data"]), (&json!(0.1), &json!({"m": [1.5, null]})));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_of_very_wide_rows_leave_the_changes_out() {
    let database = database("triggers_wide").await;
    let columns: Vec<String> = (0..250).map(|nth| format!("c{nth} text DEFAULT repeat('x', 900)")).collect();
    database.run(&format!("CREATE TABLE wide (id int PRIMARY KEY, {})", columns.join(", "))).await;
    database.outbox.watch(&Watch::new("wide")).unwrap();
    database.run("INSERT INTO wide (id) VALUES (1)").await;
    let event = events(&database).remove(0);
    assert_eq!((event.changes.is_none(), ids(&event)), (true, vec!["1"]));
    assert!(event.metadata.contains_key("changes_omitted"));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_take_odd_names_and_keys_and_refuse_what_cannot_be_watched() {
    let database = database("triggers_odd").await;
    database.outbox.watch(&Watch::new(r#""Odd ""name""#).kind("odd")).unwrap();
    database.run(r#"INSERT INTO "Odd ""name" VALUES ('x', 1), ('', 2)"#).await;
    assert_eq!(events(&database).iter().flat_map(ids).collect::<Vec<_>>(), [r#"[1, "x"]"#, r#"[2, ""]"#]);
    let wrong = |watch: Watch| database.outbox.watch(&watch).unwrap_err().to_string();
    assert!(wrong(Watch::new("nowhere")).contains("is no table here"));
    assert!(wrong(Watch::new("keyless")).contains("has no primary key"));
    assert!(wrong(Watch::new("invoices").mask("hush")).contains("invoices has no column hush"));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_triggers_record_a_change_of_very_many_rows_in_one_transaction() {
    let database = database("triggers_many").await;
    database.run("INSERT INTO invoices (id) SELECT generate_series(1, 20000)").await;
    let events = events(&database);
    assert_eq!(
        events.iter().map(|event| event.targets[0].id.clone().unwrap().parse::<u32>().unwrap()).collect::<Vec<_>>(),
        (1..=20000).collect::<Vec<_>>()
    );
}
