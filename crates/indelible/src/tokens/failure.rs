//! Failures alike: what makes them so, and the event that counts them.

use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use indelible_proof::{Actor, Event, Outcome};

use super::{
    Scope,
    attempted::{Attempted, note_token},
    flood::Repeats,
    ready::Ready,
    refusal::Refusal,
};

/// What makes failures alike.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    scope: Arc<Scope>,
    words: (&'static str, Outcome, &'static str),
    ip: Option<IpAddr>,
    ready: Option<Arc<Ready>>,
}

impl Failure {
    pub(super) fn of(attempted: &Attempted, refusal: &Refusal) -> Self {
        let (scope, ready) = (Arc::clone(&attempted.scope), attempted.ready.clone());
        let ip = attempted.context.ip.map(|ip| ip.to_canonical());
        Self { scope, words: refusal.words(), ip, ready }
    }

    fn identity(&self) -> impl Hash + Eq + '_ {
        let id = self.ready.as_ref().map(|ready| ready.token.id.as_str());
        (self.words, self.scope.tenant.as_str(), self.ip.map(place), id)
    }
}

impl PartialEq for Failure {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Failure {}

impl Hash for Failure {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// What stands for an address: itself, or of IPv6 its network, for whoever has one address there has 2^64.
fn place(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

/// Failures alike, as one event.
pub(super) fn event_of(repeats: Repeats<Failure>) -> Event {
    let Repeats { key: Failure { scope, words, ip, ready }, count, first_at, last_at } = repeats;
    let (action, outcome, reason) = words;
    let mut event = Event::new(action).tenant(&scope.tenant).occurred_at(last_at).outcome(outcome).reason(reason);
    (event.count, event.first_at, event.last_at) = (Some(count), Some(first_at), Some(last_at));
    match &ready {
        Some(ready) => note_token(&mut event, ready),
        None => event.actor = Some(Actor::anonymous()),
    }
    match ip {
        Some(ip @ IpAddr::V6(_)) => event.ip(ip).meta("network", format!("{}/64", place(ip))),
        Some(ip) => event.ip(ip),
        None => event,
    }
}
