//! Sessions of Better Auth in Postgres: `tests/postgres.sh` starts a server, and these tests with it.

use std::sync::Arc;

use indelible::{
    Actor, Event, MemoryStore, Recorder,
    endpoints::Endpoints,
    identity::{BetterAuth, SessionResolver as _},
};
use tokio_postgres::{Client, Config, NoTls};

use super::{
    app::mounted,
    better_auth::{COOKIE, SECRET, TOKEN, USER, cookie, headers},
};
use crate::capture::client::get;

const LIST: &str = "/api/auth/audit-log/list";

/// A schema of its own for a test, where Better Auth's migrations have made tables; and the way to it.
async fn database(schema: &str, tables: &str) -> (Client, Config) {
    let connection = std::env::var("INDELIBLE_POSTGRES").unwrap();
    let mut config: Config = connection.parse().unwrap();
    config.options(format!("-c search_path={schema}"));
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")).await.unwrap();
    client.batch_execute(tables).await.unwrap();
    (client, config)
}

const TABLES: &str = r#"
    create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique,
        "emailVerified" boolean not null, "image" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
        "updatedAt" timestamptz default CURRENT_TIMESTAMP not null, "role" text, "banned" boolean);
    create table "session" ("id" text not null primary key, "expiresAt" timestamptz not null,
        "token" text not null unique, "createdAt" timestamptz default CURRENT_TIMESTAMP not null,
        "updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text,
        "userId" text not null references "user" ("id") on delete cascade, "impersonatedBy" text)"#;

fn rows() -> String {
    format!(
        r#"insert into "user" ("id", "name", "email", "emailVerified", "role")
               values ('{USER}', 'Alice', 'alice@example.com', false, 'user'),
                      ('boss', 'Bo', 'bo@example.com', false, 'admin');
           insert into "session" ("id", "expiresAt", "token", "updatedAt", "userId", "impersonatedBy")
               values ('s1', now() + interval '7 days', '{TOKEN}', now(), '{USER}', null),
                      ('s2', now() - interval '1 second', 'expired', now(), '{USER}', null),
                      ('s3', now() + interval '1 hour', 'as-alice', now(), '{USER}', 'boss'),
                      ('s4', now() + interval '1 hour', 'boss-token', now(), 'boss', null)"#
    )
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_sessions_of_better_auth_are_read_where_they_are() {
    let (client, config) = database("plain", &format!("{TABLES}; {}", rows())).await;
    let sessions = BetterAuth::postgres(SECRET, config, NoTls);
    let identity = sessions.resolve(&headers(COOKIE)).await.unwrap().unwrap();
    assert_eq!(identity.subject, Actor::user(USER).name("Alice").email("alice@example.com"));
    assert_eq!((identity.session_id.as_deref(), identity.has_scope("admin")), (Some("s1"), false));
    assert_eq!(sessions.resolve(&headers(&cookie("expired"))).await.unwrap(), None);
    assert_eq!(sessions.resolve(&headers(&cookie("unknown"))).await.unwrap(), None);
    let identity = sessions.resolve(&headers(&cookie("as-alice"))).await.unwrap().unwrap();
    assert_eq!((identity.actor(), identity.subject.id.as_deref()), (&Actor::user("boss"), Some(USER)));
    assert!(sessions.resolve(&headers(&cookie("boss-token"))).await.unwrap().unwrap().has_scope("admin"));

    let recorder = Recorder::new(Arc::new(MemoryStore::default()));
    recorder.record(Event::new("invoice.paid").actor(Actor::user(USER))).unwrap();
    let endpoints = Endpoints::new(recorder).resolver(sessions).admin(|identity| identity.has_scope("admin"));
    let address = mounted(endpoints).await;
    let status = async |cookie: &str| get(address, LIST, &[&format!("Cookie: {cookie}")]).await.status;
    assert_eq!((status(COOKIE).await, status(&cookie("expired")).await), (200, 401));
    client.batch_execute(&format!("delete from session where token = '{TOKEN}'")).await.unwrap();
    assert_eq!(status(COOKIE).await, 401);
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn postgres_tables_of_another_schema_with_other_columns_and_kinds_of_ids_are_read() {
    let tables = format!(
        "create table users (id uuid primary key, name text, email varchar(255));
         create table sessions (id bigint primary key, expires_at timestamp, token varchar(255), user_id uuid);
         insert into users values ('019386f0-4c00-7abc-8123-0000000004d2', 'Alice', 'alice@example.com');
         insert into sessions values (1, now() at time zone 'UTC' + interval '1 minute', '{TOKEN}',
             '019386f0-4c00-7abc-8123-0000000004d2')"
    );
    let (_client, mut config) = database("spelled", &tables).await;
    // A session's times are told in its own zone, and times without one are in UTC.
    config.options("-c TimeZone=America/New_York");
    let sessions = BetterAuth::postgres(SECRET, config, NoTls).tables("spelled.sessions", "spelled.users");
    let identity = sessions.resolve(&headers(COOKIE)).await.unwrap().unwrap();
    assert_eq!(identity.subject.id.as_deref(), Some("019386f0-4c00-7abc-8123-0000000004d2"));
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn a_connection_to_postgres_that_broke_is_made_again() {
    let (client, mut config) = database("broken", &format!("{TABLES}; {}", rows())).await;
    config.application_name("the resolver");
    let sessions = BetterAuth::postgres(SECRET, config, NoTls);
    assert!(sessions.resolve(&headers(COOKIE)).await.unwrap().is_some());
    let end = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'the resolver'";
    client.batch_execute(end).await.unwrap();
    // The first that asks may find out that it broke.
    let asked = sessions.resolve(&headers(COOKIE)).await;
    let found = match asked {
        Ok(found) => found,
        Err(_) => sessions.resolve(&headers(COOKIE)).await.unwrap(),
    };
    assert!(found.is_some());
}

#[tokio::test]
#[ignore = "needs a Postgres: tests/postgres.sh"]
async fn what_postgres_says_is_told() {
    let (_client, config) = database("vacant", "select 1").await;
    let sessions = BetterAuth::postgres(SECRET, config, NoTls);
    let error = sessions.resolve(&headers(COOKIE)).await.unwrap_err();
    assert!(error.to_string().contains(r#"relation "session" does not exist"#), "{error}");
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_an_error() {
    let mut config = Config::new();
    config.host("127.0.0.1").port(1).user("nobody");
    let sessions = BetterAuth::postgres(SECRET, config, NoTls);
    assert!(sessions.resolve(&headers(COOKIE)).await.is_err());
}
