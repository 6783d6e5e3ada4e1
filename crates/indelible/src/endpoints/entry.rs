//! An event as the audit plugin shows it.

use indelible_proof::{Object, Outcome, Recorded, Severity, Timestamp};
use serde::{Serialize, Serializer};

/// Where an event keeps another product's name for its action.
pub(super) const ORIGINAL_ACTION: &str = "original_action";

/// How an entry ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failed,
}

impl Status {
    pub(super) const OPTIONS: &'static str = r#"Invalid option: expected one of "success"|"failed""#;

    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "success" => Some(Self::Success),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// An entry; its fields are in the order of the wire.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    id: String,
    user_id: Option<String>,
    action: String,
    status: &'static str,
    severity: &'static str,
    ip_address: Option<String>,
    user_agent: Option<String>,
    metadata: Object,
    #[serde(serialize_with = "milliseconds")]
    created_at: Timestamp,
}

impl Entry {
    pub(super) fn of(recorded: Recorded, shows_user_agent: bool) -> Self {
        let Recorded { id, event, .. } = recorded;
        let mut metadata = event.metadata;
        let original = match metadata.remove(ORIGINAL_ACTION) {
            Some(serde_json::Value::String(name)) => Some(name),
            _ => None,
        };
        let context = event.context.unwrap_or_default();
        Self {
            id: id.to_string(),
            user_id: event.actor.filter(|actor| actor.r#type.as_deref() == Some("user")).and_then(|actor| actor.id),
            action: original.unwrap_or(event.action),
            status: if event.outcome == Some(Outcome::Success) { "success" } else { "failed" },
            // The plugin knows no `info`.
            severity: event.severity.unwrap_or(Severity::Low).max(Severity::Low).as_str(),
            ip_address: context.ip.map(|ip| ip.to_string()),
            user_agent: context.user_agent.filter(|_| shows_user_agent),
            metadata,
            created_at: event.occurred_at.or(event.recorded_at).unwrap_or(Timestamp::MIN),
        }
    }
}

/// Exactly three digits: the clients of the plugin take any fraction for milliseconds.
fn milliseconds<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    let text = at.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    out.collect_str(&format_args!("{seconds}.{:03}Z", at.as_millis() % 1000))
}
