//! Events for measuring, shaped like real ones: a few tokens and users do most of the work, some requests fail, a
//! third carries metadata. The same seed gives the same events.

use std::net::{IpAddr, Ipv4Addr};

use indelible_proof::{Actor, Credential, Event, Http, OAuth, Outcome, Source, Target, Timestamp};

/// Tokens in use. The busiest is number 0.
pub(crate) const TOKENS: u64 = 100_000;
/// Users.
pub(crate) const USERS: u64 = 100_000;
/// Days over which the events are spread.
pub(crate) const DAYS: i64 = 30;

pub(crate) const DAY_US: i64 = 86_400_000_000;

/// Numbers that look random (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Below `bound`; number n comes about as often as 1/(n+1), as in Zipf's law.
    pub(crate) fn zipf(&mut self, bound: u64) -> u64 {
        (((bound as f64 + 1.0).powf(self.unit())) as u64).saturating_sub(1).min(bound - 1)
    }
}

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The id of a token.
pub(crate) fn token(number: u64) -> String {
    format!("tok_{:013x}", mix(number + 1) >> 12)
}

/// The id of a user.
pub(crate) fn user(number: u64) -> String {
    format!("usr_{:08x}", mix(number ^ 0x5bd1_e995) >> 32)
}

/// The number of the user who owns a token.
pub(crate) fn owner(token: u64) -> u64 {
    mix(token + 0x51ed) % USERS
}

/// What happens how often, out of 1,000: action, its share, how many of 1,000 end otherwise, how, and why.
const KINDS: &[(&str, u64, u64, Outcome, &str)] = &[
    ("token.authenticated", 560, 0, Outcome::Success, ""),
    ("token.authentication_failed", 20, 1000, Outcome::Failure, "token_revoked"),
    ("token.expired", 10, 1000, Outcome::Failure, "token_expired"),
    ("token.ip_blocked", 8, 1000, Outcome::Denied, "ip_blocked"),
    ("token.domain_blocked", 2, 1000, Outcome::Denied, "domain_blocked"),
    ("token.scope_denied", 15, 1000, Outcome::Denied, "insufficient_scope"),
    ("token.rate_limited", 15, 1000, Outcome::Denied, "rate_limited"),
    ("auth.login.succeeded", 110, 0, Outcome::Success, ""),
    ("auth.login.failed", 60, 1000, Outcome::Failure, "invalid_credentials"),
    ("oauth.token.issued", 60, 0, Outcome::Success, ""),
    ("oauth.token.refreshed", 60, 30, Outcome::Failure, "invalid_grant"),
    ("session.created", 40, 0, Outcome::Success, ""),
    ("resource.updated", 30, 20, Outcome::Denied, "policy_denied"),
    ("token.created", 5, 0, Outcome::Success, ""),
    ("token.revoked", 5, 0, Outcome::Success, ""),
];

/// Method, route, and the ability that it needs.
const ROUTES: [(&str, &str, &str); 8] = [
    ("GET", "/v1/customers/{id}", "customers:read"),
    ("POST", "/v1/payments", "payments:write"),
    ("GET", "/v1/payments/{id}", "payments:read"),
    ("GET", "/v1/invoices", "invoices:read"),
    ("POST", "/v1/refunds", "refunds:write"),
    ("GET", "/v1/events", "events:read"),
    ("PUT", "/v1/customers/{id}", "customers:write"),
    ("DELETE", "/v1/sessions/{id}", "sessions:write"),
];

/// Half of the tokens are secret ones, the others publishable or restricted; every third is for tests.
fn credential(token_number: u64) -> Credential {
    let kind = ["sk", "pk", "sk", "rk"][(token_number % 4) as usize];
    let environment = ["live", "live", "test"][(token_number % 3) as usize];
    Credential {
        kind: Some("api_key".to_owned()),
        id: Some(token(token_number)),
        r#type: Some(kind.to_owned()),
        environment: Some(environment.to_owned()),
        ..Credential::default()
    }
}

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "curl/8.10.1",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
];

/// Makes events one after another.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    random: Random,
    start_us: i64,
    step_us: i64,
    made: i64,
}

