use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible::{Durability, Event, Refusal, Submission};
use indelible_proof::{checkpoint::Checkpoint, note::Note, tree::Hash};

use super::App;
use crate::{
    api::problem::Problem,
    keys::{Ability, ApiKey, Reach},
};

/// The right to record events, in the tenant of a key.
#[derive(Debug, Clone)]
pub(in crate::api) struct Writer {
    app: App,
    key: Arc<ApiKey>,
}

impl FromRequestParts<App> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = app.authenticate(parts, Ability::EventsWrite)?;
        Ok(Self { app: app.clone(), key })
    }
}

impl Writer {
    /// Gives an event the tenant of the key; an event that names another is refused.
    pub(in crate::api) fn admit(&self, mut event: Event) -> Result<Admitted, Problem> {
        if let Reach::Tenant(mine) = &self.key.tenant
            && event.tenant.get_or_insert_with(|| mine.clone()) != mine
        {
            let detail =
                format!("the API key records for the tenant {mine} alone: leave `tenant` out; nothing was stored");
            return Err(Problem::forbidden(detail).field("tenant"));
        }
        Ok(Admitted(event))
    }

    /// Hands a batch to the log, all or nothing. Queued events are checked now, while somebody listens.
    pub(in crate::api) fn submit(&self, events: Vec<Admitted>, durability: Durability) -> Result<Submission, Problem> {
        let events: Vec<Event> = events.into_iter().map(|Admitted(event)| event).collect();
        if durability == Durability::Queued {
            if self.app.0.log.stopped().is_some() {
                return Err(Problem::stopped());
            }
            for (index, event) in events.iter().enumerate() {
                event.validate().map_err(|error| Problem::invalid_event(&error).index(index))?;
            }
        }
        Ok(self.app.0.recorder.submit(events, durability)?)
    }

    /// Hands those of some events to the log that are fit for it, and tells of the others by their index.
    pub(in crate::api) fn submit_valid(
        &self,
        events: Vec<Admitted>,
        durability: Durability,
    ) -> Result<(Submission, Vec<Refusal>), Problem> {
        let events = events.into_iter().map(|Admitted(event)| event).collect();
        Ok(self.app.0.recorder.submit_valid(events, durability)?)
    }

    /// Proves that events which were acknowledged as durable are in the tree.
    pub(in crate::api) async fn prove(&self, seqs: Vec<u64>) -> Result<Proofs, Problem> {
        let log = Arc::clone(&self.app.0.log);
        // The newest, for no other covers what was just recorded.
        let checkpoint = log.checkpoint();
        let stated: Checkpoint = checkpoint.text().parse().map_err(|error| Problem::internal(&error))?;
        let size = stated.size();
        let hashes = self.app.in_turn(move || log.inclusions(&seqs, size)).await?;
        Ok(Proofs { checkpoint, size, hashes })
    }
}

/// That events are in the tree of a checkpoint.
#[derive(Debug)]
pub(in crate::api) struct Proofs {
    /// The newest checkpoint.
    pub(in crate::api) checkpoint: Arc<Note>,
    /// Events under it.
    pub(in crate::api) size: u64,
    /// Of each event the hashes from its leaf's sibling upwards.
    pub(in crate::api) hashes: Vec<Vec<Hash>>,
}

/// An event that a writer may record.
#[derive(Debug)]
pub(in crate::api) struct Admitted(Event);

impl Admitted {
    /// The event's idempotency key.
    pub(in crate::api) fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Gives the event an idempotency key.
    pub(in crate::api) fn set_idempotency_key(&mut self, key: String) {
        self.0.idempotency_key = Some(key);
    }
}
