//! One use of a token, as the log is told of it. Seeing is done while a request waits; making the event of it is not.

use std::sync::Arc;

use indelible_proof::{
    Actor, Context, Credential, Event, Http, Object, Timestamp,
    limits::{ID_BYTES_MAX, INTEGER_MAX, SCOPE_BYTES_MAX, SCOPES_MAX, TRACE_BYTES_MAX, URI_BYTES_MAX, WORD_BYTES_MAX},
};

use super::{Scope, attempt::Requirement, ready::Ready, refusal::Refusal};
use crate::{
    limits::MISSING_MAX,
    text::{self, header_text},
};

/// What was seen of an attempt to use a token.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) scope: Arc<Scope>,
    pub(super) at: Timestamp,
    /// The token, when it is known.
    pub(super) ready: Option<Arc<Ready>>,
    /// And when it is not.
    pub(super) looks: Option<Looks>,
    pub(super) refusal: Option<Refusal>,
    pub(super) context: Context,
    pub(super) needs: Requirement,
    pub(super) request_id: Option<String>,
    pub(super) trace: Option<(String, String)>,
    pub(super) http: Option<Http>,
    pub(super) metadata: Object,
}

/// What can be told of a token that nobody knows.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) fingerprint: String,
    /// Prefix and environment, when it looks like a token at all.
    pub(super) words: Option<(String, String)>,
}

impl Attempted {
    /// The event. No text from outside can make it one that the log refuses.
    pub(super) fn event(self) -> Event {
        let (action, outcome, reason) = match &self.refusal {
            Some(refusal) => {
                let (action, outcome, reason) = refusal.words();
                (action, Some(outcome), Some(reason))
            }
            None => ("token.authenticated", None, None),
        };
        let mut event = Event::new(action).tenant(&self.scope.tenant).occurred_at(self.at);
        event.outcome = outcome;
        event.reason = reason.map(str::to_owned);
        let missing = match &self.refusal {
            Some(Refusal::Scope(missing)) => Some(("missing".to_owned(), fit_scopes(missing, MISSING_MAX).into())),
            _ => None,
        };
        event.metadata = self.metadata;
        event.metadata.extend(missing.clone());
        if !event.metadata.is_empty() && event.validate().is_err() {
            let left_out = ("left_out".to_owned(), "metadata that no event may have".into());
            event.metadata = Object::from_iter([left_out].into_iter().chain(missing));
        }
        match (&self.ready, self.looks) {
            (Some(ready), _) => note_token(&mut event, ready),
            (None, looks) => {
                event.actor = Some(Actor::anonymous());
                event.credential = looks.map(credential_of);
            }
        }
        let abilities = fit_scopes(self.needs.abilities(), SCOPES_MAX);
        if !abilities.is_empty() {
            event.oauth.get_or_insert_default().scopes_requested = abilities;
        }
        event.context = Some(fit_context(self.context)).filter(|context| *context != Context::default());
        event.http = self.http.map(fit_http).filter(|http| *http != Http::default());
        event.request_id = fit(self.request_id, ID_BYTES_MAX);
        (event.trace_id, event.span_id) = self.trace.filter(is_trace).unzip();
        event
    }
}

/// Who used a token, and which.
pub(super) fn note_token(event: &mut Event, ready: &Ready) {
    (event.actor, event.credential) = (Some(ready.actor()), Some(ready.credential()));
}

fn credential_of(looks: Looks) -> Credential {
    let (prefix, environment) = looks.words.unzip();
    let (kind, fingerprint) = (Some("api_key".to_owned()), Some(looks.fingerprint));
    Credential { kind, prefix, environment, fingerprint, ..Credential::default() }
}

fn fit(text: Option<String>, bytes_max: usize) -> Option<String> {
    text::fit(&text?, bytes_max)
}

fn fit_scopes<'a>(abilities: impl IntoIterator<Item = &'a String>, scopes_max: usize) -> Vec<String> {
    abilities.into_iter().filter_map(|ability| text::fit(ability, SCOPE_BYTES_MAX)).take(scopes_max).collect()
}

fn fit_context(mut context: Context) -> Context {
    context.ip = context.ip.map(|ip| ip.to_canonical());
    context.user_agent = context.user_agent.as_deref().and_then(header_text);
    context.forwarded_for = context.forwarded_for.as_deref().and_then(header_text);
    context.device_id = fit(context.device_id, ID_BYTES_MAX);
    context
}

fn fit_http(mut http: Http) -> Http {
    http.method = fit(http.method, WORD_BYTES_MAX);
    http.route = fit(http.route, URI_BYTES_MAX);
    http.path = fit(http.path, URI_BYTES_MAX);
    http.latency_us = http.latency_us.map(|us| us.min(INTEGER_MAX));
    http.status = http.status.filter(|status| (100..=599).contains(status));
    http
}

fn is_trace((trace, span): &(String, String)) -> bool {
    [trace, span]
        .into_iter()
        .all(|id| (1..=TRACE_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()))
}
