//! All events about some tokens and those that they are connected with: issued for each other, or of one family.

use std::collections::{BTreeMap, BTreeSet};

use indelible_engine::{
    column::Column,
    limits::PAGE_ROWS_MAX,
    query::{Clause, Filter, Order, Query},
    source::ReadError,
};
use indelible_proof::{Event, Recorded, Timestamp};

use super::{
    FAILED, INTROSPECTED, Questions, REUSED,
    lives::{families, tokens},
    of_oauth,
};
use crate::{
    asking::is,
    limits::{INDEXED_VALUES_MAX, STORY_ROUNDS_MAX},
};

/// What events are connected by.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) tokens: BTreeSet<String>,
    pub(super) families: BTreeSet<String>,
}

impl Keys {
    /// Those of an event.
    pub(super) fn of(event: &Event) -> Self {
        Self {
            tokens: tokens(event).into_keys().map(str::to_owned).collect(),
            families: families(event).map(|(family, _)| family.to_owned()).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.families.is_empty()
    }

    fn meets(&self, other: &Self) -> bool {
        !self.tokens.is_disjoint(&other.tokens) || !self.families.is_disjoint(&other.families)
    }

    pub(super) fn add(&mut self, other: Self) {
        self.tokens.extend(other.tokens);
        self.families.extend(other.families);
    }

    /// Leaves what the other does not have.
    fn beyond(mut self, other: &Self) -> Self {
        self.tokens.retain(|token| !other.tokens.contains(token));
        self.families.retain(|family| !other.families.contains(family));
        self
    }
}

/// Events by their sequence numbers.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) events: BTreeMap<u64, Recorded>,
    /// False when it has more events than were asked for, or more rounds of connections.
    pub(super) whole: bool,
}

impl Story {
    /// The part that is connected with some keys by events before a sequence number.
    pub(super) fn around(&self, mut known: Keys, before: u64) -> Vec<&Recorded> {
        let mut left: Vec<(&Recorded, Keys)> =
            self.events.range(..before).map(|(_, recorded)| (recorded, Keys::of(&recorded.event))).collect();
        let mut around = Vec::new();
        loop {
            let (met, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, keys)| keys.meets(&known));
            if met.is_empty() {
                around.sort_unstable_by_key(|recorded: &&Recorded| recorded.seq);
                return around;
            }
            for (recorded, keys) in met {
                around.push(recorded);
                known.add(keys);
            }
            left = rest;
        }
    }
}

impl Questions<'_> {
    /// At most `limit` events up to a moment that are connected with some keys. Uses and introspections, which may be
    /// any number, are left out.
    pub(super) fn story(&self, keys: Keys, at: Timestamp, limit: u32) -> Result<Story, ReadError> {
        let mut story = Story { events: BTreeMap::new(), whole: true };
        let but = |actions: &[&str]| Clause { negated: true, ..is(Column::Action, actions.iter().copied()) };
        // Whoever has a token may try it as often as they like: that takes no room from what became of it.
        let quiet = but(&[INTROSPECTED, FAILED, REUSED]);
        let known = self.follow(keys, [&quiet, &quiet], at, limit, &mut story)?;
        if story.whole {
            let tried = is(Column::Action, [FAILED, REUSED]);
            self.follow(known, [&tried, &but(&[INTROSPECTED])], at, limit, &mut story)?;
        }
        Ok(story)
    }

    /// Adds the events that are connected with some keys: those of a condition with these keys, and of another with the keys
    /// that come from there. Gives the keys of all of them.
    fn follow(
        &self,
        mut next: Keys,
        [first, then]: [&Clause; 2],
        at: Timestamp,
        limit: u32,
        story: &mut Story,
    ) -> Result<Keys, ReadError> {
        let mut known = Keys::default();
        for round in 0..STORY_ROUNDS_MAX {
            if next.is_empty() || !story.whole {
                return Ok(known);
            }
            let asked = std::mem::take(&mut next);
            let before: BTreeSet<u64> = story.events.keys().copied().collect();
            for (column, values) in [
                (Column::CredentialFingerprint, &asked.tokens),
                (Column::TargetsId, &asked.tokens),
                (Column::OauthTokenFamily, &asked.families),
                (Column::TargetsId, &asked.families),
            ] {
                let condition = if round == 0 { first } else { then };
                let filter = self.up_to(at, vec![of_oauth(&[]), condition.clone()]);
                story.whole &= self.gather(&filter, (column, values), limit, &mut story.events)?;
            }
            known.add(asked);
            for (_, recorded) in story.events.iter().filter(|(seq, _)| !before.contains(seq)) {
                next.add(Keys::of(&recorded.event).beyond(&known));
            }
        }
        story.whole &= next.is_empty();
        Ok(known)
    }

    /// Adds the events of a filter that have one of some values in a column, the oldest first, as long as there are no more
    /// than `limit`; false when there are more.
    pub(super) fn gather<'k>(
        &self,
        filter: &Filter,
        (column, values): (Column, impl IntoIterator<Item = &'k String>),
        limit: u32,
        events: &mut BTreeMap<u64, Recorded>,
    ) -> Result<bool, ReadError> {
        let values: Vec<&String> = values.into_iter().collect();
        for some in values.chunks(INDEXED_VALUES_MAX) {
            let mut filter = filter.clone();
            filter.clauses.push(is(column, some.iter().copied()));
            let mut query = Query { filter, order: Order::OldestFirst, limit: PAGE_ROWS_MAX.min(limit), after: None };
            loop {
                let page = self.asking.page(&query)?;
                for recorded in page.events {
                    if events.len() >= limit as usize && !events.contains_key(&recorded.seq) {
                        return Ok(false);
                    }
                    events.insert(recorded.seq, recorded);
                }
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
        Ok(true)
    }

    /// The events of the tenant up to a moment, that included.
    pub(super) fn up_to(&self, at: Timestamp, clauses: Vec<Clause>) -> Filter {
        let until = Timestamp::from_micros(at.as_micros() + 1).ok();
        Filter { since: None, until, ..self.asking.filter(clauses) }
    }
}
