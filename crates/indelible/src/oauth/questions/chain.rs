//! The grant chain of a token.

use std::collections::{BTreeMap, HashMap};

use indelible_engine::{column::Column, source::ReadError};
use indelible_proof::Timestamp;
use serde::Serialize;

use super::{
    Questions, State, Step, Token, USE, Uses,
    lives::{Life, Lives},
    story::Keys,
};
use crate::{
    asking::{is, text},
    limits::INDEXED_VALUES_MAX,
};

/// All tokens of an authorization, as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// The tokens, each behind the one that it was issued for and before the next of the same depth.
    pub tokens: Vec<Link>,
    /// What belongs to the authorization and to none of its tokens, such as its request.
    pub others: Vec<Step>,
    /// Whether there is more than was asked for.
    pub more: bool,
}

/// A token of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// How many tokens led to it.
    pub depth: u32,
    /// The fingerprint of the token that was presented for it.
    pub parent: Option<String>,
    /// The token.
    #[serde(flatten)]
    pub token: Token,
    /// What it is at the moment that was asked about.
    pub state: State,
    /// What ended it, unless that was time.
    pub ended: Option<Step>,
    /// What else happened to it, the oldest first.
    pub steps: Vec<Step>,
    /// Its uses at resource servers.
    pub uses: Uses,
}

impl Questions<'_> {
    /// The chain of the token with a fingerprint, any of the chain, as it is at a moment; of at most `limit` events, uses
    /// not counted.
    pub fn chain(&self, fingerprint: &str, at: Timestamp, limit: u32) -> Result<Chain, ReadError> {
        self.chain_from(Keys { tokens: [fingerprint.to_owned()].into(), ..Keys::default() }, at, limit)
    }

    /// The chain of a family of tokens.
    pub fn chain_of_family(&self, family: &str, at: Timestamp, limit: u32) -> Result<Chain, ReadError> {
        self.chain_from(Keys { families: [family.to_owned()].into(), ..Keys::default() }, at, limit)
    }

    fn chain_from(&self, keys: Keys, at: Timestamp, limit: u32) -> Result<Chain, ReadError> {
        let story = self.story(keys, at, limit)?;
        let mut lives = Lives::default();
        story.events.values().for_each(|recorded| lives.add(recorded));
        let tokens: Vec<&String> = lives.tokens.keys().collect();
        let uses = self.uses_of(&tokens, at)?;
        let Lives { tokens, others } = lives;
        Ok(Chain { tokens: tree(tokens, &uses, at), others, more: !story.whole })
    }

    /// The uses of some tokens up to a moment.
    fn uses_of(&self, tokens: &[&String], at: Timestamp) -> Result<HashMap<String, Uses>, ReadError> {
        let mut uses = HashMap::new();
        for some in tokens.chunks(INDEXED_VALUES_MAX) {
            let of_some = is(Column::CredentialFingerprint, some.iter().copied());
            let filter = self.up_to(at, vec![is(Column::Action, [USE]), of_some]);
            let by = [Column::CredentialFingerprint];
            let table = self.asking.grouped(filter, &by, &Uses::MEASURES, INDEXED_VALUES_MAX as u32)?;
            let rows = table.rows.iter().filter_map(|row| row.split_first());
            uses.extend(rows.filter_map(|(token, measures)| Some((text(token)?, Uses::of(measures)))));
        }
        Ok(uses)
    }
}

/// The tokens in the order of the tree: those issued for the same token as they were issued, access tokens before refresh tokens.
fn tree(mut lives: BTreeMap<String, Life>, uses: &HashMap<String, Uses>, at: Timestamp) -> Vec<Link> {
    let begun = |life: &Life| life.token.issued.as_ref().or(life.steps.first()).map_or(0, |step| step.seq);
    let mut all: Vec<_> = lives.iter().map(|(id, life)| (begun(life), &life.token.r#type, id, &life.parent)).collect();
    // The last one first: it is a stack.
    all.sort_unstable_by(|a, b| b.cmp(a));
    let mut children: HashMap<Option<String>, Vec<String>> = HashMap::new();
    for (.., id, parent) in all {
        children.entry(parent.clone()).or_default().push(id.clone());
    }
    let mut next: Vec<(u32, String)> = Vec::new();
    let mut push = |next: &mut Vec<(u32, String)>, parent: Option<String>, depth: u32| {
        let of_parent = children.remove(&parent).unwrap_or_default();
        next.extend(of_parent.into_iter().map(|id| (depth, id)));
    };
    push(&mut next, None, 0);
    let mut links = Vec::with_capacity(lives.len());
    while let Some((depth, id)) = next.pop() {
        push(&mut next, Some(id.clone()), depth + 1);
        if let Some(life) = lives.remove(&id) {
            let state = life.state(at);
            let Life { token, parent, ended, steps } = life;
            let (ended, uses) = (ended.map(|(_, step)| step), uses.get(&id).copied().unwrap_or_default());
            links.push(Link { depth, parent, token, state, ended, steps, uses });
        }
    }
    links
}
