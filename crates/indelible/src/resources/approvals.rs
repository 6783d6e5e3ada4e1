//! Who asked for what, who allowed it, and how long that took.

use std::collections::HashMap;

use indelible_engine::{
    column::Column,
    limits::PAGE_ROWS_MAX,
    query::{Clause, Filter, Query},
    source::ReadError,
};
use indelible_proof::{Actor, Event, Recorded, Target, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Action, REQUEST, Trail, resource::requests, state::took_place};
use crate::{asking::is, limits::TARGETS_ASKED_AT_ONCE};

/// A request for a resource, or for a change of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The resource, without an id when it had none yet.
    pub resource: Target,
    /// The id of the request, where it has one.
    pub request: Option<String>,
    /// When it was made.
    pub requested_at: Option<Timestamp>,
    /// Who made it.
    pub requested_by: Option<Actor>,
    /// The event that tells of it.
    pub seq: u64,
}

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// `approved`, `denied` or `cancelled`.
    pub decision: String,
    /// The resource.
    pub resource: Target,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Who did.
    pub decided_by: Option<Actor>,
    /// The event that tells of it.
    pub seq: u64,
    /// What was decided on; `None` when the log has no request.
    pub request: Option<Request>,
    /// Seconds between the two.
    pub waited_s: Option<u64>,
}

const DECISIONS: [Action; 3] = [Action::APPROVED, Action::DENIED, Action::CANCELLED];

impl Trail<'_> {
    /// What was decided on requests, the newest first. The actor of the conditions is who decided.
    pub fn decisions(&self, limit: u32) -> Result<Vec<Decided>, ReadError> {
        let mut filter = self.filter();
        filter.clauses.push(is_any(&DECISIONS));
        let decisions = self.newest(filter, limit)?;
        let requests = self.naming_the_same(&decisions, &[Action::REQUESTED], None)?;
        let requests = ByName::of(&requests);
        let decided = |decision: Recorded| {
            let request = requests.newest_before(&decision);
            Decided::of(decision, request)
        };
        Ok(decisions.into_iter().map(decided).collect())
    }

    /// Requests that nothing was decided on, the newest first; among the newest thousand of those that meet the conditions.
    pub fn open_requests(&self, limit: u32) -> Result<Vec<Request>, ReadError> {
        let mut filter = self.filter();
        filter.clauses.push(is_any(&[Action::REQUESTED]));
        let requests = self.newest(filter, PAGE_ROWS_MAX)?;
        let mut open = Vec::new();
        for some in requests.chunks(TARGETS_ASKED_AT_ONCE) {
            if open.len() >= limit as usize {
                break;
            }
            // No request was answered before it was made: what is older need not be looked at.
            let since = some.iter().map(|request| request.seq).min();
            let decisions = self.naming_the_same(some, &DECISIONS, since)?;
            let decisions = ByName::of(&decisions);
            open.extend(some.iter().filter(|request| !decisions.any_after(request)).map(Request::of));
        }
        open.truncate(limit as usize);
        Ok(open)
    }

    /// The newest events of some actions that are about the same as others.
    fn naming_the_same(
        &self,
        others: &[Recorded],
        actions: &[Action],
        seq_from: Option<u64>,
    ) -> Result<Vec<Recorded>, ReadError> {
        let mut names: Vec<(String, String)> = others.iter().flat_map(|recorded| names(&recorded.event)).collect();
        names.sort_unstable();
        names.dedup();
        let mut found = Vec::new();
        for some in names.chunks(TARGETS_ASKED_AT_ONCE) {
            let clauses = vec![is_any(actions), Self::naming(some)];
            let filter = Filter { clauses, seq_from, ..self.of_tenant() };
            found.extend(self.newest(filter, PAGE_ROWS_MAX)?);
        }
        found.sort_unstable_by_key(|recorded| std::cmp::Reverse(recorded.seq));
        Ok(found)
    }

    /// The newest events of a filter that are more than an attempt.
    fn newest(&self, filter: Filter, limit: u32) -> Result<Vec<Recorded>, ReadError> {
        let mut events = self.asking.page(&Query { limit, ..Query::newest(filter) })?.events;
        events.retain(|recorded| took_place(&recorded.event));
        Ok(events)
    }
}

impl Decided {
    fn of(decision: Recorded, request: Option<&Recorded>) -> Self {
        let request = request.map(Request::of);
        let requested_at = request.as_ref().and_then(|request| request.requested_at);
        let event = decision.event;
        let waited_us = event.occurred_at.zip(requested_at).map(|(end, start)| end.as_micros() - start.as_micros());
        Self {
            resource: event.targets.first().cloned().unwrap_or_default(),
            decided_at: event.occurred_at,
            decision: event.action.trim_start_matches("resource.").to_owned(),
            decided_by: event.actor,
            seq: decision.seq,
            request,
            // Clocks of different producers may differ.
            waited_s: waited_us.map(|waited| waited.max(0).unsigned_abs() / 1_000_000),
        }
    }
}

impl Request {
    fn of(recorded: &Recorded) -> Self {
        let Recorded { seq, event, .. } = recorded;
        Self {
            resource: event.targets.first().cloned().unwrap_or_default(),
            request: requests(event).next().map(str::to_owned),
            requested_at: event.occurred_at,
            requested_by: event.actor.clone(),
            seq: *seq,
        }
    }
}

fn is_any(actions: &[Action]) -> Clause {
    is(Column::Action, actions.iter().map(Action::as_str))
}

/// Types and ids that tell which request an event is about: its own id, else that of the resource.
fn names(event: &Event) -> Vec<(String, String)> {
    let requests: Vec<_> = requests(event).map(|id| (REQUEST.to_owned(), id.to_owned())).collect();
    let name = |target: &Target| target.r#type.clone().zip(target.id.clone());
    if requests.is_empty() { event.targets.iter().filter_map(name).collect() } else { requests }
}

/// Events by what they are about: a request and its answers have a name in common, and resources of one type.
struct ByName<'e>(HashMap<Key, Vec<&'e Recorded>>);

/// The type of the resource, and a type and an id that are named.
type Key = (Option<String>, (String, String));

impl<'e> ByName<'e> {
    /// Of events of which the newest comes first.
    fn of(events: &'e [Recorded]) -> Self {
        let mut by_name: HashMap<Key, Vec<&Recorded>> = HashMap::new();
        for recorded in events {
            keys(&recorded.event).for_each(|key| by_name.entry(key).or_default().push(recorded));
        }
        Self(by_name)
    }

    fn about(&self, recorded: &Recorded) -> impl Iterator<Item = &Vec<&'e Recorded>> {
        keys(&recorded.event).filter_map(|key| self.0.get(&key))
    }

    fn newest_before(&self, recorded: &Recorded) -> Option<&'e Recorded> {
        let before =
            |events: &Vec<&'e Recorded>| events.get(events.partition_point(|event| event.seq >= recorded.seq)).copied();
        self.about(recorded).filter_map(before).max_by_key(|event| event.seq)
    }

    fn any_after(&self, recorded: &Recorded) -> bool {
        self.about(recorded).any(|events| events.first().is_some_and(|newest| newest.seq > recorded.seq))
    }
}

fn keys(event: &Event) -> impl Iterator<Item = Key> {
    let kind = event.targets.first().and_then(|target| target.r#type.clone());
    names(event).into_iter().map(move |name| (kind.clone(), name))
}
