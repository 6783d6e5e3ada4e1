//! Which tokens are alive.

use std::collections::{BTreeMap, BTreeSet};

use indelible_engine::{
    column::Column,
    query::{Filter, Order, Query},
    source::ReadError,
};
use indelible_proof::{Recorded, Timestamp};

use super::{Listed, Questions, REUSED, REVOKED, State, Token, lives::Lives, scopes::issued, story::Keys};
use crate::{
    asking::is,
    limits::{ALIVE_ENDS_MAX, ALIVE_EVENTS_MAX, ALIVE_PAGE},
};

impl Questions<'_> {
    /// Access and refresh tokens that are alive at a moment, the newest first: issued until then and not expired, revoked,
    /// replaced by another refresh token, or burnt with their family since. Where most tokens are dead the search ends
    /// early; then there may be more.
    pub fn alive(&self, at: Timestamp, limit: u32) -> Result<Listed<Token>, ReadError> {
        let until = self.up_to(at, Vec::new()).until;
        let filter = Filter { until, ..self.filter(issued()) };
        let mut query = Query { filter, order: Order::NewestFirst, limit: ALIVE_PAGE, after: None };
        let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
        for _ in 0..ALIVE_EVENTS_MAX / ALIVE_PAGE {
            let page = self.asking.page(&query)?;
            let events: BTreeMap<u64, Recorded> =
                page.events.into_iter().map(|recorded| (recorded.seq, recorded)).collect();
            let mut tokens = self.alive_of(&events, at)?;
            tokens.retain(|token| seen.insert(token.0.clone()));
            rows.extend(tokens.into_iter().filter(|(_, state, _)| *state == State::Alive).map(|(.., token)| token));
            let more = rows.len() > limit as usize || page.next.is_some();
            if rows.len() >= limit as usize || page.next.is_none() {
                rows.truncate(limit as usize);
                return Ok(Listed { rows, more });
            }
            query.after = page.next;
        }
        Ok(Listed { rows, more: true })
    }

    /// What became of the tokens that some events have issued, the newest first.
    fn alive_of(
        &self,
        issued: &BTreeMap<u64, Recorded>,
        at: Timestamp,
    ) -> Result<Vec<(String, State, Token)>, ReadError> {
        let mut events = issued.clone();
        self.ends(&mut events, at)?;
        let mut lives = Lives::default();
        for (seq, recorded) in &events {
            if issued.contains_key(seq) {
                lives.add(recorded);
            } else {
                lives.end(recorded);
            }
        }
        let lives = lives.tokens.into_values().filter(|life| life.token.issued.is_some());
        let is_kept = |kind: Option<&str>| matches!(kind, Some("access_token" | "refresh_token"));
        let tokens = lives.filter(|life| is_kept(life.token.r#type.as_deref()));
        let mut tokens: Vec<(String, State, Token)> =
            tokens.map(|life| (life.token.fingerprint.clone(), life.state(at), life.token)).collect();
        tokens.sort_by_key(|(.., token)| std::cmp::Reverse(token.issued.as_ref().map(|step| step.seq)));
        Ok(tokens)
    }

    /// Adds what may have ended the tokens that some events have issued, since then.
    fn ends(&self, events: &mut BTreeMap<u64, Recorded>, at: Timestamp) -> Result<(), ReadError> {
        let Some((&first, _)) = events.first_key_value() else { return Ok(()) };
        let mut keys = Keys::default();
        events.values().for_each(|recorded| keys.add(Keys::of(&recorded.event)));
        let Keys { tokens, families } = keys;
        let named: Vec<&String> = tokens.iter().chain(&families).collect();
        let ends = [
            (vec![REVOKED, REUSED], Column::TargetsId, named),
            (vec!["oauth.token.refreshed", REUSED], Column::CredentialFingerprint, tokens.iter().collect()),
            (vec![REUSED], Column::OauthTokenFamily, families.iter().collect()),
        ];
        for (actions, column, values) in ends {
            let filter = Filter { seq_from: Some(first), ..self.up_to(at, vec![is(Column::Action, actions)]) };
            if !self.gather(&filter, (column, values), ALIVE_ENDS_MAX, events)? {
                return Err(ReadError::TooBroad { what: "events that end tokens", limit: ALIVE_ENDS_MAX as usize });
            }
        }
        Ok(())
    }
}
