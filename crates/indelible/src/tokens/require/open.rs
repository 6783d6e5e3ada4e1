//! A check whose request is under way: begun by the outermost layer, narrowed by those within, ended by the response.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};
use indelible_proof::{Http, Object};

use super::Settings;
use crate::{
    capture::{Correlation, user_agent},
    identity::Presented,
    tokens::{
        attempt::Attempt,
        check::{Check, Found},
        ready::Accepted,
        refusal::Refusal,
    },
};

/// A check whose request is under way, as the layers of the request share it.
#[derive(Clone)]
pub(super) struct Shared {
    /// `None` once it is logged.
    under_way: Arc<Mutex<Option<UnderWay>>>,
    presented: HeaderValue,
}

struct UnderWay {
    check: Check,
    http: Http,
}

/// The outermost layer's. When it is dropped before [`Open::end`], no response came: the handler panicked, or the
/// client went away.
pub(super) struct Open {
    shared: Shared,
    started: Instant,
}

impl Open {
    /// Checks what a request presents, and lets those within know.
    pub(super) fn begin(settings: &Settings, parts: &mut request::Parts, found: Found, started: Instant) -> Self {
        let ids = parts.extensions.get::<Correlation>().cloned().unwrap_or_else(|| Correlation::of(&parts.headers));
        let boundary = settings.boundary.as_ref().and_then(|of| of(parts));
        let mut context = settings.proxies.context((settings.peer)(&parts.extensions), &parts.headers);
        context.user_agent = user_agent(&parts.headers);
        let text = text(&parts.headers);
        let mut attempt = Attempt::new(&text)
            .from(context)
            .origin(said(&parts.headers, &header::ORIGIN))
            .referer(said(&parts.headers, &header::REFERER))
            .boundary(boundary.as_ref())
            .needs(&settings.needs)
            .request_id(&ids.request_id);
        if let Some(span) = &ids.span_id {
            attempt = attempt.trace(&ids.trace_id, span);
        }
        let check = settings.tokens.check_found(attempt, found);
        let http = Http {
            method: Some(parts.method.as_str().to_owned()),
            route: route(settings, parts),
            path: Some(path(parts).to_owned()),
            ..Http::default()
        };
        let presented = parts.headers.get(header::AUTHORIZATION).cloned();
        let shared = Shared {
            under_way: Arc::new(Mutex::new(Some(UnderWay { check, http }))),
            presented: presented.unwrap_or_else(|| HeaderValue::from_static("")),
        };
        parts.extensions.insert(ids);
        parts.extensions.insert(shared.clone());
        Self { shared, started }
    }

    pub(super) fn verdict(&self) -> Result<Accepted, Refusal> {
        let under_way = self.shared.lock();
        under_way.as_ref().map_or(Err(Refusal::Unavailable), |under_way| under_way.check.accepted())
    }

    /// The response is ready.
    pub(super) fn end(self, status: StatusCode, metadata: Object) {
        self.log(Some(status), metadata);
    }

    /// The service failed: there is no response.
    pub(super) fn fail(self) {
        self.log(None, unanswered("failed"));
    }

    fn log(&self, status: Option<StatusCode>, metadata: Object) {
        let Some(UnderWay { check, mut http }) = self.shared.lock().take() else { return };
        http.status = status.map(|status| status.as_u16());
        http.latency_us = u64::try_from(self.started.elapsed().as_micros()).ok();
        drop(check.finish(Some(http), metadata));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.log(None, unanswered(if thread::panicking() { "panicked" } else { "client_gone" }));
    }
}

impl Shared {
    /// Asks what a layer within needs beyond those around it; nothing when this is no check of the same token by the
    /// same service, and the layer has to make one.
    pub(super) fn narrow(&self, settings: &Settings, parts: &request::Parts) -> Option<Result<(), Refusal>> {
        let mut under_way = self.lock();
        let UnderWay { check, http } = under_way.as_mut()?;
        if parts.headers.get(header::AUTHORIZATION) != Some(&self.presented) || !check.is_by(&settings.tokens) {
            return None;
        }
        if let Some(route) = route(settings, parts) {
            http.route = Some(route);
        }
        if let Some(boundary) = &settings.boundary {
            let _ = check.confine(boundary(parts).as_ref());
        }
        Some(check.require(&settings.needs).map(drop).map_err(Refusal::clone))
    }

    fn lock(&self) -> MutexGuard<'_, Option<UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is presented as a token. What cannot be one is kept with the scheme before it, and so is found to be none.
pub(super) fn text(headers: &HeaderMap) -> Cow<'_, str> {
    match Presented::by(headers) {
        Presented::Token(text) => Cow::Borrowed(text),
        Presented::Unreadable(header) => header,
        Presented::Nothing => Cow::Borrowed(""),
    }
}

/// A header; empty, and so matching nothing, when it is no text.
fn said<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn route(settings: &Settings, parts: &request::Parts) -> Option<String> {
    #[cfg(feature = "axum")]
    if let Some(matched) = parts.extensions.get::<axum::extract::MatchedPath>() {
        return Some(settings.route.as_deref().unwrap_or(matched.as_str()).to_owned());
    }
    let _ = parts;
    settings.route.clone()
}

/// The path that was asked for, without the query: people put secrets there.
fn path(parts: &request::Parts) -> &str {
    #[cfg(feature = "axum")]
    if let Some(original) = parts.extensions.get::<axum::extract::OriginalUri>() {
        return original.path();
    }
    parts.uri.path()
}

fn unanswered(why: &str) -> Object {
    Object::from_iter([("unanswered".to_owned(), why.into())])
}
