//! The state of a resource, rebuilt from its changes.

use indelible_proof::{Event, Object, Outcome, Recorded, Target, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, rebuilt::Rebuilt, resource::OMITTED};

/// Whether a resource is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// No event tells.
    #[default]
    Unknown,
    /// It was asked for.
    Requested,
    /// It was asked for, and was not allowed or is not wanted any more.
    Refused,
    /// It is there.
    Present,
    /// It was deleted. Its fields are those that it had.
    Deleted,
}

/// What the log knows of a resource at a moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The name that it had last.
    pub name: Option<String>,
    /// What else people know it by, such as its address.
    pub attrs: Object,
    /// Whether it is there.
    pub standing: Standing,
    /// The fields that are known.
    pub fields: Object,
    /// The paths of those that are not, rising: no event told of them, or it was redacted or cut. `*` stands for other fields
    /// than those that are known: there may be more where no event tells of the beginning.
    pub unknown: Vec<String>,
    /// How many events it was rebuilt from.
    pub events: usize,
    /// When the last of them happened.
    pub changed_at: Option<Timestamp>,
    /// The sequence number of the last of them.
    pub seq: Option<u64>,
}

impl State {
    /// Rebuilds the state of a resource from events in the order of the log. Holds as far as every change was recorded.
    pub fn of<'e>(kind: &str, id: &str, events: impl IntoIterator<Item = &'e Recorded>) -> Self {
        let (mut state, mut fields) = (Self::default(), Rebuilt::nothing());
        for recorded in events {
            let event = &recorded.event;
            if !took_place(event) || !concerns(event, kind, id) {
                continue;
            }
            state.events += 1;
            (state.seq, state.changed_at) = (Some(recorded.seq), event.occurred_at);
            let standing = state.standing.after(&event.action);
            if (state.standing, standing) == (Standing::Deleted, Standing::Present) {
                // What had the id before was another one.
                (state.name, state.attrs) = Default::default();
            }
            state.standing = standing;
            let is_meant = |target: &&Target| names(target, kind, id);
            if let Some(target) = event.targets.iter().find(is_meant) {
                state.name = target.name.clone().or(state.name);
                state.attrs.extend(target.attrs.clone());
            }
            // Changes are those of the first target.
            if event.targets.first().as_ref().is_some_and(is_meant) {
                change(&mut fields, event);
            }
        }
        fields.unknown("", &mut state.unknown);
        if let Some(Value::Object(known)) = fields.known() {
            state.fields = known;
        }
        state
    }
}

/// Whether a target names a resource.
pub(super) fn names(target: &Target, kind: &str, id: &str) -> bool {
    target.r#type.as_deref() == Some(kind) && target.id.as_deref() == Some(id)
}

/// Whether an event tells of a resource: by its id, or, as long as it had none, by its request. A request may lead to several,
/// and what happens to one of them does not happen to the others.
fn concerns(event: &Event, kind: &str, id: &str) -> bool {
    let mut alike = event.targets.iter().filter(|target| target.r#type.as_deref() == Some(kind));
    alike.any(|target| target.id.as_deref().is_none_or(|own| own == id))
}

/// What was tried and failed, or was not allowed, changed nothing; but to say no is an answer to a request.
pub(super) fn took_place(event: &Event) -> bool {
    !matches!(event.outcome, Some(Outcome::Failure | Outcome::Denied)) || event.action == Action::DENIED.as_str()
}

impl Standing {
    fn after(self, action: &str) -> Self {
        match action.strip_prefix("resource.").unwrap_or_default() {
            "requested" if matches!(self, Self::Unknown | Self::Refused) => Self::Requested,
            "denied" | "cancelled" if self == Self::Requested => Self::Refused,
            "requested" | "denied" | "cancelled" | "exported" | "read" | "listed" => self,
            "deleted" => Self::Deleted,
            _ => Self::Present,
        }
    }
}

fn change(fields: &mut Rebuilt, event: &Event) {
    let no_fields = Object::new();
    let (before, after) = event.changes.as_ref().map_or((&no_fields, &no_fields), |it| (&it.before, &it.after));
    match event.action.as_str() {
        _ if event.metadata.contains_key(OMITTED) => *fields = Rebuilt::nothing(),
        // What somebody wants is not what is.
        "resource.requested" | "resource.denied" | "resource.cancelled" => {}
        "resource.created" if event.changes.is_some() => *fields = Rebuilt::of_fields(after),
        "resource.created" => *fields = Rebuilt::nothing(),
        "resource.deleted" => fields.change(&no_fields, before),
        _ => fields.change(before, after),
    }
}
