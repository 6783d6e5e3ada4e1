//! Events of resources for measuring: a few resources change often, most seldom; some are asked for and allowed by others; half
//! of what happens is about something else. The same seed gives the same events.

use std::collections::VecDeque;

use indelible::resources::{Action, Resource};
use indelible_proof::{Actor, Credential, Event, Timestamp};
use serde_json::json;

use super::events::{DAY_US, DAYS, Random, USERS, mix, token, user};

/// Resources of the two types; a type has every second one. The busiest is number 0.
const RESOURCES: u64 = 1_000_000;
/// Requests of one sender that wait at a time; the oldest stay open.
const REQUESTS_MAX: usize = 1000;
/// Those who decide.
const DECIDERS: u64 = 20;

/// Makes events one after another.
#[derive(Debug, Clone)]
pub(super) struct ResourceEvents {
    random: Random,
    start_us: i64,
    step_us: i64,
    made: u64,
    seed: u64,
    /// The number of each request, and who made it.
    requests: VecDeque<u64>,
}

/// The type and the id of a resource.
pub(super) fn resource(number: u64) -> (&'static str, String) {
    (if number.is_multiple_of(2) { "network" } else { "customer" }, format!("res_{:010x}", mix(number) >> 24))
}

/// The id of a user who decides.
pub(super) fn decider(number: u64) -> String {
    user(number % DECIDERS)
}

impl ResourceEvents {
    /// `count` events of the days before `end`, in the order in which they happened.
    pub(super) fn new(seed: u64, count: u64, end: Timestamp) -> Self {
        let span = DAYS * DAY_US;
        let step_us = span / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        let (start_us, requests) = (end.as_micros() - span, VecDeque::new());
        Self { random: Random::new(seed), start_us, step_us, made: 0, seed: mix(seed), requests }
    }

    /// Mostly one of the busy; a third of the time any.
    fn any(&mut self) -> Resource {
        let number = if self.random.below(3) == 0 { self.random.below(RESOURCES) } else { self.random.zipf(RESOURCES) };
        let (kind, id) = resource(number);
        Resource::new(kind, id).name(format!("resource {number}")).address(format!("10.{}.0.0/16", number % 256))
    }

    fn wanted(&mut self) -> Option<Resource> {
        let request = self.requests.pop_front()?;
        Some(Resource::requested("network", format!("req_{request:016x}")).name("wanted"))
    }

    fn request(&mut self) -> Event {
        let request = self.seed ^ self.made;
        self.requests.push_back(request);
        if self.requests.len() > REQUESTS_MAX {
            // A third of them stays open.
            self.requests.drain(..REQUESTS_MAX / 3);
        }
        Resource::requested("network", format!("req_{request:016x}")).name("wanted").on(Action::REQUESTED)
    }

    fn event(&mut self) -> Event {
        let (by, draw) = (self.random.zipf(USERS), self.random.below(1000));
        let fields =
            json!({"mtu": 1280 + self.random.below(300), "state": "open"}).as_object().cloned().unwrap_or_default();
        let before = json!({"mtu": 1500, "state": "new"}).as_object().cloned().unwrap_or_default();
        let event = match draw {
            0..500 => {
                let credential = Credential { id: Some(token(by)), ..Credential::default() };
                Event::new("token.authenticated").credential(credential)
            }
            500..860 => self.any().on(Action::UPDATED).changes(before, fields),
            860..900 => self.any().on(Action::CREATED).changes(Default::default(), fields),
            900..910 => self.any().on(Action::DELETED).changes(fields, Default::default()),
            910..945 => self.request(),
            945..975 => {
                let (decider, id) = (decider(by), format!("res_{:010x}", mix(self.seed ^ self.made) >> 24));
                let decided = self.wanted().map(|wanted| match draw {
                    945..967 => wanted.becomes(id).on(Action::APPROVED),
                    967..972 => wanted.on(Action::DENIED),
                    _ => wanted.on(Action::CANCELLED),
                });
                return decided.unwrap_or_else(|| self.request()).actor(Actor::user(decider));
            }
            975..990 => self.any().on(Action::EXPORTED),
            _ => self.any().on("invoice.sent"),
        };
        event.actor(Actor::user(user(by)))
    }
}

impl Iterator for ResourceEvents {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let at = self.start_us + i64::try_from(self.made).unwrap_or(i64::MAX).saturating_mul(self.step_us);
        let event = self.event().occurred_at(Timestamp::saturating_from_micros(at));
        self.made += 1;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_valid_repeatable_and_most_requests_are_answered() {
        let end: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let events: Vec<Event> = ResourceEvents::new(7, 10_000, end).take(10_000).collect();
        assert!(events.iter().eq(&ResourceEvents::new(7, 10_000, end).take(10_000).collect::<Vec<_>>()));
        events.iter().for_each(|event| event.validate().unwrap());
        let of = |action: &str| events.iter().filter(|event| event.action == action).count();
        assert!((3300..3900).contains(&of("resource.updated")) && of("resource.approved") > 200);
    }
}
