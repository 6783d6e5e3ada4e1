//! OAuth events for measuring, shaped like a real server's: users come through thousands of clients, use, refresh and give
//! back what they were granted, and some try what they must not. The same seed gives the same events.

use std::{collections::VecDeque, net::Ipv4Addr};

use indelible_proof::{Actor, Client, Context, Credential, Event, Geo, Http, OAuth, Outcome, Target, Timestamp};

use super::events::{DAY_US, DAYS, Random, USERS, mix, user};

/// Clients. The busiest is number 0; the last few come up at the end.
const CLIENTS: u64 = 3_000;
const CLIENTS_NEW: u64 = 5;
/// Grants that one sender's users hold at a time; the oldest are forgotten.
const GRANTS_MAX: usize = 8_000;
/// Of a grant in its last days, every so many-th comes from where none came from before, or through a new client.
const NEW_ONE_IN: u64 = 20_000;
const HOUR_US: i64 = 3_600_000_000;

/// Routes with the scopes that they need.
pub(crate) const ROUTES: [(&str, &str, &str); 10] = [
    ("GET", "/v1/orders", "orders:read"),
    ("GET", "/v1/orders/{id}", "orders:read"),
    ("GET", "/v1/profile", "profile"),
    ("POST", "/v1/orders", "orders:write"),
    ("GET", "/v1/contacts", "contacts:read"),
    ("GET", "/v1/files/{id}", "files:read"),
    ("PUT", "/v1/files/{id}", "files:write"),
    ("POST", "/v1/payments", "payments:write"),
    ("GET", "/v1/reports", "reports:read"),
    ("DELETE", "/v1/contacts/{id}", "contacts:write"),
];
/// Scopes that some clients ask for and nothing needs.
const SPARE: [&str; 3] = ["offline_access", "admin", "billing"];
const COUNTRIES: [&str; 12] = ["US", "DE", "GB", "FR", "IN", "BR", "JP", "NL", "CA", "ES", "PL", "SE"];
const COUNTRY_NEW: &str = "NZ";
const FAILURES: [(&str, &str); 6] = [
    ("oauth.token.failed", "invalid_grant"),
    ("oauth.token.failed", "invalid_client"),
    ("oauth.authorization.denied", "access_denied"),
    ("oauth.token.failed", "invalid_scope"),
    ("oauth.authorization.denied", "redirect_uri_mismatch"),
    ("oauth.token.failed", "unsupported_grant_type"),
];

/// The id of a client.
pub(crate) fn client(number: u64) -> String {
    format!("client-{:08x}", mix(number ^ 0xc11e) >> 32)
}

fn fingerprint(token: u64) -> String {
    format!("{:016x}{:016x}", mix(token), mix(token ^ 0xf1f1))
}

/// What a user has granted to a client.
#[derive(Debug, Clone, Copy)]
struct Grant {
    client: u64,
    user: u64,
    family: u64,
    access: u64,
    refresh: u64,
    /// The refresh token before.
    replaced: Option<u64>,
}

/// Makes events one after another.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    random: Random,
    start_us: i64,
    step_us: i64,
    count: i64,
    made: i64,
    tokens: u64,
    grants: VecDeque<Grant>,
    next: VecDeque<Event>,
}

impl Grants {
    /// `count` events of the days before `end`, in the order in which they happened.
    pub(crate) fn new(seed: u64, count: u64, end: Timestamp) -> Self {
        let span = DAYS * DAY_US;
        let count = i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        Self {
            random: Random::new(seed),
            start_us: end.as_micros() - span,
            step_us: span / count,
            count,
            made: 0,
            tokens: mix(seed),
            grants: VecDeque::new(),
            next: VecDeque::new(),
        }
    }

    fn now_us(&self) -> i64 {
        self.start_us + self.made * self.step_us
    }

    fn token(&mut self) -> u64 {
        self.tokens = self.tokens.wrapping_add(1);
        self.tokens
    }

    fn is_late(&mut self) -> bool {
        self.made > self.count / 100 * 97 && self.random.below(NEW_ONE_IN) == 0
    }

