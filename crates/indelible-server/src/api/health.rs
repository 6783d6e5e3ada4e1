//! Whether the server lives, and whether it can record.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use indelible::drivers::Follower;
use serde_json::{Value, json};

use super::{App, app::Operator, problem::Problem};
use crate::{clock, cosigning::Standing};

/// The process answers.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// The log takes events.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match app.not_ready() {
        None => Json(json!({"status": "ready"})).into_response(),
        Some(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "Not ready", why).into_response(),
    }
}

/// The state of the log in figures.
pub(super) async fn status(operator: Operator) -> Result<Json<Value>, Problem> {
    let status = operator.status().await?;
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "verifier_key": operator.verifier_key(),
        "next_seq": status.next_seq,
        "first_seq": status.first_seq,
        "tail_events": status.tail_events,
        "segments": status.segments,
        "disk_bytes": status.disk_bytes,
        "queued_events": status.queued_events,
        "fsyncs": status.fsyncs,
        "seals": status.seals,
        "halted": status.halted,
        "stopped": operator.stopped(),
        "seal_error": status.seal_error,
        "published_size": operator.cosigning().published_size(),
        "quorum": operator.cosigning().needed(),
        "witnesses": operator.cosigning().standings().into_iter().map(witness).collect::<Vec<_>>(),
        "drivers": operator.followers().iter().map(driver).collect::<Vec<_>>(),
    })))
}

/// One witness of the log.
fn witness(standing: Standing) -> Value {
    let Standing { name, url, last, error } = standing;
    let age_s = last.map(|last| (clock::now().as_micros() - last.at.as_micros()).max(0) / 1_000_000);
    let cosigned_at = last.map(|last| last.at.to_string());
    json!({"name": name, "url": url, "size": last.map(|last| last.size), "cosigned_at": cosigned_at, "age_s": age_s, "error": error})
}

/// What follows the log.
fn driver(follower: &Follower) -> Value {
    let standing = follower.standing();
    json!({
        "name": follower.name(),
        "next_seq": standing.next_seq,
        "delivered": standing.delivered,
        "refused": standing.refused,
        "missed": standing.missed,
        "error": standing.error,
    })
}
