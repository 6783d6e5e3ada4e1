//! Security Event Tokens, pushed (RFC 8935).

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use indelible::import::{Format, delivery};
use serde_json::{Value, json};

use super::{App, app::single, blocking::blocking, body, params::Name, problem::Problem, refusals::Peer};
use crate::{clock, limits, receivers::NotTaken};

/// Why a token is not taken.
#[derive(Debug)]
pub(super) enum Declined {
    /// As the standard says it: the code, and words for people.
    Token(&'static str, String),
    /// For reasons that are none of the token's.
    Request(Problem),
}

impl From<Problem> for Declined {
    fn from(problem: Problem) -> Self {
        Self::Request(problem)
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        match self {
            Self::Token(code, words) => {
                let answer = Json(json!({"err": code, "description": words}));
                (StatusCode::BAD_REQUEST, [(header::CONTENT_LANGUAGE, "en")], answer).into_response()
            }
            Self::Request(problem) => problem.into_response(),
        }
    }
}

/// Records the events of a token. They are durable when this answers.
pub(super) async fn push(
    Name(name): Name,
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<StatusCode, Declined> {
    let door = app.issuer(&name)?;
    let (Parts { headers, .. }, body) = request.into_parts();
    let decline = |code: &'static str, words: String| {
        door.refuse(if code == "invalid_request" { code } else { "invalid_credentials" }, peer.map(|Extension(it)| it));
        Declined::Token(code, words)
    };
    if let Some(sender) = &door.of.sender {
        let proof = single(&headers, sender.header());
        sender
            .check(proof, b"", clock::now())
            .map_err(|refused| decline("authentication_failed", refused.to_string()))?;
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(MEDIA_TYPE)) {
        return Err(decline("invalid_request", format!("send {MEDIA_TYPE}")));
    }
    let token = body::read(&headers, body, limits::SET_BODY_BYTES_MAX, app.request_timeout()).await?;
    // Not before: whoever lets their own wait would keep the tokens of all others out.
    let _turn = app.delivery()?;
    let (taken, of) = (app.clone(), name.clone());
    let read = blocking(move || taken.issuer(&of).map(|door| door.of.claims(&token, clock::now())));
    let claims = match read.await?? {
        Ok(claims) => claims,
        Err(NotTaken::Refused(error)) => return Err(decline(error.code(), error.to_string())),
        Err(error @ NotTaken::NoKeys) => return Err(Problem::unavailable(error.to_string()).into()),
    };
    let events = delivery(Format::SecurityEvents, None, Value::from(claims).to_string().as_bytes());
    door.enter().record(events).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What a token is sent as.
pub(super) const MEDIA_TYPE: &str = "application/secevent+jwt";
