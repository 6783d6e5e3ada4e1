use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible_engine::log::{Log, TreeError};
use indelible_proof::{
    checkpoint::{Checkpoint, CheckpointError},
    note::Note,
};

use super::App;
use crate::{api::problem::Problem, keys::Ability};

/// The right to see the tree: hashes and signatures, of all tenants. Every key that reads events has it, and everyone
/// where the tree is public.
#[derive(Debug, Clone)]
pub(in crate::api) struct Prover {
    app: App,
}

impl FromRequestParts<App> for Prover {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !app.0.public_tree {
            app.authenticate(parts, Ability::EventsRead)?;
        }
        Ok(Self { app: app.clone() })
    }
}

impl Prover {
    /// The published checkpoint, beyond which nothing is shown of the tree: the signed note, and what it says.
    pub(in crate::api) fn published(&self) -> Result<(Arc<Note>, Checkpoint), Problem> {
        let cosigning = &self.app.0.cosigning;
        let note = cosigning.published().ok_or_else(|| {
            let needed = cosigning.needed();
            Problem::unavailable(format!(
                "no checkpoint has {needed} cosignatures of witnesses yet: ask again; /v1/status tells of each witness"
            ))
        })?;
        // The log has signed it itself: there is nothing to verify.
        let checkpoint = note.text().parse().map_err(|error: CheckpointError| Problem::internal(&error))?;
        Ok((note, checkpoint))
    }

    /// Whether everyone may see the tree.
    pub(in crate::api) fn is_public(&self) -> bool {
        self.app.0.public_tree
    }

    /// The log, for what a thread of its own does.
    pub(in crate::api) fn log(&self) -> &Log {
        &self.app.0.log
    }

    /// Reads the tree.
    pub(in crate::api) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Log) -> Result<T, TreeError> + Send + 'static,
    ) -> Result<T, Problem> {
        let log = Arc::clone(&self.app.0.log);
        self.app.in_turn(move || read(&log)).await
    }
}
