//! Telling the log of attempts, and the database of uses, where nobody waits for it.

use std::{
    mem,
    sync::{Arc, MutexGuard, PoisonError},
};

use indelible_proof::{Event, Timestamp};

use super::{
    Service,
    attempted::Attempted,
    failure::{self, Failure},
    flood::Repeats,
    ready::Ready,
    state::Use,
};
use crate::limits::TOUCHED_TOKENS;

impl Service {
    /// Tells the log of an attempt, in the background.
    pub(super) fn log(&self, attempted: Box<Attempted>) {
        let Some(refusal) = &attempted.refusal else {
            if self.settings.log_usage {
                self.queue(Box::new(move || attempted.event()));
            }
            return;
        };
        let failure = Failure::of(&attempted, refusal);
        let noted = self.flood.note(failure, attempted.at);
        self.tell_repeats(noted.due);
        if noted.singly {
            self.queue(Box::new(move || attempted.event()));
        }
    }

    pub(super) fn tell_repeats(&self, repeats: Vec<Repeats<Failure>>) {
        for repeats in repeats {
            self.queue(Box::new(move || failure::event_of(repeats)));
        }
    }

    /// What cannot be queued is lost, and the recorder tells of the gap.
    fn queue(&self, make: Box<dyn FnOnce() -> Event + Send>) {
        let _ = self.recorder.queue_unmade(make);
    }

    /// Notes that a token was used, for the database to learn some time.
    pub(super) fn note_use(&self, ready: &Arc<Ready>, now: Timestamp) {
        if ready.note_use(now) {
            self.used().push(Arc::clone(ready));
        }
    }

    /// Lets the database learn which tokens were used.
    pub(super) fn touch(&self) {
        let used = mem::take(&mut *self.used());
        for used in used.chunks(TOUCHED_TOKENS) {
            let noted = used.iter().filter_map(|ready| {
                Some(Use { tenant: ready.token.tenant.clone(), id: ready.token.id.clone(), at: ready.take_use()? })
            });
            // A later use tells it again; until then it is only a little late.
            let _ = self.state.touch(&noted.collect::<Vec<_>>());
        }
    }

    fn used(&self) -> MutexGuard<'_, Vec<Arc<Ready>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
