//! Sessions in Postgres.

use std::{future::Future, pin::Pin, sync::Arc};

use indelible_proof::Object;
use tokio::sync::Mutex;
use tokio_postgres::{
    Client, Config, Error, Socket,
    tls::{MakeTlsConnect, TlsConnect},
    types::Type,
};

use super::row::{Found, Tables};
use crate::identity::ResolveError;

type Connecting = Pin<Box<dyn Future<Output = Result<Client, Error>> + Send>>;

/// One connection, over which any number of questions are on their way at a time.
pub(super) struct Postgres {
    connect: Box<dyn Fn() -> Connecting + Send + Sync>,
    client: Mutex<Option<Arc<Client>>>,
}

impl Postgres {
    pub(super) fn new<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let connect = move || -> Connecting {
            let (config, tls) = (config.clone(), tls.clone());
            Box::pin(async move {
                let (client, connection) = config.connect(tls).await?;
                // It ends with the client; an error of its own every question is told too.
                tokio::spawn(async move { drop(connection.await) });
                Ok(client)
            })
        };
        Self { connect: Box::new(connect), client: Mutex::default() }
    }

    pub(super) async fn find(&self, tables: &Tables, token: &str) -> Result<Option<Found>, ResolveError> {
        let client = self.client().await.map_err(ResolveError::new)?;
        let session = format!(r#"SELECT to_jsonb(s)::text FROM {} s WHERE s."token" = $1"#, tables.session);
        let Some(session) = first(&client, &session, token).await? else { return Ok(None) };
        let user = tables.user_of(&session, "to_jsonb(u)::text", "$1")?;
        let user = first(&client, &user, token).await?;
        Ok(user.map(|user| Found { session, user }))
    }

    /// The connection, made again when it broke.
    async fn client(&self) -> Result<Arc<Client>, Error> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new((self.connect)().await?);
        *kept = Some(Arc::clone(&client));
        Ok(client)
    }
}

/// The first row of a question. Nothing is prepared on the server: a pooler in between would forget it.
async fn first(client: &Client, sql: &str, token: &str) -> Result<Option<Object>, ResolveError> {
    let rows = client.query_typed(sql, &[(&token, Type::TEXT)]).await.map_err(described)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let json: &str = row.try_get(0).map_err(ResolveError::new)?;
    serde_json::from_str(json).map(Some).map_err(ResolveError::new)
}

/// With the words of the server, which the error itself leaves out.
fn described(error: Error) -> ResolveError {
    match error.as_db_error() {
        Some(told) => ResolveError::new(told),
        None => ResolveError::new(error),
    }
}
