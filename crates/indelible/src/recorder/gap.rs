//! The gap: what the log says about events that never reached it.

use std::collections::BTreeMap;

use indelible_proof::{Actor, Event, Outcome, Severity, Timestamp};

use crate::limits::GAP_TENANTS_MAX;

/// Why queued events were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    QueueFull,
    WriteFailed,
    InvalidEvent,
    HookPanicked,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::WriteFailed => "write_failed",
            Self::InvalidEvent => "invalid_event",
            Self::HookPanicked => "hook_panicked",
        }
    }

    /// One bad event is a programmer's mistake; a log that cannot follow is an emergency.
    const fn severity(self) -> Severity {
        match self {
            Self::QueueFull | Self::WriteFailed => Severity::Critical,
            Self::InvalidEvent | Self::HookPanicked => Severity::High,
        }
    }
}

/// Losses that no event tells of yet: one entry for each cause and tenant.
#[derive(Debug, Default)]
pub(super) struct Gaps(BTreeMap<(Cause, Option<String>), Loss>);

#[derive(Debug)]
struct Loss {
    events: u64,
    since: Timestamp,
    until: Timestamp,
    /// What went wrong last, in words.
    error: Option<String>,
}

impl Gaps {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts a loss.
    pub(super) fn add(&mut self, cause: Cause, tenant: Option<&str>, at: Timestamp, error: Option<&str>) {
        let key = (cause, tenant.map(str::to_owned));
        let loss = Loss { events: 1, since: at, until: at, error: error.map(str::to_owned) };
        self.merge_one(key, loss);
    }

    /// Counts the losses of another.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, loss) in other.0 {
            self.merge_one(key, loss);
        }
    }

    fn merge_one(&mut self, (cause, tenant): (Cause, Option<String>), loss: Loss) {
        let key = (cause, tenant);
        let key = if self.0.len() < GAP_TENANTS_MAX || self.0.contains_key(&key) { key } else { (cause, None) };
        let Some(known) = self.0.get_mut(&key) else {
            self.0.insert(key, loss);
            return;
        };
        known.events += loss.events;
        known.since = known.since.min(loss.since);
        known.until = known.until.max(loss.until);
        known.error = loss.error.or(known.error.take());
    }

    /// One event for each entry.
    pub(super) fn events(&self) -> impl Iterator<Item = Event> {
        self.0.iter().map(|((cause, tenant), loss)| {
            let mut event = Event::new("audit.gap")
                .occurred_at(loss.since)
                .outcome(Outcome::Failure)
                .severity(cause.severity())
                .reason(format!("x_{}", cause.as_str()))
                .actor(Actor::new("system", "indelible"))
                .meta("lost", loss.events)
                .meta("since", loss.since.to_string())
                .meta("until", loss.until.to_string());
            event.tenant.clone_from(tenant);
            match &loss.error {
                Some(error) => event.meta("error", error.as_str()),
                None => event,
            }
        })
    }
}
