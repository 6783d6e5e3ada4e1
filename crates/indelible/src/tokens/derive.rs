//! Tokens from tokens: with no more than their parent has.

use std::time::Duration;

use indelible_proof::{Object, Timestamp};
use serde_json::Value;

use super::{
    Tokens,
    abilities::Abilities,
    error::TokenError,
    events,
    issue::{Expiry, Issued},
    model::Token,
    standing::Standing,
    state::Change,
};

/// A token to be derived from another. What is not said here it has from its parent.
#[derive(Debug, Clone)]
#[must_use]
pub struct Derive {
    parent: String,
    name: Option<String>,
    abilities: Option<Abilities>,
    metadata: Object,
    expiry: Expiry,
}

impl Derive {
    /// From a token, by its id.
    pub fn from(parent: impl Into<String>) -> Self {
        let (parent, expiry) = (parent.into(), Expiry::Inherited);
        Self { parent, name: None, abilities: None, metadata: Object::new(), expiry }
    }

    /// Sets its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets what it may do: nothing that its parent may not.
    pub fn abilities(mut self, abilities: Abilities) -> Self {
        self.abilities = Some(abilities);
        self
    }

    /// Adds free data to that of its parent.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Lets it expire at a moment, no later than its parent.
    pub const fn expires_at(mut self, at: Timestamp) -> Self {
        self.expiry = Expiry::At(at);
        self
    }

    /// Lets it expire after a time, no later than its parent.
    pub const fn expires_in(mut self, time: Duration) -> Self {
        self.expiry = Expiry::After(time);
        self
    }
}

impl Tokens {
    /// Derives a token. It has type, environment, owner, restrictions and limits of its parent, and by default ends
    /// when the parent does, however that ends: see [`Builder::orphans_live`](super::Builder::orphans_live).
    ///
    /// The log gets `token.created` and `token.derived`, with `parent_token_id` and `depth`.
    pub fn derive(&self, derive: &Derive) -> Result<Issued, TokenError> {
        self.change(|now| {
            let mut parent = self.existing(&derive.parent)?;
            self.check_fertile(&parent, now)?;
            let abilities = derive.abilities.as_ref().unwrap_or(&parent.abilities);
            if let Some(ability) = abilities.iter().find(|ability| !parent.abilities.allow(ability)) {
                return Err(TokenError::AbilityExceedsParent { ability: ability.clone() });
            }
            let expires_at = derive.expiry.resolve(now, parent.expires_at);
            if let Some(parent_expires_at) = parent.expires_at
                && expires_at.is_none_or(|at| at > parent_expires_at)
            {
                return Err(TokenError::ExpiryExceedsParent { parent_expires_at });
            }
            let mut metadata = parent.metadata.clone();
            metadata.extend(derive.metadata.clone());
            let issued = self.mint(Token {
                name: derive.name.clone().unwrap_or_else(|| parent.name.clone()),
                abilities: abilities.clone(),
                metadata,
                group: None,
                parent: Some(parent.id.clone()),
                depth: parent.depth + 1,
                created_at: now,
                expires_at,
                revoked_at: None,
                revocation_reason: None,
                last_used_at: None,
                rotated_from: None,
                rotated_to: None,
                imported_id: None,
                revision: 1,
                ..parent.clone()
            })?;
            let child = &issued.token;
            // So that whoever revokes the parent's descendants at the same time sees this one.
            parent.revise();
            let derived = events::lifecycle(&self.scope, "token.derived", child, now)
                .target(events::target(&parent))
                .meta("parent_token_id", parent.id.as_str())
                .meta("depth", child.depth);
            let events = vec![self.created(child), derived];
            Ok((Change { tokens: vec![child.clone(), parent], events, ..Change::default() }, issued))
        })
    }

    /// Whether a token can have children: it can be used itself, and is not too deep.
    fn check_fertile(&self, parent: &Token, now: Timestamp) -> Result<(), TokenError> {
        let standing = self.standing(parent, now)?;
        if standing != Standing::Active {
            return Err(TokenError::NotActive { id: parent.id.clone(), standing });
        }
        let depth_max = self.service.settings.depth_max;
        if parent.depth >= depth_max {
            return Err(TokenError::TooDeep { id: parent.id.clone(), depth_max });
        }
        Ok(())
    }
}
