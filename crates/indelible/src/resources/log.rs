//! One call for an entry: the interface of other resource logs.

use indelible_proof::{Actor, Changes};

use super::{Action, Resource};
use crate::recorder::{RecordError, Recorder, Recording};

/// The log of the resources of one type.
///
/// ```
/// use indelible::{MemoryStore, Recorder, resources::ResourceLog};
/// # use std::sync::Arc;
///
/// let store = Arc::new(MemoryStore::default());
/// let networks = ResourceLog::new(Recorder::new(store.clone()), "network");
/// networks.log_action("created", "office", Some("net_7"), Some("10.7.0.0/24"), Some("alice@example.com"), None)?;
/// store.assert_recorded("action:resource.created target:network:net_7 actor:alice@example.com");
/// # Ok::<(), indelible::RecordError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ResourceLog {
    recorder: Recorder,
    kind: String,
}

impl ResourceLog {
    /// A log of resources of a type, e.g. `network`.
    pub fn new(recorder: Recorder, kind: impl Into<String>) -> Self {
        Self { recorder, kind: kind.into() }
    }

    /// Records durably what was done. Without an id it is a resource that is not there yet; give the request an id with
    /// [`Resource::requested`] to find it again. Whoever did it is a user, by e-mail address or by id.
    pub fn log_action(
        &self,
        action: impl Into<Action>,
        resource_name: &str,
        resource_id: Option<&str>,
        address: Option<&str>,
        performed_by: Option<&str>,
        changes: Option<Changes>,
    ) -> Result<Recording, RecordError> {
        let mut resource = Resource::of_type(&self.kind).name(resource_name);
        if let Some(id) = resource_id {
            resource = resource.becomes(id);
        }
        if let Some(address) = address {
            resource = resource.address(address);
        }
        let mut event = resource.on(action);
        event.actor = performed_by.map(|who| match who.contains('@') {
            true => Actor { r#type: Some("user".to_owned()), email: Some(who.to_owned()), ..Actor::default() },
            false => Actor::user(who),
        });
        event.changes = changes;
        self.recorder.record(event)
    }
}
