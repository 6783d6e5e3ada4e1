//! Answers about OAuth.

use indelible::{
    Outcome,
    oauth::questions::{
        Accessed, Chain, FirstUse, Link, Listed, RedirectUri, Refused, Reuse, State, Step, Token, UnusedScope, Uses,
        What,
    },
};
use serde::Serialize;
use serde_json::Value;

use super::{at, text, texts, value};
use crate::api::OauthQuestion;

/// The answer to a question with all that may be known, and one with the least.
pub(in crate::api) fn oauth_answers(question: OauthQuestion) -> (Value, Vec<Value>) {
    (oauth_answer(question, true), vec![oauth_answer(question, false)])
}

fn oauth_answer(question: OauthQuestion, full: bool) -> Value {
    let some = |known: &str| text(known).filter(|_| full);
    let uses = if full { Uses { count: 7, first_at: Some(at(0)), last_at: Some(at(60)) } } else { Uses::default() };
    match question {
        OauthQuestion::Access => listed(Accessed {
            actor: some("42"),
            client: some("web"),
            method: some("GET"),
            route: some("/orders/{id}"),
            scope: some("orders:read"),
            uses,
        }),
        OauthQuestion::UnusedScopes => listed(UnusedScope {
            client: some("web"),
            token: some("hmac:9f2c4e81b7d05a369f2c4e81b7d05a36"),
            scope: "orders:write".to_owned(),
            grants: 7,
        }),
        OauthQuestion::Chain => value(Chain {
            tokens: tokens(full)
                .into_iter()
                .map(|token| Link {
                    depth: 1,
                    parent: some("hmac:5d1a09c3e6f74b285d1a09c3e6f74b28"),
                    state: State::Revoked,
                    ended: token.issued.clone(),
                    token,
                    steps: vec![step(full)],
                    uses,
                })
                .collect(),
            others: vec![step(full)],
            more: false,
        }),
        OauthQuestion::Reuse => listed(Reuse {
            step: step(full),
            token: some("hmac:9f2c4e81b7d05a369f2c4e81b7d05a36"),
            client: some("web"),
            actor: some("42"),
            family: some("fam-1"),
            alive: tokens(full),
            more: false,
        }),
        OauthQuestion::RedirectUris => listed(RedirectUri {
            client: some("web"),
            redirect_uri: "https://app.example.com/callback".to_owned(),
            uses,
            failed: 3,
            reasons: full.then(|| ("redirect_uri_mismatch".to_owned(), 3)).into_iter().collect(),
        }),
        OauthQuestion::Alive => value(Listed { rows: tokens(full), more: false }),
        OauthQuestion::Failures => listed(Refused {
            client: some("web"),
            reason: some("invalid_grant"),
            action: "oauth.token.failed".to_owned(),
            attempts: 7,
        }),
        OauthQuestion::FirstUses => listed(FirstUse { what: What::Country, value: "NZ".to_owned(), uses }),
    }
}

fn listed(row: impl Serialize) -> Value {
    value(Listed { rows: vec![row], more: false })
}

/// The event by which a token was issued, which may say why, or may not be known.
fn tokens(full: bool) -> Vec<Token> {
    let issued = if full { vec![Some(step(true)), Some(step(false))] } else { vec![None] };
    issued.into_iter().map(|issued| Token { issued, ..token(full) }).collect()
}

fn token(full: bool) -> Token {
    let some = |known: &str| text(known).filter(|_| full);
    Token {
        fingerprint: "hmac:9f2c4e81b7d05a369f2c4e81b7d05a36".to_owned(),
        r#type: some("refresh_token"),
        family: some("fam-1"),
        client: some("web"),
        actor: some("42"),
        scopes: texts(&["orders:read"]),
        expires_at: full.then(|| at(3600)),
        issued: None,
    }
}

fn step(full: bool) -> Step {
    Step {
        seq: 1234,
        at: at(0),
        action: "oauth.token.failed".to_owned(),
        outcome: Outcome::Failure,
        reason: text("invalid_grant").filter(|_| full),
    }
}
