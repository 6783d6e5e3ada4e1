//! Answers about OAuth.

use std::collections::BTreeMap;

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
            tokens: vec![Link {
                depth: 1,
                parent: some("hmac:5d1a09c3e6f74b285d1a09c3e6f74b28"),
                token: token(full),
                state: State::Revoked,
                ended: full.then(step),
                steps: vec![step()],
                uses,
            }],
            others: vec![step()],
            more: false,
        }),
        OauthQuestion::Reuse => listed(Reuse {
            step: step(),
            token: some("hmac:9f2c4e81b7d05a369f2c4e81b7d05a36"),
            client: some("web"),
            actor: some("42"),
            family: some("fam-1"),
            alive: vec![token(full)],
            more: false,
        }),
        OauthQuestion::RedirectUris => listed(RedirectUri {
            client: some("web"),
            redirect_uri: "https://app.example.com/callback".to_owned(),
            uses,
            failed: 3,
            reasons: BTreeMap::from([("redirect_uri_mismatch".to_owned(), 3)]),
        }),
        OauthQuestion::Alive => listed(token(full)),
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
        issued: full.then(step),
    }
}

fn step() -> Step {
    Step {
        seq: 1234,
        at: at(0),
        action: "oauth.token.failed".to_owned(),
        outcome: Outcome::Failure,
        reason: text("invalid_grant"),
    }
}
