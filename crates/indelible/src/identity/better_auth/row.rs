//! A session and its user as rows of a database, whatever its columns are called and its times written like.

use indelible_proof::{Actor, Credential, Object, Timestamp, limits};
use serde_json::Value;

use crate::identity::{Identity, ResolveError};

/// The tables, quoted for SQL.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) session: String,
    pub(super) user: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self::named("session", "user")
    }
}

impl Tables {
    pub(super) fn named(session: &str, user: &str) -> Self {
        let quote = |name: &str| name.split('.').map(quoted).collect::<Vec<_>>().join(".");
        Self { session: quote(session), user: quote(user) }
    }

    /// SQL for the user of the session with a token: `whole` is what is selected of `u`, `token` the parameter.
    ///
    /// The session's own column is what joins them, without a cast: the index of the users is used whatever their ids
    /// are.
    pub(super) fn user_of(&self, session: &Object, whole: &str, token: &str) -> Result<String, ResolveError> {
        let (column, _) = column(session, "userid").ok_or_else(|| missing("session", "userId"))?;
        let (session, user, column) = (&self.session, &self.user, quoted(column));
        Ok(format!(r#"SELECT {whole} FROM {user} u JOIN {session} s ON s.{column} = u."id" WHERE s."token" = {token}"#))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a database knows of a token.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) session: Object,
    pub(super) user: Object,
}

impl Found {
    /// Whose session it is; `None` when it has expired.
    pub(super) fn identity(&self, now: Timestamp) -> Result<Option<Identity>, ResolveError> {
        let expires = column(&self.session, "expiresat").ok_or_else(|| missing("session", "expiresAt"))?;
        let expires_at = moment(expires.1).ok_or_else(|| ResolveError::new("a session's expiresAt is no time"))?;
        if expires_at <= now {
            return Ok(None);
        }
        let user_id = text(&self.user, "id", limits::ID_BYTES_MAX).ok_or_else(|| missing("user", "id"))?;
        let subject = Actor {
            name: text(&self.user, "name", limits::NAME_BYTES_MAX),
            email: text(&self.user, "email", limits::NAME_BYTES_MAX),
            ..Actor::user(user_id)
        };
        let session_id = text(&self.session, "id", limits::ID_BYTES_MAX);
        let roles = text(&self.user, "role", usize::MAX).unwrap_or_default();
        let roles = roles.split(',').map(str::trim).filter(|role| (1..=limits::SCOPE_BYTES_MAX).contains(&role.len()));
        let mut identity = Identity::new(subject).credential(Credential {
            kind: Some("session".to_owned()),
            id: session_id.clone(),
            scopes: roles.take(limits::SCOPES_MAX).map(str::to_owned).collect(),
            expires_at: Some(expires_at),
            ..Credential::default()
        });
        identity.session_id = session_id;
        if let Some(admin) = text(&self.session, "impersonatedby", limits::ID_BYTES_MAX) {
            identity = identity.acted_by(Actor::user(admin));
        }
        Ok(Some(identity))
    }
}

/// A column by its name in lower case without `_`: `userid` is `userId` and `user_id`.
fn column<'a>(row: &'a Object, name: &str) -> Option<(&'a str, &'a Value)> {
    let plain = |column: &str| column.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    row.iter().find(|(column, _)| plain(column) == name).map(|(column, value)| (column.as_str(), value))
}

/// A text that an event may carry, or a number as one.
fn text(row: &Object, name: &str, bytes_max: usize) -> Option<String> {
    let text = match column(row, name)?.1 {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| (1..=bytes_max).contains(&text.len()) && !text.contains('\0'))
}

/// A time as the adapters of Better Auth keep it: text, seconds or milliseconds.
fn moment(value: &Value) -> Option<Timestamp> {
    /// As seconds, in the year 5138; as milliseconds, in 1973.
    const SECONDS_MAX: i64 = 100_000_000_000;
    match value {
        Value::String(text) => text.parse().ok().or_else(|| {
            // Without an offset, it is in UTC.
            let at: jiff::civil::DateTime = text.parse().ok()?;
            Timestamp::from_micros(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond()).ok()
        }),
        Value::Number(number) => {
            let number = number.as_i64().or_else(|| number.as_f64().map(|it| it as i64))?;
            let micros = number.checked_mul(if number < SECONDS_MAX { 1_000_000 } else { 1000 })?;
            Timestamp::from_micros(micros).ok()
        }
        _ => None,
    }
}

fn missing(table: &str, column: &str) -> ResolveError {
    ResolveError::new(format_args!("the table of the {table}s has no column {column}: name the tables with `tables`"))
}

#[cfg(test)]
mod tests;
