//! A resource as events name it, and the events that tell of it.

use indelible_proof::{Changes, Event, Target, limits::TARGETS_MAX};
use serde::Serialize;
use serde_json::Value;

use super::{Action, Diff, DiffError};

/// The type of the target that stands for a request, beside the resource that has no id yet or got it later.
pub const REQUEST: &str = "resource_request";

/// What something is done to, with a type, an id and what people know it by.
///
/// Each method that tells what happened gives an [`Event`], to which actor, address and the like are added: see its builder.
/// Record it, or insert it as JSON into an outbox in the transaction of the change.
///
/// A resource that is only asked for has no id yet. Its request has one of its own, and the event that allows it, or any later
/// one, names both: so the history of the resource begins with its request.
///
/// ```
/// use indelible::{Actor, resources::{Action, Resource}};
/// use serde_json::json;
///
/// let wanted = Resource::requested("network", "req_17").name("office");
/// let request = wanted.set(Action::REQUESTED, &json!({"address": "10.7.0.0/24"}))?.actor(Actor::user("42"));
/// // Somebody with the right to do so agrees, and the network gets its id.
/// let approval = wanted.becomes("net_7").on(Action::APPROVED).actor(Actor::user("7"));
/// assert_eq!(approval.targets[0].id.as_deref(), Some("net_7"));
/// assert_eq!(approval.targets[1].id, request.targets[1].id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Resource {
    target: Target,
    request: Option<String>,
    diff: Diff,
}

/// The ids of the requests that an event names.
pub(super) fn requests(event: &Event) -> impl Iterator<Item = &str> {
    let requests = event.targets.iter().filter(|target| target.r#type.as_deref() == Some(REQUEST));
    requests.filter_map(|request| request.id.as_deref())
}

impl Resource {
    /// A resource with its id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self::of_type(kind).becomes(id)
    }

    /// A resource without an id.
    pub(super) fn of_type(kind: impl Into<String>) -> Self {
        let target = Target { r#type: Some(kind.into()), ..Target::default() };
        Self { target, request: None, diff: Diff::default() }
    }

    /// A resource that has no id yet, by the id of the request for it.
    pub fn requested(kind: impl Into<String>, request: impl Into<String>) -> Self {
        Self { request: Some(request.into()), ..Self::of_type(kind) }
    }

    /// The same with the id that it has got. The request is named along with it.
    pub fn becomes(mut self, id: impl Into<String>) -> Self {
        self.target.id = Some(id.into());
        self
    }

    /// Sets the name. It stands in each event, so that it is known after the resource is gone.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.target = self.target.name(name);
        self
    }

    /// Sets the address: of a network, a file, a record.
    pub fn address(self, address: impl Into<String>) -> Self {
        self.attr("address", address.into())
    }

    /// Adds something else that people know it by.
    pub fn attr(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.target = self.target.attr(key, value);
        self
    }

    /// Sets how differences are found. Default: [`Diff::default`].
    pub fn diff(mut self, diff: Diff) -> Self {
        self.diff = diff;
        self
    }

    /// An event that tells of no change of fields, or of one that is added by [`Event::changes`].
    pub fn on(&self, action: impl Into<Action>) -> Event {
        let event = Event::new(action.into().as_str()).target(self.target.clone());
        match &self.request {
            Some(request) => event.target(Target::new(REQUEST, request.clone())),
            None => event,
        }
    }

    /// `resource.created`, with the fields that it has.
    pub fn created(&self, fields: &impl Serialize) -> Result<Event, DiffError> {
        self.set(Action::CREATED, fields)
    }

    /// `resource.updated`, with the fields that differ; without `changes` when none does.
    pub fn updated(&self, before: &impl Serialize, after: &impl Serialize) -> Result<Event, DiffError> {
        self.changed(Action::UPDATED, before, after)
    }

    /// `resource.deleted`, with the fields that it had.
    pub fn deleted(&self, fields: &impl Serialize) -> Result<Event, DiffError> {
        let had = self.diff.whole(fields)?;
        Ok(self.telling(Action::DELETED, had.map(|before| Changes { before, ..Changes::default() })))
    }

    /// An event with the new values of some fields, where those before are not known.
    pub fn set(&self, action: impl Into<Action>, fields: &impl Serialize) -> Result<Event, DiffError> {
        let fields = self.diff.whole(fields)?;
        Ok(self.telling(action, fields.map(|after| Changes { after, ..Changes::default() })))
    }

    /// An event with the fields that differ; without `changes` when none does.
    pub fn changed(
        &self,
        action: impl Into<Action>,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Result<Event, DiffError> {
        Ok(self.telling(action, self.diff.between(before, after)?))
    }

    fn telling(&self, action: impl Into<Action>, changes: Option<Changes>) -> Event {
        let mut event = self.on(action);
        match changes {
            Some(changes) => event.changes = Some(changes).filter(|changes| *changes != Changes::default()),
            None => event = event.meta(OMITTED, "more fields than an event holds"),
        }
        event
    }
}

/// The field of `metadata` that says that changes are left out; the triggers of an outbox write it too.
pub(super) const OMITTED: &str = "changes_omitted";

/// One event for what was done to many resources at once, with their number in `metadata.count`. As an event names 100 targets at
/// most, it is several events where there are more; all have the id of the operation as `correlation_id`.
///
/// Each resource finds it in its history. Where they are to tell of different changes, record one event for each.
///
/// ```
/// use indelible::resources::{Action, Resource, together};
///
/// let gone = (0..250).map(|nth| Resource::new("invoice", nth.to_string()));
/// let events = together(Action::DELETED, "cleanup-118", gone);
/// assert_eq!((events.len(), events[2].targets.len()), (3, 50));
/// assert_eq!(events[2].metadata["count"], 250);
/// ```
pub fn together(
    action: impl Into<Action>,
    operation: &str,
    resources: impl IntoIterator<Item = Resource>,
) -> Vec<Event> {
    let action = action.into();
    let targets: Vec<Target> = resources.into_iter().map(|resource| resource.target).collect();
    let event = |some: &[Target]| Event {
        targets: some.to_vec(),
        correlation_id: Some(operation.to_owned()),
        ..Event::new(action.as_str()).meta("count", targets.len())
    };
    targets.chunks(TARGETS_MAX).map(event).collect()
}
