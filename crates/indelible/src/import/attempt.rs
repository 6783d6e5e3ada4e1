//! Sign-in attempts that a server's text log tells of: who, from where, how it ended.

use std::net::IpAddr;

use indelible_proof::{Actor, Event, Outcome, Source, Timestamp};

/// One attempt, as a line tells it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempt<'a> {
    pub(super) product: &'a str,
    /// The words of the line that tell of it.
    pub(super) name: &'a str,
    pub(super) at: Option<Timestamp>,
    pub(super) user: &'a str,
    pub(super) ip: Option<IpAddr>,
    /// Why it failed; absent when it did not.
    pub(super) reason: Option<&'a str>,
}

impl Attempt<'_> {
    /// The event: `auth.login.succeeded`, or `auth.login.failed` with its reason.
    pub(super) fn event(self) -> Event {
        let failed = self.reason.is_some();
        let action = if failed { "auth.login.failed" } else { "auth.login.succeeded" };
        let mut event = Event::new(action).outcome(if failed { Outcome::Failure } else { Outcome::Success });
        event.source = Some(Source { service: Some(self.product.to_owned()), ..Source::default() });
        event.reason = self.reason.map(str::to_owned);
        event.occurred_at = self.at;
        let user = self.user.trim();
        let email = Some(user.to_owned()).filter(|user| user.contains('@') && user.contains('.'));
        event.actor =
            Some(if user.is_empty() { Actor::anonymous() } else { Actor { email, ..Actor::user(user).name(user) } });
        if let Some(ip) = self.ip {
            event = event.ip(ip);
        }
        event.meta("original_action", self.name)
    }
}
