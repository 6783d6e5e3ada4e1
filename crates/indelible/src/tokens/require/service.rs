//! The service: a request waits for its token to be checked, and the check for its response.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response, request};
use http_body_util::Either;
use tower_service::Service;

use super::{
    Settings, UsageMetadata,
    answer::{Answer, Denial},
    open::{Open, Shared, text},
};
use crate::{identity::Presented, tokens::refusal::Refusal};

/// A service that only requests with a token reach. Made by [`RequireToken`](super::RequireToken).
#[derive(Debug, Clone)]
pub struct RequireTokenService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> RequireTokenService<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for RequireTokenService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: 'static,
{
    type Response = Answer<R>;
    type Error = S::Error;
    type Future = ResponseFuture<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was made ready is the one to call.
        let fresh = self.inner.clone();
        let inner = mem::replace(&mut self.inner, fresh);
        ResponseFuture(Box::pin(guarded(inner, Arc::clone(&self.settings), request)))
    }
}

async fn guarded<S, B, R>(mut inner: S, settings: Arc<Settings>, request: Request<B>) -> Result<Answer<R>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let narrowed = parts.extensions.get::<Shared>().and_then(|shared| shared.narrow(&settings, &parts));
    if let Some(narrowed) = narrowed {
        if let Err(refusal) = narrowed {
            return Ok(Denial::Refused(refusal).answer(&settings));
        }
        return Ok(inner.call(Request::from_parts(parts, body)).await?.map(Either::Left));
    }
    let is_readable = match Presented::by(&parts.headers) {
        Presented::Nothing => return Ok(Denial::NoToken.answer(&settings)),
        Presented::Token(_) => true,
        Presented::Unreadable(_) => false,
    };
    let Some((mut parts, open)) = begin(&settings, parts, started).await else {
        return Ok(Denial::Refused(Refusal::Unavailable).answer(&settings));
    };
    let accepted = match open.verdict() {
        Ok(accepted) => accepted,
        Err(refusal) => {
            let denial = if is_readable { Denial::Refused(refusal) } else { Denial::Unreadable };
            let answer = denial.answer(&settings);
            open.end(answer.status(), Default::default());
            return Ok(answer);
        }
    };
    let identity = accepted.identity();
    parts.extensions.insert(identity.clone());
    parts.extensions.insert(accepted);
    let mut response = match inner.call(Request::from_parts(parts, body)).await {
        Ok(response) => response,
        Err(error) => {
            open.fail();
            return Err(error);
        }
    };
    let UsageMetadata(metadata) = response.extensions_mut().remove().unwrap_or_default();
    // Whoever the handler says it is now goes first.
    response.extensions_mut().get_or_insert(identity);
    open.end(response.status(), metadata);
    Ok(response.map(Either::Left))
}

/// Checks the token where nobody is kept waiting by it; nothing when that thread was ended.
///
/// What is needed goes along and comes back: when the client goes away meanwhile, the attempt is logged all the same.
async fn begin(
    settings: &Arc<Settings>,
    mut parts: request::Parts,
    started: Instant,
) -> Option<(request::Parts, Open)> {
    let recalled = settings.tokens.recall(&text(&parts.headers));
    if let Some(found) = recalled {
        let open = Open::begin(settings, &mut parts, found, started);
        return Some((parts, open));
    }
    let settings = Arc::clone(settings);
    let look_up = move || {
        let found = settings.tokens.look_up(&text(&parts.headers));
        let open = Open::begin(&settings, &mut parts, found, started);
        (parts, open)
    };
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(look_up).await.ok(),
        Err(_) => Some(look_up()),
    }
}

/// The response to come.
pub struct ResponseFuture<R, E>(Pin<Box<dyn Future<Output = Result<Answer<R>, E>> + Send>>);

impl<R, E> Future for ResponseFuture<R, E> {
    type Output = Result<Answer<R>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<R, E> fmt::Debug for ResponseFuture<R, E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ResponseFuture")
    }
}
