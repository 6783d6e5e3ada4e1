//! The log, as the handlers see it.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use indelible::{Durability, Event, Recorder, oauth::Fingerprints};
use serde_json::json;

pub(crate) struct Audit {
    pub(crate) recorder: Recorder,
    pub(crate) fingerprints: Fingerprints,
}

/// An answer of RFC 6749, 5.2.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0 {
            "invalid_client" | "invalid_token" => StatusCode::UNAUTHORIZED,
            "insufficient_scope" => StatusCode::FORBIDDEN,
            "server_error" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, Json(json!({ "error": self.0 }))).into_response()
    }
}

impl Audit {
    /// Returns when the event is on disk. Where it cannot be, nothing else happens either.
    pub(crate) async fn record(&self, event: Event) -> Result<(), Refused> {
        let unavailable = |_| Refused("server_error");
        self.recorder.submit(vec![event], Durability::Durable).map_err(unavailable)?.await.map_err(unavailable)?;
        Ok(())
    }

    /// Records why, and refuses.
    pub(crate) async fn refuse<T>(&self, error: &'static str, event: Event) -> Result<T, Refused> {
        self.record(event).await?;
        Err(Refused(error))
    }
}
