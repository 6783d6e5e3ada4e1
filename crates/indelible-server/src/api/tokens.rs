//! Tokens over HTTP: issued, shown, verified, rotated, derived and taken back.
//!
//! A token's text is in the answer that makes it, and in that of `reveal`; no cache may keep these.

mod groups;
mod list;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use indelible::{EventError, tokens::TokenError};

use super::{
    App,
    app::{Issuer, Read, Reveal, Verify, Write},
    body::{self, Asked},
    params::Name,
    problem::Problem,
};
use crate::tokens::{
    Derivation, Imports, IssuedView, NewToken, Pruned, Pruning, Revealed, Revelation, Revocation, Rotation, TokenView,
    Tokens, Verdict, Verification,
};

pub(super) use groups::{issue_group, revoke_group, show_group};
pub(crate) use list::tokens_of;
pub(super) use list::{ListParams, list};

/// An answer with the text of a token.
type Secret<T> = (StatusCode, AppendHeaders<[(header::HeaderName, HeaderValue); 1]>, Json<T>);

fn secret<T>(status: StatusCode, answer: T) -> Secret<T> {
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (status, AppendHeaders([no_store]), Json(answer))
}

/// Issues a token.
pub(super) async fn issue(
    issuer: Issuer<Write>,
    headers: HeaderMap,
    Asked(new): Asked<NewToken>,
) -> Result<Secret<IssuedView>, Problem> {
    refuse_idempotency_key(&headers)?;
    let issued = issuer.call(new.actor.clone(), move |tokens| tokens.issue(&new.issue())).await?;
    Ok(secret(StatusCode::CREATED, issued.into()))
}

/// A text is shown once: a repeated request could be answered with a second token, or without a text. Who sends the
/// header counts on neither.
fn refuse_idempotency_key(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key("idempotency-key") {
        let detail = "a token's text is shown once, so that no answer can be repeated; when one was lost, look for the \
                      token by its name, and rotate it";
        return Err(Problem::parameter("idempotency-key", detail));
    }
    Ok(())
}

/// One token.
pub(super) async fn show(issuer: Issuer<Read>, Name(id): Name) -> Result<Json<TokenView>, Problem> {
    let found = issuer.call(None, move |tokens| tokens.get(&id)).await?;
    found.map(|token| Json(token.into())).ok_or_else(|| Problem::not_found("there is no such token"))
}

/// Gives a token a new text.
pub(super) async fn rotate(
    issuer: Issuer<Write>,
    Name(id): Name,
    Asked(rotation): Asked<Rotation>,
) -> Result<Secret<IssuedView>, Problem> {
    let rotate = rotation.rotate(&id, issuer.config().grace)?;
    let issued = issuer.call(rotation.actor, move |tokens| tokens.rotate(&rotate)).await?;
    Ok(secret(StatusCode::CREATED, issued.into()))
}

/// Takes a token back, and others with it.
pub(super) async fn revoke(
    issuer: Issuer<Write>,
    Name(id): Name,
    Asked(revocation): Asked<Revocation>,
) -> Result<Json<Tokens>, Problem> {
    let revoke = revocation.revoke(&id)?;
    let revoked = issuer.call(revocation.actor, move |tokens| tokens.revoke(&revoke)).await?;
    Ok(Json(revoked.into()))
}

/// Makes a token from another, with no more than that has.
pub(super) async fn derive(
    issuer: Issuer<Write>,
    Name(id): Name,
    Asked(derivation): Asked<Derivation>,
) -> Result<Secret<IssuedView>, Problem> {
    let derive = derivation.derive(&id)?;
    let issued = issuer.call(derivation.actor, move |tokens| tokens.derive(&derive)).await?;
    Ok(secret(StatusCode::CREATED, issued.into()))
}

