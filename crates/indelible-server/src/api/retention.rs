//! Removing what has expired.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};

use super::{App, app::Administrator, body, problem::Problem};
use crate::{
    limits::{RETENTION_BODY_BYTES_MAX, RETENTION_SIZES_MAX},
    retention::{Asked, Retained},
};

/// Removes the events of days that are not kept any more; 202 when that goes on behind the answer.
pub(super) async fn retain(
    administrator: Administrator,
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Retained>), Problem> {
    let bytes = body::read(&headers, body, RETENTION_BODY_BYTES_MAX, app.request_timeout()).await?;
    let asked = parse(&bytes).map_err(|error| Problem::malformed(error.to_string()))?;
    if asked.sizes.len() > RETENTION_SIZES_MAX {
        return Err(Problem::parameter("sizes", format!("give at most {RETENTION_SIZES_MAX}")));
    }
    let retained = administrator.retain(asked).await?;
    Ok((if retained.done { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(retained)))
}

/// An object: a list would do for serde, and `[]` is no word for removing anything.
fn parse(bytes: &[u8]) -> serde_json::Result<Asked> {
    let object: serde_json::Map<_, _> = serde_json::from_slice(bytes)?;
    serde_json::from_value(object.into())
}