    fn event(&mut self, action: &str, client_number: u64, by: u64) -> Event {
        let country = if self.is_late() {
            COUNTRY_NEW
        } else {
            COUNTRIES[(mix(by) % 3 * 4 + self.random.zipf(4)) as usize % COUNTRIES.len()]
        };
        let ip = Ipv4Addr::from(0x0a00_0000 | (mix(by * 3 + self.random.zipf(3)) as u32 & 0x00ff_ffff));
        let geo = Geo { country: Some(country.to_owned()), ..Geo::default() };
        let mut event = Event::new(action).outcome(Outcome::Success).actor(Actor::user(user(by)));
        event.client = Some(Client { id: Some(client(client_number)), ..Client::default() });
        event.context = Some(Context { ip: Some(ip.into()), geo: Some(geo), ..Context::default() });
        event
    }

    fn of_grant(&mut self, action: &str, grant: Grant, oauth: OAuth) -> Event {
        let family = Some(format!("fam-{:016x}", mix(grant.family)));
        Event { oauth: Some(OAuth { token_family: family, ..oauth }), ..self.event(action, grant.client, grant.user) }
    }

    fn named(&self, kind: &str, token: u64, lifetime_us: i64) -> Target {
        let end = Timestamp::saturating_from_micros(self.now_us() + lifetime_us);
        Target::new(kind, fingerprint(token)).attr("expires_at", end.to_string())
    }

    fn tokens_of(&self, event: Event, grant: Grant) -> Event {
        event.target(self.named("access_token", grant.access, HOUR_US)).target(self.named(
            "refresh_token",
            grant.refresh,
            60 * DAY_US,
        ))
    }

    /// A user lets a client in: the request, the consent, and the tokens for the code.
    fn authorize(&mut self) -> Event {
        let new = self.is_late();
        let client = if new { CLIENTS + self.random.below(CLIENTS_NEW) } else { self.random.zipf(CLIENTS) };
        let (user, family, code) = (self.random.zipf(USERS), self.token(), self.token());
        let (access, refresh) = (self.token(), self.token());
        let grant = Grant { client, user, family, access, refresh, replaced: None };
        let scopes = scopes(client);
        let redirect_uri = Some(format!("https://app-{client}.example.com/callback"));
        let asks = OAuth {
            response_type: Some("code".to_owned()),
            scopes_requested: scopes.clone(),
            redirect_uri: redirect_uri.clone(),
            ..OAuth::default()
        };
        let granted = OAuth { scopes_granted: scopes.clone(), redirect_uri, ..OAuth::default() };
        let issued = OAuth {
            grant_type: Some("authorization_code".to_owned()),
            scopes_granted: scopes,
            token_type: Some("Bearer".to_owned()),
            ..OAuth::default()
        };
        let request = self.of_grant("oauth.authorization.requested", grant, asks);
        let consent = self.of_grant("oauth.authorization.granted", grant, granted);
        let consent = consent.target(self.named("authorization_code", code, 600_000_000));
        let tokens =
            self.of_grant("oauth.token.issued", grant, issued).credential(presented("authorization_code", code));
        let tokens = self.tokens_of(tokens, grant);
        self.next.extend([consent, tokens]);
        self.grants.push_back(grant);
        if self.grants.len() > GRANTS_MAX {
            self.grants.pop_front();
        }
        request
    }

