//! What a refused request is answered: RFC 6750, part 3, and JSON for people.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full};
use serde::Serialize;

use super::Settings;
use crate::tokens::refusal::Refusal;

/// A response of the service behind the layer, or of the layer.
pub(super) type Answer<R> = Response<Either<R, Full<Bytes>>>;

/// Why a request does not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denial {
    #[error("a token is needed: send the header Authorization: Bearer, a space, and the token")]
    NoToken,
    #[error("the header Authorization is not what it should be: Bearer, a space, and one token")]
    Unreadable,
    #[error(transparent)]
    Refused(#[from] Refusal),
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

impl Denial {
    pub(super) fn answer<R>(&self, settings: &Settings) -> Answer<R> {
        let (status, error) = self.words();
        let retry_after_s = if let Self::Refused(refusal) = self { refusal.retry_after_s() } else { None };
        let told = Told { error, error_description: self.to_string(), retry_after_s };
        // Texts and a number: this cannot fail, and an empty body would say so.
        let body = Full::new(Bytes::from(serde_json::to_vec(&told).unwrap_or_default()));
        let mut response = Response::new(Either::Right(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.challenge(settings).filter(|_| is_challenged(status)) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The status, and the word for machines.
    fn words(&self) -> (StatusCode, &'static str) {
        let status = match self {
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN),
        };
        let error = match status {
            StatusCode::BAD_REQUEST => "invalid_request",
            StatusCode::UNAUTHORIZED => "invalid_token",
            StatusCode::TOO_MANY_REQUESTS => "rate_limited",
            StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
            _ => "insufficient_scope",
        };
        (status, error)
    }

    /// Who presents nothing is told no error, only what would be needed.
    fn challenge(&self, settings: &Settings) -> Option<HeaderValue> {
        let mut challenge = format!("Bearer realm={}", quoted(&settings.realm));
        if !matches!(self, Self::NoToken) {
            challenge += &format!(", error=\"{}\"", self.words().1);
        }
        if matches!(self, Self::NoToken | Self::Refused(Refusal::Scope(_))) {
            let scopes: Vec<&str> =
                settings.needs.abilities().map(String::as_str).filter(|one| is_scope(one)).collect();
            if !scopes.is_empty() {
                challenge += &format!(", scope=\"{}\"", scopes.join(" "));
            }
        }
        challenge.try_into().ok()
    }
}

const fn is_challenged(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403)
}

/// Whether an ability can stand among scopes (RFC 6749, 3.3).
fn is_scope(ability: &str) -> bool {
    !ability.is_empty() && ability.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

/// A text between quotes (RFC 9110, 5.6.4), without what no header may hold.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars().filter(|char| char.is_ascii_graphic() || *char == ' ') {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted.push('"');
    quoted
}
