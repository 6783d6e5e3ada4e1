//! Who reads the log is itself in the log: `audit.log.read` and `audit.log.exported`, one event for all that a key
//! read over one endpoint within a minute, so that a poller does not flood it.

use indelible::{Actor, Credential, Event, Outcome, Target, Timestamp};

use super::tally::Tally;
use crate::{
    keys::{ApiKey, Reach},
    limits,
};

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::api) enum Endpoint {
    List,
    Get,
    Aggregate,
    Tail,
    Export,
    Usage,
    Resources,
    Oauth,
}

impl Endpoint {
    fn as_str(self) -> &'static str {
        match self {
            Self::List => "events.list",
            Self::Get => "events.get",
            Self::Aggregate => "aggregate",
            Self::Tail => "tail",
            Self::Export => "export",
            Self::Usage => "usage",
            Self::Resources => "resources",
            Self::Oauth => "oauth",
        }
    }
}

/// The reads that no event tells of yet.
#[derive(Debug, Default)]
pub(in crate::api) struct Reads(Tally<(String, Endpoint)>);

impl Reads {
    /// Notes a read of a key.
    pub(in crate::api) fn note(&self, key: &ApiKey, endpoint: Endpoint, now: Timestamp) {
        // Keys are far fewer than the limit; beyond it a read is only counted with those of its key's other endpoints.
        let (kind, rest) = ((key.id.clone(), endpoint), (key.id.clone(), Endpoint::List));
        self.0.add(kind, rest, limits::READS_TALLIED_MAX, now, |(_, endpoint)| first(key, *endpoint));
    }

    /// The events that tell of all reads since the last call.
    pub(in crate::api) fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

fn first(key: &ApiKey, endpoint: Endpoint) -> Event {
    let action = if endpoint == Endpoint::Export { "audit.log.exported" } else { "audit.log.read" };
    let mut event = Event::new(action)
        .outcome(Outcome::Success)
        .actor(Actor::new("token", key.id.clone()).name(key.name.clone()))
        .target(Target::new("audit_log", endpoint.as_str()));
    of(key, &mut event);
    event
}

/// A key as what somebody showed.
pub(in crate::api) fn credential(key: &ApiKey) -> Credential {
    let (kind, id, prefix) = (Some("api_key".to_owned()), Some(key.id.clone()), Some(key.prefix.clone()));
    Credential { kind, id, prefix, ..Credential::default() }
}

/// Says of an event which key it is about.
pub(in crate::api) fn of(key: &ApiKey, event: &mut Event) {
    event.credential = Some(credential(key));
    if let Reach::Tenant(tenant) = &key.tenant {
        event.tenant = Some(tenant.clone());
    }
}

#[cfg(test)]
mod tests;
