//! Many equal events as one that counts them: what happens too often to be written down each time.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use indelible::{Event, Timestamp};

/// The events of which the log does not tell yet, by what makes them equal.
#[derive(Debug)]
pub(super) struct Tally<K>(Mutex<HashMap<K, Event>>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Tally<K> {
    /// Counts one more. When `kinds_max` different ones are counted already, a new one counts as one of `rest`.
    pub(super) fn add(&self, kind: K, rest: K, kinds_max: usize, now: Timestamp, first: impl FnOnce(&K) -> Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = if events.len() < kinds_max || events.contains_key(&kind) { kind } else { rest };
        let event = match events.entry(kind) {
            Entry::Occupied(counted) => counted.into_mut(),
            Entry::Vacant(place) => {
                let mut event = first(place.key());
                (event.occurred_at, event.first_at, event.count) = (Some(now), Some(now), Some(0));
                place.insert(event)
            }
        };
        event.count = event.count.map(|count| count + 1);
        event.last_at = Some(now);
    }

    /// The events that tell of everything since the last call.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }
}
