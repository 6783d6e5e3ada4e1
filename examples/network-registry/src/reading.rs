//! What is there now, and what was.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use indelible::{
    ReadError, Recorded, Timestamp,
    resources::{State as Was, Trail},
};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::{Failure, Network, Registry};

pub(crate) async fn network(
    State(registry): State<Arc<Registry>>,
    Path(id): Path<i64>,
) -> Result<Json<Network>, Failure> {
    let database = registry.database.lock().await;
    let row = database.query_opt("SELECT * FROM networks WHERE id = $1", &[&id]).await?;
    row.as_ref().map(Network::of).map(Json).ok_or(Failure::NotFound)
}

/// What happened to it, the newest first; also after it is gone.
pub(crate) async fn trail(
    State(registry): State<Arc<Registry>>,
    Path(id): Path<i64>,
) -> Result<Json<Vec<Recorded>>, Failure> {
    let page = read(registry, move |trail| trail.history("network", &id.to_string(), 50, None));
    Ok(Json(page.await?.events))
}

#[derive(Deserialize)]
pub(crate) struct Moment {
    at: Option<Timestamp>,
}

/// What it was at a moment.
pub(crate) async fn state(
    State(registry): State<Arc<Registry>>,
    Path(id): Path<i64>,
    Query(moment): Query<Moment>,
) -> Result<Json<Was>, Failure> {
    let state = read(registry, move |trail| trail.state("network", &id.to_string(), moment.at));
    Ok(Json(state.await?))
}

/// Asks the log, which blocks.
async fn read<T: Send + 'static>(
    registry: Arc<Registry>,
    ask: impl FnOnce(Trail<'_>) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, Failure> {
    Ok(spawn_blocking(move || ask(Trail::of(&*registry.log))).await??)
}
