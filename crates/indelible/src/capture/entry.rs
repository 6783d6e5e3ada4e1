//! One event in the making: begun before the handler runs, ended by the response, or by its never coming.

use std::{sync::Arc, thread, time::Instant};

use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header, request, response};
use indelible_proof::{Actor, Event, Http, Object, Outcome, Target, limits, vocabulary};
use serde_json::{Value, json};

use super::{
    body::{Collected, Tee},
    correlation::Correlation,
    identity,
    index::Found,
    input::{self, Format, Input, at_path, scalar},
    layer::Shared,
    oauth,
    rule::{Phase, Rule},
    severity,
    verdict::Verdict,
};
use crate::identity::{Identity, ResolveError, next_cookies};

/// What is seen of the body of a request.
#[derive(Debug, Default)]
enum Seen {
    #[default]
    Nothing,
    Ahead(Collected),
    Along(Tee),
}

/// An event of a request that is under way. When it is dropped before [`Entry::end`], no response came: the handler
/// panicked, or the client went away; that is recorded too.
#[derive(Debug)]
pub(super) struct Entry {
    shared: Arc<Shared>,
    found: Found,
    /// `None` once it is recorded.
    event: Option<Box<Event>>,
    started: Instant,
    uri: Uri,
    /// Of the request's headers those that are needed again: credentials.
    credentials: HeaderMap,
    format: Option<Format>,
    body: Seen,
    before: Option<Identity>,
    after: Option<Identity>,
    resolve_error: Option<ResolveError>,
    /// How the response began, once it did.
    head: Option<(StatusCode, HeaderMap)>,
}

impl Entry {
    pub(super) fn begin(shared: Arc<Shared>, found: Found, parts: &request::Parts, ids: &Correlation) -> Self {
        let rule = found.rule();
        let format = Format::of(parts.headers.get(header::CONTENT_TYPE));
        let credentials = [header::COOKIE, header::AUTHORIZATION].into_iter().flat_map(|name| {
            parts.headers.get_all(&name).into_iter().map(move |value| (name.clone(), value.clone())).collect::<Vec<_>>()
        });
        let mut event = Box::new(Event::new(rule.action.clone().unwrap_or_default()));
        event.request_id = Some(ids.request_id.clone());
        event.trace_id = Some(ids.trace_id.clone());
        event.span_id.clone_from(&ids.span_id);
        event.http = Some(Http {
            method: Some(clipped(parts.method.as_str(), limits::WORD_BYTES_MAX)),
            route: Some(clipped(&rule.path, limits::URI_BYTES_MAX)),
            path: Some(shared.path(parts.uri.path(), &found)),
            ..Http::default()
        });
        let mut entry = Self {
            shared,
            found,
            event: Some(event),
            started: Instant::now(),
            uri: parts.uri.clone(),
            credentials: credentials.collect(),
            format,
            body: Seen::Nothing,
            before: None,
            after: None,
            resolve_error: None,
            head: None,
        };
        entry.note_origin(&parts.headers, &parts.extensions);
        entry
    }

    fn note_origin(&mut self, headers: &HeaderMap, extensions: &Extensions) {
        let (capture, shared) = (&self.found.rule().capture, &self.shared);
        let Some(event) = &mut self.event else { return };
        let context = event.context.get_or_insert_default();
        if capture.ip {
            let peer = (shared.peer)(extensions);
            context.ip = shared.proxies.client(peer, headers);
            context.forwarded_for = shared.proxies.header_text(headers).and_then(|text| header_text(&text));
        }
        if capture.user_agent {
            let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
            context.user_agent = agent.and_then(|text| header_text(&text));
        }
    }

    pub(super) fn rule(&self) -> &Rule {
        self.found.rule()
    }

    pub(super) fn wants_body(&self) -> bool {
        self.format.is_some() && self.rule().wants_request_body()
    }

    pub(super) fn body_bytes_max(&self) -> usize {
        self.shared.body_bytes_max
    }

    /// Takes the body of the request, read before the handler.
    pub(super) fn read_ahead(&mut self, collected: Collected) {
        self.body = Seen::Ahead(collected);
    }

    /// Takes the body of the request as the handler reads it.
    pub(super) fn read_with(&mut self, tee: Tee) {
        self.body = Seen::Along(tee);
    }

    /// Finds out who sends the request, before the handler may destroy what tells it.
    pub(super) async fn identify_before(&mut self, extensions: &Extensions) {
        if let Some(identity) = extensions.get::<Identity>() {
            self.before = Some(identity.clone());
        } else if self.shared.resolvers.may_know(&self.credentials) {
            self.before = self.resolved(&self.credentials).await.unwrap_or_else(|error| self.unresolved(error));
        }
    }

    /// Finds out who the client is now, when the response gave it other credentials.
    pub(super) async fn identify_after(&mut self, parts: &response::Parts, answer: Option<&Value>) {
        if self.found.rule().phase == Phase::Before {
            return;
        }
        if let Some(identity) = parts.extensions.get::<Identity>() {
            self.after = Some(identity.clone());
        } else if let Some(next) = self.next_credentials(&parts.headers, answer)
            && self.shared.resolvers.may_know(&next)
        {
            self.after = self.resolved(&next).await.unwrap_or_else(|error| self.unresolved(error));
        }
    }

