//! One event in the making: begun before the handler runs, ended by the response, or by its never coming.

use std::{sync::Arc, thread, time::Instant};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header, request, response};

use super::{
    body::{Collected, Tee},
    correlation::Correlation,
    index::Found,
    input::{Format, at_path, scalar},
    oauth,
    observation::{Ending, Observation, Seen},
    rule::{Phase, Rule},
    shared::Shared,
};
use crate::identity::{Identity, ResolveError, next_cookies};

/// The headers of a request that tell something, beside the one that proxies write.
const TELLING: [HeaderName; 4] = [header::COOKIE, header::AUTHORIZATION, header::USER_AGENT, header::CONTENT_TYPE];

/// An event of a request that is under way. When it is dropped before [`Entry::end`], no response came: the handler
/// panicked, or the client went away; that is recorded too.
#[derive(Debug)]
pub(super) struct Entry {
    shared: Arc<Shared>,
    /// `None` once it is recorded.
    observation: Option<Box<Observation>>,
    /// How the response began, once it did: from there on its status is the outcome, whatever becomes of the client.
    answered: Option<Ending>,
}

impl Entry {
    pub(super) fn begin(shared: Arc<Shared>, found: Found, parts: &request::Parts, ids: &Correlation) -> Self {
        let forwarding = shared.choices.proxies.header_name();
        let of_oauth = found.rule().capture.oauth.then_some(&oauth::DPOP);
        let names = TELLING.iter().chain([&forwarding]).chain(of_oauth);
        let all = |name| parts.headers.get_all(name).into_iter().map(move |value: &HeaderValue| (name, value));
        let mut headers = HeaderMap::with_capacity(names.clone().count());
        for (name, value) in names.flat_map(all) {
            headers.append(name, value.clone());
        }
        let now = Instant::now();
        let observation = Observation {
            peer: if found.rule().capture.ip { (shared.peer)(&parts.extensions) } else { None },
            found,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers,
            ids: ids.clone(),
            body: Seen::Nothing,
            before: None,
            after: None,
            resolve_error: None,
            started: now,
            ended: now,
        };
        Self { shared, observation: Some(Box::new(observation)), answered: None }
    }

    pub(super) fn rule(&self) -> Option<&Rule> {
        self.observation.as_ref().map(|observation| observation.found.rule())
    }

    pub(super) fn wants_body(&self) -> bool {
        self.observation.as_ref().is_some_and(|observation| {
            observation.found.rule().wants_request_body()
                && Format::of(observation.headers.get(header::CONTENT_TYPE)).is_some()
        })
    }

    pub(super) fn body_bytes_max(&self) -> usize {
        self.shared.body_bytes_max
    }

    /// There is a body that is not read.
    pub(super) fn leave_unread(&mut self) {
        self.see(Seen::Unread);
    }

    /// Takes the body of the request as it is read, before the handler or by it.
    pub(super) fn read_with(&mut self, tee: Tee) {
        self.see(Seen::Along(tee));
    }

    fn see(&mut self, seen: Seen) {
        if let Some(observation) = &mut self.observation {
            observation.body = seen;
        }
    }

    /// Finds out who sends the request, before the handler may destroy what tells it.
    pub(super) async fn identify_before(&mut self, parts: &request::Parts) {
        let Some(observation) = &mut self.observation else { return };
        let resolved = self.shared.resolvers.resolve(&parts.headers, &parts.extensions).await;
        observation.before = observation.resolved(resolved);
    }

    /// Finds out who the client is now, when the response gave it other credentials.
    pub(super) async fn identify_after(&mut self, parts: &response::Parts) {
        let Some(observation) = &mut self.observation else { return };
        let rule = observation.found.rule();
        if rule.phase == Phase::Before {
            return;
        }
        if let Some(identity) = parts.extensions.get::<Identity>() {
            observation.after = Some(Box::new(identity.clone()));
        } else if let Some(next) = next_credentials(rule, &observation.headers, parts, self.answered.as_ref()) {
            let resolved = self.shared.resolvers.resolve(&next, &Extensions::new()).await;
            observation.after = observation.resolved(resolved);
        }
    }

    /// The response has begun, or more of it was seen.
    pub(super) fn answered(&mut self, parts: &response::Parts, body: Option<Collected>) {
        let mut headers = HeaderMap::new();
        if let Some(location) = parts.headers.get(header::LOCATION) {
            headers.insert(header::LOCATION, location.clone());
        }
        self.answered = Some(Ending::Answered { status: parts.status, headers, body });
    }

    /// The response is there, or it never will be: the service gave an error. Waits as long as was chosen.
    pub(super) async fn end(mut self) {
        if let Some((observation, ending)) = self.take(Ending::Failed) {
            self.shared.record(observation, ending).await;
        }
    }

    /// What is to be recorded; `None` when it was already, or the rule has it that there is no event.
    fn take(&mut self, unanswered: Ending) -> Option<(Box<Observation>, Ending)> {
        let mut observation = self.observation.take()?;
        let ending = self.answered.take().unwrap_or(unanswered);
        let is_missing = matches!(&ending, Ending::Answered { status, .. } if matches!(status.as_u16(), 404 | 405));
        observation.ended = Instant::now();
        (!is_missing || !observation.found.rule().must_exist).then_some((observation, ending))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let why = if thread::panicking() { Ending::Panicked } else { Ending::ClientGone };
        if let Some((observation, ending)) = self.take(why) {
            self.shared.record_unawaited(observation, ending);
        }
    }
}

impl Observation {
    /// Who it was found to be, and why nobody was.
    fn resolved(&mut self, resolved: Result<Option<Identity>, ResolveError>) -> Option<Box<Identity>> {
        let identity = resolved.unwrap_or_else(|error| {
            self.resolve_error = Some(error);
            None
        });
        identity.map(Box::new)
    }
}

/// The credentials that the client will send next, when the response changed them: cookies, a token in `Set-Auth-Token`,
/// or one in the field that the rule names.
fn next_credentials(
    rule: &Rule,
    request: &HeaderMap,
    response: &response::Parts,
    ending: Option<&Ending>,
) -> Option<HeaderMap> {
    let cookies = next_cookies(request, &response.headers);
    let issued = || {
        let field = rule.issues.as_deref()?;
        scalar(at_path(&ending.and_then(Ending::answer)?, field)?)
    };
    let token = match response.headers.get("set-auth-token") {
        Some(token) => token.to_str().ok().map(str::to_owned),
        None => issued(),
    };
    let bearer = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
    if cookies.is_none() && bearer.is_none() {
        return None;
    }
    let mut next = request.clone();
    for (name, value) in [(header::COOKIE, cookies), (header::AUTHORIZATION, bearer)] {
        value.map(|value| next.insert(name, value));
    }
    Some(next)
}
