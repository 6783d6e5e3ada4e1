//! The database that an outbox is in.

use clap::{Args, ValueEnum};
use indelible::outbox::{Outbox, OutboxError, Postgres, Sqlite, Watch};

use crate::cli::error::Failure;

/// Kinds of databases.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Postgres,
    Sqlite,
}

/// The options that say where the outbox is.
#[derive(Debug, Args)]
pub(crate) struct DatabaseOptions {
    /// File of SQLite, or postgres://user:password@host:port/database
    #[arg(value_name = "DATABASE", env = "INDELIBLE_OUTBOX", hide_env_values = true)]
    address: String,
    /// Schema of the table, in Postgres
    #[arg(long, value_name = "NAME", default_value = "public")]
    schema: String,
}

impl DatabaseOptions {
    pub(super) fn open(&self, keep: bool) -> Result<Database, Failure> {
        Database::open(&self.address, &self.schema, keep)
    }
}

/// A database with an outbox.
pub(super) enum Database {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Database {
    pub(super) fn open(address: &str, schema: &str, keep: bool) -> Result<Self, Failure> {
        let is_postgres = ["postgres://", "postgresql://", "host="].iter().any(|start| address.starts_with(start));
        let opened = if is_postgres {
            Postgres::local(address).map(|outbox| Self::Postgres(outbox.schema(schema).keep(keep)))
        } else {
            Sqlite::open(address).map(|outbox| Self::Sqlite(outbox.keep(keep)))
        };
        opened.map_err(Failure::because)
    }

    pub(super) fn outbox(&self) -> &dyn Outbox {
        match self {
            Self::Postgres(outbox) => outbox,
            Self::Sqlite(outbox) => outbox,
        }
    }

    pub(super) fn migrate(&self) -> Result<(), OutboxError> {
        match self {
            Self::Postgres(outbox) => outbox.migrate(),
            Self::Sqlite(outbox) => outbox.migrate(),
        }
    }

    pub(super) fn triggers(&self, watch: &Watch) -> Result<String, OutboxError> {
        match self {
            Self::Postgres(outbox) => outbox.triggers(watch),
            Self::Sqlite(outbox) => outbox.triggers(watch),
        }
    }

    pub(super) fn watch(&self, watch: &Watch) -> Result<(), OutboxError> {
        match self {
            Self::Postgres(outbox) => outbox.watch(watch),
            Self::Sqlite(outbox) => outbox.watch(watch),
        }
    }
}
