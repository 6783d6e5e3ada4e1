//! What became of tokens: each event that issues, presents or ends some, one after the other.

use std::collections::BTreeMap;

use indelible_proof::{Event, Outcome, Recorded, Target, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ISSUING, REUSED, REVOKED};
use crate::oauth::TokenKind;

/// What can be presented for a token, or is one.
const TOKENS: [&str; 7] = [
    TokenKind::AccessToken.as_str(),
    TokenKind::RefreshToken.as_str(),
    TokenKind::AuthorizationCode.as_str(),
    TokenKind::DeviceCode.as_str(),
    TokenKind::IdToken.as_str(),
    TokenKind::Assertion.as_str(),
    TokenKind::Unknown.as_str(),
];
/// What is good for once.
const GOOD_FOR_ONCE: [&str; 2] = [TokenKind::AuthorizationCode.as_str(), TokenKind::DeviceCode.as_str()];
/// The type of a target that stands for all tokens of an authorization.
const FAMILY: &str = "token_family";

/// A token as the log knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The keyed hash that it is known by.
    pub fingerprint: String,
    /// What it is, e.g. `refresh_token`.
    pub r#type: Option<String>,
    /// What it shares with all tokens of its authorization.
    pub family: Option<String>,
    /// The client that it was issued to, by id.
    pub client: Option<String>,
    /// For whom, by id.
    pub actor: Option<String>,
    /// What was granted with it.
    pub scopes: Vec<String>,
    /// When it expires; nothing: never, or the log does not know.
    pub expires_at: Option<Timestamp>,
    /// What issued it, the last time where it was issued again; nothing when that is not in the log.
    pub issued: Option<Step>,
}

/// Something that happened to a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Sequence number of the event.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What, e.g. `oauth.token.revoked`.
    pub action: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<String>,
}

/// What a token is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was issued, and nothing has ended it.
    Alive,
    /// Its time is over.
    Expired,
    /// It was good for once and is used.
    Redeemed,
    /// Another refresh token has replaced it.
    Rotated,
    /// It was taken back.
    Revoked,
    /// It ended with its family, because a refresh token of that was used again.
    Burnt,
    /// The log does not have its beginning.
    Unknown,
}

/// A token and what happened to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    pub(super) token: Token,
    /// What was presented for it.
    pub(super) parent: Option<String>,
    pub(super) ended: Option<(State, Step)>,
    /// What else happened to it.
    pub(super) steps: Vec<Step>,
}

impl Life {
    pub(super) fn state(&self, at: Timestamp) -> State {
        match &self.ended {
            Some((state, _)) => *state,
            None if self.token.expires_at.is_some_and(|end| end <= at) => State::Expired,
            None if self.token.issued.is_none() => State::Unknown,
            None => State::Alive,
        }
    }

    fn end(&mut self, state: State, recorded: &Recorded) {
        // Where it was issued again, it lives from then on.
        if self.token.issued.as_ref().is_none_or(|issued| issued.seq <= recorded.seq) {
            self.ended.get_or_insert_with(|| (state, step(recorded)));
        }
    }
}

/// Tokens by their fingerprints.
#[derive(Debug, Default)]
pub(super) struct Lives {
    pub(super) tokens: BTreeMap<String, Life>,
    /// What happened to no token of these.
    pub(super) others: Vec<Step>,
}

impl Lives {
    /// Takes in an event that is younger than all before: what it issues, what it ends, and what else it is about.
    pub(super) fn add(&mut self, recorded: &Recorded) {
        self.issue(recorded);
        let tokens = tokens(&recorded.event);
        for (&id, &kind) in &tokens {
            self.token(kind, id);
        }
        self.end(recorded);
        if tokens.is_empty() {
            self.others.push(step(recorded));
        }
        for (id, kind) in tokens {
            let life = self.token(kind, id);
            let told = life.token.issued.iter().chain(life.ended.iter().map(|(_, step)| step));
            if !told.into_iter().any(|step| step.seq == recorded.seq) {
                life.steps.push(step(recorded));
            }
        }
    }