    async fn resolved(&self, headers: &HeaderMap) -> Result<Option<Identity>, ResolveError> {
        self.shared.resolvers.resolve(headers, &Extensions::new()).await
    }

    fn unresolved(&mut self, error: ResolveError) -> Option<Identity> {
        self.resolve_error = Some(error);
        None
    }

    /// The credentials that the client will send next, when the response changed them: cookies, a token in
    /// `Set-Auth-Token`, or one in the field that the rule names.
    fn next_credentials(&self, response: &HeaderMap, answer: Option<&Value>) -> Option<HeaderMap> {
        let cookies = next_cookies(&self.credentials, response);
        let issued = || scalar(at_path(answer?, self.found.rule().issues.as_deref()?)?);
        let token = match response.get("set-auth-token") {
            Some(token) => token.to_str().ok().map(str::to_owned),
            None => issued(),
        };
        let bearer = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
        if cookies.is_none() && bearer.is_none() {
            return None;
        }
        let mut next = self.credentials.clone();
        for (name, value) in [(header::COOKIE, cookies), (header::AUTHORIZATION, bearer)] {
            value.map(|value| next.insert(name, value));
        }
        Some(next)
    }

    /// The response has begun: from here on its status is the outcome, whatever becomes of the client.
    pub(super) fn answered(&mut self, parts: &response::Parts) {
        self.head = Some((parts.status, parts.headers.clone()));
    }

    /// The response will be none: the service gave an error.
    pub(super) fn failed(mut self) -> Option<Box<Event>> {
        self.finish(None, Some("internal_error"))
    }

    /// The event, whole; `None` when the rule has it that there is none.
    pub(super) fn end(mut self, answer: Option<&Value>) -> Option<Box<Event>> {
        self.finish(answer, None)
    }

    /// `None` when it was recorded already, or the rule has it that there is none.
    fn finish(&mut self, answer: Option<&Value>, unanswered: Option<&str>) -> Option<Box<Event>> {
        let mut event = self.event.take()?;
        let (before, after) = (self.before.take(), self.after.take());
        let body = match std::mem::take(&mut self.body) {
            Seen::Nothing => None,
            Seen::Ahead(collected) => Some(collected),
            Seen::Along(tee) => Some(tee.collected()),
        };
        let input = Input::read(self.found.params(), &self.uri, self.format, body);
        let mut verdict = self.verdict(answer, unanswered);
        let status = self.head.as_ref().map(|(status, _)| *status);
        if self.found.rule().must_exist && status.is_some_and(|it| matches!(it.as_u16(), 404 | 405)) {
            return None;
        }
        if let Some(http) = &mut event.http {
            http.status = status.map(|status| status.as_u16()).filter(|status| (100..600).contains(status));
            http.latency_us = u64::try_from(self.started.elapsed().as_micros()).ok();
        }
        if self.found.rule().capture.oauth {
            oauth::describe(&mut event, &self.credentials, &input, answer);
            oauth::blame_redirect_uri(&mut verdict, &input);
        }
        let outcome = verdict.outcome.unwrap_or(Outcome::Failure);
        event.outcome = Some(outcome);
        event.action = self.action(outcome, &input, answer);
        event.reason.clone_from(&verdict.reason);
        let who = identity::settle(&event.action, before, after);
        self.note_who(&mut event, who, outcome, &input);
        self.note_targets(&mut event, &input);
        self.note_metadata(&mut event, &verdict, input, answer);
        self.note_severity(&mut event, outcome);
        if let Some(redaction) = &self.found.rule().redaction {
            redaction.redact(&mut event);
        }
        Some(event)
    }

    fn verdict(&self, answer: Option<&Value>, unanswered: Option<&str>) -> Verdict {
        match &self.head {
            Some((status, headers)) => Verdict::of(*status, headers, answer),
            None => {
                Verdict { outcome: Some(Outcome::Failure), reason: unanswered.map(str::to_owned), ..Verdict::default() }
            }
        }
    }

