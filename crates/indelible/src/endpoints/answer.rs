//! What the endpoints answer, byte for byte as the audit plugin does.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// What is sent along with an answer of 429.
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");

/// Why a request is not answered as it wished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Too many requests. Please try again later.")]
    TooMany { retry_after_s: u64 },
    #[error("Missing or null Origin")]
    NoOrigin,
    #[error("Invalid origin")]
    ForeignOrigin,
    #[error("Content-Type is required. Allowed types: application/json")]
    NoContentType,
    #[error("Content-Type \"{0}\" is not allowed. Allowed types: application/json")]
    ContentType(String),
    #[error("Request body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("Invalid JSON in request body")]
    NoJson,
    /// What is wrong with which field.
    #[error("{0}")]
    Invalid(String),
    #[error("Unauthorized")]
    NoSession,
    #[error("Failed to get session")]
    SessionUnknown,
    #[error("Cannot query other users' audit logs")]
    OthersLog,
    #[error("Action is reserved")]
    Reserved,
    #[error("Metadata exceeds maximum depth of {0}")]
    TooDeep(usize),
    #[error("Metadata exceeds maximum size of {0} bytes")]
    TooLarge(usize),
    /// The event would break a limit of the log.
    #[error("{0}")]
    Unfit(String),
    #[error("Audit log entry not found")]
    NotFound,
    #[error("Failed to retrieve audit logs")]
    ListFailed,
    #[error("Failed to retrieve audit log entry")]
    GetFailed,
    #[error("Failed to insert audit log entry")]
    InsertFailed,
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NoOrigin | Self::ForeignOrigin | Self::OthersLog | Self::Reserved => StatusCode::FORBIDDEN,
            Self::NoContentType | Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoJson | Self::Invalid(_) | Self::TooDeep(_) | Self::TooLarge(_) | Self::Unfit(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::NoSession => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SessionUnknown | Self::ListFailed | Self::GetFailed | Self::InsertFailed => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// The code beside the message; some have none.
    const fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoOrigin => "MISSING_OR_NULL_ORIGIN",
            Self::ForeignOrigin => "INVALID_ORIGIN",
            Self::NoContentType | Self::ContentType(_) => "UNSUPPORTED_MEDIA_TYPE",
            Self::BodyTooLarge(_) => "PAYLOAD_TOO_LARGE",
            Self::NoJson => "BAD_REQUEST",
            Self::Invalid(_) => "VALIDATION_ERROR",
            Self::NoSession => "UNAUTHORIZED",
            Self::SessionUnknown => "FAILED_TO_GET_SESSION",
            _ => return None,
        })
    }
}

#[derive(Serialize)]
struct Message {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(&Message { message: self.to_string(), code: self.code() });
        *response.status_mut() = self.status();
        if let Self::TooMany { retry_after_s } = self {
            // Without a type, as the clients of the plugin expect it.
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().insert(RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}

/// An answer of 200.
pub(super) fn json(body: &impl Serialize) -> Response {
    // Maps with text keys, texts and numbers: this cannot fail, and an empty body would say so.
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer of a method or a path that does not exist.
pub(super) fn nothing_here() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
