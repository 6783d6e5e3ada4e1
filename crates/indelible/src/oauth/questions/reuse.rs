//! Refresh tokens that were presented again after others had replaced them.

use indelible_engine::{column::Column, query::Query, source::ReadError};
use indelible_proof::{Recorded, Timestamp};
use serde::Serialize;

use super::{
    Listed, Questions, REUSED, State, Step, Token,
    lives::{Lives, families, presented, step},
    story::Keys,
};
use crate::{
    asking::is,
    limits::{REUSES_MAX, STORY_EVENTS_MAX},
};

/// A refresh token that was presented again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reuse {
    /// The event.
    #[serde(flatten)]
    pub step: Step,
    /// The fingerprint of the token.
    pub token: Option<String>,
    /// The client that presented it, by id.
    pub client: Option<String>,
    /// Whose it was, by id.
    pub actor: Option<String>,
    /// The family that was burnt.
    pub family: Option<String>,
    /// The tokens of the family that were alive until then, the oldest first: what a thief may have had.
    pub alive: Vec<Token>,
    /// Whether `alive` may have more.
    pub more: bool,
}

impl Questions<'_> {
    /// Refresh tokens that were used again, at most 100, the newest first, with what of their families was still alive.
    pub fn reuse(&self, limit: u32) -> Result<Listed<Reuse>, ReadError> {
        let filter = self.filter([is(Column::Action, [REUSED])]);
        let limit = limit.min(REUSES_MAX);
        let page = self.asking.page(&Query { limit, ..Query::newest(filter) })?;
        let mut keys = Keys::default();
        page.events.iter().for_each(|recorded| keys.add(Keys::of(&recorded.event)));
        let story = self.story(keys, Timestamp::MAX, STORY_EVENTS_MAX)?;
        let reuse = |recorded: &Recorded| {
            let (event, step) = (&recorded.event, step(recorded));
            let mut lives = Lives::default();
            story.around(Keys::of(event), recorded.seq).into_iter().for_each(|before| lives.add(before));
            let alive = lives.tokens.into_values().filter(|life| life.state(step.at) == State::Alive);
            let mut alive: Vec<Token> = alive.map(|life| life.token).collect();
            alive.sort_by_key(|token| token.issued.as_ref().map(|step| step.seq));
            Reuse {
                token: presented(event).map(|(_, id)| id.to_owned()),
                client: event.client.as_ref().and_then(|client| client.id.clone()),
                actor: event.actor.as_ref().and_then(|actor| actor.id.clone()),
                family: families(event).next().map(|(family, _)| family.to_owned()),
                alive,
                more: !story.whole,
                step,
            }
        };
        Ok(Listed { rows: page.events.iter().map(reuse).collect(), more: page.next.is_some() })
    }
}
