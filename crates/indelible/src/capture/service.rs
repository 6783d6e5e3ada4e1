//! The service: a request that no rule describes goes straight through; any other has an [`Entry`] beside it.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    body::{AuditBody, Tee},
    correlation::Correlation,
    entry::Entry,
    index::Found,
    input::Format,
    rule::Rule,
    shared::Shared,
};

/// A service whose requests are recorded. Made by [`AuditLayer`](super::AuditLayer).
#[derive(Debug, Clone)]
pub struct AuditService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> AuditService<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for AuditService<S>
where
    S: Service<Request<AuditBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Send,
{
    type Response = Response<AuditBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Self::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(found) = self.shared.index.find(request.method(), request.uri().path()) else {
            let future = self.inner.call(request.map(AuditBody::untouched));
            return ResponseFuture { state: State::Passing { future } };
        };
        // The service that was made ready is the one to call.
        let fresh = self.inner.clone();
        let inner = mem::replace(&mut self.inner, fresh);
        let future = Box::pin(audited(inner, Arc::clone(&self.shared), found, request));
        ResponseFuture { state: State::Audited { future } }
    }
}

async fn audited<S, B, R>(
    mut inner: S,
    shared: Arc<Shared>,
    found: Found,
    request: Request<B>,
) -> Result<Response<AuditBody<R>>, S::Error>
where
    S: Service<Request<AuditBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
{
    let (mut parts, body) = request.into_parts();
    let ids = Correlation::of(&parts.headers);
    let mut entry = Entry::begin(Arc::clone(&shared), found, &parts, &ids);
    entry.identify_before(&parts).await;
    parts.extensions.insert(ids);
    let body = if entry.wants_body() && is_plain(&parts.headers) {
        read_along(&mut entry, body, &parts.headers).await
    } else {
        if !body.is_end_stream() {
            entry.leave_unread();
        }
        AuditBody::untouched(body)
    };
    let response = match inner.call(Request::from_parts(parts, body)).await {
        Ok(response) => response,
        Err(error) => {
            entry.end().await;
            return Err(error);
        }
    };
    let (parts, body) = response.into_parts();
    entry.answered(&parts, None);
    let body = if entry.rule().is_some_and(|rule| wants_answer(rule, &parts)) {
        let (body, tee) = AuditBody::begin(body, shared.body_bytes_max).await;
        entry.answered(&parts, Some(tee.collected()));
        body
    } else {
        AuditBody::untouched(body)
    };
    entry.identify_after(&parts).await;
    entry.end().await;
    Ok(Response::from_parts(parts, body))
}

/// Reads a short body ahead, and along with the handler any other; also one whose sender waits to be asked for it.
async fn read_along<B: Body<Data = Bytes>>(entry: &mut Entry, body: B, headers: &HeaderMap) -> AuditBody<B> {
    let limit = entry.body_bytes_max();
    let is_short = body.size_hint().exact().is_some_and(|bytes| bytes <= limit as u64);
    if is_short && !headers.contains_key(header::EXPECT) {
        let (body, tee) = AuditBody::begin(body, limit).await;
        entry.read_with(tee);
        return body;
    }
    let tee = Tee::new(limit);
    entry.read_with(tee.clone());
    AuditBody::with_tee(body, tee)
}

/// Whether a body is what its type says, and not compressed.
fn is_plain(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::CONTENT_ENCODING)
}

/// Whether a response is JSON that tells something: what a rule asks for, or why it failed.
fn wants_answer(rule: &Rule, parts: &http::response::Parts) -> bool {
    let is_error = parts.status.is_client_error() || parts.status.is_server_error();
    (is_error || rule.wants_response_body())
        && is_plain(&parts.headers)
        && Format::of(parts.headers.get(header::CONTENT_TYPE)) == Some(Format::Json)
}

pin_project! {
    /// The response to come.
    #[derive(Debug)]
    pub struct ResponseFuture<F, T, E> {
        #[pin]
        state: State<F, T, E>,
    }
}

type Audited<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<F, T, E> {
        Passing { #[pin] future: F },
        Audited { future: Audited<T, E> },
    }
}

impl<F, T, E> std::fmt::Debug for State<F, T, E> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Passing { .. } => "Passing",
            Self::Audited { .. } => "Audited",
        })
    }
}

impl<F, R, E> Future for ResponseFuture<F, Response<AuditBody<R>>, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<AuditBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passing { future } => {
                Poll::Ready(ready!(future.poll(context)).map(|response| response.map(AuditBody::untouched)))
            }
            StateProjection::Audited { future } => future.as_mut().poll(context),
        }
    }
}
