//! The three endpoints, step by step in the order of the plugin: a request is counted, read, and only then is it asked
//! who sends it.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::{HeaderMap, header, request};
use indelible_proof::{Actor, Context, Event};
use serde::Serialize;
use serde_json::Value;

use super::{
    Endpoints,
    answer::{Refusal, json},
    entry::Entry,
    insert::Insert,
    list::List,
    origin, reader,
};
use crate::{Durability, RecordError, capture::Correlation, identity::Identity, limits, text::header_text};

type Answer = Result<Response, Refusal>;

#[derive(Serialize)]
struct Listed {
    entries: Vec<Entry>,
    total: u64,
}

#[derive(Serialize)]
struct Inserted {
    success: bool,
}

pub(super) async fn list(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    endpoints.count(&parts)?;
    let list = List::parse(parts.uri.query().unwrap_or_default())?;
    let who = endpoints.identify(&parts).await?;
    let whose = endpoints.whose(&list, &who)?;
    let filter = list.filter(endpoints.tenant(&who), whose.as_ref());
    let store = Arc::clone(endpoints.recorder.store());
    let read = reader::list(store, filter, list.offset, list.limit).await;
    let (events, total) = read.map_err(|error| endpoints.failed(&error, Refusal::ListFailed))?;
    if whose.as_ref() != Some(&who.subject) {
        endpoints.note_read(&who, whose.and_then(|actor| actor.id).as_deref(), &parts);
    }
    let entries = events.into_iter().map(|recorded| Entry::of(recorded, endpoints.shows_user_agents)).collect();
    Ok(json(&Listed { entries, total }))
}

pub(super) async fn get(
    State(endpoints): State<Arc<Endpoints>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    // What is no text is no id.
    let id = id.map_or_else(|_| String::new(), |Path(id)| id);
    endpoints.entry(request, id).await
}

/// To the plugin, `insert` is an id like any other.
pub(super) async fn get_insert(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Answer {
    endpoints.entry(request, String::new()).await
}

pub(super) async fn insert(State(endpoints): State<Arc<Endpoints>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    endpoints.count(&parts)?;
    let body = read_body(&parts.headers, body).await?;
    origin::check(&parts, &endpoints.origins)?;
    let insert = Insert::parse(body)?;
    let who = endpoints.identify(&parts).await?;
    let event = endpoints.with_request(insert.into_event(who)?, &parts);
    let recorded = match endpoints.recorder.submit(vec![event], Durability::Durable) {
        Ok(submission) => submission.await.map(drop),
        Err(error) => Err(error),
    };
    match recorded {
        Ok(()) => Ok(json(&Inserted { success: true })),
        Err(RecordError::Invalid { error, .. }) => Err(Refusal::Unfit(error.to_string())),
        Err(error) => Err(endpoints.failed(&error, Refusal::InsertFailed)),
    }
}

impl Endpoints {
    fn count(&self, parts: &request::Parts) -> Result<(), Refusal> {
        let taken = self.allowance.take(self.address(parts), (self.clock)());
        taken.map_err(|retry_after_s| Refusal::TooMany { retry_after_s })
    }

    async fn identify(&self, parts: &request::Parts) -> Result<Identity, Refusal> {
        let resolved = self.resolvers.resolve(&parts.headers, &parts.extensions).await;
        let identity = resolved.map_err(|error| self.failed(&error, Refusal::SessionUnknown))?;
        identity
            .filter(|identity| identity.subject.id.as_ref().is_some_and(|id| !id.is_empty()))
            .ok_or(Refusal::NoSession)
    }

    /// Whose entries are listed: `None` for everybody's.
    fn whose(&self, list: &List, who: &Identity) -> Result<Option<Actor>, Refusal> {
        match &list.user_id {
            Some(id) if who.subject.id.as_ref() == Some(id) => Ok(Some(who.subject.clone())),
            asked if (self.admin)(who) => Ok(asked.clone().map(Actor::user)),
            Some(_) => Err(Refusal::OthersLog),
            None => Ok(Some(who.subject.clone())),
        }
    }

    async fn entry(&self, request: Request, id: String) -> Answer {
        let (parts, _) = request.into_parts();
        self.count(&parts)?;
        let who = self.identify(&parts).await?;
        let tenant = self.tenant(&who).to_owned();
        let read = reader::get(Arc::clone(self.recorder.store()), tenant, id).await;
        let found = read.map_err(|error| self.failed(&error, Refusal::GetFailed))?;
        let is_own = |event: &Event| {
            event.actor.as_ref().is_some_and(|actor| actor.id == who.subject.id && actor.r#type == who.subject.r#type)
        };
        let recorded = found.filter(|it| is_own(&it.event) || (self.admin)(&who)).ok_or(Refusal::NotFound)?;
        if !is_own(&recorded.event) {
            let user = recorded.event.actor.as_ref().filter(|actor| actor.r#type.as_deref() == Some("user"));
            self.note_read(&who, user.and_then(|actor| actor.id.as_deref()), &parts);
        }
        Ok(json(&Entry::of(recorded, self.shows_user_agents)))
    }

    /// Records that somebody read what others did.
    fn note_read(&self, who: &Identity, whose: Option<&str>, parts: &request::Parts) {
        if let Some(event) = self.reads.note(who, self.tenant(who), whose, (self.clock)()) {
            // The answer does not wait; what is lost, the recorder tells.
            let _ = self.recorder.queue(self.with_request(event, parts));
        }
    }

    /// The event with what the request tells of itself.
    fn with_request(&self, mut event: Event, parts: &request::Parts) -> Event {
        let agent = parts.headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        event.context = Some(Context {
            ip: self.address(parts),
            user_agent: agent.and_then(|agent| header_text(&agent)),
            ..Context::default()
        });
        let ids = parts.extensions.get().cloned().unwrap_or_else(|| Correlation::of(&parts.headers));
        event.request_id = Some(ids.request_id);
        event.trace_id = Some(ids.trace_id);
        event.span_id = ids.span_id;
        event
    }

    /// Tells the operator what went wrong; the client is told that something did.
    fn failed(&self, error: &(dyn std::error::Error + 'static), refusal: Refusal) -> Refusal {
        (self.on_error)(error);
        refusal
    }
}

/// The JSON of a body; `None` when there is no body.
async fn read_body(headers: &HeaderMap, body: Body) -> Result<Option<Value>, Refusal> {
    let bytes = to_bytes(body, limits::INSERT_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Refusal::BodyTooLarge(limits::INSERT_BYTES_MAX))?;
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()));
    match kind.as_deref().map(str::trim).filter(|kind| !kind.is_empty()) {
        None if bytes.is_empty() => return Ok(None),
        None => return Err(Refusal::NoContentType),
        Some(kind) => {
            let essence = kind.split(';').next().unwrap_or_default().trim();
            if !essence.eq_ignore_ascii_case("application/json") {
                return Err(Refusal::ContentType(kind.to_owned()));
            }
        }
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|_| Refusal::NoJson)
}
