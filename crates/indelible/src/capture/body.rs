//! Bodies that pass unchanged, while a rule reads along.
//!
//! What is short and says so, is taken whole before it is handed on: a request whose handler refuses it without a look
//! at its body was still about something. What was taken is handed on first, frame by frame. Of any other request is
//! seen what the handler reads, and of any other response what is there already; so no stream is held up, in either
//! direction. Frames are shared, not copied.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{alarm::within, limits};

/// What was seen of a body.
#[derive(Debug)]
pub(super) enum Collected {
    /// All of it.
    Whole(Bytes),
    /// More than the limit.
    TooLarge,
    /// Its end did not come.
    Partial,
}

#[derive(Debug, Default)]
struct Seen {
    chunks: Vec<Bytes>,
    bytes: usize,
    is_too_large: bool,
    is_whole: bool,
}

impl Seen {
    fn add(&mut self, chunk: &Bytes, limit: usize) {
        if chunk.is_empty() {
            // Any number of these would count for nothing.
            return;
        }
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > limit {
            self.is_too_large = true;
            self.chunks = Vec::new();
        } else if !self.is_too_large {
            self.chunks.push(chunk.clone());
        }
    }

    fn take(&mut self) -> Collected {
        if self.is_too_large {
            Collected::TooLarge
        } else if self.is_whole {
            Collected::Whole(match self.chunks.as_slice() {
                [one] => one.clone(),
                chunks => chunks.concat().into(),
            })
        } else {
            Collected::Partial
        }
    }
}

/// What was seen so far of a body that is being read.
#[derive(Debug, Clone)]
pub(super) struct Tee {
    seen: Arc<Mutex<Seen>>,
    limit: usize,
}

impl Tee {
    pub(super) fn new(limit: usize) -> Self {
        Self { seen: Arc::default(), limit }
    }

    pub(super) fn collected(&self) -> Collected {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_too_large(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_too_large
    }

    fn see<E>(&self, frame: Option<&Result<Frame<Bytes>, E>>, is_last: bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match frame {
            None => seen.is_whole = true,
            Some(Ok(frame)) => {
                frame.data_ref().into_iter().for_each(|data| seen.add(data, self.limit));
                seen.is_whole |= is_last;
            }
            Some(Err(_)) => {}
        }
    }
}

pin_project! {
    /// The body of a request or a response, on its way through the layer.
    pub struct AuditBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: Inner<B>,
        tee: Option<Tee>,
    }
}

pin_project! {
    #[project = InnerProjection]
    enum Inner<B>
    where
        B: Body,
    {
        Untouched { #[pin] body: B },
        Begun { begun: Begun<B> },
    }
}

/// A body of which some frames were taken.
struct Begun<B: Body> {
    taken: VecDeque<Frame<Bytes>>,
    error: Option<B::Error>,
    is_over: bool,
    rest: Pin<Box<B>>,
    tee: Tee,
    /// What the body said of its size before anything was taken, and what was handed on since.
    hint: SizeHint,
    handed_on: u64,
}

impl<B: Body> fmt::Debug for AuditBody<B> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.inner {
            Inner::Untouched { .. } => "Untouched",
            Inner::Begun { .. } => "Begun",
        };
        out.debug_tuple("AuditBody").field(&state).finish()
    }
}

impl<B: Body<Data = Bytes>> AuditBody<B> {
    pub(super) const fn untouched(body: B) -> Self {
        Self { inner: Inner::Untouched { body }, tee: None }
    }

    /// A body of which is seen what its reader reads.
    pub(super) const fn with_tee(body: B, tee: Tee) -> Self {
        Self { inner: Inner::Untouched { body }, tee: Some(tee) }
    }

    /// Takes the beginning of a body, and sees the rest as it is read. One whose length is told and within the limit is
    /// waited for; of any other only what is there already is taken, so that a stream is never held up.
    pub(super) async fn begin(body: B, limit: usize) -> (Self, Tee) {
        let (hint, tee) = (body.size_hint(), Tee::new(limit));
        let waits = hint.exact().is_some_and(|bytes| bytes <= limit as u64);
        let (taken, rest) = (VecDeque::new(), Box::pin(body));
        let mut begun = Begun { taken, error: None, is_over: false, rest, tee: tee.clone(), hint, handed_on: 0 };
        let taking = async {
            while !begun.is_over && !tee.is_too_large() {
                let frame = poll_fn(|context| match begun.poll_rest(context) {
                    Poll::Pending if !waits => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(frame) => Poll::Ready(Some(frame)),
                });
                let Some(frame) = frame.await else { break };
                begun.is_over = !matches!(frame, Some(Ok(_)));
                match frame {
                    // Any number of empty frames would count for nothing.
                    Some(Ok(frame)) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                    Some(Ok(frame)) => begun.taken.push_back(frame),
                    Some(Err(error)) => begun.error = Some(error),
                    None => {}
                }
            }
        };
        // Who sends but a beginning is left to the handler, and to whatever limits its time.
        within(limits::BODY_WAIT, taking).await;
        (Self { inner: Inner::Begun { begun }, tee: None }, tee)
    }
}

impl<B: Body<Data = Bytes>> Begun<B> {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(frame) = self.taken.pop_front() {
            self.handed_on += frame.data_ref().map_or(0, |data| data.len() as u64);
            return Poll::Ready(Some(Ok(frame)));
        }
        match self.error.take() {
            Some(error) => Poll::Ready(Some(Err(error))),
            None if self.is_over => Poll::Ready(None),
            None => self.poll_rest(context),
        }
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(self.rest.as_mut().poll_frame(context));
        self.tee.see(frame.as_ref(), self.rest.is_end_stream());
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        if self.taken.is_empty() {
            return self.rest.size_hint();
        }
        let mut hint = SizeHint::new();
        if let Some(upper) = self.hint.upper() {
            hint.set_upper(upper.saturating_sub(self.handed_on));
        }
        let lower = self.hint.lower().saturating_sub(self.handed_on);
        hint.set_lower(hint.upper().map_or(lower, |upper| lower.min(upper)));
        hint
    }
}

impl<B: Body<Data = Bytes>> Body for AuditBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        match this.inner.project() {
            InnerProjection::Begun { begun } => begun.poll_frame(context),
            InnerProjection::Untouched { mut body } => {
                let frame = body.as_mut().poll_frame(context);
                if let (Some(tee), Poll::Ready(frame)) = (this.tee, &frame) {
                    // Who knows the length need not ask for the end.
                    tee.see(frame.as_ref(), body.is_end_stream());
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Untouched { body } => body.is_end_stream(),
            Inner::Begun { begun } => {
                begun.taken.is_empty() && begun.error.is_none() && (begun.is_over || begun.rest.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Untouched { body } => body.size_hint(),
            Inner::Begun { begun } => begun.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests;
