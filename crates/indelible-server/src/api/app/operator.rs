use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible::{Actor, Durability, Event, drivers::Follower};
use indelible_engine::store::{AppendError, Status};
use indelible_proof::rotation::Rotation;

use super::App;
use crate::{
    api::{blocking::blocking, problem::Problem, reads},
    clock,
    cosigning::Cosigning,
    keys::{Ability, ApiKey, KeysError, NewKey, Reach, Secret},
    retention::{Asked, Retained},
    rotation,
};

/// The right to manage the keys of one tenant, or of all.
#[derive(Debug, Clone)]
pub(in crate::api) struct Administrator {
    app: App,
    key: Arc<ApiKey>,
}

/// The right to see how the server as a whole is doing. It tells of all tenants together, so nobody has it who is
/// bound to one.
#[derive(Debug, Clone)]
pub(in crate::api) struct Operator {
    app: App,
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = app.authenticate(parts, Ability::Admin)?;
        Ok(Self { app: app.clone(), key })
    }
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = app.authenticate(parts, Ability::MetricsRead)?;
        if key.tenant == Reach::All {
            Ok(Self { app: app.clone() })
        } else {
            Err(Problem::forbidden("this tells of all tenants together: it takes an API key with the tenant *"))
        }
    }
}

impl Operator {
    /// The state of the log.
    pub(in crate::api) async fn status(&self) -> Result<Status, Problem> {
        let store = Arc::clone(self.app.store());
        blocking(move || store.status()).await
    }

    /// The checkpoints of the log and who cosigns them.
    pub(in crate::api) fn cosigning(&self) -> &Cosigning {
        &self.app.0.cosigning
    }

    /// What follows the log.
    pub(in crate::api) fn followers(&self) -> &[Follower] {
        &self.app.0.followers
    }

    /// Why the log takes no more events, if it was stopped.
    pub(in crate::api) fn stopped(&self) -> Option<&str> {
        self.app.0.log.stopped()
    }

    /// The public key that the log's checkpoints are verified with.
    pub(in crate::api) fn verifier_key(&self) -> String {
        self.app.0.log.verifier().to_string()
    }

    /// What the recorder has done.
    pub(in crate::api) fn stats(&self) -> indelible::Stats {
        self.app.0.recorder.stats()
    }

    /// Live tails that are open.
    pub(in crate::api) fn tails(&self) -> usize {
        self.app.0.tails_max - self.app.0.tails.available_permits()
    }

    /// Exports that are running.
    pub(in crate::api) fn exports(&self) -> usize {
        self.app.0.exports_max - self.app.0.exports.available_permits()
    }
}

impl Administrator {
    /// The keys within reach.
    pub(in crate::api) async fn list(&self) -> Result<Vec<ApiKey>, Problem> {
        let mut keys = self.blocking(|this| this.app.0.keys.list()).await?;
        keys.retain(|key| self.key.tenant.covers(&key.tenant));
        Ok(keys)
    }

    /// Makes a key within reach.
    pub(in crate::api) async fn create(&self, new: NewKey) -> Result<(ApiKey, Secret), Problem> {
        if !self.key.tenant.covers(&new.tenant) {
            let detail = "an API key bound to a tenant makes keys for that tenant alone";
            return Err(Problem::forbidden(detail).field("tenant"));
        }
        self.blocking(move |this| this.app.0.keys.create(new, clock::now(), Some(&|event| this.sign(event)))).await
    }

    /// Revokes a key within reach.
    pub(in crate::api) async fn revoke(&self, id: String) -> Result<Option<ApiKey>, Problem> {
        self.blocking(move |this| {
            this.app.0.keys.revoke(&id, &this.key.tenant, clock::now(), &|event| this.sign(event))
        })
        .await
    }

    /// Changes the key that signs the log's checkpoints, and records that.
    pub(in crate::api) async fn rotate_log_key(&self) -> Result<Rotation, Problem> {
        self.must_reach_all()?;
        let this = self.clone();
        let rotated = blocking(move || {
            let rotation = this.app.0.log.rotate_key()?;
            let event = this.sign(rotation::event(&rotation));
            // The key is changed, and the log's files tell of it, also where this fails.
            if let Err(error) = this.app.0.recorder.record_all(vec![event], Durability::Durable) {
                tracing::error!(%error, "the change of the log's key was not recorded as an event");
            }
            Ok(rotation)
        });
        rotated.await?.map_err(|error: AppendError| error.into())
    }

    /// Removes what has expired. When that takes longer than a request may, it goes on, and the answer is what will go.
    pub(in crate::api) async fn retain(&self, asked: Asked) -> Result<Retained, Problem> {
        self.must_reach_all()?;
        let days = asked.days(self.app.0.keep).map_err(|error| Problem::parameter("days", error.to_string()))?;
        let planned = Asked { dry_run: true, ..asked.clone() };
        let planned = planned.run(&self.app.0.log, &self.app.0.recorder, days, &|_, _| (), |event| event)?;
        if asked.dry_run {
            return Ok(planned);
        }
        let this = self.clone();
        let told = self.app.retain(asked, days, move |event| this.sign(event));
        let told = told.map_err(|error| Problem::internal(&error))?;
        match tokio::time::timeout(self.app.request_timeout(), told).await {
            Ok(done) => Ok(done.map_err(|panic| Problem::internal(&panic))??),
            Err(_) => Ok(Retained { dry_run: false, done: false, ..planned }),
        }
    }

    /// Refuses a key that is bound to a tenant what concerns the log as a whole.
    fn must_reach_all(&self) -> Result<(), Problem> {
        if self.key.tenant == Reach::All {
            return Ok(());
        }
        Err(Problem::forbidden("the log is of all tenants: it takes an API key with the tenant *"))
    }

    /// Says of an event that whoever has this key did it.
    fn sign(&self, event: Event) -> Event {
        let mut event = event.actor(Actor::new("token", self.key.id.clone()).name(self.key.name.clone()));
        reads::of(&self.key, &mut event);
        event
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, KeysError> + Send + 'static,
    ) -> Result<T, Problem> {
        let this = self.clone();
        Ok(blocking(move || work(&this)).await??)
    }
}
