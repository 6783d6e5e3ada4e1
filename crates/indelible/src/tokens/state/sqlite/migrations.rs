//! The tables, version by version.

use rusqlite::{Connection, TransactionBehavior};

use crate::{outbox, tokens::state::StateError};

/// The n-th makes version n + 1 out of version n. What was released is never changed.
const MIGRATIONS: &[&str] = &[
    r"
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, kind TEXT NOT NULL, environment TEXT NOT NULL,
        prefix TEXT NOT NULL, last_four TEXT NOT NULL, hash BLOB NOT NULL, sealed BLOB,
        owner_type TEXT NOT NULL, owner_id TEXT NOT NULL, context_type TEXT, context_id TEXT,
        boundary_type TEXT, boundary_id TEXT, name TEXT NOT NULL, abilities TEXT NOT NULL, metadata TEXT NOT NULL,
        allowed_ips TEXT NOT NULL, allowed_domains TEXT NOT NULL, rate_limit INTEGER,
        group_id TEXT, parent TEXT, depth INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
        revoked_at INTEGER, revocation_reason TEXT, last_used_at INTEGER, rotated_from TEXT, rotated_to TEXT,
        imported_id TEXT, revision INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX tokens_hash ON tokens (hash, tenant);
    CREATE INDEX tokens_created ON tokens (tenant, created_at, id);
    CREATE INDEX tokens_owner ON tokens (tenant, owner_type, owner_id, created_at);
    CREATE INDEX tokens_group ON tokens (tenant, group_id) WHERE group_id IS NOT NULL;
    CREATE INDEX tokens_parent ON tokens (tenant, parent) WHERE parent IS NOT NULL;
    CREATE INDEX tokens_used ON tokens (tenant, last_used_at);
    CREATE INDEX tokens_expiry ON tokens (tenant, expires_at) WHERE expires_at IS NOT NULL;
    CREATE INDEX tokens_revocation ON tokens (tenant, revoked_at) WHERE revoked_at IS NOT NULL;
",
    r"
    ALTER TABLE tokens ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
    UPDATE tokens SET revoked = 1 WHERE revoked_at <= unixepoch() * 1000000;
",
];

/// Brings a database to the latest version, all steps or none. One that has it already is not written to: a disk that is
/// full must not keep a service from starting. So a change of the outbox's tables is a step too.
pub(super) fn run(connection: &mut Connection) -> Result<(), StateError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len() as i64;
    let done = usize::try_from(version).ok().filter(|done| *done <= MIGRATIONS.len());
    let Some(done) = done else { return Err(StateError::Newer { version, known }) };
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(outbox::Sqlite::SCHEMA)?;
    transaction.pragma_update(None, "user_version", known)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
