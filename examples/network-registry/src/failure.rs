//! How a request fails.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio_postgres::error::SqlState;

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum Failure {
    NotSignedIn,
    NotFound,
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "say who you are: X-User").into_response(),
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Other(error) if is_taken(&*error) => (StatusCode::CONFLICT, "the name is taken").into_response(),
            Self::Other(error) => {
                eprintln!("{error:?}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn is_taken(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref().and_then(tokio_postgres::Error::code) == Some(&SqlState::UNIQUE_VIOLATION)
}
