//! Who wants to hear of commits.

use std::fmt;

/// What hears the next sequence number, and says whether it wants to hear the one after, too.
pub(crate) type Listener = Box<dyn Fn(u64) -> bool + Send + Sync>;

/// The listeners of a store.
#[derive(Default)]
pub(crate) struct Listeners(Vec<Listener>);

impl Listeners {
    pub(crate) fn add(&mut self, listener: Listener) {
        self.0.push(listener);
    }

    /// Tells all; who has heard enough is dropped.
    pub(crate) fn tell(&mut self, next_seq: u64) {
        self.0.retain(|listener| listener(next_seq));
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Listeners({})", self.0.len())
    }
}
