//! An outbox in SQLite.

mod triggers;

use std::{
    fmt,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
    time::Duration,
};

use indelible_proof::limits::EVENT_JSON_BYTES_MAX;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::{Outbox, OutboxError, Parked, Row, Status};
use crate::limits::{OUTBOX_BATCH_BYTES, OUTBOX_BATCH_ROWS, OUTBOX_PARKED_SHOWN, OUTBOX_POLL_SQLITE, OUTBOX_WAIT};

const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/// The outbox in a SQLite file, over a connection of its own.
///
/// To insert, use your own connection: `INSERT INTO indelible_outbox (event) VALUES (?)`.
pub struct Sqlite {
    connection: Mutex<Connection>,
    keep: bool,
    /// Whether those who insert have it written to the disk themselves.
    durable: bool,
}

impl Sqlite {
    /// The SQL that makes the table. Applying it again changes nothing.
    pub const SCHEMA: &str = include_str!("sqlite/schema.sql");

    /// Opens a file, which must be there.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, OutboxError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = file.as_ref();
        if !file.exists() {
            return Err(OutboxError::Database { cause: format!("there is no {}", file.display()) });
        }
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.busy_timeout(OUTBOX_WAIT)?;
            connection.pragma_update(None, "synchronous", "full")?;
            Ok(connection)
        };
        let connection =
            open().map_err(|error| OutboxError::Database { cause: format!("{}: {error}", file.display()) })?;
        Ok(Self { connection: Mutex::new(connection), keep: false, durable: false })
    }

    /// Makes the table, unless it is there.
    pub fn migrate(&self) -> Result<(), OutboxError> {
        Ok(self.connection().execute_batch(Self::SCHEMA)?)
    }

    /// Keeps events that the log has, with the time at which it had them, instead of deleting them. Default: no.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keep = keep;
        self
    }

    /// Takes your word that every event is inserted with `journal_mode=wal` and `synchronous=full`, and waits for the disk
    /// no more itself. Default: no.
    pub fn durable(mut self, durable: bool) -> Result<Self, OutboxError> {
        let synchronous = if durable { "normal" } else { "full" };
        self.connection().pragma_update(None, "synchronous", synchronous)?;
        self.durable = durable;
        Ok(self)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Sqlite {
    fn waiting(&self) -> Result<Vec<Row>, OutboxError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT id, CAST(key AS TEXT), CAST(created_at AS TEXT), CAST(substr(event, 1, {}) AS TEXT) \
             FROM indelible_outbox WHERE settled_at IS NULL ORDER BY id LIMIT {OUTBOX_BATCH_ROWS}",
            EVENT_JSON_BYTES_MAX + 1
        ))?;
        let mut found = statement.query([])?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            // Whoever may insert may have inserted what is no UTF-8.
            let text = |column| -> rusqlite::Result<String> {
                let bytes = row.get_ref(column)?.as_bytes().unwrap_or_default();
                Ok(String::from_utf8_lossy(bytes).into_owned())
            };
            let row = Row { id: row.get(0)?, key: text(1)?, created_at: text(2)?.parse().ok(), event: text(3)? };
            bytes += row.event.len();
            rows.push(row);
            if bytes > OUTBOX_BATCH_BYTES {
                break;
            }
        }
        drop(found);
        if let Some(first) = rows.first().filter(|_| !self.durable) {
            // With `synchronous=normal` a power failure may undo what was read. This write reaches the disk, and what
            // was committed before it.
            connection
                .prepare_cached("UPDATE indelible_outbox SET problem = NULL WHERE id = ?1")?
                .execute([first.id])?;
        }
        Ok(rows)
    }

    fn settle(&self, ids: &[i64]) -> Result<(), OutboxError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let settle = if self.keep {
            format!("UPDATE indelible_outbox SET settled_at = {NOW} WHERE id = ?1 AND settled_at IS NULL")
        } else {
            "DELETE FROM indelible_outbox WHERE id = ?1".to_owned()
        };
        let mut statement = transaction.prepare_cached(&settle)?;
        ids.iter().try_for_each(|id| statement.execute([id]).map(drop))?;
        drop(statement);
        Ok(transaction.commit()?)
    }

    fn park(&self, id: i64, problem: &str) -> Result<(), OutboxError> {
        let park = format!("UPDATE indelible_outbox SET settled_at = {NOW}, problem = ?2 WHERE id = ?1");
        self.connection().execute(&park, params![id, problem])?;
        Ok(())
    }

    fn retry(&self) -> Result<u64, OutboxError> {
        let retry = "UPDATE indelible_outbox SET settled_at = NULL, problem = NULL \
                     WHERE settled_at IS NOT NULL AND problem IS NOT NULL";
        Ok(self.connection().execute(retry, [])? as u64)
    }

    fn status(&self) -> Result<Status, OutboxError> {
        let connection = self.connection();
        let count = |condition: &str| -> rusqlite::Result<u64> {
            let sql = format!("SELECT count(*) FROM indelible_outbox WHERE {condition}");
            connection.query_row(&sql, [], |row| row.get(0)).map(i64::unsigned_abs)
        };
        let waiting = count("settled_at IS NULL")?;
        let parked = count("settled_at IS NOT NULL AND problem IS NOT NULL")?;
        let kept = count("settled_at IS NOT NULL AND problem IS NULL")?;
        let oldest = "SELECT created_at FROM indelible_outbox WHERE settled_at IS NULL ORDER BY id LIMIT 1";
        let oldest: Option<String> = connection.query_row(oldest, [], |row| row.get(0)).optional()?;
        let mut statement = connection.prepare_cached(
            "SELECT id, created_at, problem FROM indelible_outbox WHERE settled_at IS NOT NULL AND problem IS NOT NULL \
             ORDER BY id DESC LIMIT ?1",
        )?;
        let problems = statement.query_map([OUTBOX_PARKED_SHOWN], |row| {
            let created_at: String = row.get(1)?;
            Ok(Parked { id: row.get(0)?, created_at: created_at.parse().ok(), problem: row.get(2)? })
        })?;
        let problems = problems.collect::<rusqlite::Result<_>>()?;
        Ok(Status { waiting, oldest: oldest.and_then(|text| text.parse().ok()), parked, kept, problems })
    }

    fn ring(&self, _bell: SyncSender<()>) -> Duration {
        OUTBOX_POLL_SQLITE
    }
}

impl From<rusqlite::Error> for OutboxError {
    fn from(error: rusqlite::Error) -> Self {
        let cause = error.to_string();
        if cause.contains("no such table: indelible_outbox") { Self::Absent } else { Self::Database { cause } }
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sqlite").field("keep", &self.keep).finish_non_exhaustive()
    }
}
