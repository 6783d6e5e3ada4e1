//! What changes something: each a transaction, and each with the event that tells of it inside.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use indelible::{Event, resources::Action};
use serde_json::{Value, json};
use tokio_postgres::{Row, Transaction};

use crate::{Failure, Network, Registry, User};

type Answer = Result<Json<Value>, Failure>;

/// Has an event committed with the transaction, or not at all.
async fn record(transaction: &Transaction<'_>, event: &Event) -> Result<(), Failure> {
    let event = serde_json::to_string(event)?;
    transaction.execute("SELECT indelible_record($1::text::jsonb)", &[&event]).await?;
    Ok(())
}

pub(crate) async fn create(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Json(network): Json<Network>,
) -> Answer {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let id = insert(&transaction, &network).await?;
    let resource = network.resource(id);
    record(&transaction, &resource.created(&network)?.actor(user)).await?;
    transaction.commit().await?;
    Ok(Json(json!({"id": id})))
}

pub(crate) async fn update(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Path(id): Path<i64>,
    Json(after): Json<Network>,
) -> Answer {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let row = transaction.query_opt("SELECT * FROM networks WHERE id = $1 FOR UPDATE", &[&id]).await?;
    let before = found(row.as_ref())?;
    let sql = "UPDATE networks SET name = $2, address = $3, mtu = $4 WHERE id = $1";
    transaction.execute(sql, &[&id, &after.name, &after.address, &after.mtu]).await?;
    let event = after.resource(id).updated(&before, &after)?;
    // Where nothing differs there is nothing to tell.
    if event.changes.is_some() {
        record(&transaction, &event.actor(user)).await?;
    }
    transaction.commit().await?;
    Ok(Json(json!({"id": id})))
}

pub(crate) async fn delete(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Path(id): Path<i64>,
) -> Result<StatusCode, Failure> {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let row = transaction.query_opt("DELETE FROM networks WHERE id = $1 RETURNING *", &[&id]).await?;
    let network = found(row.as_ref())?;
    let resource = network.resource(id);
    record(&transaction, &resource.deleted(&network)?.actor(user)).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for a network: somebody else makes it, or does not.
pub(crate) async fn request(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Json(network): Json<Network>,
) -> Answer {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let sql = "INSERT INTO requests (name, address, mtu) VALUES ($1, $2, $3) RETURNING id";
    let row = transaction.query_one(sql, &[&network.name, &network.address, &network.mtu]).await?;
    let request: i64 = row.get("id");
    let wanted = network.wanted(request);
    record(&transaction, &wanted.set(Action::REQUESTED, &network)?.actor(user)).await?;
    transaction.commit().await?;
    Ok(Json(json!({"request": request})))
}

pub(crate) async fn approve(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Path(request): Path<i64>,
) -> Answer {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let network = take_request(&transaction, request).await?;
    let id = insert(&transaction, &network).await?;
    // From here on the network and its request are one story.
    let resource = network.wanted(request).becomes(id.to_string());
    record(&transaction, &resource.on(Action::APPROVED).actor(user.clone())).await?;
    record(&transaction, &resource.created(&network)?.actor(user)).await?;
    transaction.commit().await?;
    Ok(Json(json!({"id": id})))
}

pub(crate) async fn deny(
    State(registry): State<Arc<Registry>>,
    User(user): User,
    Path(request): Path<i64>,
) -> Result<StatusCode, Failure> {
    let mut database = registry.database.lock().await;
    let transaction = database.transaction().await?;
    let network = take_request(&transaction, request).await?;
    let wanted = network.wanted(request);
    record(&transaction, &wanted.on(Action::DENIED).actor(user)).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn insert(transaction: &Transaction<'_>, network: &Network) -> Result<i64, Failure> {
    let sql = "INSERT INTO networks (name, address, mtu) VALUES ($1, $2, $3) RETURNING id";
    Ok(transaction.query_one(sql, &[&network.name, &network.address, &network.mtu]).await?.get("id"))
}

async fn take_request(transaction: &Transaction<'_>, request: i64) -> Result<Network, Failure> {
    found(transaction.query_opt("DELETE FROM requests WHERE id = $1 RETURNING *", &[&request]).await?.as_ref())
}

fn found(row: Option<&Row>) -> Result<Network, Failure> {
    row.map(Network::of).ok_or(Failure::NotFound)
}
