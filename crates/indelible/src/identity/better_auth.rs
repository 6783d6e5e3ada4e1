//! Sessions of Better Auth: the signed cookie, and the session in its database.

mod cookie;
#[cfg(feature = "better-auth-postgres")]
mod postgres;
mod row;
#[cfg(feature = "better-auth-sqlite")]
mod sqlite;

use std::{fmt, sync::Arc};

use super::{Identity, Resolution, ResolveError, SessionResolver};
use crate::{limits, system_time};
use cookie::Key;
use http::HeaderMap;
use row::{Found, Tables};

/// Resolves the session cookie of Better Auth.
///
/// The cookie is believed when Better Auth signed it (HMAC-SHA256 under its secret, compared in constant time) and the
/// session that it names is in the database and has not expired. The database is only read, on each request.
///
/// The subject is the session's user, with name and e-mail address; who impersonates them acts for them. The roles of
/// the admin plugin are the scopes of the credential, so that [`Identity::has_scope`] tells an administrator.
///
/// Columns are found however they are spelled, `userId` or `user_id`; times as text, as seconds and as milliseconds.
/// Sessions that are kept elsewhere, in Redis as secondary storage or in nothing but the cookie, are not found.
///
/// It asks on the runtime of tokio.
#[derive(Clone)]
pub struct BetterAuth {
    key: Key,
    cookies: Vec<String>,
    tables: Tables,
    database: Database,
}

#[derive(Clone)]
enum Database {
    #[cfg(feature = "better-auth-sqlite")]
    Sqlite(Arc<sqlite::Sqlite>),
    #[cfg(feature = "better-auth-postgres")]
    Postgres(Arc<postgres::Postgres>),
}

impl BetterAuth {
    /// Sessions in a file of SQLite, under the `secret` of Better Auth. An error when the file cannot be opened.
    #[cfg(feature = "better-auth-sqlite")]
    pub fn sqlite(secret: &str, file: impl AsRef<std::path::Path>) -> Result<Self, ResolveError> {
        Ok(Self::over(secret, Database::Sqlite(Arc::new(sqlite::Sqlite::open(file.as_ref())?))))
    }

    /// Sessions in Postgres, under the `secret` of Better Auth: over one connection, which is made when it is first
    /// needed, and again when it broke. `tls` is [`tokio_postgres::NoTls`], or what a TLS library has for it.
    #[cfg(feature = "better-auth-postgres")]
    pub fn postgres<T>(secret: &str, config: tokio_postgres::Config, tls: T) -> Self
    where
        T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<tokio_postgres::Socket>>::Future: Send,
    {
        Self::over(secret, Database::Postgres(Arc::new(postgres::Postgres::new(config, tls))))
    }

    fn over(secret: &str, database: Database) -> Self {
        // Over https Better Auth sets the first; it cannot be planted by a page of another host.
        let cookies = ["__Secure-better-auth.session_token", "better-auth.session_token"].map(str::to_owned).into();
        Self { key: Key::new(secret), cookies, tables: Tables::default(), database }
    }

    /// Sets the name of the session cookie, prefixes included. Default: `better-auth.session_token`, with
    /// `__Secure-` before it or without.
    #[must_use]
    pub fn cookie(mut self, name: impl Into<String>) -> Self {
        self.cookies = vec![name.into()];
        self
    }

    /// Sets the tables of sessions and users, with their schema where it is not the default one: `auth.session`.
    /// Default: `session` and `user`.
    #[must_use]
    pub fn tables(mut self, session: &str, user: &str) -> Self {
        self.tables = Tables::named(session, user);
        self
    }

    /// The token of the session cookie, when Better Auth signed it.
    fn token(&self, headers: &HeaderMap) -> Option<String> {
        let value = self.cookies.iter().find_map(|name| super::cookie::cookie(headers, name))?;
        if value.len() > limits::SESSION_COOKIE_BYTES_MAX { None } else { self.key.verified(value) }
    }

    async fn identity(&self, token: String) -> Result<Option<Identity>, ResolveError> {
        self.find(token).await?.map_or(Ok(None), |found| found.identity(system_time()))
    }

    async fn find(&self, token: String) -> Result<Option<Found>, ResolveError> {
        match &self.database {
            #[cfg(feature = "better-auth-sqlite")]
            Database::Sqlite(sqlite) => Arc::clone(sqlite).find(self.tables.clone(), token).await,
            #[cfg(feature = "better-auth-postgres")]
            Database::Postgres(postgres) => postgres.find(&self.tables, &token).await,
        }
    }
}

impl SessionResolver for BetterAuth {
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a> {
        match self.token(headers) {
            Some(token) => Box::pin(self.identity(token)),
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }
}

impl fmt::Debug for BetterAuth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        out.debug_struct("BetterAuth")
            .field("cookies", &self.cookies)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}