    /// Something is done with a grant: a recent one more often.
    fn go_on(&mut self, at: usize, grant: Grant, draw: u64) -> Event {
        match draw {
            0..70 => {
                let (access, refresh) = (self.token(), self.token());
                let newer = Grant { access, refresh, replaced: Some(grant.refresh), ..grant };
                self.grants.get_mut(at).into_iter().for_each(|slot| *slot = newer);
                let oauth = OAuth {
                    grant_type: Some("refresh_token".to_owned()),
                    scopes_granted: scopes(grant.client),
                    ..OAuth::default()
                };
                let event = self.of_grant("oauth.token.refreshed", newer, oauth);
                self.tokens_of(event.credential(presented("refresh_token", grant.refresh)), newer)
            }
            70..80 => {
                self.grants.remove(at);
                let event = self.of_grant("oauth.token.revoked", grant, OAuth::default()).reason("policy_denied");
                let event = event.target(Target::new("refresh_token", fingerprint(grant.refresh)));
                event.target(Target::new("access_token", fingerprint(grant.access)))
            }
            80..90 => {
                let event = self.of_grant("oauth.token.introspected", grant, OAuth::default());
                event.target(Target::new("access_token", fingerprint(grant.access))).meta("active", true)
            }
            90 if grant.replaced.is_some() => {
                self.grants.remove(at);
                let old = presented("refresh_token", grant.replaced.unwrap_or_default());
                let event = self.of_grant("oauth.refresh_token.reused", grant, OAuth::default());
                event.outcome(Outcome::Denied).reason("token_reused").credential(old)
            }
            _ => {
                let scopes = scopes(grant.client);
                let usable = ROUTES.iter().filter(|(_, _, scope)| scopes.iter().any(|granted| granted == scope));
                let usable: Vec<_> = usable.collect();
                let nth = self.random.zipf(usable.len().max(1) as u64) as usize;
                let &&(method, route, scope) = usable.get(nth).unwrap_or(&&ROUTES[2]);
                let oauth = OAuth { scopes_requested: vec![scope.to_owned()], ..OAuth::default() };
                let http = Http {
                    method: Some(method.to_owned()),
                    route: Some(route.to_owned()),
                    status: Some(200),
                    latency_us: Some(800 + self.random.zipf(400_000)),
                    ..Http::default()
                };
                let event = self.of_grant("token.authenticated", grant, oauth).http(http);
                event.credential(presented("access_token", grant.access))
            }
        }
    }

    fn fail(&mut self) -> Event {
        let (action, reason) = FAILURES[self.random.zipf(FAILURES.len() as u64) as usize];
        let (client, user) = (self.random.zipf(CLIENTS), self.random.zipf(USERS));
        let uri = match reason {
            "redirect_uri_mismatch" => format!("http://localhost:{}/", 3000 + self.random.below(5)),
            _ => format!("https://app-{client}.example.com/callback"),
        };
        let outcome = if action.ends_with("denied") { Outcome::Denied } else { Outcome::Failure };
        let oauth = OAuth { redirect_uri: Some(uri), ..OAuth::default() };
        Event { oauth: Some(oauth), ..self.event(action, client, user).outcome(outcome).reason(reason) }
    }
}

/// What is granted to a client: some that it needs, and perhaps one that it does not.
fn scopes(client: u64) -> Vec<String> {
    let first = (mix(client) % ROUTES.len() as u64) as usize;
    let needed = ROUTES.iter().cycle().skip(first).take(2 + first % 4).map(|(_, _, scope)| *scope);
    let spare = SPARE.get((mix(client ^ 0x5a) % 9) as usize).copied();
    let mut scopes: Vec<String> = needed.chain(spare).map(str::to_owned).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn presented(kind: &str, token: u64) -> Credential {
    Credential { kind: Some(kind.to_owned()), fingerprint: Some(fingerprint(token)), ..Credential::default() }
}

impl Iterator for Grants {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let at = Timestamp::saturating_from_micros(self.now_us());
        let event = self.next.pop_front().unwrap_or_else(|| {
            // Of a thousand things that happen, so many are new authorizations, and so many failures.
            let draw = self.random.below(1000);
            let recent = self.random.zipf(self.grants.len().max(1) as u64) as usize;
            let at = self.grants.len().saturating_sub(1 + recent);
            match self.grants.get(at).copied() {
                _ if draw < 15 => self.authorize(),
                _ if draw < 35 => self.fail(),
                Some(grant) => {
                    let draw = self.random.below(1000);
                    self.go_on(at, grant, draw)
                }
                None => self.authorize(),
            }
        });
        self.made += 1;
        Some(event.occurred_at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_valid_repeatable_and_of_each_kind() {
        let end: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let made = || Grants::new(7, 20_000, end).take(20_000);
        let events: Vec<Event> = made().collect();
        assert!(events.iter().cloned().eq(made()));
        events.iter().for_each(|event| event.validate().unwrap());
        assert!(events.is_sorted_by_key(|event| event.occurred_at));
        let share = |action: &str| events.iter().filter(|event| event.action == action).count();
        assert!((14_000..18_000).contains(&share("token.authenticated")));
        assert!((1_000..1_800).contains(&share("oauth.token.refreshed")));
        assert!(share("oauth.refresh_token.reused") > 0 && share("oauth.token.revoked") > 0);
    }
}
