use std::{collections::HashSet, sync::Arc};

use axum::http::HeaderMap;
use indelible::{Durability, Event, Query, Timestamp};
use indelible_engine::{
    column::Column,
    query::{Clause, Field, Filter, Match, Order, Test},
};
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use crate::{
    api::{
        problem::Problem,
        refusals::{Cause, Peer},
    },
    clock, limits,
    receivers::{Issuer, Receivers, Webhook},
};

/// A path that events are sent to without an API key: the right to record there begins when the sender has proven itself.
#[derive(Debug)]
pub(in crate::api) struct Door<'a, T> {
    behind: Entrance<'a>,
    /// Who may come through.
    pub(in crate::api) of: &'a T,
}

/// The right to record what came through a door.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Entrance<'a> {
    app: &'a App,
    name: &'a str,
    tenant: &'a str,
}

impl App {
    /// The door of a webhook.
    pub(in crate::api) fn webhook<'a>(&'a self, name: &'a str) -> Result<Door<'a, Webhook>, Problem> {
        let Receivers { webhooks, .. } = &self.0.receivers;
        let of =
            webhooks.get(name).ok_or_else(|| Problem::not_found("there is no such webhook: see [webhooks.NAME]"))?;
        Ok(Door { behind: Entrance { app: self, name, tenant: &of.tenant }, of })
    }

    /// The door of an issuer of Security Event Tokens.
    pub(in crate::api) fn issuer<'a>(&'a self, name: &'a str) -> Result<Door<'a, Issuer>, Problem> {
        let Receivers { issuers, .. } = &self.0.receivers;
        let of = issuers
            .get(name)
            .ok_or_else(|| Problem::not_found("there is no such issuer: see [security_events.NAME]"))?;
        Ok(Door { behind: Entrance { app: self, name, tenant: &of.tenant }, of })
    }

    /// A turn for what nobody has proven yet: few are held at once, and none of the turns of those with API keys.
    pub(in crate::api) fn delivery(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.0.deliveries)
            .try_acquire_owned()
            .map_err(|_| Problem::busy("too many deliveries are on their way; nothing was stored: send again later"))
    }
}

impl<'a, T> Door<'a, T> {
    /// Notes that somebody was not let in.
    pub(in crate::api) fn refuse(&self, reason: &'static str, peer: Option<Peer>) {
        let Entrance { app, name, tenant } = self.behind;
        app.0.refusals.note_delivery(Cause::Delivery(reason), name, tenant, peer, clock::now());
    }

    /// Lets in: for who has checked what the sender proves itself with.
    pub(in crate::api) fn enter(&self) -> Entrance<'a> {
        self.behind
    }
}

impl Entrance<'_> {
    /// Stores events; they are durable when this returns. What was stored before is not stored again.
    pub(in crate::api) async fn record(self, mut events: Vec<Event>) -> Result<(), Problem> {
        if events.len() > limits::REQUEST_EVENTS_MAX {
            let detail = format!("more than {} events in one delivery; nothing was stored", limits::REQUEST_EVENTS_MAX);
            return Err(Problem::too_large(detail));
        }
        for event in &mut events {
            event.tenant = Some(self.tenant.to_owned());
            event.metadata.insert("received_by".to_owned(), self.name.into());
            // Only what is full already has no room for it.
            if event.validate().is_err() {
                event.metadata.remove("received_by");
            }
        }
        let known = self.known(&events).await?;
        events.retain(|event| event.idempotency_key.as_ref().is_none_or(|key| !known.contains(key)));
        if !events.is_empty() {
            self.app.0.recorder.submit(events, Durability::Durable)?.await?;
        }
        Ok(())
    }

    /// Notes, where a sender does not sign the id of a delivery, which event of the log had the same body under another id:
    /// the same was done again, or somebody sends again what they saw.
    pub(in crate::api) async fn note_repetition(self, events: &mut [Event]) -> Result<(), Problem> {
        let Some((body, key)) = events.first().and_then(|it| it.correlation_id.clone().zip(it.idempotency_key.clone()))
        else {
            return Ok(());
        };
        let filter = self.having(Column::CorrelationId, vec![body]);
        let query = Query { order: Order::OldestFirst, limit: 1, ..Query::newest(filter) };
        let page = self.app.read(move |store, cancel| store.query(&query, cancel)).await?;
        for first in page.events.iter().filter(|first| first.event.idempotency_key.as_ref() != Some(&key)) {
            for event in &mut *events {
                event.metadata.insert("repeats".to_owned(), first.id.to_string().into());
            }
        }
        Ok(())
    }

    /// The keys of those events that are in the log and may be old: it knows keys by itself for a day alone, and somebody
    /// may send again what they saw long ago.
    async fn known(&self, events: &[Event]) -> Result<HashSet<String>, Problem> {
        let trusted = clock::now().as_micros() - limits::DELIVERY_KEY_TRUSTED.as_micros() as i64;
        let trusted = Timestamp::saturating_from_micros(trusted);
        // GitHub does not say when something happened, and sends it again for three days.
        let may_be_old = |event: &&Event| event.occurred_at.is_none_or(|at| at < trusted);
        let old = events.iter().filter(may_be_old).filter_map(|event| event.idempotency_key.clone());
        let old: Vec<String> = old.collect();
        let mut known = HashSet::new();
        for keys in old.chunks(limits::KEYS_ASKED_AT_ONCE) {
            let filter = self.having(Column::IdempotencyKey, keys.to_vec());
            let query = Query { limit: keys.len() as u32, ..Query::newest(filter) };
            let page = self.app.read(move |store, cancel| store.query(&query, cancel)).await?;
            known.extend(page.events.into_iter().filter_map(|recorded| recorded.event.idempotency_key));
        }
        Ok(known)
    }

    fn having(self, column: Column, values: Vec<String>) -> Filter {
        let test = Test::Field(Field::Column(column), values.into_iter().map(Match::Is).collect());
        let filter = Filter { clauses: vec![Clause { negated: false, test }], ..Filter::default() };
        filter.within_tenant(self.tenant)
    }
}

/// The value of a header that is there once.
pub(in crate::api) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first.as_bytes())
}
