//! Taking over tokens that another system issued: their texts stay valid, and only their hashes are needed.

use std::collections::HashSet;

use indelible_proof::{Object, Timestamp};

use super::{
    Tokens,
    error::TokenError,
    events,
    format::is_id,
    issue::Issue,
    model::{Token, random_id},
    state::Change,
};

/// A token to be taken over from a system that kept the SHA-256 of its text, such as Bearer for Laravel.
#[derive(Debug, Clone)]
#[must_use]
pub struct Import {
    issue: Issue,
    hash: [u8; 32],
    id: Option<String>,
    created_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl Import {
    /// A token with what it is to be here, and the SHA-256 of its text in 64 hexadecimal digits. Say when it expires: by
    /// default it does when a new one of its type would.
    pub fn new(issue: Issue, sha256: &str) -> Result<Self, TokenError> {
        let mut hash = [0; 32];
        let decoded = base16ct::mixed::decode(sha256, &mut hash).map(<[u8]>::len);
        if decoded != Ok(hash.len()) {
            let problem = "is no SHA-256: give 64 hexadecimal digits; other hashes cannot be imported".to_owned();
            return Err(TokenError::Invalid { field: "hash", problem });
        }
        Ok(Self { issue, hash, id: None, created_at: None, revoked_at: None, last_used_at: None })
    }

    /// Sets its id in the other system, which may stand before its text: `7|sk_live_...`.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets when it was issued. Default: now.
    pub const fn created_at(mut self, at: Timestamp) -> Self {
        self.created_at = Some(at);
        self
    }

    /// Sets from when on it is revoked.
    pub const fn revoked_at(mut self, at: Timestamp) -> Self {
        self.revoked_at = Some(at);
        self
    }

    /// Sets when it was last used.
    pub const fn last_used_at(mut self, at: Timestamp) -> Self {
        self.last_used_at = Some(at);
        self
    }
}

impl Tokens {
    /// Takes over tokens, all or none, at most 10,000, and gives those that are new: one whose hash is there already is
    /// left as it is.
    ///
    /// The log gets `token.created` for each, with `imported`.
    pub fn import(&self, imports: &[Import]) -> Result<Vec<Token>, TokenError> {
        self.change(|now| {
            let mut change = Change::default();
            let mut hashes = HashSet::new();
            for import in imports {
                if !import.id.as_deref().is_none_or(is_id) {
                    let problem = "is none that can stand before a token: give at most 64 letters, digits and hyphens";
                    return Err(TokenError::Invalid { field: "id", problem: problem.to_owned() });
                }
                let is_there = || self.service.state.by_hash(&self.scope.tenant, &import.hash);
                if !hashes.insert(import.hash) || is_there()?.is_some() {
                    continue;
                }
                let created_at = import.created_at.unwrap_or(now);
                let token = Token {
                    id: random_id("tok_")?,
                    hash: import.hash,
                    imported_id: import.id.clone(),
                    revoked_at: import.revoked_at,
                    is_revoked: import.revoked_at.is_some_and(|at| at <= now),
                    last_used_at: import.last_used_at,
                    ..self.draft(&import.issue, None, created_at)?
                };
                token.check()?;
                let event = events::lifecycle(&self.scope, "token.created", &token, now).meta("imported", true);
                change.events.push(event.changes(Object::new(), events::granted(&token)));
                change.tokens.push(token);
            }
            let imported = change.tokens.clone();
            Ok((change, imported))
        })
    }
}
