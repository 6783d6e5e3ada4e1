//! Which tokens are alive.

use std::collections::BTreeSet;

use indelible_engine::{
    column::Column,
    limits::PAGE_ROWS_MAX,
    query::{Filter, Order, Query},
    source::ReadError,
};
use indelible_proof::Timestamp;

use super::{
    Listed, Questions, REUSED, REVOKED, State, Token,
    lives::{Life, Lives},
    scopes::issued,
    story::Keys,
};
use crate::{
    asking::is,
    limits::{ALIVE_EVENTS_MAX, ALIVE_PAGE, INDEXED_VALUES_MAX},
};

impl Questions<'_> {
    /// Access and refresh tokens that are alive at a moment, the newest first: issued in the window until then and not
    /// expired, revoked, replaced by another refresh token, or burnt with their family since. Where most tokens are dead the
    /// search ends early; then there may be more.
    pub fn alive(&self, at: Timestamp, limit: u32) -> Result<Listed<Token>, ReadError> {
        let moment = self.up_to(at, Vec::new()).until;
        let until = self.asking.until.into_iter().chain(moment).min();
        let filter = Filter { until, ..self.filter(issued()) };
        let mut query = Query { filter, order: Order::NewestFirst, limit: ALIVE_PAGE, after: None };
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        for _ in 0..ALIVE_EVENTS_MAX / ALIVE_PAGE {
            let page = self.asking.page(&query)?;
            let mut lives = Lives::default();
            page.events.iter().rev().for_each(|recorded| lives.add(recorded));
            // Of a token that was issued again, the newest page tells.
            lives.tokens.retain(|token, life| is_kept(life) && seen.insert(token.clone()));
            self.end(&mut lives, page.events.last().map(|oldest| oldest.seq), at)?;
            let alive = lives.tokens.into_values().filter(|life| life.state(at) == State::Alive);
            let mut alive: Vec<Token> = alive.map(|life| life.token).collect();
            alive.sort_by_key(|token| std::cmp::Reverse(token.issued.as_ref().map(|step| step.seq)));
            rows.extend(alive);
            let more = rows.len() > limit as usize || page.next.is_some();
            if rows.len() >= limit as usize || page.next.is_none() {
                rows.truncate(limit as usize);
                return Ok(Listed { rows, more });
            }
            query.after = page.next;
        }
        Ok(Listed { rows, more: true })
    }

    /// Ends what anything has ended since an event. However many events there are, one page of them is in memory, and what one
    /// has ended the next is not asked for.
    fn end(&self, lives: &mut Lives, seq_from: Option<u64>, at: Timestamp) -> Result<(), ReadError> {
        let Keys { tokens, families } = open(lives, at);
        let ends = [
            (vec![REVOKED, REUSED], Column::TargetsId, tokens.iter().chain(&families).collect()),
            (vec!["oauth.token.refreshed", REUSED], Column::CredentialFingerprint, Vec::from_iter(&tokens)),
            (vec![REUSED], Column::OauthTokenFamily, Vec::from_iter(&families)),
        ];
        for (actions, column, names) in ends {
            let filter = Filter { seq_from, ..self.up_to(at, vec![is(Column::Action, actions)]) };
            for some in names.chunks(INDEXED_VALUES_MAX) {
                self.end_some(lives, &filter, (column, some), at)?;
            }
        }
        Ok(())
    }

    fn end_some(
        &self,
        lives: &mut Lives,
        filter: &Filter,
        (column, names): (Column, &[&String]),
        at: Timestamp,
    ) -> Result<(), ReadError> {
        let mut after = None;
        loop {
            let Keys { tokens, families } = open(lives, at);
            let left = names.iter().copied().filter(|&name| tokens.contains(name) || families.contains(name));
            let left: Vec<&String> = left.collect();
            if left.is_empty() {
                return Ok(());
            }
            let mut filter = filter.clone();
            filter.clauses.push(is(column, left));
            let page = self.asking.page(&Query { filter, order: Order::OldestFirst, limit: PAGE_ROWS_MAX, after })?;
            page.events.iter().for_each(|recorded| lives.end(recorded));
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn is_kept(life: &Life) -> bool {
    life.token.issued.is_some() && matches!(life.token.r#type.as_deref(), Some("access_token" | "refresh_token"))
}

/// What can still end the tokens that have not ended.
fn open(lives: &Lives, at: Timestamp) -> Keys {
    let alive = || lives.tokens.iter().filter(|(_, life)| life.state(at) == State::Alive);
    Keys {
        tokens: alive().map(|(token, _)| token.clone()).collect(),
        families: alive().filter_map(|(_, life)| life.token.family.clone()).collect(),
    }
}
