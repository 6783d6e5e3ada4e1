//! Outboxes in SQLite.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use indelible::{
    Decision, MemoryStore, Recorder, Store, Timestamp,
    outbox::{Drained, Drainer, Outbox as _, OutboxError, Sqlite, Status, drain},
    system_time,
};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::{HOUR_US, KilledBeforeSettling, all, clocked, numbers, recorder};

/// A database with accounts and an outbox.
struct Database {
    _directory: TempDir,
    file: PathBuf,
    outbox: Sqlite,
}

impl Database {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("app.db");
        let connection = connect(&file);
        connection
            .execute_batch("PRAGMA journal_mode = wal; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER)")
            .unwrap();
        let outbox = Sqlite::open(&file).unwrap();
        outbox.migrate().unwrap();
        outbox.migrate().unwrap();
        Self { _directory: directory, file, outbox }
    }

    fn drain(&self, recorder: &Recorder) -> Drained {
        drain(&self.outbox, recorder, system_time()).unwrap()
    }
}

fn connect(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    connection
}

/// Inserts an event as an application does.
fn insert(connection: &Connection, n: i64) {
    let event = format!(
        r#"{{"action":"account.updated","targets":[{{"type":"account","id":"{}"}}],"metadata":{{"n":{n}}}}}"#,
        n % 7 + 1
    );
    connection.execute("INSERT INTO indelible_outbox (event) VALUES (?1)", [event]).unwrap();
}

fn insert_text(connection: &Connection, event: &str) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO indelible_outbox (event) VALUES (?1)", [event])
}

#[test]
fn an_event_is_recorded_if_and_only_if_its_transaction_commits() {
    let database = Database::new();
    let (recorder, store) = recorder();
    let mut connection = connect(&database.file);
    for n in 0..20 {
        let transaction = connection.transaction().unwrap();
        transaction.execute("INSERT INTO accounts VALUES (?1, 0)", [n]).unwrap();
        insert(&transaction, n);
        if n % 3 == 0 { transaction.rollback() } else { transaction.commit() }.unwrap();
    }
    let drained = database.drain(&recorder);
    let mut statement = connection.prepare("SELECT id FROM accounts ORDER BY id").unwrap();
    let changed: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(numbers(&*store), changed);
    assert_eq!((drained.settled, drained.parked), (13, 0));
    assert_eq!(database.outbox.status().unwrap(), Status::default());
}

