//! Sessions of Better Auth in SQLite: its tables, its rows and its cookies.

use std::{path::Path, sync::Arc};

use indelible::{
    Actor, Event, MemoryStore, Recorder,
    endpoints::Endpoints,
    identity::{BetterAuth, Identity, SessionResolver as _},
};
use rusqlite::Connection;

use super::{
    app::mounted,
    better_auth::{COOKIE, SECRET, TOKEN, USER, cookie, headers},
};
use crate::capture::client::get;

/// As the migrations of better-auth 1.6.34 make them, with the admin plugin.
const TABLES: &str = r#"
    create table "user" ("id" text not null primary key, "name" text not null, "email" text not null unique,
        "emailVerified" integer not null, "image" text, "createdAt" date not null, "updatedAt" date not null,
        "role" text, "banned" integer, "banReason" text, "banExpires" date);
    create table "session" ("id" text not null primary key, "expiresAt" date not null, "token" text not null unique,
        "createdAt" date not null, "updatedAt" date not null, "ipAddress" text, "userAgent" text,
        "userId" text not null references "user" ("id") on delete cascade, "impersonatedBy" text);
    create index "session_userId_idx" on "session" ("userId");
"#;

struct Database {
    directory: tempfile::TempDir,
    connection: Connection,
}

impl Database {
    /// With the user of the cookie, and their session until a moment.
    fn with_session(expires_at: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let connection = Connection::open(directory.path().join("auth.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch(TABLES).unwrap();
        let database = Self { directory, connection };
        database.add_user(USER, "user");
        database.add_session("s1", TOKEN, USER, expires_at, None);
        database
    }

    fn add_user(&self, id: &str, role: &str) {
        let at = "2026-11-21T09:08:32.388Z";
        let row = (id, "Alice", format!("{id}@example.com"), at, at, role);
        self.connection
            .execute(
                r#"insert into "user" ("id","name","email","emailVerified","createdAt","updatedAt","role")
                   values (?1, ?2, ?3, 0, ?4, ?5, ?6)"#,
                row,
            )
            .unwrap();
    }

    fn add_session(&self, id: &str, token: &str, user: &str, expires_at: &str, impersonated_by: Option<&str>) {
        let at = "2026-11-21T09:08:32.388Z";
        self.connection
            .execute(
                r#"insert into "session" ("id","expiresAt","token","createdAt","updatedAt","userId","impersonatedBy")
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
                (id, expires_at, token, at, at, user, impersonated_by),
            )
            .unwrap();
    }

    fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("auth.db")
    }

    fn sessions(&self) -> BetterAuth {
        BetterAuth::sqlite(SECRET, self.file()).unwrap()
    }
}

async fn found(sessions: &BetterAuth, cookie: &str) -> Option<Identity> {
    sessions.resolve(&headers(cookie)).await.unwrap()
}

#[tokio::test]
async fn a_user_of_better_auth_sees_their_log_by_the_cookie_that_it_set() {
    let database = Database::with_session("2099-01-01T00:00:00.000Z");
    let recorder = Recorder::new(Arc::new(MemoryStore::default()));
    recorder.record(Event::new("invoice.paid").actor(Actor::user(USER))).unwrap();
    recorder.record(Event::new("invoice.paid").actor(Actor::user("other"))).unwrap();
    let address = mounted(Endpoints::new(recorder).resolver(database.sessions())).await;
    let list = async |cookie: &str| get(address, "/api/auth/audit-log/list", &[&format!("Cookie: {cookie}")]).await;
    let answer = list(COOKIE).await;
    assert_eq!((answer.status, answer.body.contains(r#""total":1}"#)), (200, true), "{}", answer.body);
    assert_eq!(list(&format!("a=b; __Secure-{COOKIE}; c=d")).await.status, 200);
    for wrong in [COOKIE.replace("jEJ", "jEK"), COOKIE.replace(".jEJ", ""), cookie("unknown-token"), "x=y".to_owned()] {
        assert_eq!(list(&wrong).await.status, 401, "{wrong}");
    }
    // Signed out in Better Auth, while we run.
    database.connection.execute("delete from session", ()).unwrap();
    assert_eq!(list(COOKIE).await.status, 401);
}

#[tokio::test]
async fn a_session_is_whose_it_says_until_it_expires() {
    let database = Database::with_session("2099-01-01T00:00:00.000Z");
    let sessions = database.sessions();
    let identity = found(&sessions, COOKIE).await.unwrap();
    assert_eq!(identity.subject, Actor::user(USER).name("Alice").email(format!("{USER}@example.com")));
    assert_eq!((identity.session_id.as_deref(), identity.acting.len()), (Some("s1"), 0));
    assert!(!identity.has_scope("admin"));
    database.add_session("s2", "expired", USER, "2020-01-01T00:00:00.000Z", None);
    assert_eq!(found(&sessions, &cookie("expired")).await, None);
}

#[tokio::test]
async fn roles_are_scopes_and_who_impersonates_acts() {
    let database = Database::with_session("2099-01-01T00:00:00.000Z");
    database.add_user("boss", "user,admin");
    database.add_session("s2", "boss-token", "boss", "2099-01-01T00:00:00.000Z", None);
    database.add_session("s3", "as-alice", USER, "2099-01-01T00:00:00.000Z", Some("boss"));
    let sessions = database.sessions();
    assert!(found(&sessions, &cookie("boss-token")).await.unwrap().has_scope("admin"));
    let identity = found(&sessions, &cookie("as-alice")).await.unwrap();
    assert_eq!((identity.actor(), identity.has_scope("admin")), (&Actor::user("boss"), false));
    assert_eq!(identity.subject.id.as_deref(), Some(USER));
}

#[tokio::test]
async fn tables_and_columns_of_other_names_and_times_in_numbers_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("auth.db");
    let connection = Connection::open(&file).unwrap();
    let rows = format!(
        r#"create table users (id integer primary key, name text, email text);
           create table sessions (id integer primary key, expires_at integer, token text, user_id integer);
           insert into users values (7, 'Alice', 'alice@example.com');
           insert into sessions values (1, 4070908800, '{TOKEN}', 7), (2, 4070908800000, 'in-ms', 7), (3, 1, 'old', 7);"#
    );
    connection.execute_batch(&rows).unwrap();
    let sessions = BetterAuth::sqlite(SECRET, &file).unwrap().tables("sessions", "users").cookie("sid");
    let alice = Some(Actor::user("7").name("Alice").email("alice@example.com"));
    for (token, subject) in [(TOKEN, &alice), ("in-ms", &alice), ("old", &None)] {
        let cookie = cookie(token).replace("better-auth.session_token", "sid");
        assert_eq!(found(&sessions, &cookie).await.map(|identity| identity.subject), *subject, "{token}");
    }
    assert_eq!(found(&sessions, COOKIE).await, None, "another cookie's name");
}

#[tokio::test]
async fn a_file_that_is_no_database_of_sessions_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent.db");
    assert!(BetterAuth::sqlite(SECRET, &absent).unwrap_err().to_string().contains("absent.db"));
    assert!(!Path::exists(&absent), "it is only read");
    let empty = directory.path().join("empty.db");
    Connection::open(&empty).unwrap().execute_batch("create table other (id text)").unwrap();
    let error = BetterAuth::sqlite(SECRET, &empty).unwrap().resolve(&headers(COOKIE)).await.unwrap_err();
    assert!(error.to_string().contains("no such table: session"), "{error}");
}

#[test]
fn the_secret_is_not_shown() {
    let database = Database::with_session("2099-01-01T00:00:00.000Z");
    let shown = format!("{:?}", database.sessions());
    assert!(shown.contains("session_token") && !shown.contains("key") && !shown.contains(SECRET), "{shown}");
}
