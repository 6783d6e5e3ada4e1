//! What is asked for. Null is as good as left out; what is unknown is refused.

use std::num::NonZeroU32;

use indelible::{
    Actor, Object, Timestamp,
    tokens::{
        Abilities, AllowedDomains, AllowedIps, Derive, Entity, Import, Issue, RevocationMode, Revoke, Rotate,
        RotationMode, TokenError,
    },
};
use indelible_proof::strict;
use serde::{Deserialize, Serialize};

use super::moments::{Later, Span};

/// A token to be issued.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    pub(crate) r#type: String,
    pub(crate) name: String,
    #[serde(deserialize_with = "strict::required")]
    pub(crate) owner: Entity,
    pub(crate) environment: Option<String>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) context: Option<Entity>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) boundary: Option<Entity>,
    pub(crate) abilities: Option<Abilities>,
    pub(crate) metadata: Option<Object>,
    pub(crate) allowed_ips: Option<AllowedIps>,
    pub(crate) allowed_domains: Option<AllowedDomains>,
    pub(crate) rate_limit: Option<NonZeroU32>,
    pub(crate) expires: Option<Later>,
    /// Who has it issued, for the log. Default: the API key.
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// Tokens to be issued together.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    #[serde(deserialize_with = "strict::objects")]
    pub(crate) tokens: Vec<NewToken>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// A new text for a token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    pub(crate) mode: Option<RotationWord>,
    /// With `grace`: how long the old one is valid.
    pub(crate) grace: Option<Span>,
    /// Default: when the old one would have.
    pub(crate) expires: Option<Later>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// What becomes of the old token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RotationWord {
    /// It is revoked at once.
    #[default]
    Immediate,
    /// It is valid for a while.
    Grace,
    /// It stays valid.
    Dual,
}

/// Tokens to be taken back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    pub(crate) mode: Option<RevocationMode>,
    /// Default: now.
    pub(crate) at: Option<Later>,
    pub(crate) reason: Option<String>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// A token to be derived. What is not said it has from its parent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Derivation {
    pub(crate) name: Option<String>,
    pub(crate) abilities: Option<Abilities>,
    pub(crate) metadata: Option<Object>,
    pub(crate) expires: Option<Later>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// A text to be shown again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revelation {
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// Tokens to be cleared away.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pruning {
    /// How long ago they ended. Default: that of the configuration.
    pub(crate) ended_for: Option<Span>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// Tokens to be taken over from another system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Imports {
    #[serde(deserialize_with = "strict::objects")]
    pub(crate) tokens: Vec<Imported>,
    #[serde(default, deserialize_with = "strict::section")]
    pub(crate) actor: Option<Actor>,
}

/// One of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Imported {
    /// SHA-256 of its text, in hexadecimal digits.
    pub(crate) hash: String,
    #[serde(deserialize_with = "strict::required")]
    pub(crate) token: NewToken,
    /// Its id there, which may stand before its text.
    pub(crate) id: Option<String>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
}

impl NewToken {
    /// A token with what its type gives.
    pub(crate) fn new(kind: &str, name: &str, owner: Entity) -> Self {
        Self {
            r#type: kind.to_owned(),
            name: name.to_owned(),
            owner,
            environment: None,
            context: None,
            boundary: None,
            abilities: None,
            metadata: None,
            allowed_ips: None,
            allowed_domains: None,
            rate_limit: None,
            expires: None,
            actor: None,
        }
    }

