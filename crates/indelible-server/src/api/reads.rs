//! Who reads the log is itself in the log: `audit.log.read` and `audit.log.exported`, one event for all that a key
//! read over one endpoint within a minute, so that a poller does not flood it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use indelible::{Actor, Credential, Event, Outcome, Target, Timestamp};

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
}

impl Endpoint {
    fn as_str(self) -> &'static str {
        match self {
            Self::List => "events.list",
            Self::Get => "events.get",
            Self::Aggregate => "aggregate",
            Self::Tail => "tail",
            Self::Export => "export",
        }
    }
}

/// The reads that no event tells of yet.
#[derive(Debug, Default)]
pub(in crate::api) struct Reads(Mutex<HashMap<(String, Endpoint), Event>>);

impl Reads {
    /// Notes a read of a key.
    pub(in crate::api) fn note(&self, key: &ApiKey, endpoint: Endpoint, now: Timestamp) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Keys are far fewer than this; beyond it a read is only counted with those of its key's other endpoints.
        let endpoint = if tallies.len() < limits::READS_TALLIED_MAX { endpoint } else { Endpoint::List };
        let event = tallies.entry((key.id.clone(), endpoint)).or_insert_with(|| first(key, endpoint, now));
        event.count = event.count.map(|count| count + 1);
        event.last_at = Some(now);
    }

    /// The events that tell of all reads since the last call.
    pub(in crate::api) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}

fn first(key: &ApiKey, endpoint: Endpoint, now: Timestamp) -> Event {
    let action = if endpoint == Endpoint::Export { "audit.log.exported" } else { "audit.log.read" };
    let mut event = Event::new(action)
        .outcome(Outcome::Success)
        .actor(Actor::new("token", key.id.clone()).name(key.name.clone()))
        .target(Target::new("audit_log", endpoint.as_str()));
    event.credential = Some(Credential {
        kind: Some("api_key".to_owned()),
        id: Some(key.id.clone()),
        prefix: Some(key.prefix.clone()),
        ..Credential::default()
    });
    if let Reach::Tenant(tenant) = &key.tenant {
        event.tenant = Some(tenant.clone());
    }
    event.occurred_at = Some(now);
    event.first_at = Some(now);
    event.count = Some(0);
    event
}

#[cfg(test)]
mod tests;
