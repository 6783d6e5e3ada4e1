//! Pages of events, and one event.

use axum::Json;
use indelible::{EventId, Recorded};
use indelible_engine::{
    limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    log::TreeError,
    query::{Cursor, Order, Page, Query},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    app::Reader,
    params::{self, Name, Params, UpTo, parameters, words},
    problem::Problem,
    reads::Endpoint,
};
use crate::limits;

parameters! {
    /// Which page.
    ListParams {
        /// Filter line.
        q: String, "action:token.* outcome:failure since:7d";
        /// Events that happened from then on: RFC 3339, a day, or a while ago such as 7d.
        since: String, "7d";
        /// Events that happened before then.
        until: String, "2026-12-01";
        /// Events of the page at most, 1 to 1000; fewer when they are large: go on while there is a `next`. Default: 50.
        limit: UpTo<PAGE_ROWS_MAX>, "50";
        /// `next` of the page before.
        cursor: String, "a4d2";
        /// `newest` first, the default, or `oldest` first, by sequence number.
        order: Direction, "newest";
    }
}

words!(Direction { Newest = "newest", Oldest = "oldest" });

/// A page of events.
#[derive(Debug, Serialize)]
pub(super) struct Events {
    events: Vec<Box<RawValue>>,
    /// What to give as `cursor` for the next page; null at the end.
    next: Option<String>,
}

/// A page of events.
pub(super) async fn list(reader: Reader, Params(params): Params<ListParams>) -> Result<Json<Events>, Problem> {
    let limit = params.limit.map_or(PAGE_ROWS_DEFAULT, |UpTo(limit)| limit);
    let after = params::cursor(params.cursor.as_deref())?;
    let order = match params.order.unwrap_or_default() {
        Direction::Newest => Order::NewestFirst,
        Direction::Oldest => Order::OldestFirst,
    };
    let filter = params::filter(params.q.as_deref(), params.since.as_deref(), params.until.as_deref())?;
    let page = reader.query(Query { filter, order, limit, after }).await?;
    reader.note(Endpoint::List);
    Ok(Json(Events::fitting(page)?))
}

impl Events {
    /// As much of a page as an answer may weigh.
    pub(super) fn fitting(page: Page) -> Result<Self, Problem> {
        let (events, next) = fitting(page, |event| event)?;
        Ok(Self { events, next })
    }
}

/// As much of a page as an answer may weigh, at least one event, already written: a client that takes its time with a
/// large answer holds little memory. And where the next page begins.
pub(super) fn fitting<T: Serialize>(
    page: Page,
    shown: impl Fn(Recorded) -> T,
) -> Result<(Vec<Box<RawValue>>, Option<String>), Problem> {
    let (mut rows, mut next, mut bytes) = (Vec::new(), page.next, 0);
    let mut last = None;
    for event in page.events {
        let seq = event.seq;
        let json = serde_json::value::to_raw_value(&shown(event)).map_err(|error| Problem::internal(&error))?;
        bytes += json.get().len();
        if bytes > limits::PAGE_BYTES_MAX && last.is_some() {
            next = last;
            break;
        }
        last = Some(Cursor { seq });
        rows.push(json);
    }
    Ok((rows, next.map(|cursor| cursor.to_string())))
}

/// One event, by its id or its sequence number.
pub(super) async fn get(reader: Reader, Name(which): Name) -> Result<Json<Recorded>, Problem> {
    find(&reader, &which).await.map(Json)
}

/// The event with an id or a sequence number.
pub(super) async fn find(reader: &Reader, which: &str) -> Result<Recorded, Problem> {
    let id: Option<EventId> = which.parse().ok();
    let seq = id.map(EventId::seq).or_else(|| which.parse().ok());
    let seq = seq.ok_or_else(|| Problem::parameter("id", "is an event's id (a UUIDv7) or its sequence number"))?;
    let found = reader.get(seq).await?.filter(|event| id.is_none_or(|id| event.id == id));
    reader.note(Endpoint::Get);
    match (found, reader.retention()) {
        (Some(found), _) => Ok(found),
        (None, Some(retention)) if seq < retention.first_seq => Err(TreeError::removed(seq, &retention).into()),
        (None, _) => Err(Problem::not_found("there is no such event")),
    }
}
