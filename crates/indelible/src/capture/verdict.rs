//! How a request ended, and why, read from the response.

use http::{HeaderMap, StatusCode, header};
use indelible_proof::{Outcome, vocabulary};
use serde_json::Value;

use super::input::{at_path, scalar};
use crate::{limits::CODE_BYTES_MAX, redaction::decoded, text};

const MFA_FAILED: &str = "mfa_failed";

/// Codes of products, by their beginning, and our reason for each; the first row that fits counts.
const REASONS: &[(&str, &str)] = &[
    ("ACCOUNT_DISABLED", "account_disabled"),
    ("ACCOUNT_LOCKED", "account_locked"),
    ("BANNED_USER", "account_disabled"),
    ("CREDENTIAL_ACCOUNT_NOT_FOUND", "invalid_credentials"),
    ("INVALID_BACKUP_CODE", MFA_FAILED),
    ("INVALID_CODE", MFA_FAILED),
    ("INVALID_CREDENTIALS", "invalid_credentials"),
    ("INVALID_EMAIL_OR_PASSWORD", "invalid_credentials"),
    ("INVALID_OTP", MFA_FAILED),
    ("INVALID_PASSWORD", "invalid_credentials"),
    ("INVALID_PHONE_NUMBER_OR_PASSWORD", "invalid_credentials"),
    ("INVALID_REDIRECT_URI", "redirect_uri_mismatch"),
    ("INVALID_TOKEN", "invalid_token"),
    ("INVALID_TWO_FACTOR", MFA_FAILED),
    ("INVALID_USERNAME_OR_PASSWORD", "invalid_credentials"),
    ("OTP_EXPIRED", MFA_FAILED),
    ("SESSION_EXPIRED", "token_expired"),
    ("TOKEN_EXPIRED", "token_expired"),
    ("TOO_MANY_", "rate_limited"),
    ("USER_EMAIL_NOT_FOUND", "unknown_user"),
    ("USER_NOT_FOUND", "unknown_user"),
    ("YOU_ARE_NOT_ALLOWED", "policy_denied"),
];

/// What a response says of how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Option<Outcome>,
    /// A code that the response gave, or that its status means; one that an event may carry.
    pub(super) reason: Option<String>,
    /// The code as it came.
    pub(super) code: Option<String>,
    /// What the response says to people.
    pub(super) message: Option<String>,
}

impl Verdict {
    /// Reads a response: 2xx and 3xx is success, unless a redirect carries an `error`; 403 is denied; the rest failed.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, body: Option<&Value>) -> Self {
        let redirect_error = if status.is_redirection() { error_of_redirect(headers) } else { None };
        let outcome = match status.as_u16() {
            403 => Outcome::Denied,
            100..=399 if redirect_error.is_none() => Outcome::Success,
            _ => Outcome::Failure,
        };
        if outcome == Outcome::Success {
            return Self { outcome: Some(outcome), ..Self::default() };
        }
        let is_redirect = redirect_error.is_some();
        let (code, message) = match redirect_error {
            Some(code) => (Some(code), None),
            None => body.map_or((None, None), told),
        };
        let reason = code.as_deref().and_then(|code| reason_of(code, is_redirect));
        let reason = reason.or_else(|| by_status(status).map(str::to_owned));
        Self { outcome: Some(outcome), reason, code, message }
    }
}

/// The `error` of a redirect, in its query, or in its fragment as the implicit flow has it.
fn error_of_redirect(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(header::LOCATION)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let (_, parameters) = location.split_once(['?', '#'])?;
    parameters.split(['&', '?', '#']).find_map(|pair| Some(decoded(pair.strip_prefix("error=")?).into_owned()))
}

/// Code and message of a JSON answer: RFC 6749 (`error`, `error_description`), RFC 9457 (`type`, `title`, `detail`),
/// and `code` and `message`, at the top or under `error`.
fn told(body: &Value) -> (Option<String>, Option<String>) {
    let text = |paths: &[&str]| paths.iter().find_map(|path| scalar(at_path(body, path)?)).filter(|it| !it.is_empty());
    let code = text(&["code", "error.code", "error"]).filter(|code| is_code(code));
    let message = text(&["error_description", "message", "error.message", "detail", "title", "error"]);
    let message = message.filter(|message| Some(message) != code.as_ref());
    (code, message)
}

fn is_code(text: &str) -> bool {
    (1..=CODE_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
}

/// The reason for a code: our own word, the one it is known for, or itself as one of its product's own. The code that a
/// redirect calls invalid is a provider's for a sign-in, never a second factor.
fn reason_of(code: &str, is_redirect: bool) -> Option<String> {
    let own = text::code(code);
    if vocabulary::is_reason(&own) {
        return Some(own);
    }
    let upper = own.to_ascii_uppercase();
    let known = REASONS.iter().find(|(start, _)| upper.starts_with(start));
    if let Some((_, reason)) = known.filter(|(_, reason)| !is_redirect || *reason != MFA_FAILED) {
        return Some((*reason).to_owned());
    }
    (!own.is_empty()).then(|| format!("x_{own}"))
}

const fn by_status(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        401 => "invalid_credentials",
        403 => "policy_denied",
        429 => "rate_limited",
        500..=599 => "internal_error",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