impl Events {
    /// `count` events of the days before `end`, in the order in which they happened.
    pub(crate) fn new(seed: u64, count: u64, end: Timestamp) -> Self {
        let span = DAYS * DAY_US;
        let step_us = span / i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        Self { random: Random::new(seed), start_us: end.as_micros() - span, step_us, made: 0 }
    }

    fn kind(&mut self) -> (&'static str, Outcome, &'static str) {
        let mut draw = self.random.below(1000);
        for &(action, share, otherwise, outcome, reason) in KINDS {
            if draw < share {
                let other = self.random.below(1000) < otherwise;
                return if other { (action, outcome, reason) } else { (action, Outcome::Success, "") };
            }
            draw -= share;
        }
        ("token.authenticated", Outcome::Success, "")
    }

    /// Mostly one of the user's own few addresses; failures often come from a small set of others.
    fn address(&mut self, owner: u64, failed: bool) -> IpAddr {
        let bits = match failed && self.random.below(2) == 0 {
            true => 0xc633_6400 | (self.random.zipf(24) as u32),
            false => (mix(owner * 3 + self.random.zipf(3)) as u32 & 0x00ff_ffff) | 0x0a00_0000,
        };
        Ipv4Addr::from(bits).into()
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (action, outcome, reason) = self.kind();
        let jitter = self.random.below(self.step_us.max(1) as u64) as i64;
        let at = Timestamp::saturating_from_micros(self.start_us + self.made * self.step_us + jitter);
        self.made += 1;
        let (number, failed) = (self.random.zipf(TOKENS), outcome != Outcome::Success);
        let by_token = action.starts_with("token.");
        let owner = if by_token { owner(number) } else { self.random.zipf(USERS) };
        let (method, route, ability) = ROUTES[self.random.zipf(ROUTES.len() as u64) as usize];
        let mut event = Event::new(action).occurred_at(at).outcome(outcome).actor(Actor::user(user(owner)));
        event.source = Some(Source { service: Some("api".to_owned()), ..Source::default() });
        if failed {
            event = event.reason(reason);
        }
        if by_token {
            event = event.credential(credential(number));
            if matches!(action, "token.created" | "token.revoked") {
                event = event.target(Target::new("token", token(number)));
            } else {
                event.oauth = Some(OAuth { scopes_requested: vec![ability.to_owned()], ..OAuth::default() });
            }
        } else {
            event = event.session(format!("ses_{:012x}", mix(owner ^ (self.made as u64 / 1000)) >> 16));
        }
        if action == "resource.updated" {
            event = event.target(Target::new("customer", format!("cus_{:06}", self.random.below(200_000))));
        }
        if self.random.below(10) < 6 {
            let status = if failed { 401 } else { 200 };
            let latency_us = Some(800 + self.random.zipf(400_000));
            let (method, route) = (Some(method.to_owned()), Some(route.to_owned()));
            event = event.http(Http { method, route, status: Some(status), latency_us, ..Http::default() });
        }
        if self.random.below(3) == 0 {
            event = event.meta("endpoint", route).meta("attempt", self.random.below(5));
        }
        let agent = AGENTS[(mix(owner) % AGENTS.len() as u64) as usize];
        let ip = self.address(owner, failed);
        Some(event.ip(ip).user_agent(agent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_valid_repeatable_and_shaped_like_real_ones() {
        let end: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let events: Vec<Event> = Events::new(7, 10_000, end).take(10_000).collect();
        assert!(events.iter().eq(&Events::new(7, 10_000, end).take(10_000).collect::<Vec<_>>()));
        events.iter().for_each(|event| event.validate().unwrap());
        let share = |test: &dyn Fn(&Event) -> bool| events.iter().filter(|event| test(event)).count();
        let busiest = token(0);
        assert!(
            (300..600).contains(&share(&|e| e.credential.as_ref().is_some_and(|c| c.id.as_ref() == Some(&busiest))))
        );
        assert!((1000..1800).contains(&share(&|e| e.outcome != Some(Outcome::Success))));
        assert!((3000..3700).contains(&share(&|e| !e.metadata.is_empty())));
        assert!(events.is_sorted_by_key(|event| event.occurred_at));
        assert!(events.iter().all(|event| event.occurred_at < Some(end)));
    }
}
