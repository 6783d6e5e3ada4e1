//! What was seen of a request and its response, and the event that it makes.
//!
//! Seeing is done while a request waits, so what is seen is kept as it came, shared and not copied; making the event of
//! it is not: texts are read and hashed where nobody waits for them.

use std::time::Instant;

use http::{HeaderMap, Method, StatusCode, Uri, header};
use indelible_proof::{Actor, Event, Http, Object, Outcome, Target, limits, vocabulary};
use serde_json::{Value, json};

use super::{
    address::user_agent,
    body::{Collected, Tee},
    choices::Choices,
    correlation::Correlation,
    identity,
    index::Found,
    input::{self, Format, Input, at_path},
    oauth,
    rule::Rule,
    severity,
    verdict::Verdict,
};
use crate::{
    identity::{Identity, ResolveError},
    text::clipped,
};

/// Where an event keeps what was asked for of the bodies.
const REQUEST_BODY: &str = "request_body";
const RESPONSE: &str = "response";

/// What is seen of the body of a request.
#[derive(Debug, Default)]
pub(super) enum Seen {
    #[default]
    Nothing,
    /// There is one, which was not read.
    Unread,
    /// As far as it was read.
    Along(Tee),
}

/// How a request ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// With a response: its status, of its headers what tells how it ended, and its body, if a rule asked.
    Answered { status: StatusCode, headers: HeaderMap, body: Option<Collected> },
    /// With an error of the service.
    Failed,
    /// By a panic of the handler.
    Panicked,
    /// By the client's going away.
    ClientGone,
}

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) found: Found,
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// Of the request's headers those that tell something.
    pub(super) headers: HeaderMap,
    pub(super) peer: Option<std::net::IpAddr>,
    pub(super) ids: Correlation,
    pub(super) body: Seen,
    /// Boxed: most requests have none, and what is small is made and handed on in less time.
    pub(super) before: Option<Box<Identity>>,
    pub(super) after: Option<Box<Identity>>,
    pub(super) resolve_error: Option<ResolveError>,
    pub(super) started: Instant,
    pub(super) ended: Instant,
}

impl Observation {
    /// The event of it.
    pub(super) fn event(mut self, choices: &Choices, ending: &Ending) -> Event {
        let (mut before, mut after) = (self.before.take().map(|who| *who), self.after.take().map(|who| *who));
        let is_less = [&mut before, &mut after].into_iter().flatten().fold(false, |less, it| it.fit() | less);
        if is_less {
            let unfit = || ResolveError::new("the identity has texts that no event may carry");
            self.resolve_error.get_or_insert_with(unfit);
        }
        let body = match std::mem::take(&mut self.body) {
            Seen::Nothing => None,
            Seen::Unread => Some(Collected::Partial),
            Seen::Along(tee) => Some(tee.collected()),
        };
        let mut event = Event::new("");
        self.note_request(&mut event, choices, ending);
        let format = Format::of(self.headers.get(header::CONTENT_TYPE));
        let input = Input::read(self.found.params(), &self.uri, format, body);
        let is_oauth = self.rule().capture.oauth;
        let redirect = || if is_oauth { oauth::redirected(ending.headers()?, &input) } else { None };
        let answer = ending.answer().or_else(redirect);
        let answer = answer.as_ref();
        let mut verdict = ending.verdict(answer);
        if is_oauth {
            oauth::describe(&mut event, &self.headers, &input, answer);
            oauth::judge(&mut verdict, &input);
        }
        let rule_action = self.rule().action.as_deref().unwrap_or_default();
        // A redirect leads where the client asked to be sent, be there an `error` or not: the session says more.
        if ending.is_redirect() && identity::is_signed_in(rule_action, before.as_ref(), after.as_ref()) {
            verdict = Verdict { outcome: Some(Outcome::Success), ..Verdict::default() };
        }
        let outcome = verdict.outcome.unwrap_or(Outcome::Failure);
        event.outcome = Some(outcome);
        event.action = self.action(&verdict, &input, answer);
        event.reason.clone_from(&verdict.reason);
        let who = identity::settle(&event.action, before, after);
        self.note_who(&mut event, choices, who, outcome, &input);
        self.note_targets(&mut event, choices, &input);
        if let Some(fingerprints) = choices.fingerprints.as_ref().filter(|_| is_oauth) {
            oauth::note_tokens(&mut event, fingerprints, &self.headers, &input, answer);
        }
        self.note_metadata(&mut event, &verdict, input, answer);
        if matches!(ending, Ending::Panicked) {
            event.metadata.insert("panicked".to_owned(), true.into());
        }
        self.note_severity(&mut event, choices, outcome);
        if let Some(redaction) = &self.rule().redaction {
            redaction.redact(&mut event);
        }
        for body in [RESPONSE, REQUEST_BODY] {
            if event.metadata.contains_key(body) && !choices.takes(&event) {
                event.metadata.insert(body.to_owned(), input::too_large());
            }
        }
        event
    }

    fn rule(&self) -> &Rule {
        self.found.rule()
    }

