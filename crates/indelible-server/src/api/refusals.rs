//! Who was not let in is in the log too: `token.authentication_failed` and `token.scope_denied`, one event for all that
//! an address tried in the same way within a minute.

use std::net::IpAddr;

use indelible::{Actor, Context, Event, Outcome, Target, Timestamp};

use super::{reads, tally::Tally};
use crate::{
    keys::{ApiKey, Refused},
    limits,
};

/// Where a request came from, as the connection says; behind a proxy that is the proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cause {
    /// The key does not count.
    Key(Refused),
    /// The key does not allow it.
    Ability,
    /// What was sent without a key is not from whom it says, and why not.
    Delivery(&'static str),
}

/// The cause, the address and the id of the key, or the name of the receiver; beyond the limit the cause alone.
type Kind = (Cause, Option<IpAddr>, Option<String>);

/// The refusals that no event tells of yet.
#[derive(Debug, Default)]
pub(super) struct Refusals(Tally<Kind>);

impl Refusals {
    /// Notes a refusal. It is told in the tenant of the key, or in the default one when there is no such key.
    pub(super) fn note(&self, cause: Cause, key: Option<&ApiKey>, peer: Option<Peer>, now: Timestamp) {
        let kind = (cause, peer.map(|Peer(ip)| ip), key.map(|key| key.id.clone()));
        self.0.add(kind, (cause, None, None), limits::REFUSALS_TALLIED_MAX, now, |(cause, ip, id)| {
            let mut event = event(*cause);
            if let Some(ip) = ip {
                event.context.get_or_insert_with(Context::default).ip = Some(*ip);
            }
            if let Some(key) = key.filter(|_| id.is_some()) {
                event.actor = Some(Actor::new("token", key.id.clone()).name(key.name.clone()));
                reads::of(key, &mut event);
            }
            event
        });
    }

    /// Notes that a delivery was not believed, in the tenant that it was for.
    pub(super) fn note_delivery(&self, cause: Cause, receiver: &str, tenant: &str, peer: Option<Peer>, now: Timestamp) {
        let kind = (cause, peer.map(|Peer(ip)| ip), Some(receiver.to_owned()));
        self.0.add(kind, (cause, None, None), limits::REFUSALS_TALLIED_MAX, now, |(cause, ip, name)| {
            let mut event = event(*cause);
            event.context.get_or_insert_default().ip = *ip;
            if let Some(name) = name {
                event.targets.push(Target::new("receiver", name.clone()));
                event.tenant = Some(tenant.to_owned());
            }
            event
        });
    }

    /// The events that tell of all refusals since the last call.
    pub(super) fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

fn event(cause: Cause) -> Event {
    match cause {
        Cause::Key(refused) => Event::new("token.authentication_failed").reason(match refused {
            Refused::Unknown => "token_unknown",
            Refused::Expired => "token_expired",
            Refused::Revoked => "token_revoked",
        }),
        Cause::Ability => Event::new("token.scope_denied").reason("insufficient_scope"),
        Cause::Delivery(reason) => Event::new("delivery.refused").outcome(Outcome::Denied).reason(reason),
    }
}

#[cfg(test)]
mod tests;