/// Shows the text of a revealable token again.
pub(super) async fn reveal(
    issuer: Issuer<Reveal>,
    Name(id): Name,
    Asked(Revelation { actor }): Asked<Revelation>,
) -> Result<Secret<Revealed>, Problem> {
    let plaintext = issuer.call(actor, move |tokens| tokens.reveal(&id)).await?;
    Ok(secret(StatusCode::OK, plaintext.into()))
}

/// Says whether a token is good. That it is not is an answer, not an error: 401 would tell the client that its own API
/// key is refused, 429 that it asks too often.
pub(super) async fn verify(
    issuer: Issuer<Verify>,
    Asked(verification): Asked<Verification>,
) -> Result<Json<Verdict>, Problem> {
    verification.check().map_err(|error| invalid_field(&error))?;
    let text = verification.token.clone();
    let verify = move |tokens: &_| {
        let unknown = |_| Problem::unavailable("the database of tokens failed; whether the token is good is unknown");
        verification.verify(tokens).map_err(unknown)
    };
    issuer.verify(&text, verify).await.map(Json)
}

/// Clears away tokens that ended long ago.
pub(super) async fn prune(issuer: Issuer<Write>, Asked(pruning): Asked<Pruning>) -> Result<Json<Pruned>, Problem> {
    let ended_for = pruning.ended_for.unwrap_or(issuer.config().prune_after).0;
    let deleted = issuer.call(pruning.actor, move |tokens| tokens.prune(ended_for)).await?;
    Ok(Json(Pruned { deleted }))
}

/// Takes over tokens of another system.
pub(super) async fn import(
    issuer: Issuer<Write>,
    State(app): State<App>,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Result<impl IntoResponse, Problem> {
    let _large = app.large_body().await?;
    let bytes = body::read(&headers, body, app.body_bytes_max(), app.request_timeout()).await?;
    let Imports { tokens: imported, actor } = body::parse(&bytes)?;
    let imports =
        imported.iter().enumerate().map(|(index, one)| one.import().map_err(|error| Problem::from(error).index(index)));
    let imports: Vec<_> = imports.collect::<Result<_, _>>()?;
    let tokens = issuer.call(actor, move |tokens| tokens.import(&imports)).await?;
    Ok((StatusCode::CREATED, Json(Tokens::from(tokens))))
}

fn invalid_field(error: &EventError) -> Problem {
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-token", "Invalid token", error.to_string());
    if error.field.is_empty() { problem } else { problem.field(error.field.as_str()) }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let detail = error.to_string();
        let invalid = |field: &str, detail: String| {
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-token", "Invalid token", detail).field(field)
        };
        let conflict = |kind: &str, title, detail| Self::new(StatusCode::CONFLICT, kind, title, detail);
        match error {
            TokenError::NotFound { .. } => Self::not_found("there is no such token"),
            TokenError::UnknownKind { .. } => invalid("type", detail),
            TokenError::EnvironmentNotAllowed { .. } => invalid("environment", detail),
            TokenError::AbilityExceedsParent { .. } => invalid("abilities", detail),
            TokenError::ExpiryExceedsParent { .. } => invalid("expires", detail),
            TokenError::Invalid { field: "expires_at", problem } => invalid("expires", problem),
            TokenError::Invalid { field, .. } => invalid(field, detail),
            TokenError::Member { index, error } => Self::from(*error).index(index),
            TokenError::Event(error) => invalid_field(&error),
            TokenError::NotActive { .. } => conflict("token-not-active", "Token not active", detail),
            TokenError::TooDeep { .. } => conflict("token-too-deep", "Token too deep", detail),
            TokenError::NotRevealable { .. } => conflict("token-not-revealable", "Token not revealable", detail),
            TokenError::TooMany { .. } => conflict("too-many-tokens", "Too many tokens", detail),
            TokenError::Contended => Self::busy(detail),
            TokenError::State(error) => {
                tracing::error!(%error, "a call about tokens failed");
                Self::unavailable("the database of tokens failed: see the server's log")
            }
            error => Self::internal(&error),
        }
    }
}