    fn token(&mut self, kind: Option<&str>, fingerprint: &str) -> &mut Life {
        let life = self.tokens.entry(fingerprint.to_owned()).or_default();
        if life.token.fingerprint.is_empty() {
            life.token.fingerprint = fingerprint.to_owned();
        }
        if life.token.r#type.is_none() {
            life.token.r#type = kind.map(str::to_owned);
        }
        life
    }

    fn issue(&mut self, recorded: &Recorded) {
        let event = &recorded.event;
        if !ISSUING.contains(&event.action.as_str()) || is_failed(event) {
            return;
        }
        let parent = presented(event);
        if let Some((kind, parent)) = parent {
            self.token(kind, parent);
        }
        for (kind, id, target) in token_targets(event) {
            let parent = parent.map(|(_, parent)| parent).filter(|parent| !self.descends(parent, id));
            let life = self.token(Some(kind), id);
            life.parent = life.parent.take().or_else(|| parent.map(str::to_owned));
            life.ended = None;
            let oauth = event.oauth.as_ref();
            life.token = Token {
                fingerprint: id.to_owned(),
                r#type: Some(kind.to_owned()),
                family: oauth.and_then(|oauth| oauth.token_family.clone()),
                client: event.client.as_ref().and_then(|client| client.id.clone()),
                actor: event.actor.as_ref().and_then(|actor| actor.id.clone()),
                scopes: oauth.map(|oauth| oauth.scopes_granted.clone()).unwrap_or_default(),
                expires_at: target.attrs.get("expires_at").and_then(|end| end.as_str()?.parse().ok()),
                issued: Some(step(recorded)),
            };
        }
    }

    /// Whether a token is `ancestor`, or was issued for it, perhaps over others.
    fn descends(&self, token: &str, ancestor: &str) -> bool {
        // What is new has no descendants. Of those before, none descends from itself, so this ends.
        let mut at = (token == ancestor || self.tokens.contains_key(ancestor)).then_some(token);
        while let Some(token) = at {
            if token == ancestor {
                return true;
            }
            at = self.tokens.get(token).and_then(|life| life.parent.as_deref());
        }
        false
    }

    /// Takes in what an event ends of the tokens that are here.
    pub(super) fn end(&mut self, recorded: &Recorded) {
        let event = &recorded.event;
        let state = match event.action.as_str() {
            REUSED => State::Burnt,
            _ if is_failed(event) => return,
            REVOKED => State::Revoked,
            "oauth.token.issued" => return self.redeem(recorded),
            "oauth.token.refreshed" => return self.rotate(recorded),
            _ => return,
        };
        let reused = presented(event).filter(|_| state == State::Burnt).map(|(_, id)| id);
        for id in token_targets(event).map(|(_, id, _)| id).chain(reused) {
            self.end_one(state, id, recorded);
        }
        for (family, _) in families(event).filter(|(_, whole)| *whole || state == State::Burnt) {
            let of_family = |life: &&mut Life| life.token.family.as_deref() == Some(family);
            for life in self.tokens.values_mut().filter(of_family) {
                life.end(state, recorded);
            }
        }
    }

    fn redeem(&mut self, recorded: &Recorded) {
        if let Some((Some(kind), id)) = presented(&recorded.event)
            && GOOD_FOR_ONCE.contains(&kind)
        {
            self.end_one(State::Redeemed, id, recorded);
        }
    }

    fn rotate(&mut self, recorded: &Recorded) {
        if let Some((_, old)) = presented(&recorded.event)
            && token_targets(&recorded.event).any(|(kind, new, _)| kind == "refresh_token" && new != old)
        {
            self.end_one(State::Rotated, old, recorded);
        }
    }

    fn end_one(&mut self, state: State, id: &str, recorded: &Recorded) {
        if let Some(life) = self.tokens.get_mut(id) {
            life.end(state, recorded);
        }
    }
}

/// The tokens that an event presents or names, with what they are.
pub(super) fn tokens(event: &Event) -> BTreeMap<&str, Option<&str>> {
    let named = token_targets(event).map(|(kind, id, _)| (id, Some(kind)));
    presented(event).map(|(kind, id)| (id, kind)).into_iter().chain(named).collect()
}

/// What an event was done with, when that is a token: its kind and fingerprint.
pub(super) fn presented(event: &Event) -> Option<(Option<&str>, &str)> {
    let credential = event.credential.as_ref()?;
    let kind = credential.kind.as_deref();
    let is_token = kind.is_none_or(|kind| TOKENS.contains(&kind));
    Some((kind, credential.fingerprint.as_deref().filter(|_| is_token)?))
}

/// The tokens that an event names, with their types and fingerprints.
pub(super) fn token_targets(event: &Event) -> impl Iterator<Item = (&str, &str, &Target)> {
    event.targets.iter().filter_map(|target| {
        let kind = target.r#type.as_deref().filter(|kind| TOKENS.contains(kind))?;
        Some((kind, target.id.as_deref()?, target))
    })
}

/// The families that an event is about, and whether it names each as a whole.
pub(super) fn families(event: &Event) -> impl Iterator<Item = (&str, bool)> {
    let of_event = event.oauth.as_ref().and_then(|oauth| oauth.token_family.as_deref());
    let whole = event.targets.iter().filter(|target| target.r#type.as_deref() == Some(FAMILY));
    of_event.map(|family| (family, false)).into_iter().chain(whole.filter_map(|t| Some((t.id.as_deref()?, true))))
}

pub(super) fn is_failed(event: &Event) -> bool {
    matches!(event.outcome, Some(Outcome::Failure | Outcome::Denied))
}

pub(super) fn step(recorded: &Recorded) -> Step {
    let event = &recorded.event;
    Step {
        seq: recorded.seq,
        at: event.occurred_at.unwrap_or(Timestamp::MIN),
        action: event.action.clone(),
        outcome: event.outcome.unwrap_or(Outcome::Unknown),
        reason: event.reason.clone(),
    }
}
