//! The answer to come of a batch.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use super::{RecordError, Recorder, Recording, pipeline::Sent};

/// A batch on its way to the store: await it, or wait for it on a thread. It gives one [`Recording`] for each event.
///
/// Dropping it does not take the batch back: the events are recorded all the same, and hooks and counts follow on the
/// background thread.
#[must_use = "await it or wait for it to learn whether the events were stored"]
pub struct Submission(State);

enum State {
    Sent { recorder: Recorder, sent: Sent },
    Answered(Vec<Recording>),
    Taken,
}

impl Submission {
    pub(super) fn new(recorder: Recorder, sent: Sent) -> Self {
        Self(State::Sent { recorder, sent })
    }

    pub(super) fn answered(recordings: Vec<Recording>) -> Self {
        Self(State::Answered(recordings))
    }

    /// Blocks until the batch is as durable as was asked for.
    pub fn wait(mut self) -> Result<Vec<Recording>, RecordError> {
        match mem::replace(&mut self.0, State::Taken) {
            State::Sent { recorder, sent } => sent.wait(&recorder.0.pipeline),
            State::Answered(recordings) => Ok(recordings),
            State::Taken => Ok(Vec::new()),
        }
    }
}

impl Future for Submission {
    type Output = Result<Vec<Recording>, RecordError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.0 {
            State::Sent { recorder, sent } => match sent.poll(&recorder.0.pipeline, context) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
            State::Answered(recordings) => Ok(mem::take(recordings)),
            State::Taken => return Poll::Pending,
        };
        self.0 = State::Taken;
        Poll::Ready(answer)
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        if let State::Sent { recorder, sent } = mem::replace(&mut self.0, State::Taken) {
            recorder.adopt(sent);
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0 {
            State::Sent { .. } => "Sent",
            State::Answered(_) => "Answered",
            State::Taken => "Taken",
        };
        out.debug_tuple("Submission").field(&state).finish()
    }
}
