//! An outbox in Postgres.

mod connection;
mod triggers;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use indelible_proof::{Timestamp, limits::EVENT_JSON_BYTES_MAX};
use tokio_postgres::{
    Client, Config, Error, NoTls, Row as Found, Socket,
    config::{Host, SslMode},
    error::SqlState,
    tls::{MakeTlsConnect, TlsConnect},
    types::{ToSql, Type},
};

use super::{Outbox, OutboxError, Parked, Row, Status};
use crate::limits::{
    OUTBOX_BATCH_BYTES, OUTBOX_BATCH_ROWS, OUTBOX_CONNECT_WAIT, OUTBOX_PARKED_SHOWN, OUTBOX_POLL_POSTGRES,
    OUTBOX_SILENCE_MAX,
};
use connection::{connect, wait};

type Connect = Box<dyn Fn(Bell) -> Result<Client, OutboxError> + Send + Sync>;
type Bell = Arc<Mutex<Option<SyncSender<()>>>>;

/// The outbox in a Postgres database, over a connection of its own, which is made when it is first needed and again when it
/// broke.
///
/// To insert, use your own connection: `SELECT indelible_record($1)`.
///
/// Of several that drain one outbox, one does; the others stand by ([`OutboxError::Taken`]). That needs a connection
/// that no pooler shares between sessions.
pub struct Postgres {
    connect: Connect,
    session: Mutex<Option<Session>>,
    bell: Bell,
    schema: String,
    keep: bool,
}

struct Session {
    client: Arc<Client>,
    /// Whether it is the one that drains.
    drains: bool,
}

impl Postgres {
    /// An outbox in the schema `public`. `tls` is [`NoTls`], or what a TLS library has for it.
    pub fn new<T>(mut config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(OUTBOX_CONNECT_WAIT);
        }
        // A server that went away without a word is noticed.
        config.keepalives_idle(OUTBOX_SILENCE_MAX).tcp_user_timeout(OUTBOX_SILENCE_MAX);
        let connect: Connect = Box::new(move |bell| {
            let ring = move || {
                if let Some(bell) = &*bell.lock().unwrap_or_else(PoisonError::into_inner) {
                    // One that is rung already wakes as well.
                    let _ = bell.try_send(());
                }
            };
            connect(config.clone(), tls.clone(), ring)
        });
        Self { connect, session: Mutex::default(), bell: Bell::default(), schema: "public".to_owned(), keep: false }
    }

    /// An outbox on this machine, by a URL or `name=value` pairs: over a socket or the loopback interface, without TLS. A
    /// server elsewhere is refused, unless the text says `sslmode=disable`: what is audited would pass in the clear.
    pub fn local(url: &str) -> Result<Self, OutboxError> {
        // The words of the parser may hold the password.
        let refused = |cause: &str| Err(OutboxError::Database { cause: cause.to_owned() });
        let Ok(config) = url.parse::<Config>() else {
            return refused("the address cannot be read: write postgres://user:password@host:port/database");
        };
        let here = |host: &Host| match host {
            Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        if config.get_ssl_mode() == SslMode::Require {
            return refused(
                "TLS is not supported here: connect over a socket, a tunnel, or from the application with `Postgres::new`",
            );
        }
        let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
        if hosts.is_empty() && addresses.is_empty() {
            return refused(
                "the address has no host: write postgres://user@127.0.0.1/database, or for a socket its directory, \
                 postgres:///database?host=/var/run/postgresql",
            );
        }
        let is_here = hosts.iter().all(here) && addresses.iter().all(std::net::IpAddr::is_loopback);
        if config.get_ssl_mode() != SslMode::Disable && !is_here {
            return refused(
                "the server is elsewhere and TLS is not supported here: connect over a socket or a tunnel, or accept that \
                            everything passes in the clear with sslmode=disable",
            );
        }
        Ok(Self::new(config, NoTls))
    }

    /// Sets the schema of the table and its functions. Default: `public`. Letters, digits and `_`; others are left out.
    #[must_use]
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = plain(schema);
        self
    }

    /// Keeps events that the log has, with the time at which it had them, instead of deleting them. Default: no.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// The SQL that makes the table and its functions in a schema. Applying it again changes nothing.
    pub fn schema_of(schema: &str) -> String {
        qualified(include_str!("postgres/schema.sql"), &plain(schema))
    }

    /// Makes the table and its functions, as far as they are not there.
    pub fn migrate(&self) -> Result<(), OutboxError> {
        wait(self.client()?.batch_execute(&Self::schema_of(&self.schema))).map_err(described)
    }

    fn qualified(&self, sql: &str) -> String {
        qualified(sql, &self.schema)
    }

    fn session(&self) -> Result<MutexGuard<'_, Option<Session>>, OutboxError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if session.as_ref().is_none_or(|session| session.client.is_closed()) {
            let client = (self.connect)(Arc::clone(&self.bell))?;
            wait(client.batch_execute("SET synchronous_commit = on; LISTEN indelible_outbox")).map_err(described)?;
            *session = Some(Session { client: Arc::new(client), drains: false });
        }
        Ok(session)
    }

    fn client(&self) -> Result<Arc<Client>, OutboxError> {
        let session = self.session()?;
        session.as_ref().map(|session| Arc::clone(&session.client)).ok_or(OutboxError::Taken)
    }

    /// Nothing is prepared on the server: a pooler in between would forget it.
    fn ask(&self, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Found>, OutboxError> {
        wait(self.client()?.query_typed(&self.qualified(sql), values)).map_err(described)
    }

    /// Takes the lock that lasts as long as the connection.
    fn claim(&self) -> Result<(), OutboxError> {
        if self.session()?.as_ref().is_some_and(|session| session.drains) {
            return Ok(());
        }
        let sql = "SELECT pg_try_advisory_lock(1768842349, hashtext('public.indelible_outbox'))";
        let rows = self.ask(sql, &[])?;
        if !rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
            return Err(OutboxError::Taken);
        }
        if let Some(session) = &mut *self.session()? {
            session.drains = true;
        }
        Ok(())
    }
}

