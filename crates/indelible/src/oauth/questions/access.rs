//! Who accessed what.

use indelible_engine::{column::Column, source::ReadError};
use serde::Serialize;

use super::{Listed, Questions, USE, Uses};
use crate::asking::{is, text};

/// What was accessed. Nothing: anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// By this route.
    pub route: Option<String>,
    /// With this scope.
    pub scope: Option<String>,
}

/// Uses of access tokens by the same actor and client, of the same endpoint, with the same scope. A use that needed several
/// scopes is counted with each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accessed {
    /// Who, by id.
    pub actor: Option<String>,
    /// Through which client, by id.
    pub client: Option<String>,
    /// The method of the endpoint.
    pub method: Option<String>,
    /// Its route.
    pub route: Option<String>,
    /// The scope that was needed.
    pub scope: Option<String>,
    /// How often and when.
    #[serde(flatten)]
    pub uses: Uses,
}

const BY: [Column; 5] =
    [Column::ActorId, Column::ClientId, Column::HttpMethod, Column::HttpRoute, Column::OauthScopesRequested];

impl Questions<'_> {
    /// Who accessed what, the most frequent first. Say who, what, or a window of time: there may be too many combinations
    /// for one answer, which is [`ReadError::TooBroad`].
    pub fn access(&self, what: &Access, limit: u32) -> Result<Listed<Accessed>, ReadError> {
        let with = |column: Column, value: &Option<String>| value.clone().map(|value| is(column, [value]));
        let clauses = [with(Column::HttpRoute, &what.route), with(Column::OauthScopesRequested, &what.scope)];
        let clauses = std::iter::once(is(Column::Action, [USE])).chain(clauses.into_iter().flatten());
        let accessed = self.asking.grouped(self.filter(clauses), &BY, &Uses::MEASURES, limit)?;
        Ok(Listed::of(&accessed, |row| {
            let (keys, measures) = row.split_first_chunk::<{ BY.len() }>()?;
            let [actor, client, method, route, scope] = keys.each_ref().map(text);
            Some(Accessed { actor, client, method, route, scope, uses: Uses::of(measures) })
        }))
    }
}