    fn note_request(&mut self, event: &mut Event, choices: &Choices, ending: &Ending) {
        event.request_id = Some(std::mem::take(&mut self.ids.request_id));
        event.trace_id = Some(std::mem::take(&mut self.ids.trace_id));
        event.span_id = self.ids.span_id.take();
        event.http = Some(Http {
            method: Some(clipped(self.method.as_str(), limits::WORD_BYTES_MAX)),
            route: Some(clipped(&self.rule().path, limits::URI_BYTES_MAX)),
            path: Some(choices.path(self.uri.path(), &self.found)),
            status: ending.status().map(|status| status.as_u16()).filter(|status| (100..600).contains(status)),
            latency_us: u64::try_from(self.ended.saturating_duration_since(self.started).as_micros()).ok(),
        });
        let capture = &self.rule().capture;
        let ip = capture.ip.then(|| choices.proxies.context(self.peer, &self.headers));
        let mut context = ip.unwrap_or_default();
        if capture.user_agent {
            context.user_agent = user_agent(&self.headers);
        }
        event.context = Some(context);
    }

    fn action(&self, verdict: &Verdict, input: &Input<'_>, answer: Option<&Value>) -> String {
        let action = self.rule().action.as_deref().unwrap_or_default();
        let action = if self.rule().capture.oauth { oauth::action(action, verdict, input, answer) } else { action };
        if verdict.outcome != Some(Outcome::Success) {
            return vocabulary::failed_form(action).unwrap_or(action).to_owned();
        }
        let is_there = |field: &str| {
            answer.and_then(|answer| at_path(answer, field)).is_some_and(|value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                _ => true,
            })
        };
        let other = self.rule().when.iter().find(|(field, _)| is_there(field));
        other.map_or(action, |(_, action)| action).to_owned()
    }

    /// Who did it; and where nobody is known or it failed, as whom somebody tried.
    fn note_who(&self, event: &mut Event, choices: &Choices, who: identity::Who, outcome: Outcome, input: &Input<'_>) {
        event.targets.extend(who.target.filter(|target| *target != Target::default()));
        event.session_id = who.session_id;
        event.credential = who.credential;
        event.tenant = who.tenant;
        event.on_behalf_of = who.on_behalf_of;
        event.on_behalf_of.truncate(limits::ON_BEHALF_OF_MAX);
        let client = || {
            if self.rule().capture.oauth { oauth::client_as_actor(event, outcome, &self.headers, input) } else { None }
        };
        let known = who.actor.or_else(client);
        if (known.is_none() || outcome != Outcome::Success)
            && let Some(tried) = input.first_of(&self.rule().identifiers)
        {
            event.targets.extend(choices.identifier(&tried));
        }
        event.actor = Some(known.unwrap_or_else(Actor::anonymous));
    }

    fn note_targets(&self, event: &mut Event, choices: &Choices, input: &Input<'_>) {
        for field in &self.rule().targets {
            let Some(text) = input.text(&field.field) else { continue };
            let id = if field.is_secret { choices.pseudonym(&text) } else { Some(text) };
            let Some(id) = id.map(|id| clipped(&id, limits::ID_BYTES_MAX)) else { continue };
            let target = Target::new(clipped(&field.kind, limits::WORD_BYTES_MAX), id);
            if !event.targets.iter().any(|known| known.r#type == target.r#type && known.id == target.id) {
                event.targets.push(target);
            }
        }
    }

    fn note_metadata(&self, event: &mut Event, verdict: &Verdict, input: Input<'_>, answer: Option<&Value>) {
        let metadata = &mut event.metadata;
        if let Some(original) = &self.rule().original_action {
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
        let body = input.body.filter(|_| self.rule().capture.request_body).map(fit);
        if let Some(body) = body.or_else(|| input.left_out.map(|why| json!({ "left_out": why }))) {
            metadata.insert(REQUEST_BODY.to_owned(), body);
        }
        if !self.rule().capture.response_fields.is_empty() {
            let field = |name: &String| Some((name.clone(), fit(at_path(answer?, name)?.clone())));
            let fields: Object = self.rule().capture.response_fields.iter().filter_map(field).collect();
            metadata.insert(RESPONSE.to_owned(), fit(fields.into()));
        }
        if let Some(error) = &self.resolve_error {
            metadata.insert("identity_error".to_owned(), clipped(&error.cause, limits::NAME_BYTES_MAX).into());
        }
    }

    fn note_severity(&self, event: &mut Event, choices: &Choices, outcome: Outcome) {
        let own = choices.severities.of(&self.rule().path, &event.action, outcome);
        // Counted in any case: the next failure may be the one too many.
        let failures = choices.failures_of(event, outcome, self.ended);
        if failures > 1 {
            event.metadata.insert("recent_failures".to_owned(), failures.into());
        }
        event.severity = Some(own.or(self.rule().severity).unwrap_or_else(|| {
            let is_repeated = choices.failures.is_repeated(failures);
            severity::at_least(&event.action, outcome, is_repeated).max(vocabulary::severity_of(event))
        }));
    }
}

impl Ending {
    const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Failed | Self::Panicked | Self::ClientGone => None,
        }
    }

    fn is_redirect(&self) -> bool {
        self.status().is_some_and(|status| status.is_redirection())
    }

    const fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Answered { headers, .. } => Some(headers),
            Self::Failed | Self::Panicked | Self::ClientGone => None,
        }
    }

    /// The body of the response as JSON.
    pub(super) fn answer(&self) -> Option<Value> {
        match self {
            Self::Answered { body: Some(Collected::Whole(bytes)), .. } => Format::Json.read(bytes),
            _ => None,
        }
    }

    fn verdict(&self, answer: Option<&Value>) -> Verdict {
        let reason = match self {
            Self::Answered { status, headers, .. } => return Verdict::of(*status, headers, answer),
            Self::Failed | Self::Panicked => "internal_error",
            Self::ClientGone => "x_client_gone",
        };
        Verdict { outcome: Some(Outcome::Failure), reason: Some(reason.to_owned()), ..Verdict::default() }
    }
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
