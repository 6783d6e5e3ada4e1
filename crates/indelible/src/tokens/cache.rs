//! Tokens that are checked often, ready to be checked.
//!
//! An entry answers for a bounded time, in case that another process changed the token, and not a moment after this
//! process did. What was read from the database before a change cannot come in after it: whoever reads notes the
//! generation first, and a change begins a new one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::model::Token;
use crate::limits::{CACHE_SHARDS, CACHED_TOKENS_MAX};

/// Entries by the hash of a token's text.
#[derive(Debug)]
pub(super) struct Cache<T>(Vec<Mutex<Shard<T>>>);

#[derive(Debug)]
struct Shard<T> {
    entries: HashMap<[u8; 32], Arc<T>>,
    generation: u64,
}

/// When something was read from the database, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Generation(u64);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        let shard = || Mutex::new(Shard { entries: HashMap::new(), generation: 0 });
        Self((0..CACHE_SHARDS).map(|_| shard()).collect())
    }
}

impl<T> Cache<T> {
    /// The entry of a hash, and since when what is read now may be put there.
    pub(super) fn get(&self, hash: &[u8; 32]) -> (Option<Arc<T>>, Generation) {
        let shard = self.shard(hash);
        (shard.entries.get(hash).cloned(), Generation(shard.generation))
    }

    /// Keeps an entry, unless something changed since it was read.
    pub(super) fn put(&self, hash: [u8; 32], entry: &Arc<T>, read_at: Generation) {
        let mut shard = self.shard(&hash);
        if shard.generation == read_at.0 {
            // Starting anew now and then costs less than knowing which entry is needed least.
            if shard.entries.len() >= CACHED_TOKENS_MAX / CACHE_SHARDS {
                shard.entries.clear();
            }
            shard.entries.insert(hash, Arc::clone(entry));
        }
    }

    /// Forgets tokens, and whatever is being read of them.
    pub(super) fn forget<'a>(&self, tokens: impl Iterator<Item = &'a Token>) {
        for token in tokens {
            let mut shard = self.shard(&token.hash);
            shard.generation += 1;
            shard.entries.remove(&token.hash);
        }
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        for shard in &self.0 {
            let mut shard = lock(shard);
            shard.generation += 1;
            shard.entries.clear();
        }
    }

    fn shard(&self, hash: &[u8; 32]) -> MutexGuard<'_, Shard<T>> {
        let [first, ..] = *hash;
        lock(&self.0[usize::from(first) % CACHE_SHARDS])
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