    /// As the service takes it.
    pub(crate) fn issue(&self) -> Issue {
        let mut issue = Issue::new(&self.r#type, &self.name, self.owner.clone());
        for (key, value) in self.metadata.iter().flatten() {
            issue = issue.meta(key, value.clone());
        }
        if let Some(environment) = &self.environment {
            issue = issue.environment(environment);
        }
        if let Some(context) = &self.context {
            issue = issue.context(context.clone());
        }
        if let Some(boundary) = &self.boundary {
            issue = issue.boundary(boundary.clone());
        }
        if let Some(abilities) = &self.abilities {
            issue = issue.abilities(abilities.clone());
        }
        if let Some(per_minute) = self.rate_limit {
            issue = issue.rate_limit(per_minute);
        }
        issue = issue
            .allowed_ips(self.allowed_ips.clone().unwrap_or_default())
            .allowed_domains(self.allowed_domains.clone().unwrap_or_default());
        match self.expires {
            None => issue,
            Some(Later::Never) => issue.never_expires(),
            Some(Later::At(at)) => issue.expires_at(at),
            Some(Later::After(Span(time))) => issue.expires_in(time),
        }
    }
}

impl Rotation {
    /// As the service takes it; `grace` is how long the old token is valid when nobody says.
    pub(crate) fn rotate(&self, id: &str, grace: Span) -> Result<Rotate, TokenError> {
        let Span(grace) = match (self.mode.unwrap_or_default(), self.grace) {
            (RotationWord::Grace, said) => said.unwrap_or(grace),
            (_, None) => grace,
            (_, Some(_)) => return Err(invalid("grace", "goes with the mode grace alone")),
        };
        let rotate = Rotate::new(id).mode(match self.mode.unwrap_or_default() {
            RotationWord::Immediate => RotationMode::Immediate,
            RotationWord::Grace => RotationMode::Grace(grace),
            RotationWord::Dual => RotationMode::Dual,
        });
        Ok(match self.expires {
            None => rotate,
            Some(Later::Never) => {
                return Err(invalid(
                    "expires",
                    "a new text does not live longer than the old one: leave it out, or give a time",
                ));
            }
            Some(Later::At(at)) => rotate.expires_at(at),
            Some(Later::After(Span(time))) => rotate.expires_in(time),
        })
    }
}

impl Revocation {
    /// The same, of a group: of all of it, unless it says of which part.
    pub(crate) fn of_group(self) -> Result<Self, TokenError> {
        match self.mode {
            None => Ok(Self { mode: Some(RevocationMode::Cascade), ..self }),
            Some(RevocationMode::Cascade | RevocationMode::Partial) => Ok(self),
            Some(_) => Err(invalid("mode", "of a group is cascade or partial")),
        }
    }

    /// As the service takes it.
    pub(crate) fn revoke(&self, id: &str) -> Result<Revoke, TokenError> {
        let revoke = Revoke::new(id).mode(self.mode.unwrap_or_default());
        let revoke = match self.at {
            None => revoke,
            Some(Later::Never) => return Err(invalid("at", "never is no time to revoke at: leave it out for now")),
            Some(Later::At(at)) => revoke.at(at),
            Some(Later::After(Span(time))) => revoke.after(time),
        };
        Ok(match &self.reason {
            None => revoke,
            Some(reason) => revoke.reason(reason),
        })
    }
}

impl Derivation {
    /// As the service takes it.
    pub(crate) fn derive(&self, parent: &str) -> Result<Derive, TokenError> {
        let mut derive = Derive::from(parent);
        for (key, value) in self.metadata.iter().flatten() {
            derive = derive.meta(key, value.clone());
        }
        if let Some(name) = &self.name {
            derive = derive.name(name);
        }
        if let Some(abilities) = &self.abilities {
            derive = derive.abilities(abilities.clone());
        }
        Ok(match self.expires {
            None => derive,
            Some(Later::Never) => return Err(invalid("expires", "a derived token ends with its parent: leave it out")),
            Some(Later::At(at)) => derive.expires_at(at),
            Some(Later::After(Span(time))) => derive.expires_in(time),
        })
    }
}

impl Imported {
    /// As the service takes it.
    pub(crate) fn import(&self) -> Result<Import, TokenError> {
        let mut import = Import::new(self.token.issue(), &self.hash)?;
        if let Some(id) = &self.id {
            import = import.id(id);
        }
        if let Some(at) = self.created_at {
            import = import.created_at(at);
        }
        if let Some(at) = self.revoked_at {
            import = import.revoked_at(at);
        }
        if let Some(at) = self.last_used_at {
            import = import.last_used_at(at);
        }
        Ok(import)
    }
}

fn invalid(field: &'static str, problem: &str) -> TokenError {
    TokenError::Invalid { field, problem: problem.to_owned() }
}