impl Outbox for Postgres {
    fn waiting(&self) -> Result<Vec<Row>, OutboxError> {
        self.claim()?;
        let sql = format!(
            "SELECT id, key::text, (extract(epoch FROM created_at) * 1000000)::bigint, left(event, {characters}) \
             FROM (SELECT id, key, created_at, event, sum(octet_length(event)) OVER (ORDER BY id) AS bytes \
                   FROM (SELECT id, key, created_at, event::text AS event FROM public.indelible_outbox \
                         WHERE settled_at IS NULL ORDER BY id LIMIT {OUTBOX_BATCH_ROWS}) AS first) AS summed \
             WHERE bytes - octet_length(event) <= {OUTBOX_BATCH_BYTES} ORDER BY id",
            characters = EVENT_JSON_BYTES_MAX + 1
        );
        let rows = self.ask(&sql, &[])?.iter().map(row).collect::<Result<Vec<_>, _>>().map_err(described)?;
        if !rows.is_empty() {
            // With `synchronous_commit=off` a crash of the server may undo what was read. This commit waits for the disk,
            // and for what was committed before it.
            self.ask("SELECT pg_logical_emit_message(true, 'indelible_outbox', '')::text", &[])?;
        }
        Ok(rows)
    }

    fn settle(&self, ids: &[i64]) -> Result<(), OutboxError> {
        let sql = match self.keep {
            true => "UPDATE public.indelible_outbox SET settled_at = now() WHERE id = ANY ($1) AND settled_at IS NULL",
            false => "DELETE FROM public.indelible_outbox WHERE id = ANY ($1)",
        };
        self.ask(sql, &[(&ids, Type::INT8_ARRAY)]).map(drop)
    }

    fn park(&self, id: i64, problem: &str) -> Result<(), OutboxError> {
        let sql = "UPDATE public.indelible_outbox SET settled_at = now(), problem = $2 WHERE id = $1";
        self.ask(sql, &[(&id, Type::INT8), (&problem, Type::TEXT)]).map(drop)
    }

    fn retry(&self) -> Result<u64, OutboxError> {
        let sql = "WITH again AS (UPDATE public.indelible_outbox SET settled_at = NULL, problem = NULL \
                   WHERE settled_at IS NOT NULL AND problem IS NOT NULL RETURNING id) SELECT count(*) FROM again";
        let rows = self.ask(sql, &[])?;
        rows.first().map_or(Ok(0), |row| row.try_get(0).map(i64::unsigned_abs)).map_err(described)
    }

    fn status(&self) -> Result<Status, OutboxError> {
        let counts = "SELECT count(*) FILTER (WHERE settled_at IS NULL), count(*) FILTER (WHERE problem IS NOT NULL), \
                             count(*) FILTER (WHERE settled_at IS NOT NULL AND problem IS NULL), \
                             (extract(epoch FROM min(created_at) FILTER (WHERE settled_at IS NULL)) * 1000000)::bigint \
                      FROM public.indelible_outbox";
        let parked = format!(
            "SELECT id, (extract(epoch FROM created_at) * 1000000)::bigint, problem FROM public.indelible_outbox \
             WHERE settled_at IS NOT NULL AND problem IS NOT NULL ORDER BY id DESC LIMIT {OUTBOX_PARKED_SHOWN}"
        );
        let (counts, parked) = (self.ask(counts, &[])?, self.ask(&parked, &[])?);
        let read = || -> Result<Status, Error> {
            let mut status = Status::default();
            if let Some(row) = counts.first() {
                let count = |column| row.try_get(column).map(i64::unsigned_abs);
                (status.waiting, status.parked, status.kept) = (count(0)?, count(1)?, count(2)?);
                status.oldest = row.try_get::<_, Option<i64>>(3)?.map(Timestamp::saturating_from_micros);
            }
            for row in &parked {
                let created_at = Some(Timestamp::saturating_from_micros(row.try_get(1)?));
                status.problems.push(Parked { id: row.try_get(0)?, created_at, problem: row.try_get(2)? });
            }
            Ok(status)
        };
        read().map_err(described)
    }

    fn ring(&self, bell: SyncSender<()>) -> Duration {
        *self.bell.lock().unwrap_or_else(PoisonError::into_inner) = Some(bell);
        OUTBOX_POLL_POSTGRES
    }
}

/// What needs no care between quotes.
fn plain(schema: &str) -> String {
    schema.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

fn qualified(sql: &str, schema: &str) -> String {
    if schema == "public" { sql.to_owned() } else { sql.replace("public.", &format!("\"{schema}\".")) }
}

fn row(found: &Found) -> Result<Row, Error> {
    let created_at = Some(Timestamp::saturating_from_micros(found.try_get(2)?));
    Ok(Row { id: found.try_get(0)?, key: found.try_get(1)?, created_at, event: found.try_get(3)? })
}

/// With the words of the server, which the error itself leaves out.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn described(error: Error) -> OutboxError {
    match error.as_db_error() {
        Some(told) if *told.code() == SqlState::UNDEFINED_TABLE && told.message().contains("indelible_outbox") => {
            OutboxError::Absent
        }
        Some(told) => OutboxError::Database { cause: told.to_string() },
        None => {
            let cause = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            OutboxError::Database { cause }
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Postgres").field("schema", &self.schema).field("keep", &self.keep).finish_non_exhaustive()
    }
}
