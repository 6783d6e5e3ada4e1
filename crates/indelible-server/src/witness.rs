//! A witness for other logs: C2SP tlog-witness over HTTP.
//!
//! `POST /add-checkpoint` cosigns a checkpoint that extends all that was cosigned of its log before;
//! `GET /<SHA-256 of the origin>/checkpoint` shows the last one, for whoever watches the log. Both are for anybody: what
//! a request is worth stands in its signatures. What is refused is told as in the rest of the server, but for the
//! conflict, whose answer the protocol settles.

mod book;
mod directory;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use indelible_proof::{
    checkpoint::CheckpointError,
    limits::NOTE_BYTES_MAX,
    witness::{Refusal, conflict_body},
};
use tokio::{net::TcpListener, sync::watch, time::timeout};

pub(crate) use book::{Book, Declined};

use crate::{
    api::{Problem, body},
    clock, limits,
    serve::{connections, descriptors},
};

/// A witness that listens, and has not answered anybody yet.
#[derive(Debug)]
pub(crate) struct Witness {
    listener: TcpListener,
    address: SocketAddr,
    book: Arc<Book>,
}

impl Witness {
    /// Listens for the checkpoints of the logs in a book.
    pub(crate) async fn bind(book: Book, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { address: listener.local_addr()?, listener, book: Arc::new(book) })
    }

    /// Where it can be reached: the prefix of both its interfaces.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until told to stop, then finishes what is under way.
    pub(crate) async fn run(self, stopped: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let connections_max = descriptors::connections_within(limits::WITNESS_CONNECTIONS_MAX);
        let stall = limits::WITNESS_REQUEST_TIMEOUT;
        let mut accepting =
            tokio::spawn(connections::accept(self.listener, router(self.book), connections_max, stall, stopping));
        tokio::select! {
            () = stopped => tracing::info!("stopping: requests under way are finished"),
            _ = &mut accepting => tracing::error!("the listener ended"),
        }
        stop.send_replace(true);
        if timeout(limits::WITNESS_SHUTDOWN_TIMEOUT, &mut accepting).await.is_err() {
            tracing::warn!("some requests did not finish in time; their connections are cut");
            accepting.abort();
        }
        tracing::info!("stopped");
    }
}

fn router(book: Arc<Book>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(checkpoint))
        .fallback(async || Problem::not_found("there are POST /add-checkpoint and GET /<origin hash>/checkpoint"))
        .with_state(book)
}

async fn add_checkpoint(State(book): State<Arc<Book>>, request: Request) -> Result<Response, Response> {
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body, NOTE_BYTES_MAX, limits::WITNESS_REQUEST_TIMEOUT);
    let body = body.await.map_err(Problem::into_response)?;
    let now_s = clock::now().as_micros().cast_unsigned() / 1_000_000;
    // It waits for the disk.
    let answered = tokio::task::spawn_blocking(move || book.add_checkpoint(&body, now_s)).await;
    match answered.map_err(|error| Problem::internal(&error).into_response())? {
        Ok(cosignature) => Ok(cosignature.to_string().into_response()),
        Err(declined) => Err(refusal(declined)),
    }
}

async fn checkpoint(State(book): State<Arc<Book>>, Path(origin_hash): Path<String>) -> Result<Response, Problem> {
    let shown = book.latest(&origin_hash);
    let note = shown.ok_or_else(|| Problem::not_found("no checkpoint of such a log was cosigned here"))?;
    Ok(([(header::CACHE_CONTROL, "no-cache")], note).into_response())
}

fn refusal(declined: Declined) -> Response {
    let refusal = match declined {
        Declined::Refused(refusal) => refusal,
        Declined::Unwritable { .. } | Declined::NoTime => {
            tracing::error!(error = %declined, "a checkpoint was not cosigned");
            return Problem::unavailable(declined.public()).into_response();
        }
    };
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let (kind, title) = match &refusal {
        Refusal::Conflict { seen } => {
            return (status, [(header::CONTENT_TYPE, "text/x.tlog.size")], conflict_body(*seen)).into_response();
        }
        Refusal::UnknownLog { .. } => ("unknown-log", "Unknown log"),
        Refusal::NotSigned(_) => ("not-signed", "Not signed by the log"),
        Refusal::Inconsistent(_) | Refusal::Checkpoint(CheckpointError::EmptyRoot) => ("inconsistent", "Inconsistent"),
        Refusal::Malformed { .. } | Refusal::Checkpoint(_) | Refusal::OldSize { .. } => {
            ("malformed", "Malformed request")
        }
    };
    Problem::new(status, kind, title, refusal.to_string()).into_response()
}
