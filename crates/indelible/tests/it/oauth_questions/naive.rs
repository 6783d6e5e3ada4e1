//! The questions answered by going through all events of a tenant, as their words say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use indelible::{
    Event, Outcome, Recorded, Timestamp,
    oauth::questions::{Access, Accessed, Chain, FirstUse, RedirectUri, Refused, State, UnusedScope, Uses, What},
};

use super::{About, at};

const ISSUING: [&str; 4] =
    ["oauth.authorization.granted", "oauth.token.issued", "oauth.token.refreshed", "oauth.token.exchanged"];
const USE: &str = "token.authenticated";

pub(super) struct Naive<'a> {
    /// In the order of the log.
    pub(super) events: &'a [Recorded],
    pub(super) about: &'a About,
}

/// The same rows, where the order of equals is open.
pub(super) fn same<T: PartialEq + Debug>(mut told: Vec<T>, mut expected: Vec<T>, key: impl Fn(&T) -> String) {
    told.sort_by_key(&key);
    expected.sort_by_key(&key);
    assert_eq!(told, expected);
}

fn when(event: &Event) -> Timestamp {
    event.occurred_at.unwrap()
}

fn client(event: &Event) -> Option<String> {
    event.client.as_ref()?.id.clone()
}

fn actor(event: &Event) -> Option<String> {
    event.actor.as_ref()?.id.clone()
}

