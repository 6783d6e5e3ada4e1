//! Outboxes in Postgres: `tests/postgres.sh` starts a server, and these tests with it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use indelible::{
    Recorder, Timestamp,
    outbox::{Drained, Drainer, Outbox as _, OutboxError, Postgres, Status, drain},
    system_time,
};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_postgres::{Client, Config, NoTls};

use super::{HOUR_US, KilledBeforeSettling, all, clocked, numbers, recorder};

/// A schema of its own for a test.
pub(super) struct Database {
    config: Config,
    schema: String,
    pub(super) client: Client,
    pub(super) outbox: Arc<Postgres>,
}

impl Database {
    pub(super) async fn new(schema: &str) -> Self {
        let mut config: Config = std::env::var("INDELIBLE_POSTGRES").unwrap().parse().unwrap();
        config.options(format!("-c search_path={schema}"));
        let client = connect(&config).await;
        let tables = format!(
            "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};
             CREATE TABLE accounts (id int PRIMARY KEY, history text[] NOT NULL DEFAULT '{{}}')"
        );
        client.batch_execute(&tables).await.unwrap();
        let mut named = config.clone();
        named.application_name(schema);
        let outbox = Arc::new(Postgres::new(named, NoTls).schema(schema));
        outbox.migrate().unwrap();
        outbox.migrate().unwrap();
        Self { config, schema: schema.to_owned(), client, outbox }
    }

    pub(super) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn another(&self) -> Client {
        connect(&self.config).await
    }

    fn another_outbox(&self) -> Postgres {
        Postgres::new(self.config.clone(), NoTls).schema(&self.schema)
    }

