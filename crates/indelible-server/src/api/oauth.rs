//! What an audit of OAuth asks of the log: one question a path.

mod question;

use axum::Json;
use indelible::{
    Actor, Cancel, Store,
    oauth::questions::{Access, Questions, What},
};
use indelible_engine::limits::PAGE_ROWS_MAX;
use serde_json::{Map, Value, json};

use super::{
    app::Reader,
    params::{self, Domain, Params, UpTo, parameters, words},
    problem::Problem,
    question::{check, value},
    reads::Endpoint,
};
use crate::{
    clock,
    tokens::{Span, named},
};

pub(crate) use question::OauthQuestion;

/// The window of questions that are about now, when nobody says.
const LATELY: Span = Span(std::time::Duration::from_secs(86_400));

words!(By { Client = "client", Token = "token" });

impl Domain for What {
    fn schema() -> Value {
        json!({"type": "string", "enum": Self::ALL})
    }
}

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
        of: What, "country";
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
    params::of::<OauthParams>(conditions)?.answer(question, store, tenant, &Cancel::default())
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
        let questions = tenant.into_iter().fold(self.questions(question, store)?, Questions::tenant);
        let questions = questions.cancelled_by(cancel.clone());
        let at = params::moment("at", self.at.as_deref())?.unwrap_or_else(clock::now);
        let limit = self.limit.map_or_else(|| rows(question), |UpTo(limit)| limit);
        match question {
            OauthQuestion::Access => value(questions.access(&Access { route: self.route, scope: self.scope }, limit)?),
            OauthQuestion::UnusedScopes => value(match (self.by.unwrap_or_default(), &self.token) {
                (By::Client, None) => questions.unused_scopes(limit)?,
                (_, token) => questions.unused_scopes_by_token(token.as_deref(), limit)?,
            }),
            OauthQuestion::Chain => value(match (&self.token, &self.family) {
                (Some(token), None) => questions.chain(token, at, limit)?,
                (None, Some(family)) => questions.chain_of_family(family, at, limit)?,
                _ => return Err(Problem::parameter("token", "give the fingerprint of a token, or a family")),
            }),
            OauthQuestion::Reuse => value(questions.reuse(limit)?),
            OauthQuestion::RedirectUris => value(questions.redirect_uris(limit)?),
            OauthQuestion::Alive => value(questions.alive(at, limit)?),
            OauthQuestion::Failures => value(questions.failures(limit)?),
            OauthQuestion::FirstUses => {
                value(questions.first_uses(self.of.as_ref().map_or(&What::ALL, std::slice::from_ref), limit)?)
            }
        }
    }

    /// What all questions are limited to.
    fn questions<'a>(&self, question: OauthQuestion, store: &'a dyn Store) -> Result<Questions<'a>, Problem> {
        let times = params::filter(None, self.since.as_deref(), self.until.as_deref())?;
        let is_of_now = matches!(question, OauthQuestion::Access | OauthQuestion::FirstUses);
        let lately = || is_of_now.then(|| LATELY.before(clock::now()));
        let actor = self.actor.as_deref().map(named).transpose();
        let actor = actor.map_err(|problem| Problem::parameter("actor", problem))?;
        let actor = actor.map(|actor| Actor::new(actor.r#type, actor.id));
        let questions = self.client.iter().fold(Questions::of(store), Questions::client);
        let questions = actor.into_iter().fold(questions, Questions::actor);
        let questions = times.since.or_else(lately).into_iter().fold(questions, Questions::since);
        Ok(times.until.into_iter().fold(questions, Questions::until))
    }
}

/// Rows of an answer when nobody says.
const fn rows(question: OauthQuestion) -> u32 {
    match question {
        OauthQuestion::Chain => PAGE_ROWS_MAX,
        // Each of them tells a story.
        OauthQuestion::Reuse => 10,
        _ => 50,
    }
}
