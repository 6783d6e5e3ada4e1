//! What an audit of OAuth asks of the log: one question a path.

mod question;

use axum::Json;
use indelible::{
    Actor, Cancel, Store, Timestamp,
    oauth::questions::{Access, Questions, What},
};
use indelible_engine::limits::PAGE_ROWS_MAX;
use serde_json::{Map, Value};

use super::{
    app::Reader,
    params::{self, Params, UpTo, parameters, words},
    problem::Problem,
    question::{check, value},
    reads::Endpoint,
};
use crate::{
    clock,
    tokens::{Span, named},
};

pub(crate) use question::OauthQuestion;

/// Rows of an answer when nobody says.
const ROWS: u32 = 50;
/// Of those that tell a story each.
const REUSES: u32 = 10;
/// The window of questions that are about now, when nobody says.
const LATELY: Span = Span(std::time::Duration::from_secs(86_400));

words!(By { Client = "client", Token = "token" });
words!(Of { Client = "client", Scope = "scope", Country = "country" });

parameters! {
    /// Whom and what it is about, when, and how much of it.
    OauthParams {
        /// About this client, by id.
        client: String, "web";
        /// About this actor, as type and id.
        actor: String, "user:42";
        /// Of `access`: of this route.
        route: String, "/orders/{id}";
        /// Of `access`: with this scope.
        scope: String, "orders:read";
        /// Of `chain`, any token of it; of `unused-scopes`, this token's: a fingerprint.
        token: String, "hmac:9f2c4e81b7d05a369f2c4e81b7d05a36";
        /// Of `chain`, instead of a token: the family.
        family: String, "fam-1";
        /// Of `unused-scopes`: of each client, or of each of the access tokens that the newest events, at most 64, have issued.
        by: By, "token";
        /// Of `first-uses`: of what. Default: of all three.
        of: Of, "country";
        /// Of `alive` and `chain`: the moment. Default: now.
        at: String, "1h";
        /// From then on: RFC 3339, a day, or a while ago such as 7d. Default: all there is; of `access` and `first-uses`, 1d.
        since: String, "7d";
        /// Before then.
        until: String, "2026-12-01";
        /// Rows at most; of `chain`, events. Default: 50; of `reuse`, 10; of `chain`, 1000.
        limit: UpTo<PAGE_ROWS_MAX>, "50";
    }
}

/// Answers a question.
pub(super) async fn oauth(
    question: OauthQuestion,
    reader: Reader,
    Params(params): Params<OauthParams>,
) -> Result<Json<Value>, Problem> {
    let answer =
        move |store: &dyn Store, tenant: Option<&str>, cancel: &Cancel| params.answer(question, store, tenant, cancel);
    reader.ask(Endpoint::Oauth, answer).await.map(Json)
}

/// The same of a data directory.
pub(crate) fn about_oauth(
    question: OauthQuestion,
    store: &dyn Store,
    tenant: Option<&str>,
    conditions: Map<String, Value>,
) -> Result<Value, Problem> {
    let params: OauthParams =
        serde_json::from_value(conditions.into()).map_err(|error| Problem::malformed(error.to_string()))?;
    params.answer(question, store, tenant, &Cancel::default())
}

impl OauthParams {
    fn answer(
        self,
        question: OauthQuestion,
        store: &dyn Store,
        tenant: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Value, Problem> {
        check(question.takes(), &self)?;
        let questions = self.questions(question, store)?.cancelled_by(cancel.clone());
        let questions = match tenant {
            Some(tenant) => questions.tenant(tenant),
            None => questions,
        };
        let at = self.at()?;
        let limit = self.limit.map_or(ROWS, |UpTo(limit)| limit);
        match question {
            OauthQuestion::Access => value(questions.access(&Access { route: self.route, scope: self.scope }, limit)?),
            OauthQuestion::UnusedScopes => value(match (self.by.unwrap_or_default(), &self.token) {
                (By::Client, None) => questions.unused_scopes(limit)?,
                (_, token) => questions.unused_scopes_by_token(token.as_deref(), limit)?,
            }),
            OauthQuestion::Chain => {
                let limit = self.limit.map_or(PAGE_ROWS_MAX, |UpTo(limit)| limit);
                value(match (&self.token, &self.family) {
                    (Some(token), None) => questions.chain(token, at, limit)?,
                    (None, Some(family)) => questions.chain_of_family(family, at, limit)?,
                    _ => return Err(Problem::parameter("token", "give the fingerprint of a token, or a family")),
                })
            }
            OauthQuestion::Reuse => value(questions.reuse(self.limit.map_or(REUSES, |UpTo(limit)| limit))?),
            OauthQuestion::RedirectUris => value(questions.redirect_uris(limit)?),
            OauthQuestion::Alive => value(questions.alive(at, limit)?),
            OauthQuestion::Failures => value(questions.failures(limit)?),
            OauthQuestion::FirstUses => {
                let of = self.of.map(|of| match of {
                    Of::Client => What::Client,
                    Of::Scope => What::Scope,
                    Of::Country => What::Country,
                });
                value(questions.first_uses(of.as_ref().map_or(&What::ALL, std::slice::from_ref), limit)?)
            }
        }
    }

    /// What all questions are limited to.
    fn questions<'a>(&self, question: OauthQuestion, store: &'a dyn Store) -> Result<Questions<'a>, Problem> {
        let times = params::filter(None, self.since.as_deref(), self.until.as_deref())?;
        let is_of_now = matches!(question, OauthQuestion::Access | OauthQuestion::FirstUses);
        let lately = || is_of_now.then(|| LATELY.before(clock::now()));
        let mut questions = Questions::of(store);
        if let Some(client) = &self.client {
            questions = questions.client(client);
        }
        if let Some(actor) = &self.actor {
            let actor = named(actor).map_err(|problem| Problem::parameter("actor", problem))?;
            questions = questions.actor(Actor::new(actor.r#type, actor.id));
        }
        if let Some(since) = times.since.or_else(lately) {
            questions = questions.since(since);
        }
        Ok(match times.until {
            Some(until) => questions.until(until),
            None => questions,
        })
    }

    fn at(&self) -> Result<Timestamp, Problem> {
        let Some(at) = &self.at else { return Ok(clock::now()) };
        let moment = params::moment("at", at)?;
        Ok(moment.unwrap_or_else(clock::now))
    }
}
