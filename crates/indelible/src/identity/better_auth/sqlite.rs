//! Sessions in SQLite.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use indelible_proof::Object;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, types::ValueRef};
use serde_json::Value;

use super::row::{Found, Tables};
use crate::{identity::ResolveError, limits};

/// One connection, for one question at a time: each takes some microseconds.
pub(super) struct Sqlite(Mutex<Connection>);

impl Sqlite {
    pub(super) fn open(file: &Path) -> Result<Self, ResolveError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(file, flags)?;
            connection.busy_timeout(limits::RESOLVE_WAIT_DEFAULT)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| ResolveError::new(format_args!("{}: {error}", file.display())))?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(super) async fn find(self: Arc<Self>, tables: Tables, token: String) -> Result<Option<Found>, ResolveError> {
        let found = tokio::task::spawn_blocking(move || self.look_up(&tables, &token)).await;
        found.unwrap_or_else(|ended| Err(ResolveError::new(ended)))
    }

    fn look_up(&self, tables: &Tables, token: &str) -> Result<Option<Found>, ResolveError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = |sql: &str| connection.prepare_cached(sql)?.query_row([token], object).optional();
        let session = format!(r#"SELECT s.* FROM {} s WHERE s."token" = ?1"#, tables.session);
        let Some(session) = first(&session).map_err(ResolveError::new)? else { return Ok(None) };
        let user = first(&tables.user_of(&session, "u.*", "?1")?).map_err(ResolveError::new)?;
        Ok(user.map(|user| Found { session, user }))
    }
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    let columns = row.as_ref().column_names().map(str::to_owned).collect::<Vec<_>>();
    let value = |at| -> rusqlite::Result<Value> {
        Ok(match row.get_ref(at)? {
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        })
    };
    columns.into_iter().enumerate().map(|(at, column)| Ok((column, value(at)?))).collect()
}
