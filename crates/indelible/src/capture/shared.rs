//! What all services of a layer share, and how they record.

use std::{fmt, net::IpAddr, sync::Arc};

use http::Extensions;
use indelible_proof::Event;

use super::{
    choices::Choices,
    index::Index,
    observation::{Ending, Observation},
};
use crate::{Durability, RecordError, Recorder, Submission, identity::Resolvers};

/// Where a request's extensions hold the address of the peer.
pub(crate) type Peer = Arc<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;

/// What all services of a layer share.
pub(super) struct Shared {
    pub(super) index: Index,
    pub(super) recorder: Recorder,
    pub(super) resolvers: Resolvers,
    pub(super) peer: Peer,
    pub(super) durability: Durability,
    pub(super) body_bytes_max: usize,
    /// What making an event needs. Apart, because the recorder's queue holds it, and nothing in that queue may hold the
    /// recorder: the last one who drops it waits for the queue.
    pub(super) choices: Arc<Choices>,
}

impl Shared {
    /// Records what was seen as durably as was chosen. When the log cannot take it now, the queue tries again; when that
    /// is full too, the recorder tells of the gap.
    pub(super) async fn record(&self, observation: Box<Observation>, ending: Ending) {
        let Some((submitted, spare)) = self.submit(observation, ending) else { return };
        let error = match submitted {
            Ok(submission) => submission.await.err(),
            Err(error) => Some(error),
        };
        self.queue_after(error.as_ref(), spare);
    }

    /// Records what nobody waits for any more.
    pub(super) fn record_unawaited(&self, observation: Box<Observation>, ending: Ending) {
        let Some((submitted, spare)) = self.submit(observation, ending) else { return };
        // The background thread takes over whoever's submission is dropped.
        self.queue_after(submitted.map(drop).err().as_ref(), spare);
    }

    /// Hands the event to the store, and gives a spare one; nothing when it was queued.
    fn submit(
        &self,
        observation: Box<Observation>,
        ending: Ending,
    ) -> Option<(Result<Submission, RecordError>, Event)> {
        if self.durability == Durability::Queued {
            self.queue(observation, ending);
            return None;
        }
        let event = observation.event(&self.choices, &ending);
        let spare = event.clone();
        Some((self.recorder.submit(vec![event], self.durability), spare))
    }

    /// Whatever becomes of an event, its response is not changed by it: the recorder counts it, and tells its hooks.
    fn queue(&self, observation: Box<Observation>, ending: Ending) {
        let choices = Arc::clone(&self.choices);
        let _ = self.recorder.queue_unmade(Box::new(move || observation.event(&choices, &ending)));
    }

    fn queue_after(&self, error: Option<&RecordError>, spare: Event) {
        if let Some(RecordError::Append(_)) = error {
            let _ = self.recorder.queue(spare);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shared")
            .field("index", &self.index)
            .field("choices", &self.choices)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}
