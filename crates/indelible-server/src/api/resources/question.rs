//! The questions about resources.

use crate::api::question::questions;

questions! {
    /// A question about resources.
    ResourceQuestion under "/v1/resources/" {
        /// What happened to a resource, the newest first, with the requests that it came from
        Log = "log",
        /// What changed in a resource, field by field and as JSON Patch (RFC 6902), the newest first
        Changes = "changes",
        /// What a resource was at a moment, and which of its fields are not known
        State = "state",
        /// What happened to any resource, the newest first
        Feed = "feed",
        /// Who approved, denied or cancelled what, and how long it had waited, the newest first
        Approvals = "approvals",
        /// Requests that nothing was decided on, the newest first
        Requests = "requests",
    }
}

impl ResourceQuestion {
    /// The conditions that it takes.
    pub(crate) const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Log | Self::Changes => &["resource", "action", "actor", "since", "until", "limit", "cursor"],
            Self::State => &["resource", "at"],
            Self::Feed => &["type", "action", "actor", "since", "until", "limit", "cursor"],
            Self::Approvals | Self::Requests => &["type", "action", "actor", "since", "until", "limit"],
        }
    }
}