    /// Drains, as soon as no other drainer does.
    pub(super) fn drain(&self, recorder: &Recorder) -> Drained {
        loop {
            match drain(&*self.outbox, recorder, system_time()) {
                Err(OutboxError::Taken) => thread::yield_now(),
                ended => return ended.unwrap(),
            }
        }
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The SQL that records an event of an account.
fn record(n: i64, account: i64) -> String {
    format!(
        r#"SELECT indelible_record('{{"action":"account.updated","targets":[{{"type":"account","id":"{account}"}}],"metadata":{{"n":{n}}}}}');"#
    )
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_has_an_event_if_and_only_if_its_transaction_commits() {
    let database = Database::new("outbox_iff").await;
    let (recorder, store) = recorder();
    for n in 0..20 {
        let end = if n % 3 == 0 { "ROLLBACK" } else { "COMMIT" };
        let saved = if n % 3 == 1 { "ROLLBACK TO undone" } else { "RELEASE undone" };
        let more = record(100 + n, n);
        database
            .run(&format!(
                "BEGIN; INSERT INTO accounts VALUES ({n}); {} SAVEPOINT undone; {more} {saved}; {end}",
                record(n, n)
            ))
            .await;
    }
    database.drain(&recorder);
    let expected: Vec<i64> =
        (0..20).filter(|n| n % 3 > 0).flat_map(|n| if n % 3 == 1 { vec![n] } else { vec![n, 100 + n] }).collect();
    assert_eq!(numbers(&*store), expected);
    assert_eq!(database.outbox.status().unwrap(), Status::default());
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_order_is_that_of_commits_though_another_recorded_first() {
    let database = Database::new("outbox_interleaved").await;
    let (recorder, store) = recorder();
    let (early, late) = (database.another().await, database.another().await);
    // Recorded first, committed last: after a drain, and between two others that are drained at once.
    early.batch_execute(&format!("BEGIN; {}", record(3, 7))).await.unwrap();
    late.batch_execute(&record(1, 7)).await.unwrap();
    database.drain(&recorder);
    assert_eq!(numbers(&*store), [1]);
    late.batch_execute(&format!("BEGIN; {} COMMIT", record(2, 7))).await.unwrap();
    early.batch_execute("COMMIT").await.unwrap();
    late.batch_execute(&record(4, 7)).await.unwrap();
    database.drain(&recorder);
    assert_eq!(numbers(&*store), [1, 2, 3, 4]);
}

/// Waits until a commit stands in line for an advisory lock of a class; false when it ended without.
async fn waits_for(database: &Database, class: i32, commit: &JoinHandle<()>) -> bool {
    let sql =
        format!("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = {class} AND NOT granted");
    while !commit.is_finished() {
        if database.client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            return true;
        }
    }
    false
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_commits_of_one_target_stand_in_line_once_they_are_numbered() {
    let database = Database::new("outbox_in_line").await;
    // A deferred trigger of the application's own, which comes after the numbering and waits.
    database
        .run(
            "CREATE TABLE slow (a int);
             CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(4610, 1); RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waits();
             SELECT pg_advisory_lock(4610, 1)",
        )
        .await;
    let (first, second, elsewhere) = (database.another().await, database.another().await, database.another().await);
    let commit = |client: Client, sql: String| tokio::spawn(async move { client.batch_execute(&sql).await.unwrap() });
    let first = commit(first, format!("BEGIN; {} INSERT INTO slow VALUES (1); COMMIT", record(1, 7)));
    assert!(waits_for(&database, 4610, &first).await);
    let second = commit(second, record(2, 7));
    assert!(
        waits_for(&database, 1_768_842_348, &second).await,
        "a commit overtook another that was numbered before it"
    );
    // Whoever has another target goes on.
    elsewhere.batch_execute(&record(3, 8)).await.unwrap();
    database.run("SELECT pg_advisory_unlock(4610, 1)").await;
    first.await.unwrap();
    second.await.unwrap();
    let (recorder, store) = recorder();
    database.drain(&recorder);
    let mut of_target = numbers(&*store);
    of_target.retain(|n| *n != 3);
    assert_eq!(of_target, [1, 2]);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_transactions_that_still_run_hold_nobody_up() {
    let database = Database::new("outbox_running").await;
    let (recorder, store) = recorder();
    let open = database.another().await;
    open.batch_execute(&format!("BEGIN; {}", record(1, 1))).await.unwrap();
    for n in 2..5 {
        database.run(&record(n, 1)).await;
        database.drain(&recorder);
    }
    assert_eq!(numbers(&*store), [2, 3, 4]);
    open.batch_execute("COMMIT").await.unwrap();
    database.drain(&recorder);
    assert_eq!(numbers(&*store), [2, 3, 4, 1]);
}

/// Writers that record first and change last, over accounts in any order; the accounts tell in which order they were changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_writers_and_drainers_at_once_lose_and_repeat_nothing_and_keep_the_order_of_each_target() {
    let database = Database::new("outbox_concurrent").await;
    database.run("INSERT INTO accounts SELECT generate_series(0, 4)").await;
    let (recorder, store) = recorder();
    let drainers = (0..2)
        .map(|_| Drainer::start(database.another_outbox(), recorder.clone(), |_| {}).unwrap())
        .collect::<Vec<_>>();
    let committed = Arc::new(AtomicU64::new(0));
    let mut writers = Vec::new();
    for writer in 0..6_u64 {
        let (client, committed) = (database.another().await, Arc::clone(&committed));
        writers.push(tokio::spawn(async move {
            for nth in 0..50 {
                let tag = writer * 1000 + nth;
                let (first, second) = ((tag * 7 + writer) % 5, (tag * 3 + nth) % 5);
                // The event names them in any order; rows are locked in one, as whoever wants no deadlocks does.
                let (low, high) = (first.min(second), first.max(second));
                let targets = [first, second].map(|account| format!(r#"{{"type":"account","id":"{account}"}}"#)).join(",");
                let sql = format!(
                    r#"BEGIN; SELECT indelible_record('{{"action":"account.updated","targets":[{targets}],"metadata":{{"n":{tag}}}}}');
                       UPDATE accounts SET history = array_append(history, '{tag}') WHERE id = {low};
                       UPDATE accounts SET history = array_append(history, '{tag}') WHERE id = {high} AND {low} <> {high};"#
                );
                client.batch_execute(&sql).await.unwrap();
                if nth % 5 == 4 {
                    client.batch_execute("ROLLBACK").await.unwrap();
                } else {
                    client.batch_execute("COMMIT").await.unwrap();
                    committed.fetch_add(1, Ordering::SeqCst);
                }
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    spawn_blocking(move || drop(drainers)).await.unwrap();
    database.drain(&recorder);

    let mut logged: HashMap<i32, Vec<String>> = HashMap::new();
    let events = all(&*store);
    for recorded in &events {
        let mut accounts: Vec<i32> =
            recorded.event.targets.iter().map(|target| target.id.as_ref().unwrap().parse().unwrap()).collect();
        accounts.dedup();
        for account in accounts {
            logged.entry(account).or_default().push(recorded.event.metadata["n"].to_string());
        }
    }
    for row in database.client.query("SELECT id, history FROM accounts", &[]).await.unwrap() {
        assert_eq!(logged.remove(&row.get(0)), Some(row.get::<_, Vec<String>>(1)));
    }
    assert_eq!(events.len() as u64, committed.load(Ordering::SeqCst));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_repeats_nothing_after_a_kill_however_late_the_next_drain_comes() {
    let database = Database::new("outbox_killed").await;
    for (round, hours) in [0, 2, 25, 24 * 365].into_iter().enumerate() {
        let (recorder, store, now) = clocked();
        for n in 0..3 {
            database.run(&record(n, 1)).await;
        }
        assert!(drain(&KilledBeforeSettling(&*database.outbox), &recorder, system_time()).is_err(), "{round}");
        now.fetch_add(hours * HOUR_US, Ordering::SeqCst);
        database.run(&record(3, 1)).await;
        let later = Timestamp::saturating_from_micros(now.load(Ordering::SeqCst));
        assert_eq!(drain(&*database.outbox, &recorder, later).unwrap().settled, 4);
        assert_eq!(numbers(&*store), [0, 1, 2, 3], "after {hours} h");
    }
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_parks_what_the_log_never_takes_and_refuses_what_can_be_no_event() {
    let database = Database::new("outbox_parked").await;
    let (recorder, store) = recorder();
    for wrong in ["7", "[]", "{}", r#"{"action":7}"#, r#"{"action":"a.b","idempotency_key":"k"}"#] {
        let refused = database.client.batch_execute(&format!("SELECT indelible_record('{wrong}')")).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("check constraint"), "{wrong}: {refused}");
    }
    database.run(&record(1, 1)).await;
    database.run(r#"SELECT indelible_record('{"action":"Not an action","targets":7}')"#).await;
    let huge = format!(
        r#"SELECT indelible_record(jsonb_build_object('action', 'a.b', 'metadata', repeat('x', {})))"#,
        3 << 20
    );
    database.run(&huge).await;
    database.run(&record(2, 1)).await;
    assert_eq!(database.drain(&recorder), Drained { settled: 2, parked: 2 });
    assert_eq!(numbers(&*store), [1, 2]);
    let status = database.outbox.status().unwrap();
    assert_eq!((status.waiting, status.parked, status.problems.len()), (0, 2, 2));
    assert!(status.problems[0].problem.contains("bytes of JSON"), "{:?}", status.problems);
    database.run(r#"UPDATE indelible_outbox SET event = '{"action":"a.b","metadata":{"n":3}}' WHERE event->>'targets' = '7'"#).await;
    assert_eq!(database.outbox.retry().unwrap(), 2);
    assert_eq!(database.drain(&recorder), Drained { settled: 1, parked: 1 });
    assert_eq!(database.outbox.retry().unwrap(), 1);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_has_one_drainer_at_a_time_and_another_takes_over() {
    let database = Database::new("outbox_taken").await;
    let (recorder, store) = recorder();
    database.run(&record(1, 1)).await;
    database.drain(&recorder);
    let standby = database.another_outbox().keep(true);
    assert!(matches!(drain(&standby, &recorder, system_time()), Err(OutboxError::Taken)));
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'outbox_taken'";
    database.run(end).await;
    database.run(&record(2, 1)).await;
    assert_eq!(drain(&standby, &recorder, system_time()).unwrap().settled, 1);
    assert!(matches!(
        drain(&*database.outbox, &recorder, system_time()),
        Err(OutboxError::Taken | OutboxError::Database { .. })
    ));
    assert_eq!(numbers(&*store), [1, 2]);
    assert_eq!(standby.status().unwrap(), Status { kept: 1, ..Status::default() });
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_rings_when_an_event_is_committed() {
    let database = Database::new("outbox_bell").await;
    let (bell, rung) = mpsc::sync_channel(1);
    database.outbox.ring(bell);
    assert_eq!(database.outbox.waiting().unwrap(), []);
    database.run(&record(1, 1)).await;
    rung.recv().unwrap();
    assert_eq!(database.outbox.waiting().unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_roles_need_no_more_rights_than_their_part() {
    let database = Database::new("outbox_rights").await;
    let (recorder, store) = recorder();
    database
        .run(
            "DROP ROLE IF EXISTS outbox_app; DROP ROLE IF EXISTS outbox_drainer; CREATE ROLE outbox_app LOGIN; CREATE ROLE outbox_drainer LOGIN;
             GRANT USAGE ON SCHEMA outbox_rights TO outbox_app, outbox_drainer; GRANT ALL ON accounts TO outbox_app;
             GRANT EXECUTE ON FUNCTION indelible_record(jsonb) TO outbox_app;
             GRANT SELECT, DELETE, UPDATE (settled_at, problem) ON indelible_outbox TO outbox_drainer",
        )
        .await;
    let as_role = |role: &str| {
        let mut config = database.config.clone();
        config.user(role);
        config
    };
    let app = connect(&as_role("outbox_app")).await;
    app.batch_execute(&format!("BEGIN; INSERT INTO accounts VALUES (1); {} COMMIT", record(1, 1))).await.unwrap();
    for forbidden in [
        "SELECT FROM indelible_outbox",
        "DELETE FROM indelible_outbox",
        "INSERT INTO indelible_outbox (event) VALUES ('{}')",
    ] {
        let refused = app.batch_execute(forbidden).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("permission denied"), "{refused}");
    }
    let drainer = Postgres::new(as_role("outbox_drainer"), NoTls).schema("outbox_rights");
    assert_eq!(drain(&drainer, &recorder, system_time()).unwrap().settled, 1);
    assert_eq!(numbers(&*store), [1]);
    let forged = connect(&as_role("outbox_drainer")).await.batch_execute(&record(2, 1)).await.unwrap_err();
    assert!(forged.as_db_error().unwrap().message().contains("permission denied"), "{forged}");
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_without_an_outbox_says_what_to_do() {
    let database = Database::new("outbox_absent").await;
    let outbox = database.another_outbox().schema("nowhere");
    assert!(matches!(outbox.status(), Err(OutboxError::Absent)));
}

#[test]
fn postgres_elsewhere_is_refused_without_tls_and_no_password_is_told() {
    for refused in [
        "postgres://app:hunter2@db.example.com/app",
        "postgres://app:hunter2@127.0.0.1/app?sslmode=require",
        "postgres://app:hunter2@[::1/x",
        "postgres://app:hunter2@localhost/app?hostaddr=192.0.2.7",
        "hostaddr=192.0.2.7 user=app password=hunter2",
    ] {
        let error = Postgres::local(refused).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    for taken in [
        "postgres://app:hunter2@127.0.0.1/app",
        "host=/run/postgresql user=app",
        "postgres://app@db.example.com/app?sslmode=disable",
    ] {
        assert!(!format!("{:?}", Postgres::local(taken).unwrap()).contains("hunter2"));
    }
    let nowhere = Postgres::local("postgres:///app").unwrap_err().to_string();
    assert!(nowhere.contains("no host: write postgres://user@127.0.0.1/"), "{nowhere}");
}
