use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use indelible::Recorded;
use indelible_engine::{
    log::Retention,
    query::{Aggregate, Cancel, Filter, Page, Query, Table},
    source::ReadError,
    store::Store,
};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{App, tenant::tenant_of};
use crate::{
    api::{problem::Problem, reads::Endpoint},
    clock,
    keys::{Ability, ApiKey},
};

/// The right to read events, in the tenant of a key; with a key of all, in the one that the request names.
#[derive(Debug, Clone)]
pub(in crate::api) struct Reader {
    app: App,
    key: Arc<ApiKey>,
    tenant: Option<String>,
}

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = app.authenticate(parts, Ability::EventsRead)?;
        let tenant = tenant_of(&key, parts)?;
        Ok(Self { app: app.clone(), key, tenant })
    }
}

impl Reader {
    /// The event with a sequence number.
    pub(in crate::api) async fn get(&self, seq: u64) -> Result<Option<Recorded>, Problem> {
        let tenant = self.tenant.clone();
        self.app.read(move |store, _| store.get(tenant.as_deref(), seq)).await
    }

    /// A page of events.
    pub(in crate::api) async fn query(&self, mut query: Query) -> Result<Page, Problem> {
        query.filter = self.inside_tenant(query.filter);
        self.app.read(move |store, cancel| store.query(&query, cancel)).await
    }

    /// Groups and measures.
    pub(in crate::api) async fn aggregate(&self, mut aggregate: Aggregate) -> Result<Table, Problem> {
        aggregate.filter = self.inside_tenant(aggregate.filter);
        self.app.read(move |store, cancel| store.aggregate(&aggregate, cancel)).await
    }

    /// Answers a question that is more than one read, in the tenant of the key; noted in the log's own record of its readers.
    pub(in crate::api) async fn ask<T: Send + 'static>(
        self,
        endpoint: Endpoint,
        answer: impl FnOnce(&dyn Store, Option<&str>, &Cancel) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let tenant = self.tenant.clone();
        let answer = self.app.read(move |store, cancel| answer(store, tenant.as_deref(), cancel)).await?;
        self.note(endpoint);
        Ok(answer)
    }

    /// The next page of a stream, which waits its turn however long that takes.
    pub(in crate::api) async fn next_page(&self, mut query: Query) -> Result<Page, Problem> {
        query.filter = self.inside_tenant(query.filter);
        self.app.take_turn(move |store, cancel| store.query(&query, cancel)).await
    }

    /// The sequence number behind everything that was acknowledged before this call.
    pub(in crate::api) async fn end(&self) -> Result<u64, Problem> {
        self.app.read(|store, _| Ok::<_, ReadError>(store.status().next_seq)).await
    }

    /// What retention has removed.
    pub(in crate::api) fn retention(&self) -> Option<Arc<Retention>> {
        self.app.0.log.retention()
    }

    /// Notes that the key has read, for the log's own record of its readers.
    pub(in crate::api) fn note(&self, endpoint: Endpoint) {
        self.app.0.reads.note(&self.key, endpoint, clock::now());
    }

    /// Whether the key still counts: what takes long asks again.
    pub(in crate::api) fn still_counts(&self) -> bool {
        self.app.0.keys.still_counts(&self.key.id, clock::now())
    }

    /// The next sequence number, told after each commit; an acknowledgement may be faster.
    pub(in crate::api) fn committed(&self) -> watch::Receiver<u64> {
        self.app.0.committed.clone()
    }

    /// Whether the server is to stop.
    pub(in crate::api) fn is_stopping(&self) -> bool {
        *self.app.0.stopping.borrow()
    }

    /// Returns when the server is to stop.
    pub(in crate::api) async fn stopped(&self) {
        let _ = self.app.0.stopping.clone().wait_for(|stop| *stop).await;
    }

    /// A place among the live tails.
    pub(in crate::api) fn tail_permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.app.0.tails)
            .try_acquire_owned()
            .map_err(|_| Problem::busy("too many live tails are open: close one, or come back later"))
    }

    /// A place among the exports.
    pub(in crate::api) fn export_permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.app.0.exports)
            .try_acquire_owned()
            .map_err(|_| Problem::busy("too many exports are running: come back when one is done"))
    }

    fn inside_tenant(&self, filter: Filter) -> Filter {
        match &self.tenant {
            None => filter,
            Some(tenant) => filter.within_tenant(tenant),
        }
    }
}

impl App {
    /// Reads for a client that waits; when many wait already, it is told to come back.
    pub(super) async fn read<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store, &Cancel) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let _waiting = self.waiting()?;
        self.take_turn(read).await
    }

    /// Runs a read in its turn, and stops it when the client goes away, which drops this future.
    async fn take_turn<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store, &Cancel) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = Arc::clone(self.store());
        let cancel = Cancel::default();
        let _gone = CancelOnDrop(cancel.clone());
        self.in_turn(move || read(&*store, &cancel)).await
    }
}

/// Whatever drops it, nobody waits any more.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
