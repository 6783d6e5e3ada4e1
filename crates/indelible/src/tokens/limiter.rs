//! How often a token may be used: so many times in any minute, strictly.
//!
//! Uses are counted by the second. A minute touches 61 seconds, so as many are looked at: never are there more uses in
//! any minute than the limit says, and a use is refused at most one second longer than it need be.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
};

use indelible_proof::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::limits;

/// The seconds that a minute touches.
const SECONDS: i64 = 61;
const SHARDS: usize = 64;

/// Uses in a minute of those tokens whose own say nothing of it. Default: no limit.
///
/// What counts is the first that there is of: the token's own limit, that of its type in its environment, of its type
/// ([`Kind::rate_limit`]), of its environment, of all. The number alone comes from there: uses are always counted for
/// each token by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// By type and environment, as they begin a token: `{"sk": {"live": 500}}`.
    pub types: BTreeMap<String, BTreeMap<String, NonZeroU32>>,
    /// By environment.
    pub environments: BTreeMap<String, NonZeroU32>,
    /// Of all the others.
    pub global: Option<NonZeroU32>,
}

impl Rates {
    /// The limit of a token with this limit of its own, type and environment.
    pub fn of(&self, own: Option<NonZeroU32>, (id, kind): (&str, &Kind), environment: &str) -> Option<NonZeroU32> {
        let by_both = || self.types.get(id)?.get(environment).copied();
        let by_environment = || self.environments.get(environment).copied();
        own.or_else(by_both).or(kind.rate_limit).or_else(by_environment).or(self.global)
    }
}

/// Why a token cannot be used just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rate limit of {limit} requests a minute is exceeded; retry after {retry_after_s} seconds")]
pub struct RateLimited {
    /// How many there may be.
    pub limit: NonZeroU32,
    /// Seconds after which there is room for one more, if nobody else takes it: what `Retry-After` says.
    pub retry_after_s: u32,
}

/// The uses of each token in the last minute.
pub(super) struct Limiter {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    windows: HashMap<Box<str>, Window>,
    /// The second in which windows were last looked through for those that nobody needs.
    swept_s: i64,
}

/// The uses of a token in the seconds up to `latest_s`, each at its number modulo [`SECONDS`].
struct Window {
    latest_s: i64,
    uses: u32,
    by_second: [u32; SECONDS as usize],
}

impl Limiter {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Counts a use of a token, unless it is one too many; then it does not count.
    ///
    /// When more tokens are in use than can be counted, one more is refused too: the limit holds.
    pub(super) fn take(&self, token: &str, limit: NonZeroU32, now: Timestamp) -> Result<(), RateLimited> {
        let now_s = now.as_micros().div_euclid(1_000_000);
        let shard = &self.shards[(self.hasher.hash_one(token) % SHARDS as u64) as usize];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match shard.window(token, now_s) {
            Some(window) => window.take(limit, now_s),
            None => Err(1),
        };
        taken.map_err(|retry_after_s| RateLimited { limit, retry_after_s })
    }
}

impl Shard {
    fn window(&mut self, token: &str, now_s: i64) -> Option<&mut Window> {
        if !self.windows.contains_key(token) {
            if self.windows.len() >= limits::LIMITED_TOKENS_MAX / SHARDS && !self.sweep(now_s) {
                return None;
            }
            self.windows.insert(token.into(), Window::at(now_s));
        }
        self.windows.get_mut(token)
    }

    /// Forgets the tokens that were not used for a minute, once a second at most; whether there is room then.
    fn sweep(&mut self, now_s: i64) -> bool {
        if self.swept_s == now_s {
            return false;
        }
        self.swept_s = now_s;
        let before = self.windows.len();
        self.windows.retain(|_, window| !window.is_over(now_s));
        self.windows.len() < before
    }
}

impl Window {
    const fn at(now_s: i64) -> Self {
        Self { latest_s: now_s, uses: 0, by_second: [0; SECONDS as usize] }
    }

    /// Whether nothing in it counts any more. A clock that was put back begins anew: nobody waits for a time far ahead.
    const fn is_over(&self, now_s: i64) -> bool {
        (now_s - self.latest_s).abs() >= SECONDS
    }

    fn take(&mut self, limit: NonZeroU32, now_s: i64) -> Result<(), u32> {
        self.advance(now_s);
        if self.uses >= limit.get() {
            return Err(self.wait_s(limit, now_s));
        }
        self.uses += 1;
        *self.second(self.latest_s) += 1;
        Ok(())
    }

    /// Lets go of the seconds that are over.
    fn advance(&mut self, now_s: i64) {
        if self.is_over(now_s) {
            *self = Self::at(now_s);
        }
        while self.latest_s < now_s {
            self.latest_s += 1;
            self.uses -= std::mem::take(self.second(self.latest_s));
        }
    }

    /// Seconds until enough of the earliest uses are over.
    fn wait_s(&mut self, limit: NonZeroU32, now_s: i64) -> u32 {
        let mut left = self.uses;
        let first_s = self.latest_s - SECONDS + 1;
        let freeing_s = (first_s..self.latest_s).find(|&second_s| {
            left -= *self.second(second_s);
            left < limit.get()
        });
        let free_s = freeing_s.unwrap_or(self.latest_s) + SECONDS;
        u32::try_from(free_s - now_s).unwrap_or(1)
    }

    fn second(&mut self, second_s: i64) -> &mut u32 {
        &mut self.by_second[second_s.rem_euclid(SECONDS) as usize]
    }
}

#[cfg(test)]
mod tests;
