//! Managing API keys over HTTP.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use super::{App, app::Administrator, body, params::Name, problem::Problem};

/// Largest body that describes a key.
const BODY_BYTES_MAX: usize = 16 << 10;

/// All keys within reach, the revoked too; secrets are not among what is kept.
pub(super) async fn list(administrator: Administrator) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"keys": administrator.list().await?})))
}

/// Makes a key and shows its secret, this once.
pub(super) async fn create(
    administrator: Administrator,
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let bytes = body::read(&headers, body, BODY_BYTES_MAX, app.request_timeout()).await?;
    let new = serde_json::from_slice(&bytes).map_err(|error| Problem::malformed(error.to_string()))?;
    let (key, secret) = administrator.create(new).await?;
    Ok((StatusCode::CREATED, Json(json!({"key": key, "secret": secret.expose()}))))
}

/// Revokes a key; what it has open ends within a quarter of a minute.
pub(super) async fn revoke(administrator: Administrator, Name(id): Name) -> Result<Json<Value>, Problem> {
    match administrator.revoke(id).await? {
        Some(key) => Ok(Json(json!({"key": key}))),
        None => Err(Problem::not_found("no API key with this id")),
    }
}
