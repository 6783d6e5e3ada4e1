//! The tokens of a request and its answer, by their fingerprints.

use http::HeaderMap;
use indelible_proof::{Event, Outcome, Timestamp};
use serde_json::Value;

use crate::{
    capture::input::{Input, scalar},
    identity::bearer_token,
    oauth::{Fingerprints, Grant, Token, TokenKind},
    recorder::system_time,
};

/// Fields of an answer that hold a new token, and in how many seconds it expires.
const ANSWERED: [(&str, TokenKind, Option<&str>); 5] = [
    ("code", TokenKind::AuthorizationCode, None),
    ("access_token", TokenKind::AccessToken, Some("expires_in")),
    ("refresh_token", TokenKind::RefreshToken, Some("refresh_expires_in")),
    ("id_token", TokenKind::IdToken, None),
    ("device_code", TokenKind::DeviceCode, Some("expires_in")),
];

/// Sets what was presented, and adds the tokens of the answer, by their fingerprints.
pub(in super::super) fn note_tokens(
    event: &mut Event,
    fingerprints: &Fingerprints,
    headers: &HeaderMap,
    input: &Input<'_>,
    answer: Option<&Value>,
) {
    if let Some(presented) = presented(fingerprints, input) {
        event.credential = presented.credential();
    } else if event.action.starts_with("token.")
        && let Some(token) = bearer_token(headers).and_then(|token| fingerprints.access_token(token).credential())
    {
        let credential = event.credential.get_or_insert_with(|| token.clone());
        credential.fingerprint = credential.fingerprint.take().or(token.fingerprint);
    }
    // That of a revocation or an introspection is there already.
    let hinted = input.text("token_type_hint").map(|hint| TokenKind::of_hint(&hint));
    if let Some(kind) = hinted.filter(|kind| *kind != TokenKind::Unknown) {
        for target in event.targets.iter_mut().filter(|target| target.r#type.as_deref() == Some("token")) {
            target.r#type = Some(kind.as_str().to_owned());
        }
    }
    let Some(answer) = answer.filter(|_| event.outcome == Some(Outcome::Success)) else { return };
    event.targets.extend(answered(fingerprints, answer).filter_map(|token| token.target()));
}

fn presented(fingerprints: &Fingerprints, input: &Input<'_>) -> Option<Token> {
    let grant = Grant::of(&input.text("grant_type")?)?;
    let kind = match (grant.presents, input.text("subject_token_type")) {
        (TokenKind::Unknown, Some(told)) => TokenKind::of_hint(&told),
        (known, _) => known,
    };
    let parameter = match grant.presents {
        TokenKind::AuthorizationCode => "code",
        TokenKind::Unknown => "subject_token",
        kind => kind.as_str(),
    };
    Some(fingerprints.token(kind, &input.text(parameter)?))
}

fn answered(fingerprints: &Fingerprints, answer: &Value) -> impl Iterator<Item = Token> {
    let now = system_time();
    ANSWERED.into_iter().filter_map(move |(field, kind, lifetime)| {
        let secret = answer.get(field)?.as_str().filter(|secret| !secret.is_empty())?;
        let told = answer.get("issued_token_type").and_then(Value::as_str).filter(|_| field == "access_token");
        let token = fingerprints.token(told.map_or(kind, TokenKind::of_hint), secret);
        let seconds = || scalar(answer.get(lifetime?)?)?.parse::<i64>().ok();
        let expires = seconds().and_then(|seconds| now.as_micros().checked_add(seconds.checked_mul(1_000_000)?));
        Some(match expires.and_then(|at| Timestamp::from_micros(at).ok()) {
            Some(at) => token.expires_at(at),
            None => token,
        })
    })
}
