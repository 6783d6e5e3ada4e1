//! All that a store knows of one token.

use std::cmp::Reverse;

use indelible_engine::{
    column::Column,
    limits::PAGE_ROWS_MAX,
    query::{Cancel, Clause, Cursor, Field, Filter, Match, Page, Query, Role, RoleMatch, Test},
    source::ReadError,
    store::Store,
};

/// The events of a token, newest first: those that it authenticated, and those that were done to it. `after` is the
/// page before's [`Page::next`].
///
/// Any store can be asked, so this is the log of a token under every driver that can be read; those that cannot, the
/// null store among them, give nothing.
pub fn token_log(
    store: &dyn Store,
    tenant: &str,
    token: &str,
    limit: u32,
    after: Option<Cursor>,
) -> Result<Page, ReadError> {
    let used = Test::Field(Field::Column(Column::CredentialId), vec![Match::Is(token.to_owned())]);
    let target = RoleMatch { r#type: Some("token".to_owned()), id: Match::Is(token.to_owned()) };
    let concerned = Test::Role(Role::Target, vec![target]);
    let page = |tests: Vec<(bool, &Test)>| {
        let clauses = tests.into_iter().map(|(negated, test)| Clause { negated, test: test.clone() }).collect();
        let filter = Filter { tenant: Some(tenant.to_owned()), clauses, ..Filter::default() };
        store.query(&Query { limit, after, ..Query::newest(filter) }, &Cancel::default())
    };
    // A filter has no `or`. The newest of both are the newest of each, and no event is in both.
    let mut all = page(vec![(false, &used)])?;
    let more = page(vec![(false, &concerned), (true, &used)])?;
    let goes_on = all.next.is_some() || more.next.is_some();
    all.events.extend(more.events);
    all.events.sort_by_key(|recorded| Reverse(recorded.seq));
    let shown = limit.clamp(1, PAGE_ROWS_MAX) as usize;
    let left = all.events.len() > shown;
    all.events.truncate(shown);
    all.next = all.events.last().filter(|_| goes_on || left).map(|last| Cursor { seq: last.seq });
    Ok(all)
}
