//! The trail of resources: one question a path.

mod question;

use axum::Json;
use indelible::{
    Cancel, Store, Timestamp,
    resources::{Changed, Operation, State, Trail, changed, patch_of},
};
use indelible_engine::{
    limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    query::{Cursor, Page},
};
use indelible_proof::{Actor, Recorded};
use serde::Serialize;
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use super::{
    app::Reader,
    list::{Events, fitting},
    params::{self, Params, UpTo, parameters},
    problem::Problem,
    question::check,
    reads::Endpoint,
};
use crate::tokens::named;

pub(crate) use question::ResourceQuestion;

parameters! {
    /// Which resources, what happened to them, and when.
    ResourceParams {
        /// The resource as type and id; `log`, `changes` and `state` are about one.
        resource: String, "network:net_7";
        /// Only resources of this type.
        r#type: String, "network";
        /// Only this action: a word of `resource.*`, or another action as it stands; `*` stands for any characters.
        action: String, "approved";
        /// Only what this one did: type and id, or an id or e-mail address alone.
        actor: String, "user:42";
        /// From then on: RFC 3339, a day, or a while ago such as 7d.
        since: String, "7d";
        /// Before then.
        until: String, "2026-12-01";
        /// The moment that `state` is about. Default: now.
        at: String, "2026-11-20T12:00:00Z";
        /// Rows at most. Default: 50.
        limit: UpTo<PAGE_ROWS_MAX>, "50";
        /// `next` of the page before, of `log`, `changes` and `feed`.
        cursor: String, "a4d2";
    }
}

/// Answers a question.
pub(super) async fn resources(
    question: ResourceQuestion,
    reader: Reader,
    Params(params): Params<ResourceParams>,
) -> Result<Json<Box<RawValue>>, Problem> {
    let answer =
        move |store: &dyn Store, tenant: Option<&str>, cancel: &Cancel| params.answer(question, store, tenant, cancel);
    reader.ask(Endpoint::Resources, answer).await.map(Json)
}

/// The same of a data directory.
pub(crate) fn about_resources(
    question: ResourceQuestion,
    store: &dyn Store,
    tenant: Option<&str>,
    conditions: Map<String, Value>,
) -> Result<Value, Problem> {
    let answer = params::of::<ResourceParams>(conditions)?.answer(question, store, tenant, &Cancel::default())?;
    serde_json::from_str(answer.get()).map_err(|error| Problem::internal(&error))
}

/// What an event changed.
#[derive(Serialize)]
pub(super) struct Change {
    pub(super) seq: u64,
    pub(super) changed_at: Option<Timestamp>,
    pub(super) changed_by: Option<Actor>,
    pub(super) fields: Vec<Changed>,
    /// Null where the place of an element of a list is not known.
    pub(super) patch: Option<Vec<Operation>>,
}

impl Change {
    fn of(Recorded { seq, event, .. }: Recorded) -> Self {
        let changes = event.changes.unwrap_or_default();
        Self {
            seq,
            changed_at: event.occurred_at,
            changed_by: event.actor,
            fields: changed(&changes),
            patch: patch_of(&changes),
        }
    }
}

/// The state of a resource.
#[derive(Serialize)]
pub(super) struct StateOf {
    pub(super) r#type: String,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) state: State,
}

impl ResourceParams {
    fn answer(
        &self,
        question: ResourceQuestion,
        store: &dyn Store,
        tenant: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Box<RawValue>, Problem> {
        check(question.takes(), self)?;
        let trail = self.trail(store, tenant)?.cancelled_by(cancel.clone());
        let limit = self.limit.map_or(PAGE_ROWS_DEFAULT, |UpTo(limit)| limit);
        let after = params::cursor(self.cursor.as_deref())?;
        match question {
            ResourceQuestion::Log => written(&Events::fitting(self.history(&trail, limit, after)?)?),
            ResourceQuestion::Changes => {
                let (changes, next) = fitting(self.history(&trail, limit, after)?, Change::of)?;
                written(&Changes { changes, next })
            }
            ResourceQuestion::State => {
                let (kind, id) = self.resource()?;
                let at = params::moment("at", self.at.as_deref())?;
                written(&StateOf { state: trail.state(&kind, &id, at)?, r#type: kind, id })
            }
            ResourceQuestion::Feed => written(&Events::fitting(trail.feed(limit, after)?)?),
            ResourceQuestion::Approvals => written(&json!({"decisions": trail.decisions(limit)?})),
            ResourceQuestion::Requests => written(&json!({"requests": trail.open_requests(limit)?})),
        }
    }

    fn trail<'s>(&self, store: &'s dyn Store, tenant: Option<&str>) -> Result<Trail<'s>, Problem> {
        let times = params::filter(None, self.since.as_deref(), self.until.as_deref())?;
        let trail = tenant.into_iter().fold(Trail::of(store), Trail::tenant);
        let trail = times.since.into_iter().fold(trail, Trail::since);
        let trail = times.until.into_iter().fold(trail, Trail::until);
        let trail = self.r#type.iter().fold(trail, Trail::kind);
        let trail = self.action.iter().fold(trail, |trail, action| trail.action(action));
        Ok(self.actor.iter().fold(trail, Trail::actor))
    }

    fn history(&self, trail: &Trail<'_>, limit: u32, after: Option<Cursor>) -> Result<Page, Problem> {
        let (kind, id) = self.resource()?;
        Ok(trail.history(&kind, &id, limit, after)?)
    }

    fn resource(&self) -> Result<(String, String), Problem> {
        let text = self.resource.as_deref().unwrap_or_default();
        let named = named(text)
            .map_err(|_| Problem::parameter("resource", "write its type and its id, such as network:net_7"))?;
        Ok((named.r#type, named.id))
    }
}

#[derive(Serialize)]
struct Changes {
    changes: Vec<Box<RawValue>>,
    next: Option<String>,
}

fn written(answer: &impl Serialize) -> Result<Box<RawValue>, Problem> {
    to_raw_value(answer).map_err(|error| Problem::internal(&error))
}
