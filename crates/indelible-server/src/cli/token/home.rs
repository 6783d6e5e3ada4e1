//! Where tokens are kept: in a data directory, or with a server. Both do the same.

use indelible::{
    Actor,
    tokens::{TokenError, Tokens as Service},
};
use serde_json::{Map, Value};

use super::Where;
use crate::{
    api::{self, Question},
    cli::{error::Failure, local::Local, place::Place, remote::Remote},
    config::TokensConfig,
    tokens::{
        self, Derivation, GroupView, Imports, IssuedView, NewGroup, NewToken, Page, Pruned, Pruning, Revealed,
        Revelation, Revocation, Rotation, TokenView, Tokens, Verdict, Verification,
    },
};

/// Where tokens are kept.
pub(super) enum Home {
    Directory(Box<Directory>),
    Server(Remote),
}

/// A data directory, which this process has to itself.
pub(super) struct Directory {
    // Dropped first: what waits there goes to the log.
    service: Service,
    config: TokensConfig,
    log: Local,
}

impl Home {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        match place.place.open()? {
            Place::Remote(server) => Ok(Self::Server(server.within(place.tenant.as_deref())?)),
            Place::Local(log) => {
                let config = place.place.config()?.tokens;
                let service =
                    tokens::start(log.directory(), &config, log.recorder().clone()).map_err(Failure::because)?;
                let service = service.by(Actor::new("system", "indelible"));
                let service = match &place.tenant {
                    Some(tenant) => service.within(tenant),
                    None => service,
                };
                Ok(Self::Directory(Box::new(Directory { service, config, log })))
            }
        }
    }

    pub(super) fn issue(&self, new: &NewToken) -> Result<IssuedView, Failure> {
        match self {
            Self::Directory(here) => here.did(|service| service.issue(&new.issue())).map(Into::into),
            Self::Server(server) => Ok(server.post("/v1/tokens", new)?),
        }
    }

    pub(super) fn issue_group(&self, new: &NewGroup) -> Result<GroupView, Failure> {
        match self {
            Self::Directory(here) => {
                let issues: Vec<_> = new.tokens.iter().map(NewToken::issue).collect();
                here.did(|service| service.issue_group(&issues)).map(Into::into)
            }
            Self::Server(server) => Ok(server.post("/v1/token-groups", new)?),
        }
    }

    pub(super) fn get(&self, id: &str) -> Result<TokenView, Failure> {
        match self {
            Self::Directory(here) => {
                let found = here.did(|service| service.get(id))?;
                found.map(Into::into).ok_or_else(|| Failure::Failed(format!("there is no token {id} here")))
            }
            Self::Server(server) => Ok(server.fetch(&of(id, ""))?),
        }
    }

    pub(super) fn list(&self, conditions: &Map<String, Value>) -> Result<Page, Failure> {
        match self {
            Self::Directory(here) => Ok(api::tokens_of(&here.service, conditions.clone())?),
            Self::Server(server) => server.fetch_where("/v1/tokens", conditions),
        }
    }

    pub(super) fn usage(&self, question: Question, conditions: &Map<String, Value>) -> Result<Value, Failure> {
        match self {
            Self::Directory(here) => Ok(api::usage_of(question, &*here.log.log(), &here.service, conditions.clone())?),
            Self::Server(server) => server.fetch_where(question.path(), conditions),
        }
    }

    pub(super) fn verify(&self, verification: Verification) -> Result<Verdict, Failure> {
        match self {
            Self::Directory(here) => {
                verification.check().map_err(Failure::because)?;
                let unknown = |_| Failure::Failed("the database of tokens failed: try again".to_owned());
                verification.verify(&here.service).map_err(unknown)
            }
            Self::Server(server) => Ok(server.post("/v1/tokens/verify", &verification)?),
        }
    }

    pub(super) fn rotate(&self, id: &str, rotation: &Rotation) -> Result<IssuedView, Failure> {
        match self {
            Self::Directory(here) => {
                here.did(|service| service.rotate(&rotation.rotate(id, here.config.grace)?)).map(Into::into)
            }
            Self::Server(server) => Ok(server.post(&of(id, "/rotate"), rotation)?),
        }
    }

    pub(super) fn revoke(&self, id: &str, revocation: &Revocation) -> Result<Tokens, Failure> {
        match self {
            Self::Directory(here) => here.did(|service| service.revoke(&revocation.revoke(id)?)).map(Into::into),
            Self::Server(server) => Ok(server.post(&of(id, "/revoke"), revocation)?),
        }
    }

    pub(super) fn derive(&self, id: &str, derivation: &Derivation) -> Result<IssuedView, Failure> {
        match self {
            Self::Directory(here) => here.did(|service| service.derive(&derivation.derive(id)?)).map(Into::into),
            Self::Server(server) => Ok(server.post(&of(id, "/derive"), derivation)?),
        }
    }

    pub(super) fn reveal(&self, id: &str) -> Result<Revealed, Failure> {
        match self {
            Self::Directory(here) => here.did(|service| service.reveal(id)).map(Into::into),
            Self::Server(server) => Ok(server.post(&of(id, "/reveal"), &Revelation::default())?),
        }
    }

    pub(super) fn import(&self, imports: &Imports) -> Result<Tokens, Failure> {
        match self {
            Self::Directory(here) => {
                let all: Result<Vec<_>, _> = imports.tokens.iter().map(tokens::Imported::import).collect();
                here.did(|service| service.import(&all?)).map(Into::into)
            }
            Self::Server(server) => Ok(server.post("/v1/tokens/import", imports)?),
        }
    }

    pub(super) fn prune(&self, pruning: &Pruning) -> Result<Pruned, Failure> {
        match self {
            Self::Directory(here) => {
                let ended_for = pruning.ended_for.unwrap_or(here.config.prune_after).0;
                here.did(|service| service.prune(ended_for)).map(|deleted| Pruned { deleted })
            }
            Self::Server(server) => Ok(server.post("/v1/tokens/prune", pruning)?),
        }
    }
}

impl Directory {
    fn did<T>(&self, work: impl FnOnce(&Service) -> Result<T, TokenError>) -> Result<T, Failure> {
        work(&self.service).map_err(Failure::because)
    }
}

/// The path of a token. What could not be part of an id could lead elsewhere.
fn of(id: &str, what: &str) -> String {
    let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    format!("/v1/tokens/{id}{what}")
}
