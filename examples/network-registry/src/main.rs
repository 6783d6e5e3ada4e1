//! A registry of networks on Postgres: made, changed and deleted by those who may, asked for by the others. Each change and the
//! event that tells of it are committed together, by way of an outbox.
//!
//! `DATABASE=postgres://me@127.0.0.1/registry cargo run -p network-registry`; docs/RESOURCES.md walks through it. The header `X-User` stands
//! for a sign-in. Stop it, and `indelible resource --help` tells what can be asked of the directory `audit`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod changes;
mod failure;
mod reading;
#[cfg(test)]
mod tests;

use std::{env, sync::Arc};

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    routing::{get, post},
};
use indelible::{
    Actor, Log, LogConfig, Recorder, Store,
    outbox::{Drainer, OutboxError, Postgres},
    resources::Resource,
    system_time,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, task::spawn_blocking};
use tokio_postgres::{Client, Config, NoTls, Row};

use failure::Failure;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS networks (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, address text NOT NULL, mtu int NOT NULL
    );
    CREATE TABLE IF NOT EXISTS requests (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, address text NOT NULL, mtu int NOT NULL
    )";

/// What all handlers share.
struct Registry {
    database: Mutex<Client>,
    log: Arc<dyn Store>,
}

/// A network.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Network {
    name: String,
    address: String,
    mtu: i32,
}

impl Network {
    fn of(row: &Row) -> Self {
        Self { name: row.get("name"), address: row.get("address"), mtu: row.get("mtu") }
    }

    /// The resource that events name.
    fn resource(&self, id: i64) -> Resource {
        Resource::new("network", id.to_string()).name(&self.name).address(&self.address)
    }

    /// The same while it is only asked for, by the id of the request.
    fn wanted(&self, request: i64) -> Resource {
        Resource::requested("network", request.to_string()).name(&self.name).address(&self.address)
    }
}

/// Who does it.
struct User(Actor);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let user = parts.headers.get("x-user").and_then(|user| user.to_str().ok());
        user.map(|user| Self(Actor::user(user))).ok_or(Failure::NotSignedIn)
    }
}

fn app(registry: Registry) -> Router {
    Router::new()
        .route("/networks", post(changes::create))
        .route("/networks/{id}", get(reading::network).put(changes::update).delete(changes::delete))
        .route("/networks/{id}/trail", get(reading::trail))
        .route("/networks/{id}/state", get(reading::state))
        .route("/requests", post(changes::request))
        .route("/requests/{id}/approve", post(changes::approve))
        .route("/requests/{id}/deny", post(changes::deny))
        .with_state(Arc::new(registry))
}

/// A connection to a database that has the tables, and the outbox in it.
async fn connect(config: Config) -> Result<(Client, Postgres), Box<dyn std::error::Error>> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(SCHEMA).await?;
    let outbox = Postgres::new(config, NoTls);
    let outbox = spawn_blocking(|| outbox.migrate().map(|()| outbox)).await??;
    Ok((client, outbox))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = env::var("DATABASE").map_err(|_| "say which database: DATABASE=postgres://me@127.0.0.1/registry")?;
    let (client, outbox) = connect(database.parse()?).await?;
    let log = Arc::new(Log::open(LogConfig::new("audit", Arc::new(system_time)))?);
    let recorder = Recorder::new(log.clone());
    let complain = |error: &OutboxError| eprintln!("the audit outbox waits: {error}");
    let drainer = Drainer::start(outbox, recorder.clone(), complain)?;

    let app = app(Registry { database: Mutex::new(client), log });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stop = async {
        // Without a signal handler the program ends as it would have anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    drop(drainer);
    recorder.close();
    Ok(())
}
