//! Questions about resources, asked of the log.

use std::fmt;

use indelible_engine::{
    column::Column,
    limits::PAGE_ROWS_MAX,
    query::{Cancel, Clause, Cursor, Filter, Match, Order, Page, Query, Role, RoleMatch, Test},
    source::ReadError,
    store::Store,
};
use indelible_proof::{Recorded, Timestamp, vocabulary::is_actor_type};

use super::{
    Action, REQUEST, State,
    resource::requests,
    state::{names, took_place},
};
use crate::{
    asking::{Asking, is, limits, matches},
    limits::{REQUESTS_OF_RESOURCE_MAX, STATE_EVENTS_MAX},
};

/// Questions about resources. Each is answered from the log as it is when it is asked; conditions leave out what does not
/// meet them.
#[derive(Clone)]
#[must_use]
pub struct Trail<'a> {
    pub(super) asking: Asking<'a>,
    kind: Option<String>,
    action: Option<String>,
    actor: Option<String>,
}

impl<'a> Trail<'a> {
    /// Asks about all time, every tenant, and all resources.
    pub fn of(store: &'a dyn Store) -> Self {
        Self { asking: Asking::of(store), kind: None, action: None, actor: None }
    }

    limits!();

    /// Asks about resources of a type.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Asks about an action, as [`Action::from`] reads it; `*` stands for any characters.
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(Action::from(action).as_str().to_owned());
        self
    }

    /// Asks about what somebody did: `user:42`, or the id or e-mail address alone.
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// What happened to any resource, the newest first. Without a type or an action these are the events whose action is
    /// `resource.*`.
    pub fn feed(&self, limit: u32, after: Option<Cursor>) -> Result<Page, ReadError> {
        let mut filter = self.filter();
        if self.kind.is_none() && self.action.is_none() {
            filter.clauses.push(action(Match::Prefix("resource.".to_owned())));
        }
        self.asking.page(&Query { filter, order: Order::NewestFirst, limit, after })
    }

    /// What happened to one resource, the newest first, with the requests that it came from.
    pub fn history(&self, kind: &str, id: &str, limit: u32, after: Option<Cursor>) -> Result<Page, ReadError> {
        let mut filter = self.filter();
        filter.clauses.extend(self.about(kind, id)?);
        self.asking.page(&Query { filter, order: Order::NewestFirst, limit, after })
    }

    /// What a resource was at a moment, or is now, as far as its changes tell. Other conditions than the tenant do not count.
    pub fn state(&self, kind: &str, id: &str, at: Option<Timestamp>) -> Result<State, ReadError> {
        let until = at.map(|at| Timestamp::saturating_from_micros(at.as_micros().saturating_add(1)));
        let clauses = self.about(kind, id)?;
        let filter = Filter { until, clauses, ..self.of_tenant() };
        let mut query = Query { limit: PAGE_ROWS_MAX, ..Query::newest(filter) };
        let mut events: Vec<Recorded> = Vec::new();
        let is_beginning = |recorded: &Recorded| {
            let first = recorded.event.targets.first();
            recorded.event.action == Action::CREATED.as_str()
                && took_place(&recorded.event)
                && first.is_some_and(|target| names(target, kind, id))
        };
        loop {
            let page = self.asking.page(&query)?;
            let whole = page.events.iter().any(is_beginning);
            events.extend(page.events);
            query.after = page.next;
            if whole || query.after.is_none() || events.len() >= STATE_EVENTS_MAX {
                return Ok(State::of(kind, id, events.iter().rev()));
            }
        }
    }

    /// The conditions as a filter.
    pub(super) fn filter(&self) -> Filter {
        let kind = self.kind.clone().map(|kind| is(Column::TargetsType, [kind]));
        let action = self
            .action
            .clone()
            .map(|name| action(if name.contains('*') { Match::Glob(name) } else { Match::Is(name) }));
        let actor = self.actor.as_deref().map(|actor| {
            let (r#type, id) = match actor.split_once(':') {
                Some((kind, id)) if is_actor_type(kind) => (Some(kind.to_owned()), id),
                _ => (None, actor),
            };
            role(Role::Actor, vec![RoleMatch { r#type, id: Match::Is(id.to_owned()) }])
        });
        let clauses = kind.into_iter().chain(action).chain(actor).collect();
        self.asking.filter(clauses)
    }

    /// All events that may be seen.
    pub(super) fn of_tenant(&self) -> Filter {
        Filter { tenant: self.asking.tenant.clone(), ..Filter::default() }
    }

    /// The events whose targets are any of some, of one type and id each.
    pub(super) fn naming(targets: &[(String, String)]) -> Clause {
        let target =
            |(kind, id): &(String, String)| RoleMatch { r#type: Some(kind.clone()), id: Match::Is(id.clone()) };
        role(Role::Target, targets.iter().map(target).collect())
    }

    /// The events about a resource, and about the requests that it came from: some event names both.
    fn about(&self, kind: &str, id: &str) -> Result<Vec<Clause>, ReadError> {
        let mut meant = vec![(kind.to_owned(), id.to_owned())];
        let of_type = |kind: &str| is(Column::TargetsType, [kind]);
        let clauses = vec![Self::naming(&meant), of_type(REQUEST)];
        let filter = Filter { clauses, ..self.of_tenant() };
        let linked = self.asking.page(&Query { limit: REQUESTS_OF_RESOURCE_MAX, ..Query::newest(filter) })?;
        let requests = linked.events.iter().flat_map(|recorded| requests(&recorded.event));
        meant.extend(requests.map(|id| (REQUEST.to_owned(), id.to_owned())));
        meant.sort_unstable();
        meant.dedup();
        Ok(vec![Self::naming(&meant), of_type(kind)])
    }
}

impl fmt::Debug for Trail<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Trail").field("tenant", &self.asking.tenant).field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn role(role: Role, matches: Vec<RoleMatch>) -> Clause {
    Clause { negated: false, test: Test::Role(role, matches) }
}

fn action(name: Match) -> Clause {
    matches(Column::Action, vec![name])
}