fn user(event: &Event) -> Option<String> {
    event.actor.as_ref().filter(|actor| actor.r#type.as_deref() == Some("user"))?.id.clone()
}

fn failed(event: &Event) -> bool {
    matches!(event.outcome, Some(Outcome::Failure | Outcome::Denied))
}

fn family(event: &Event) -> Option<&str> {
    event.oauth.as_ref()?.token_family.as_deref()
}

fn presented(event: &Event) -> Option<&str> {
    event.credential.as_ref()?.fingerprint.as_deref()
}

fn tokens(event: &Event) -> impl Iterator<Item = (&str, &str)> {
    let of_target = |target: &'_ indelible::Target| target.r#type.as_deref() != Some("token_family");
    event
        .targets
        .iter()
        .filter(move |target| of_target(target))
        .filter_map(|t| Some((t.r#type.as_deref()?, t.id.as_deref()?)))
}

fn whole_families(event: &Event) -> impl Iterator<Item = &str> {
    event
        .targets
        .iter()
        .filter(|target| target.r#type.as_deref() == Some("token_family"))
        .filter_map(|t| t.id.as_deref())
}

fn set(texts: &[String]) -> BTreeSet<Option<String>> {
    if texts.is_empty() { [None].into() } else { texts.iter().cloned().map(Some).collect() }
}

fn requested(event: &Event) -> BTreeSet<Option<String>> {
    event.oauth.as_ref().map_or_else(|| [None].into(), |oauth| set(&oauth.scopes_requested))
}

fn granted(event: &Event) -> BTreeSet<Option<String>> {
    event.oauth.as_ref().map_or_else(|| [None].into(), |oauth| set(&oauth.scopes_granted))
}

fn add(uses: &mut Uses, event: &Event) {
    uses.count += 1;
    uses.first_at = Some(uses.first_at.map_or(when(event), |first| first.min(when(event))));
    uses.last_at = Some(uses.last_at.map_or(when(event), |last| last.max(when(event))));
}

fn issues(event: &Event) -> bool {
    ISSUING.contains(&event.action.as_str()) && !failed(event)
}

impl Naive<'_> {
    fn of(&self, event: &Event) -> bool {
        self.about.client.is_none_or_same(client(event)) && self.about.actor.is_none_or_same(user(event))
    }

    fn inside(&self, event: &Event) -> bool {
        self.about.since.is_none_or(|since| at(since) <= when(event))
            && self.about.until.is_none_or(|until| when(event) < at(until))
    }

    /// The events that are asked about.
    fn window(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(|recorded| &recorded.event).filter(|event| self.of(event) && self.inside(event))
    }

    pub(super) fn access(&self, access: &Access) -> Vec<Accessed> {
        let mut found: BTreeMap<String, Accessed> = BTreeMap::new();
        for event in self.window().filter(|event| event.action == USE) {
            let http = event.http.clone().unwrap_or_default();
            let needed = requested(event);
            let by_scope = access.scope.is_none() || needed.contains(&access.scope);
            if by_scope && (access.route.is_none() || access.route == http.route) {
                for scope in needed {
                    let (method, route) = (http.method.clone(), http.route.clone());
                    let uses = Uses::default();
                    let row = Accessed { actor: actor(event), client: client(event), method, route, scope, uses };
                    add(&mut found.entry(format!("{row:?}")).or_insert(row).uses, event);
                }
            }
        }
        found.into_values().collect()
    }

    pub(super) fn failures(&self) -> Vec<Refused> {
        let mut found = BTreeMap::new();
        for event in self.window().filter(|event| failed(event)) {
            if event.action.starts_with("oauth.") || event.action == "token.scope_denied" {
                let key = (client(event), event.reason.clone(), event.action.clone());
                *found.entry(key).or_insert(0) += event.count.unwrap_or(1);
            }
        }
        let row = |((client, reason, action), attempts)| Refused { client, reason, action, attempts };
        let mut rows: Vec<_> = found.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.attempts));
        rows
    }

    pub(super) fn redirect_uris(&self) -> Vec<RedirectUri> {
        let mut found: BTreeMap<(Option<String>, String), RedirectUri> = BTreeMap::new();
        for event in self.window() {
            let Some(uri) = event.oauth.as_ref().and_then(|oauth| oauth.redirect_uri.clone()) else { continue };
            let slot = found.entry((client(event), uri.clone())).or_insert_with(|| RedirectUri {
                client: client(event),
                redirect_uri: uri,
                uses: Uses::default(),
                failed: 0,
                reasons: BTreeMap::new(),
            });
            add(&mut slot.uses, event);
            if failed(event) && event.reason.as_deref() != Some("access_denied") {
                slot.failed += 1;
                *slot.reasons.entry(event.reason.clone().unwrap_or_default()).or_default() += 1;
            }
        }
        let mut rows: Vec<_> = found.into_values().collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.failed, row.uses.count)));
        rows
    }

    pub(super) fn unused_scopes(&self) -> Vec<UnusedScope> {
        let uses = self.window().filter(|event| event.action == USE);
        let used: BTreeSet<_> =
            uses.flat_map(|event| requested(event).into_iter().map(|scope| (client(event), scope))).collect();
        let mut grants: BTreeMap<_, u64> = BTreeMap::new();
        for event in self.window().filter(|event| issues(event)) {
            for scope in granted(event).into_iter().filter(Option::is_some) {
                *grants.entry((client(event), scope)).or_default() += 1;
            }
        }
        let unused = grants.into_iter().filter(|(key, _)| !used.contains(key));
        unused
            .map(|((client, scope), grants)| UnusedScope { client, token: None, scope: scope.unwrap(), grants })
            .collect()
    }

    pub(super) fn unused_scopes_by_token(&self, token: Option<&str>) -> Vec<UnusedScope> {
        let mut grants: BTreeMap<_, UnusedScope> = BTreeMap::new();
        let issuing: Vec<&Event> = self.window().filter(|event| issues(event)).collect();
        for event in issuing.into_iter().rev() {
            let ids: Vec<&str> = tokens(event).filter(|(kind, _)| *kind == "access_token").map(|(_, id)| id).collect();
            for id in ids.into_iter().filter(|id| token.is_none_or(|token| token == *id)) {
                let used = |scope: &String| {
                    self.window().any(|event| {
                        event.action == USE
                            && presented(event) == Some(id)
                            && requested(event).contains(&Some(scope.clone()))
                    })
                };
                for scope in granted(event).into_iter().flatten().filter(|scope| !used(scope)) {
                    let slot = grants.entry((id.to_owned(), scope.clone())).or_insert_with(|| UnusedScope {
                        client: client(event),
                        token: Some(id.to_owned()),
                        scope,
                        grants: 0,
                    });
                    slot.grants += 1;
                }
            }
        }
        grants.into_values().collect()
    }

    pub(super) fn first_uses(&self) -> Vec<FirstUse> {
        let mut rows = Vec::new();
        for what in What::ALL {
            let values = |event: &Event| -> BTreeSet<Option<String>> {
                match what {
                    What::Client => [client(event)].into(),
                    What::Scope => requested(event),
                    What::Country => [event.context.as_ref().and_then(|c| c.geo.as_ref()?.country.clone())].into(),
                }
            };
            let counts = |event: &&Event| event.action.starts_with("oauth.") || event.action == USE;
            let before = self.events.iter().map(|recorded| &recorded.event).filter(|event| self.of(event));
            let before = before.filter(|event| self.about.since.is_some_and(|since| when(event) < at(since)));
            let old: BTreeSet<_> = before.filter(counts).flat_map(values).collect();
            let mut found: BTreeMap<String, Uses> = BTreeMap::new();
            for event in self.window().filter(counts) {
                for value in values(event).into_iter().filter(|value| !old.contains(value)).flatten() {
                    add(found.entry(value).or_default(), event);
                }
            }
            rows.extend(found.into_iter().map(|(value, uses)| FirstUse { what, value, uses }));
        }
        rows.sort_by(|a, b| b.uses.first_at.cmp(&a.uses.first_at).then((a.what, &a.value).cmp(&(b.what, &b.value))));
        rows
    }

    /// The event that issued a token last.
    fn issued<'e>(events: &[&'e Recorded], token: &str) -> Option<(&'e Recorded, &'e str)> {
        let issued = |recorded: &&'e Recorded| {
            let kind = tokens(&recorded.event).find(|(_, id)| *id == token)?.0;
            issues(&recorded.event).then_some((*recorded, kind))
        };
        events.iter().rev().find_map(issued)
    }

    /// What a token is after some events; its family and what ends it count from where it was issued.
    fn state(events: &[&Recorded], token: &str, moment: Timestamp) -> State {
        let issued = Self::issued(events, token);
        let from = issued.map_or(0, |(recorded, _)| recorded.seq);
        let of_family = issued.and_then(|(recorded, _)| family(&recorded.event));
        let ended = events.iter().filter(|recorded| recorded.seq >= from).find_map(|recorded| {
            let event = &recorded.event;
            let names = tokens(event).any(|(_, id)| id == token);
            let presents = presented(event) == Some(token);
            let kind = event.credential.as_ref().and_then(|credential| credential.kind.as_deref());
            let whole = whole_families(event).any(|whole| Some(whole) == of_family);
            match event.action.as_str() {
                "oauth.refresh_token.reused" => {
                    let burnt = of_family.is_some() && family(event) == of_family;
                    (names || presents || whole || burnt).then_some(State::Burnt)
                }
                _ if failed(event) => None,
                "oauth.token.revoked" => (names || whole).then_some(State::Revoked),
                "oauth.token.refreshed" => {
                    let new = tokens(event).any(|(kind, id)| kind == "refresh_token" && id != token);
                    (presents && new).then_some(State::Rotated)
                }
                "oauth.token.issued" => (presents && kind == Some("authorization_code")).then_some(State::Redeemed),
                _ => None,
            }
        });
        let expires = issued.and_then(|(recorded, _)| {
            let target = recorded.event.targets.iter().rev().find(|target| target.id.as_deref() == Some(token))?;
            target.attrs.get("expires_at")?.as_str()?.parse().ok()
        });
        match (ended, expires, issued) {
            (Some(state), ..) => state,
            (None, Some(end), _) if moment >= end => State::Expired,
            (None, _, None) => State::Unknown,
            _ => State::Alive,
        }
    }

    pub(super) fn alive(&self) -> Vec<String> {
        let moment = at(self.about.at);
        let until: Vec<&Recorded> = self.events.iter().filter(|recorded| when(&recorded.event) <= moment).collect();
        let asked = |recorded: &&&Recorded| self.of(&recorded.event) && self.inside(&recorded.event);
        let of_them: Vec<&Recorded> = until.iter().filter(asked).copied().collect();
        let mut found = Vec::new();
        for token in 0..15 {
            let token = format!("t{token}");
            let Some((issued, kind)) = Self::issued(&of_them, &token) else { continue };
            if kind.ends_with("_token") && Self::state_since(&until, issued, &token, moment) == State::Alive {
                found.push((std::cmp::Reverse(issued.seq), token));
            }
        }
        found.sort();
        found.into_iter().map(|(_, token)| token).collect()
    }

    /// The state of a token that this event issued.
    fn state_since(events: &[&Recorded], issued: &Recorded, token: &str, moment: Timestamp) -> State {
        let later = events.iter().filter(|recorded| recorded.seq > issued.seq).map(|recorded| {
            // What issues it again for others does not count.
            let mut recorded = (*recorded).clone();
            if issues(&recorded.event) {
                recorded.event.targets.retain(|target| target.id.as_deref() != Some(token));
            }
            recorded
        });
        let all: Vec<Recorded> = std::iter::once(issued.clone()).chain(later).collect();
        Self::state(&all.iter().collect::<Vec<_>>(), token, moment)
    }

    /// The events that are connected with some keys.
    fn connected<'e>(events: &[&'e Recorded], mut keys: BTreeSet<String>) -> Vec<&'e Recorded> {
        let of = |event: &Event| -> BTreeSet<String> {
            let tokens = tokens(event).map(|(_, id)| id.to_owned()).chain(presented(event).map(str::to_owned));
            let families = whole_families(event).map(str::to_owned).chain(family(event).map(str::to_owned));
            tokens.chain(families).collect()
        };
        loop {
            let met = events.iter().filter(|recorded| !of(&recorded.event).is_disjoint(&keys));
            let met: Vec<&Recorded> = met.copied().collect();
            let more: BTreeSet<String> =
                met.iter().flat_map(|recorded| of(&recorded.event)).chain(keys.clone()).collect();
            if more == keys {
                return met;
            }
            keys = more;
        }
    }

    fn keys(event: &Event) -> BTreeSet<String> {
        let tokens = tokens(event).map(|(_, id)| id).chain(presented(event)).chain(whole_families(event));
        tokens.chain(family(event)).map(str::to_owned).collect()
    }

    fn stories(&self, is_in: impl Fn(&Recorded) -> bool) -> Vec<&Recorded> {
        let of_oauth = |event: &Event| event.action.starts_with("oauth.") && event.action != "oauth.token.introspected";
        self.events.iter().filter(|recorded| of_oauth(&recorded.event) && is_in(recorded)).collect()
    }

    pub(super) fn reuse(&self) -> Vec<(u64, BTreeSet<String>)> {
        let mut found = Vec::new();
        for recorded in self.events.iter().rev() {
            let event = &recorded.event;
            if event.action != "oauth.refresh_token.reused" || !self.window().any(|other| std::ptr::eq(other, event)) {
                continue;
            }
            let before = self.stories(|other| other.seq < recorded.seq);
            let before = Self::connected(&before, Self::keys(event));
            let names: BTreeSet<String> =
                before.iter().flat_map(|recorded| tokens(&recorded.event).map(|(_, id)| id.to_owned())).collect();
            let alive = names.into_iter().filter(|token| Self::state(&before, token, when(event)) == State::Alive);
            found.push((recorded.seq, alive.collect()));
        }
        found
    }

    pub(super) fn check_chain(&self, chain: &Chain) {
        let moment = at(self.about.at);
        let events = self.stories(|recorded| when(&recorded.event) <= moment);
        let events = Self::connected(&events, [format!("t{}", self.about.token)].into());
        let mut names = BTreeSet::new();
        for recorded in &events {
            let event = &recorded.event;
            names.extend(tokens(event).map(|(_, id)| id.to_owned()));
            names.extend(presented(event).map(str::to_owned));
        }
        let told: BTreeSet<String> = chain.tokens.iter().map(|link| link.token.fingerprint.clone()).collect();
        assert_eq!((told.len(), &told), (chain.tokens.len(), &names));
        for (nth, link) in chain.tokens.iter().enumerate() {
            let token = &link.token.fingerprint;
            assert_eq!(link.state, Self::state(&events, token, moment), "{token}");
            let uses = self
                .events
                .iter()
                .map(|recorded| &recorded.event)
                .filter(|event| event.action == USE && presented(event) == Some(token) && when(event) <= moment);
            let mut expected = Uses::default();
            uses.for_each(|event| add(&mut expected, event));
            assert_eq!(link.uses, expected);
            let above = chain.tokens[..nth].iter().rev().find(|other| other.depth + 1 == link.depth);
            assert_eq!(above.map(|above| &above.token.fingerprint), link.parent.as_ref());
            let issued_for = |parent: &String| {
                events.iter().any(|recorded| {
                    let event = &recorded.event;
                    issues(event) && presented(event) == Some(parent) && tokens(event).any(|(_, id)| id == token)
                })
            };
            assert!(link.parent.as_ref().is_none_or(issued_for));
        }
    }
}

trait NoneOrSame {
    fn is_none_or_same(&self, other: Option<String>) -> bool;
}

impl NoneOrSame for Option<String> {
    fn is_none_or_same(&self, other: Option<String>) -> bool {
        self.is_none() || *self == other
    }
}
