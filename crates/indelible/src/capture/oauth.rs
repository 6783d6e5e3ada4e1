//! OAuth 2.0: its parameters from query, form and response, and what they say of the action; tokens by their
//! fingerprints.

mod dpop;
mod tokens;

use base64ct::{Base64, Encoding as _};
use http::{HeaderMap, header};
use indelible_proof::{Actor, Event, Outcome, limits};
use serde_json::Value;

use super::{
    input::{Input, at_path, read_form, scalar},
    verdict::Verdict,
};
use crate::{
    oauth::{Grant, scopes},
    redaction::decoded,
    text::clipped,
};

pub(super) use dpop::DPOP;
pub(super) use tokens::note_tokens;

/// Sets `oauth`, `client` and, where a grant type says more, the action.
pub(super) fn describe(event: &mut Event, headers: &HeaderMap, input: &Input<'_>, answer: Option<&Value>) {
    let said = |name: &str, bytes: usize| input.text(name).map(|text| clipped(&text, bytes));
    let word = |name: &str| said(name, limits::WORD_BYTES_MAX);
    let answered = |name: &str, bytes: usize| {
        let text = scalar(at_path(answer?, name)?).filter(|text| !text.is_empty())?;
        Some(clipped(&text, bytes))
    };
    let oauth = event.oauth.get_or_insert_default();
    oauth.grant_type = word("grant_type");
    oauth.response_type = word("response_type");
    oauth.redirect_uri = said("redirect_uri", limits::URI_BYTES_MAX);
    oauth.audience = said("audience", limits::URI_BYTES_MAX).or_else(|| said("resource", limits::URI_BYTES_MAX));
    oauth.scopes_requested = input.text("scope").map(|text| scopes(&text)).unwrap_or_default();
    oauth.scopes_granted = answered("scope", limits::METADATA_BYTES_MAX).map(|text| scopes(&text)).unwrap_or_default();
    oauth.token_type = answered("token_type", limits::WORD_BYTES_MAX);
    oauth.issuer = answered("iss", limits::URI_BYTES_MAX);
    let client = client_of_basic(headers)
        .map(|id| clipped(&id, limits::ID_BYTES_MAX))
        .or_else(|| said("client_id", limits::ID_BYTES_MAX))
        .or_else(|| answered("client_id", limits::ID_BYTES_MAX));
    let is_bound = oauth.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"));
    if let Some(id) = client {
        event.client.get_or_insert_default().id = Some(id);
    }
    // RFC 7636, 4.3: a challenge without a method is plain.
    let method = word("code_challenge_method").or_else(|| word("code_challenge").map(|_| "plain".to_owned()));
    let key = word("dpop_jkt").or_else(|| if is_bound { dpop::thumbprint(headers) } else { None });
    let facts = [("code_challenge_method", method), ("dpop_jkt", key)];
    event.metadata.extend(facts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    if let Some(active) = answer.and_then(|answer| answer.get("active")?.as_bool()) {
        event.metadata.insert("active".to_owned(), active.into());
    }
}

/// What a redirect to the client tells it, in its query, or in its fragment as the implicit flow has it.
pub(super) fn redirected(headers: &HeaderMap, input: &Input<'_>) -> Option<Value> {
    let location = String::from_utf8_lossy(headers.get(header::LOCATION)?.as_bytes());
    // Elsewhere leads what asks the user first.
    if input.text("redirect_uri").is_some_and(|asked| !location.starts_with(&asked)) {
        return None;
    }
    let (_, parameters) = location.split_once(['?', '#'])?;
    Some(read_form(&parameters.replace(['?', '#'], "&")).into())
}

/// The action of a token request by its grant type, and of an authorization by what the client was told.
pub(super) fn action<'a>(action: &'a str, verdict: &Verdict, input: &Input<'_>, answer: Option<&Value>) -> &'a str {
    match action {
        "oauth.token.issued" => {
            input.text("grant_type").and_then(|grant| Grant::of(&grant)).map_or(action, |grant| grant.action)
        }
        "oauth.authorization.requested" => {
            let is_given = |field| answer.is_some_and(|answer| at_path(answer, field).is_some_and(Value::is_string));
            match verdict.outcome {
                Some(Outcome::Success) if ["code", "access_token", "id_token"].into_iter().any(is_given) => {
                    "oauth.authorization.granted"
                }
                Some(Outcome::Denied) => "oauth.authorization.denied",
                _ => action,
            }
        }
        _ => action,
    }
}

/// Tells a refusal from a failure, and finds the redirect URI guilty: RFC 6749 has one code, `invalid_request`, for
/// everything that it may not redirect.
pub(super) fn judge(verdict: &mut Verdict, input: &Input<'_>) {
    if verdict.outcome == Some(Outcome::Success) {
        return;
    }
    if verdict.reason.as_deref() == Some("access_denied") {
        verdict.outcome = Some(Outcome::Denied);
    }
    let vague = matches!(verdict.reason.as_deref(), None | Some("invalid_request" | "invalid_grant"));
    let is_named = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            text.contains("redirect_uri") || text.contains("redirect uri") || text.contains("redirect url")
        })
    };
    if vague && (is_named(&verdict.message) || is_named(&verdict.code)) {
        verdict.reason = Some("redirect_uri_mismatch".to_owned());
    } else if vague && input.text("redirect_uri").is_some_and(|uri| !is_redirect_uri(&uri)) {
        verdict.reason = Some("invalid_redirect_uri".to_owned());
    }
}

/// A client that authenticated itself acts in its own name when nobody else does: with a secret or an assertion, where
/// servers ask clients for one; or with a grant that was its own. Elsewhere anybody may write any client's id.
pub(super) fn client_as_actor(
    event: &Event,
    outcome: Outcome,
    headers: &HeaderMap,
    input: &Input<'_>,
) -> Option<Actor> {
    let action = event.action.as_str();
    let is_asked = action.starts_with("oauth.token.") || action == "oauth.device.requested";
    if outcome != Outcome::Success || !is_asked {
        return None;
    }
    let is_granted = matches!(action, "oauth.token.issued" | "oauth.token.refreshed" | "oauth.token.exchanged");
    let shows = |field: &str| input.body.as_ref().and_then(|body| at_path(body, field)).is_some();
    let is_known = is_granted || shows("client_secret") || shows("client_assertion");
    let id = client_of_basic(headers).or_else(|| input.text("client_id").filter(|_| is_known))?;
    Some(Actor::new("client", clipped(&id, limits::ID_BYTES_MAX)))
}

/// Whether a text is what RFC 6749, 3.1.2, lets a redirect URI be: absolute, and without a fragment.
fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_clean = uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    is_scheme && !rest.is_empty() && rest != "//" && is_clean && !uri.contains('#')
}

/// The client of `Authorization: Basic`; id and secret are form-encoded before they are joined, RFC 6749, 2.3.1.
fn client_of_basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, code) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || code.len() > crate::limits::JWT_BYTES_MAX {
        return None;
    }
    let pair = String::from_utf8(Base64::decode_vec(code.trim()).ok()?).ok()?;
    let (id, _) = pair.split_once(':')?;
    Some(decoded(id).into_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests;
