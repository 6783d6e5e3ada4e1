//! The live tail: events as they are committed, as server-sent events whose ids are sequence numbers.
//!
//! Nothing is pushed: each tail reads the log behind its own position and waits only when it has reached the end.
//! So there is no gap between the past and the present, however slow the client, and no queue to overflow.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use indelible_engine::query::{Cursor, Filter, Order, Query};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    app::Reader,
    params::{self, Params, parameters},
    problem::Problem,
    reads::Endpoint,
};
use crate::limits;

parameters! {
    /// What to follow.
    TailParams {
        /// Filter line.
        q: String, "severity:>=high";
        /// Begin behind this sequence number instead of with what comes now; `Last-Event-ID` wins over it.
        after: u64, "1233";
    }
}

/// Follows the log.
pub(super) async fn tail(
    reader: Reader,
    Params(params): Params<TailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = params::filter(params.q.as_deref(), None, None)?;
    let after: Option<u64> = match headers.get("last-event-id") {
        Some(value) => Some(value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::parameter("last-event-id", "is the id of the last event that was received: a sequence number")
        })?),
        None => params.after,
    };
    let permit = reader.tail_permit()?;
    let position = match after {
        Some(seq) => seq.saturating_add(1),
        None => reader.end().await?,
    };
    let (pieces, stream) = mpsc::channel(limits::STREAM_PIECES);
    reader.note(Endpoint::Tail);
    tokio::spawn(async move {
        Tail { reader, filter, position, pieces }.run().await;
        drop(permit);
    });
    let mut response = Body::from_stream(ReceiverStream::new(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Tail {
    reader: Reader,
    filter: Filter,
    /// The next sequence number to look at.
    position: u64,
    pieces: mpsc::Sender<Result<Bytes, Infallible>>,
}

/// The client went away, or takes nothing.
struct Gone;

impl Tail {
    async fn run(mut self) {
        let reader = self.reader.clone();
        tokio::select! {
            _ = self.follow() => {}
            () = reader.stopped() => {
                // Tells a browser to come back soon, to whoever runs then.
                let _ = self.send("retry: 2000\nevent: closing\ndata: {}\n\n".into()).await;
            }
        }
    }

    async fn follow(&mut self) -> Result<(), Gone> {
        let mut committed = self.reader.committed();
        self.send("retry: 2000\n: indelible\n\n".into()).await?;
        loop {
            let end = *committed.borrow_and_update();
            while self.position < end {
                self.catch_up(end).await?;
            }
            if timeout(limits::HEARTBEAT, committed.changed()).await.is_err() {
                self.send(": alive\n\n".into()).await?;
            }
            if !self.reader.still_counts() {
                self.send("event: closing\ndata: {\"reason\":\"the API key no longer counts\"}\n\n".into()).await?;
                return Err(Gone);
            }
        }
    }

    /// Sends one page of what lies between the position and the end.
    async fn catch_up(&mut self, end: u64) -> Result<(), Gone> {
        if let Some(first_seq) = self.reader.retention().map(|retention| retention.first_seq)
            && self.position < first_seq
        {
            self.send(format!("event: removed\ndata: {{\"first_seq\":{first_seq}}}\n\n").into()).await?;
            self.position = first_seq;
        }
        let mut filter = self.filter.clone();
        filter.seq_to = Some(filter.seq_to.map_or(end, |own| own.min(end)));
        let after = self.position.checked_sub(1).map(|seq| Cursor { seq });
        let query = Query { filter, order: Order::OldestFirst, limit: limits::TAIL_PAGE_EVENTS, after };
        let Ok(page) = self.reader.next_page(query).await else {
            // The position stands, so nothing is missed when it works again.
            tokio::time::sleep(Duration::from_millis(200)).await;
            return if self.pieces.is_closed() { Err(Gone) } else { Ok(()) };
        };
        for events in page.events.chunks(limits::TAIL_EVENTS_A_PIECE) {
            let mut piece = Vec::new();
            for event in events {
                piece.extend_from_slice(format!("id: {}\ndata: ", event.seq).as_bytes());
                piece.append(&mut event.to_json());
                piece.extend_from_slice(b"\n\n");
            }
            self.send(piece.into()).await?;
        }
        self.position = page.next.map_or(end, |cursor| cursor.seq + 1);
        Ok(())
    }

    async fn send(&self, piece: Bytes) -> Result<(), Gone> {
        match timeout(limits::STALL_TIMEOUT, self.pieces.send(Ok(piece))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}
