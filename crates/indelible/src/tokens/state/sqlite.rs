//! Tokens in SQLite.

mod migrations;
mod row;
mod selection;

use std::{
    fs::OpenOptions,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Params, TransactionBehavior, config::DbConfig, params};

use super::{Change, State, StateError, Tally, Use};
use crate::{
    limits::STATE_WAIT,
    outbox::{self, Outbox},
    tokens::{find::Find, model::Token},
};
use selection::Selection;

/// Tokens in a SQLite file.
///
/// One connection writes, one looks single tokens up and one searches, so that a check waits neither for a change to reach
/// the disk nor for somebody's search through all tokens; a fourth drains the outbox. A commit is on disk when it returns
/// (`synchronous=FULL`); what need not be is not waited for.
#[derive(Debug)]
pub struct Sqlite {
    // Closed first, for the last one closed is the one that could remove files.
    outbox: outbox::Sqlite,
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    searcher: Mutex<Connection>,
}

impl Sqlite {
    /// Opens or makes the file, readable by its owner alone.
    pub fn open(file: &Path) -> Result<Self, StateError> {
        let failed =
            |cause: &dyn std::fmt::Display| StateError::Failed { cause: format!("{}: {cause}", file.display()) };
        make(file).map_err(|error| failed(&error))?;
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(file)?;
            connection.busy_timeout(STATE_WAIT)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // The files beside this one stay when it is closed: where the disk is full they could not be made again.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            Ok(connection)
        };
        let mut writer = connect().map_err(|error| failed(&error))?;
        migrations::run(&mut writer)?;
        let reader = connect().map_err(|error| failed(&error))?;
        let searcher = connect().map_err(|error| failed(&error))?;
        let outbox =
            outbox::Sqlite::open(file).and_then(|outbox| outbox.durable(true)).map_err(|error| failed(&error))?;
        Ok(Self { outbox, writer: Mutex::new(writer), reader: Mutex::new(reader), searcher: Mutex::new(searcher) })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn searcher(&self) -> MutexGuard<'_, Connection> {
        self.searcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction that is on disk when it returns, or one that may be lost with the machine's power.
    fn write<T>(
        &self,
        synchronous: &str,
        write: impl FnOnce(&Connection) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.pragma_update(None, "synchronous", synchronous)?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = write(&transaction)?;
        transaction.commit()?;
        Ok(written)
    }

    fn one(&self, condition: &str, values: impl Params) -> Result<Option<Token>, StateError> {
        let reader = self.reader();
        let mut statement = reader.prepare_cached(&format!("SELECT * FROM tokens WHERE {condition}"))?;
        statement.query_row(values, |row| Ok(row::read(row))).optional()?.transpose()
    }
}

/// Makes the file if there is none. What SQLite makes beside it takes over its mode.
fn make(file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

impl State for Sqlite {
    fn get(&self, tenant: &str, id: &str) -> Result<Option<Token>, StateError> {
        self.one("id = ?1 AND tenant = ?2", params![id, tenant])
    }

    fn by_hash(&self, tenant: &str, hash: &[u8; 32]) -> Result<Option<Token>, StateError> {
        self.one("hash = ?1 AND tenant = ?2", params![hash, tenant])
    }

    fn list(&self, tenant: &str, find: &Find) -> Result<Vec<Token>, StateError> {
        let selection = Selection::page(tenant, find);
        let searcher = self.searcher();
        let mut statement = searcher.prepare_cached(&selection.sql)?;
        let rows = statement.query_map(selection.values(), |row| Ok(row::read(row)))?;
        rows.map(|row| row?).collect()
    }

    fn tally(&self, tenant: &str, find: &Find) -> Result<Vec<Tally>, StateError> {
        let selection = Selection::tally(tenant, find);
        let searcher = self.searcher();
        let mut statement = searcher.prepare_cached(&selection.sql)?;
        let rows = statement.query_map(selection.values(), |row| {
            Ok(Tally { kind: row.get(0)?, environment: row.get(1)?, tokens: row.get::<_, i64>(2)?.unsigned_abs() })
        })?;
        rows.map(|row| Ok(row?)).collect()
    }

    fn tenants(&self) -> Result<Vec<String>, StateError> {
        let searcher = self.searcher();
        let mut statement = searcher.prepare_cached("SELECT DISTINCT tenant FROM tokens")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.map(|row| Ok(row?)).collect()
    }

    fn commit(&self, change: &Change) -> Result<(), StateError> {
        self.write("full", |connection| {
            for token in &change.deleted {
                let mut delete = connection.prepare_cached("DELETE FROM tokens WHERE id = ?1 AND revision = ?2")?;
                only_one(delete.execute(params![token.id, row::integer(token.revision)])?)?;
            }
            for token in &change.tokens {
                only_one(row::write(connection, token)?)?;
            }
            for event in &change.events {
                let text =
                    serde_json::to_string(event).map_err(|error| StateError::Failed { cause: error.to_string() })?;
                connection.prepare_cached("INSERT INTO indelible_outbox (event) VALUES (?1)")?.execute([text])?;
            }
            Ok(())
        })
    }

    fn outbox(&self) -> &dyn Outbox {
        &self.outbox
    }

    fn touch(&self, uses: &[Use]) -> Result<(), StateError> {
        self.write("normal", |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE tokens SET last_used_at = ?1 \
                 WHERE id = ?2 AND tenant = ?3 AND (last_used_at IS NULL OR last_used_at < ?1)",
            )?;
            for Use { tenant, id, at } in uses {
                update.execute(params![at.as_micros(), id, tenant])?;
            }
            Ok(())
        })
    }
}

/// A row that another revision has, or that is there already, is not written.
const fn only_one(rows: usize) -> Result<(), StateError> {
    if rows == 1 { Ok(()) } else { Err(StateError::Conflict) }
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // A new token whose id or hash is there already.
            Some(ErrorCode::ConstraintViolation) => Self::Conflict,
            _ => Self::Failed { cause: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests;
