//! Tokens that were issued together.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
};
use indelible::tokens::{Find, Issue, Standing, Token, TokenError};

use super::{Secret, refuse_idempotency_key, secret};
use crate::{
    api::{
        app::{Issuer, Read, Write},
        body::Asked,
        params::Name,
        problem::Problem,
    },
    clock,
    limits::TOKEN_PAGE_MAX,
    tokens::{GroupView, NewGroup, NewToken, Revocation, Tokens},
};

/// Issues tokens that belong together.
pub(in crate::api) async fn issue_group(
    issuer: Issuer<Write>,
    headers: HeaderMap,
    Asked(new): Asked<NewGroup>,
) -> Result<Secret<GroupView>, Problem> {
    refuse_idempotency_key(&headers)?;
    let NewGroup { tokens: news, actor } = new;
    let issues: Vec<Issue> = news.iter().map(NewToken::issue).collect();
    let issued = issuer.call(actor, move |tokens| tokens.issue_group(&issues)).await?;
    Ok(secret(StatusCode::CREATED, issued.into()))
}

/// The tokens of a group.
pub(in crate::api) async fn show_group(issuer: Issuer<Read>, Name(id): Name) -> Result<Json<Tokens>, Problem> {
    let found = issuer.search(move |tokens| members(tokens, &id)).await?;
    if found.is_empty() { Err(no_group()) } else { Ok(Json(found.into())) }
}

/// Takes the tokens of a group back, those that are for servers only, or all.
pub(in crate::api) async fn revoke_group(
    issuer: Issuer<Write>,
    Name(id): Name,
    Asked(revocation): Asked<Revocation>,
) -> Result<Json<Tokens>, Problem> {
    let revocation = revocation.of_group()?;
    let revoked = issuer.call(revocation.actor.clone(), move |tokens| {
        let members = members(tokens, &id)?;
        let now = clock::now();
        let member = members.iter().find(|token| token.standing(now) != Standing::Revoked).or(members.first());
        member.map(|member| tokens.revoke(&revocation.revoke(&member.id)?)).transpose()
    });
    revoked.await?.map(|revoked| Json(revoked.into())).ok_or_else(no_group)
}

fn members(tokens: &indelible::tokens::Tokens, id: &str) -> Result<Vec<Token>, TokenError> {
    Ok(tokens.find(Find::default().group(id).limit(TOKEN_PAGE_MAX))?.0)
}

fn no_group() -> Problem {
    Problem::not_found("there is no such group of tokens")
}
