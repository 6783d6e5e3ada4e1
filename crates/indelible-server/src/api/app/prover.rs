use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible_engine::log::{Log, TreeError};
use indelible_proof::{
    checkpoint::{Checkpoint, CheckpointError},
    note::Note,
};

use super::App;
use crate::{
    api::problem::{Problem, STOPPED},
    keys::{Ability, Reach},
};

/// The right to see the tree: hashes and signatures, of all tenants. Every key that reads events has it, and everyone
/// where the tree is public.
#[derive(Debug, Clone)]
pub(in crate::api) struct Prover {
    app: App,
    sees_entries: bool,
}

impl FromRequestParts<App> for Prover {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let sees_entries = app.0.public_tree || app.authenticate(parts, Ability::EventsRead)?.tenant == Reach::All;
        Ok(Self { app: app.clone(), sees_entries })
    }
}

impl Prover {
    /// The published checkpoint, beyond which nothing is shown of the tree: the signed note, and what it says.
    pub(in crate::api) fn published(&self) -> Result<(Arc<Note>, Checkpoint), Problem> {
        let App(shared) = &self.app;
        let note = shared.cosigning.published().ok_or_else(|| {
            if shared.log.stopped().is_some() {
                return Problem::unavailable(format!("no checkpoint can be shown: {STOPPED}"));
            }
            let needed = shared.cosigning.needed();
            Problem::unavailable(format!(
                "no checkpoint has {needed} cosignatures of witnesses yet: ask again; /v1/status tells of each witness"
            ))
        })?;
        // The log has signed it itself: there is nothing to verify.
        let checkpoint = note.text().parse().map_err(|error: CheckpointError| Problem::internal(&error))?;
        Ok((note, checkpoint))
    }

    /// Refuses a key of one tenant to see entries: the digest of a record has no salt, so that whoever has it can find out
    /// whether a guess at another tenant's event is right.
    pub(in crate::api) fn check_entries(&self) -> Result<(), Problem> {
        if self.sees_entries {
            return Ok(());
        }
        Err(Problem::forbidden("the entries are of all tenants: they take an API key with the tenant *"))
    }

    /// Whether everyone may see the tree.
    pub(in crate::api) fn is_public(&self) -> bool {
        self.app.0.public_tree
    }

    /// The log, for what a thread of its own does.
    pub(in crate::api) fn log(&self) -> &Log {
        &self.app.0.log
    }

    /// Reads the tree; when many reads wait already, the client is told to come back.
    pub(in crate::api) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Log) -> Result<T, TreeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let log = Arc::clone(&self.app.0.log);
        let _waiting = self.app.waiting()?;
        self.app.in_turn(move || read(&log)).await
    }
}
