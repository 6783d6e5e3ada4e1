//! Errors as they leave the server: `application/problem+json` (RFC 9457).
//!
//! This is the one place where an error of the domain gets a status and words for the public.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use indelible::{EventError, RecordError};
use indelible_engine::{
    log::RetainError,
    query::{AggregateTextError, ParseError},
    source::ReadError,
    store::AppendError,
};
use serde::Serialize;

use crate::keys::{KeysError, Refused};

/// Seconds after which a client that was told to come back may do so, when nothing better is known.
const RETRY_AFTER_S: u64 = 1;

/// What everybody may know of a log that was stopped. Why tells of all tenants together.
pub(crate) const STOPPED: &str = "the log forked and takes no more events until its operator has settled it; /v1/status and the server's log tell why";

/// A failed request. Boxed, for it travels in many results and is rare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem(Box<Facts>);

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Facts {
    /// `urn:indelible:problem:` and the kind: what a program acts on.
    r#type: String,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// What is wrong this time, and what to do.
    detail: String,
    /// Path of the offending field of an event, or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Which event of a batch, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Which line of NDJSON, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Which character of a filter line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// What was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    #[serde(skip)]
    retry_after_s: Option<u64>,
    /// Whether the answer tells how to authenticate.
    #[serde(skip)]
    challenge: bool,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of a kind; `detail` says what is wrong this time and what to do.
    pub(crate) fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            r#type: format!("urn:indelible:problem:{kind}"),
            title,
            status,
            detail: detail.into(),
            field: None,
            index: None,
            line: None,
            column: None,
            suggestion: None,
            retry_after_s: None,
            challenge: false,
        }))
    }

    /// The request cannot be understood.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request", detail)
    }

    /// A parameter of the query string or a header is wrong.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = format!("{name}: {}", detail.into());
        Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", "Invalid parameter", detail).field(name)
    }

    /// No key, or one that does not count.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "API key required", detail);
        problem.0.challenge = true;
        problem
    }

    /// The key does not allow it.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// There is no such thing, or it is another tenant's.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// It was there, and retention has removed it.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "removed", "Removed by retention", detail)
    }

    /// The body, or a part of it, is larger than allowed.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
    }

    /// The client was too slow.
    pub(crate) fn timed_out(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "Too slow", detail)
    }

    /// The media type or the encoding of the body is none of ours.
    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type", detail)
    }

    /// An event breaks a rule.
    pub(crate) fn invalid_event(error: &EventError) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-event",
            "Invalid event",
            format!("{error} (nothing was stored)"),
        );
        if error.field.is_empty() { problem } else { problem.field(error.field.as_str()) }
    }

    /// Too much at once; nothing was done.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", "Too many requests", detail).retry_after(RETRY_AFTER_S)
    }

    /// The log does not take events now; nothing was stored.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable", detail).retry_after(RETRY_AFTER_S)
    }

    /// The log takes no more events. To send again does not help.
    pub(crate) fn stopped() -> Self {
        let detail = format!("nothing was stored: {STOPPED}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "log-stopped", "The log was stopped", detail)
    }

    /// Our own fault: the details are logged, the public learns nothing of them.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
            "the server failed; its log tells why",
        )
    }

    /// A parameter whose text cannot be read, and where.
    fn unreadable(name: &str, error: ParseError) -> Self {
        let mut problem = Self::parameter(name, error.to_string());
        problem.0.column = Some(error.column);
        problem.0.suggestion = error.suggestion;
        problem
    }

    /// Names the field or parameter.
    #[must_use]
    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Names the event of the batch.
    #[must_use]
    pub(crate) fn index(mut self, index: usize) -> Self {
        self.0.index = Some(index);
        self
    }

    /// Names the line.
    #[must_use]
    pub(crate) fn line(mut self, line: usize) -> Self {
        self.0.line = Some(line);
        self
    }

    /// Takes back which event of the batch it is.
    pub(crate) fn take_index(&mut self) -> Option<usize> {
        self.0.index.take()
    }

    /// What kind of problem it is, as HTTP tells them apart.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What is wrong, in words.
    pub(crate) fn into_detail(self) -> String {
        self.0.detail
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds.max(1));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(facts) = self;
        // Strings and numbers alone: cannot fail.
        let json = serde_json::to_vec(&facts).unwrap_or_default();
        let mut response = (facts.status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = facts.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if facts.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"indelible\""));
        }
        if matches!(facts.status, StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE) {
            // What is left of the body will not be read.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooBroad { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too-broad", "Question too broad", error.to_string())
            }
            ReadError::Cancelled => Self::unavailable("the read was cancelled; ask again"),
            ReadError::Damaged { .. } | ReadError::Version { .. } | ReadError::Io { .. } => Self::internal(&error),
        }
    }
}

impl From<RetainError> for Problem {
    fn from(error: RetainError) -> Self {
        match error {
            RetainError::Unrecorded(_) => {
                tracing::error!(%error, "retention");
                Self::unavailable("nothing was removed, because that could not be recorded: the server's log tells why")
            }
            other => Self::internal(&other),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Busy { retry_after_ms } => Self::busy("the log is busy; nothing was stored: send again later")
                .retry_after(retry_after_ms.div_ceil(1000)),
            AppendError::TooLarge { .. } | AppendError::TooManyBytes { .. } => Self::too_large(error.to_string()),
            AppendError::Halted { .. } | AppendError::Unavailable { .. } => {
                tracing::error!(%error, "events were not stored");
                Self::unavailable("the log cannot write; nothing was stored: see /readyz and the server's log")
            }
            AppendError::Stopped { .. } => Self::stopped(),
            AppendError::Closed => Self::closing(),
        }
    }
}

impl Problem {
    /// The server is shutting down.
    pub(crate) fn closing() -> Self {
        Self::unavailable("the server is shutting down; nothing was stored: send again")
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Invalid { index, error } => Self::invalid_event(&error).index(index),
            RecordError::Append(error) => error.into(),
            RecordError::QueueFull { .. } => {
                Self::busy("the queue is full, the events are lost and will be counted in an audit.gap event")
            }
            RecordError::Closed => Self::closing(),
            RecordError::HookPanicked { .. } | RecordError::NoThread { .. } | RecordError::ReceiptMissing => {
                Self::internal(&error)
            }
        }
    }
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        Self::unreadable("q", error)
    }
}

impl From<AggregateTextError> for Problem {
    fn from(error: AggregateTextError) -> Self {
        Self::unreadable(if error.text == "time_zone" { "tz" } else { error.text }, error.error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::unauthorized(match refused {
            Refused::Unknown => "no such API key",
            Refused::Expired => "the API key has expired",
            Refused::Revoked => "the API key was revoked",
        })
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Invalid { field, problem } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-key", "Invalid key", problem).field(field)
            }
            KeysError::TooMany => Self::new(StatusCode::CONFLICT, "too-many-keys", "Too many keys", error.to_string()),
            KeysError::Untold(error) => error.into(),
            KeysError::Io { .. } | KeysError::Damaged { .. } | KeysError::Random(_) => Self::internal(&error),
        }
    }
}
