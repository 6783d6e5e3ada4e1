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
    // A body that is left out is no word for removing anything.
    let asked: Asked = body::parse(&bytes)?;
    if asked.sizes.len() > RETENTION_SIZES_MAX {
        return Err(Problem::parameter("sizes", format!("give at most {RETENTION_SIZES_MAX}")));
    }
    let retained = administrator.retain(asked).await?;
    Ok((if retained.done { StatusCode::OK } else { StatusCode::ACCEPTED }, Json(retained)))
}