#[test]
fn an_event_happened_when_it_was_inserted_and_carries_the_key_of_its_row() {
    let database = Database::new();
    let (recorder, store) = recorder();
    let connection = connect(&database.file);
    insert(&connection, 1);
    let (key, created_at): (String, String) = connection
        .query_row("SELECT key, created_at FROM indelible_outbox", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    database.drain(&recorder);
    let event = all(&*store).remove(0).event;
    assert_eq!(event.idempotency_key, Some(format!("outbox:{key}")));
    assert_eq!(event.occurred_at, Some(created_at.parse().unwrap()));
}

#[test]
fn what_can_be_no_event_fails_the_transaction() {
    let database = Database::new();
    let connection = connect(&database.file);
    for wrong in ["", "{", "[]", "7", "{}", r#"{"action":7}"#, r#"{"action":"token.created","idempotency_key":"k"}"#] {
        let error = insert_text(&connection, wrong).unwrap_err();
        assert!(error.to_string().contains("CHECK constraint failed"), "{wrong}: {error}");
    }
}

#[test]
fn what_the_log_never_takes_is_parked_and_the_others_go_on() {
    let database = Database::new();
    let store = Arc::new(MemoryStore::default());
    let recorder = Recorder::builder(store.clone())
        .before(|event| if event.metadata.contains_key("panic") { panic!("over this") } else { Decision::Record })
        .build();
    let connection = connect(&database.file);
    insert(&connection, 1);
    insert_text(&connection, r#"{"action":"Not an action","metadata":{"n":2}}"#).unwrap();
    insert_text(&connection, r#"{"action":"token.created","acter":{"id":"42"}}"#).unwrap();
    insert(&connection, 3);
    insert_text(&connection, r#"{"action":"token.created","metadata":{"panic":true}}"#).unwrap();
    insert_text(&connection, &format!(r#"{{"action":"token.created","metadata":{{"n":"{}"}}}}"#, "x".repeat(2 << 20)))
        .unwrap();
    insert(&connection, 4);
    // So old that the log would be asked for its key.
    let keyed =
        "INSERT INTO indelible_outbox (event, key, created_at) VALUES ('{\"action\":\"a.b\"}', ?1, '2020-01-01')";
    connection.execute(keyed, ["k\u{7f}\"".repeat(100)]).unwrap();
    assert_eq!(database.drain(&recorder), Drained { settled: 3, parked: 5 });
    assert_eq!(numbers(&*store), [1, 3, 4]);
    let status = database.outbox.status().unwrap();
    assert_eq!((status.waiting, status.parked), (0, 5));
    let problems: Vec<(i64, &str)> =
        status.problems.iter().map(|parked| (parked.id, parked.problem.as_str())).collect();
    assert_eq!(problems.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [8, 6, 5, 3, 2]);
    for ((_, problem), words) in problems.iter().zip(["key", "bytes of JSON", "over this", "acter", "action"]) {
        assert!(problem.contains(words), "{problem}");
    }

    // Mended, it takes its turn.
    connection
        .execute(r#"UPDATE indelible_outbox SET event = json_set(event, '$.action', 'token.created'), settled_at = NULL WHERE id = 2"#, [])
        .unwrap();
    database.drain(&recorder);
    assert_eq!(numbers(&*store), [1, 3, 4, 2]);
}

#[test]
fn no_secret_passes_through_an_outbox() {
    let database = Database::new();
    let (recorder, store) = recorder();
    let body =
        r#"{"action":"auth.login.failed","metadata":{"password":"hunter2"},"changes":{"after":{"api_key":"hunter2"}}}"#;
    insert_text(&connect(&database.file), body).unwrap();
    database.drain(&recorder);
    assert!(!format!("{:?}", all(&*store)).contains("hunter2"));
    let left =
        connect(&database.file).query_row("SELECT count(*) FROM indelible_outbox", [], |row| row.get::<_, i64>(0));
    assert_eq!(left.unwrap(), 0);
}

#[test]
fn what_is_kept_is_not_sent_again() {
    let database = Database::new();
    let (recorder, store) = recorder();
    insert(&connect(&database.file), 1);
    let outbox = Sqlite::open(&database.file).unwrap().keep(true);
    drain(&outbox, &recorder, system_time()).unwrap();
    assert_eq!(drain(&outbox, &recorder, system_time()).unwrap(), Drained::default());
    assert_eq!(outbox.status().unwrap(), Status { kept: 1, ..Status::default() });
    assert_eq!(numbers(&*store), [1]);
}

#[test]
fn what_was_recorded_before_a_kill_is_not_recorded_again_however_late_the_next_drain_comes() {
    for hours in [0, 2, 25, 24 * 365] {
        let database = Database::new();
        let (recorder, store, now) = clocked();
        let connection = connect(&database.file);
        (0..3).for_each(|n| insert(&connection, n));
        assert!(drain(&KilledBeforeSettling(&database.outbox), &recorder, system_time()).is_err());
        assert_eq!((numbers(&*store), database.outbox.status().unwrap().waiting), (vec![0, 1, 2], 3));

        now.fetch_add(hours * HOUR_US, Ordering::SeqCst);
        insert(&connection, 3);
        let later = Timestamp::saturating_from_micros(now.load(Ordering::SeqCst));
        drain(&database.outbox, &recorder, later).unwrap();
        assert_eq!(
            (numbers(&*store), database.outbox.status().unwrap().waiting),
            (vec![0, 1, 2, 3], 0),
            "after {hours} h"
        );
    }
}

#[test]
fn a_restored_backup_brings_nothing_twice_and_hides_nothing_new() {
    let database = Database::new();
    let (recorder, store, now) = clocked();
    let connection = connect(&database.file);
    (0..3).for_each(|n| insert(&connection, n));
    let backup = database.file.with_extension("backup");
    connection.execute("VACUUM INTO ?1", [backup.to_str().unwrap()]).unwrap();
    (3..6).for_each(|n| insert(&connection, n));
    drain(&database.outbox, &recorder, system_time()).unwrap();

    now.fetch_add(30 * HOUR_US, Ordering::SeqCst);
    let restored = Sqlite::open(&backup).unwrap();
    // These get ids that the lost ones had.
    (6..9).for_each(|n| insert(&connect(&backup), n));
    drain(&restored, &recorder, Timestamp::saturating_from_micros(now.load(Ordering::SeqCst))).unwrap();
    assert_eq!(numbers(&*store), (0..9).collect::<Vec<_>>());
}

#[test]
fn writers_and_drainers_at_once_lose_and_repeat_nothing_and_keep_the_order() {
    let database = Database::new();
    let (recorder, store) = recorder();
    let committed = AtomicUsize::new(0);
    let drainers: Vec<Drainer> = (0..2)
        .map(|_| {
            let outbox = Sqlite::open(&database.file).unwrap();
            Drainer::start(outbox, recorder.clone(), |_| {}).unwrap()
        })
        .collect();
    thread::scope(|scope| {
        for writer in 0..3_i64 {
            let (file, committed) = (&database.file, &committed);
            scope.spawn(move || {
                let mut connection = connect(file);
                for nth in 0..40 {
                    let transaction =
                        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
                    let n: i64 = transaction.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0)).unwrap();
                    insert(&transaction, n);
                    transaction.execute("INSERT INTO accounts VALUES (?1, ?2)", params![n, writer]).unwrap();
                    if nth % 4 == 3 {
                        transaction.rollback().unwrap();
                    } else {
                        transaction.commit().unwrap();
                        committed.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    drop(drainers);
    database.drain(&recorder);
    let expected: Vec<i64> = (0..committed.load(Ordering::SeqCst) as i64).collect();
    assert_eq!(numbers(&*store), expected);
}

#[test]
fn a_drainer_notices_what_is_committed() {
    let database = Database::new();
    let (recorder, store) = recorder();
    let (told, heard) = mpsc::channel();
    store.on_commit(Box::new(move |next_seq| told.send(next_seq).is_ok()));
    let drainer = Drainer::start(Sqlite::open(&database.file).unwrap(), recorder, |error| panic!("{error}")).unwrap();
    let connection = connect(&database.file);
    for n in 0..3 {
        insert(&connection, n);
        assert_eq!(heard.recv().unwrap(), n as u64 + 1);
    }
    drop(drainer);
    insert(&connection, 3);
    assert_eq!(numbers(&*store), [0, 1, 2]);
}

#[test]
fn a_database_without_an_outbox_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("app.db");
    assert!(matches!(Sqlite::open(&file), Err(OutboxError::Database { .. })));
    drop(connect(&file).execute_batch("CREATE TABLE t (a)"));
    let outbox = Sqlite::open(&file).unwrap();
    assert!(matches!(outbox.status(), Err(OutboxError::Absent)));
    assert!(matches!(drain(&outbox, &recorder().0, system_time()), Err(OutboxError::Absent)));
}
