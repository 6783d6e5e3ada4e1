//! Scopes that were granted and not needed.

use std::collections::{BTreeMap, BTreeSet};

use indelible_engine::{
    column::Column,
    limits::AGGREGATE_ROWS_MAX,
    query::{Clause, Measure, Query, Value},
    source::ReadError,
};
use serde::Serialize;

use super::{ISSUING, Listed, Questions, USE, lives::token_targets};
use crate::{
    asking::{is, number, text},
    limits::INDEXED_VALUES_MAX,
};

/// A scope that was granted and not needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnusedScope {
    /// The client's id.
    pub client: Option<String>,
    /// The access token, when it is asked by token.
    pub token: Option<String>,
    /// The scope.
    pub scope: String,
    /// How often it was granted.
    pub grants: u64,
}

/// Who has scopes, and how often each.
type Scopes = BTreeMap<(Option<String>, String), u64>;

impl Questions<'_> {
    /// Scopes that were granted to a client and that none of its uses needed, both in the window: the most often granted
    /// first.
    pub fn unused_scopes(&self, limit: u32) -> Result<Listed<UnusedScope>, ReadError> {
        let mut granted = self.scopes(issued(), Column::ClientId, Column::OauthScopesGranted)?;
        let needed = self.scopes(vec![is(Column::Action, [USE])], Column::ClientId, Column::OauthScopesRequested)?;
        granted.retain(|of, _| !needed.contains_key(of));
        let unused = granted.into_iter();
        let unused = unused.map(|((client, scope), grants)| UnusedScope { client, token: None, scope, grants });
        let mut unused: Vec<_> = unused.collect();
        unused.sort_by_key(|unused| std::cmp::Reverse(unused.grants));
        Ok(Listed::first(unused, limit))
    }

    /// The same of each access token: of one, or of those that the newest `limit` events of the window, at most
    /// 64, have issued.
    pub fn unused_scopes_by_token(&self, token: Option<&str>, limit: u32) -> Result<Listed<UnusedScope>, ReadError> {
        let clauses = issued().into_iter().chain(token.map(|token| is(Column::TargetsId, [token])));
        let filter = self.filter(clauses);
        let limit = limit.min(INDEXED_VALUES_MAX as u32);
        let page = self.asking.page(&Query { limit, ..Query::newest(filter) })?;
        let mut granted: BTreeMap<(String, &str), UnusedScope> = BTreeMap::new();
        for event in &page.events {
            let access = token_targets(&event.event)
                .filter(|(kind, id, _)| *kind == "access_token" && token.is_none_or(|token| token == *id));
            let scopes = event.event.oauth.iter().flat_map(|oauth| &oauth.scopes_granted);
            let scopes: BTreeSet<&str> = scopes.map(String::as_str).collect();
            for (_, id, _) in access {
                for &scope in &scopes {
                    let slot = granted.entry((id.to_owned(), scope)).or_insert_with(|| UnusedScope {
                        client: event.event.client.as_ref().and_then(|client| client.id.clone()),
                        token: Some(id.to_owned()),
                        scope: scope.to_owned(),
                        grants: 0,
                    });
                    slot.grants += 1;
                }
            }
        }
        let tokens: BTreeSet<String> = granted.keys().map(|(token, _)| token.clone()).collect();
        let uses = vec![is(Column::Action, [USE]), is(Column::CredentialFingerprint, tokens)];
        let needed = self.scopes(uses, Column::CredentialFingerprint, Column::OauthScopesRequested)?;
        let is_unused = |unused: &UnusedScope| !needed.contains_key(&(unused.token.clone(), unused.scope.clone()));
        let rows = granted.into_values().filter(is_unused).collect();
        Ok(Listed { rows, more: page.next.is_some() })
    }

    /// How often each of a column's values goes with each scope.
    fn scopes(&self, clauses: Vec<Clause>, of: Column, scopes: Column) -> Result<Scopes, ReadError> {
        let by = [of, scopes];
        let table = self.asking.grouped(self.filter(clauses), &by, &[Measure::Count], AGGREGATE_ROWS_MAX)?;
        let row = |row: &Vec<Value>| match &row[..] {
            [of, scope, events] => Some(((text(of), text(scope)?), number(events))),
            _ => None,
        };
        Ok(table.rows.iter().filter_map(row).collect())
    }
}

/// The condition that tokens were issued.
pub(super) fn issued() -> Vec<Clause> {
    let failed = Clause { negated: true, ..is(Column::Outcome, ["failure", "denied"]) };
    vec![is(Column::Action, ISSUING), failed]
}