    fn action(&self, outcome: Outcome, input: &Input<'_>, answer: Option<&Value>) -> String {
        let action = self.found.rule().action.as_deref().unwrap_or_default();
        let action = if self.found.rule().capture.oauth { oauth::action_of_grant(action, input) } else { action };
        if outcome != Outcome::Success {
            return vocabulary::failed_form(action).unwrap_or(action).to_owned();
        }
        let is_there = |field: &str| {
            answer.and_then(|answer| at_path(answer, field)).is_some_and(|value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                _ => true,
            })
        };
        let other = self.found.rule().when.iter().find(|(field, _)| is_there(field));
        other.map_or(action, |(_, action)| action).to_owned()
    }

    /// Who did it; and where nobody is known or it failed, as whom somebody tried.
    fn note_who(&self, event: &mut Event, who: identity::Who, outcome: Outcome, input: &Input<'_>) {
        event.targets.extend(who.target);
        event.session_id = who.session_id;
        event.credential = who.credential;
        event.tenant = who.tenant;
        event.on_behalf_of = who.on_behalf_of;
        event.on_behalf_of.truncate(limits::ON_BEHALF_OF_MAX);
        let client = || if self.found.rule().capture.oauth { oauth::client_as_actor(event, outcome) } else { None };
        let known = who.actor.or_else(client);
        if (known.is_none() || outcome != Outcome::Success)
            && let Some(tried) = self.found.rule().identifiers.iter().find_map(|field| input.text(field))
        {
            event.targets.extend(self.shared.identifier(&tried));
        }
        event.actor = Some(known.unwrap_or_else(Actor::anonymous));
    }

    fn note_targets(&self, event: &mut Event, input: &Input<'_>) {
        for field in &self.found.rule().targets {
            let Some(text) = input.text(&field.field) else { continue };
            let id = if field.is_secret { self.shared.pseudonym(&text) } else { Some(text) };
            let Some(id) = id.map(|id| clipped(&id, limits::ID_BYTES_MAX)) else { continue };
            let target = Target::new(clipped(&field.kind, limits::WORD_BYTES_MAX), id);
            if !event.targets.iter().any(|known| known.r#type == target.r#type && known.id == target.id) {
                event.targets.push(target);
            }
        }
    }

    fn note_metadata(&self, event: &mut Event, verdict: &Verdict, input: Input<'_>, answer: Option<&Value>) {
        let metadata = &mut event.metadata;
        if let Some(original) = &self.found.rule().original_action {
            // The rule for whatever a plugin adds is called after what it matched.
            let caught = original.strip_prefix('*').and_then(|name| input.text(name));
            let original = caught.map_or_else(|| original.clone(), |path| path.replace('/', ":"));
            metadata.insert("original_action".to_owned(), clipped(&original, limits::NAME_BYTES_MAX).into());
        }
        // Not under `error.code`: a field named `code` is an authorization code to redaction.
        for (name, text) in [("error_code", &verdict.code), ("error_message", &verdict.message)] {
            if let Some(text) = text {
                metadata.insert(name.to_owned(), clipped(text, limits::NAME_BYTES_MAX).into());
            }
        }
        if self.found.rule().capture.request_body {
            let body = input.body.map(fit).or_else(|| input.left_out.map(|why| json!({ "left_out": why })));
            body.map(|body| metadata.insert("request_body".to_owned(), body));
        }
        if !self.found.rule().capture.response_fields.is_empty() {
            let field = |name: &String| Some((name.clone(), fit(at_path(answer?, name)?.clone())));
            let fields: Object = self.found.rule().capture.response_fields.iter().filter_map(field).collect();
            metadata.insert("response".to_owned(), fields.into());
        }
        if let Some(error) = &self.resolve_error {
            metadata.insert("identity_error".to_owned(), clipped(&error.cause, limits::NAME_BYTES_MAX).into());
        }
        if self.head.is_none() && verdict.reason.as_deref() == Some("internal_error") && thread::panicking() {
            metadata.insert("panicked".to_owned(), true.into());
        }
    }

    fn note_severity(&self, event: &mut Event, outcome: Outcome) {
        let own = self.shared.severities.of(&self.found.rule().path, &event.action, outcome);
        // Counted in any case: the next failure may be the one too many.
        let failures = self.shared.failures_of(event, outcome);
        if failures > 1 {
            event.metadata.insert("recent_failures".to_owned(), failures.into());
        }
        event.severity = Some(own.or(self.found.rule().severity).unwrap_or_else(|| {
            let is_repeated = self.shared.failures.is_repeated(failures);
            severity::at_least(&event.action, outcome, is_repeated).max(vocabulary::severity_of(event))
        }));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.event.is_none() {
            return;
        }
        let why = if thread::panicking() { "internal_error" } else { "x_client_gone" };
        if let Some(event) = self.finish(None, Some(why)) {
            self.shared.record_unawaited(*event);
        }
    }
}

/// A text that an event may carry: of so many bytes at most, and without NUL.
pub(super) fn clipped(text: &str, bytes_max: usize) -> String {
    let end = text.floor_char_boundary(bytes_max);
    text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}

/// A header as an event may carry it.
fn header_text(text: &str) -> Option<String> {
    Some(clipped(text, limits::HEADER_BYTES_MAX)).filter(|text| !text.is_empty())
}

/// A value as free data may be: what is nested too deep, holds NUL or numbers that are not exact everywhere, or is too
/// large, is kept as the text that it was.
fn fit(value: Value) -> Value {
    let mut event = Event::new("x.y");
    event.metadata.insert("value".to_owned(), value);
    let is_fit = event.validate().is_ok();
    let value = event.metadata.remove("value").unwrap_or_default();
    if is_fit {
        return value;
    }
    let text = value.to_string();
    if text.len() <= crate::limits::CAPTURED_TEXT_BYTES_MAX { text.into() } else { input::too_large() }
}
