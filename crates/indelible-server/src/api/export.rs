//! Exports of any size: written as they are read, page after page, in bounded memory.

pub(crate) mod csv;

use std::{
    io::{self, BufWriter, Write},
    iter,
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use indelible::Recorded;
use indelible_engine::{
    limits::PAGE_ROWS_MAX,
    query::{Filter, Order, Query},
};
use indelible_proof::note::Note;
use indelible_stores::parquet::{self, WriteError};
use tokio::{runtime::Handle, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    app::{Prover, Reader},
    params::{self, Params, parameters, words},
    problem::Problem,
    reads::Endpoint,
};
use crate::limits;

parameters! {
    /// What to export.
    ExportParams {
        /// Filter line.
        q: String, "action:auth.*";
        /// Events that happened from then on: RFC 3339, a day, or a while ago such as 7d.
        since: String, "2026-11-01";
        /// Events that happened before then.
        until: String, "2026-12-01";
        /// `jsonl`, the default, `csv` or `parquet`.
        format: Format, "csv";
        /// For `jsonl`: every line with its leaf and salts, hashes for what the filter leaves out, and last the signed
        /// checkpoint, behind which nothing is exported. `indelible verify --export` checks it.
        proof: bool, "true";
    }
}

words!(Format { Jsonl = "jsonl", Csv = "csv", Parquet = "parquet" });

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Jsonl => "attachment; filename=\"events.jsonl\"",
            Self::Csv => "attachment; filename=\"events.csv\"",
            Self::Parquet => "attachment; filename=\"events.parquet\"",
        }
    }
}

/// JSON lines with what proves them under a checkpoint.
struct Proof {
    prover: Prover,
    checkpoint: Arc<Note>,
}

/// Streams all events of a filter that were recorded before the request, oldest first.
pub(super) async fn export(
    reader: Reader,
    prover: Prover,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let mut filter = params::filter(params.q.as_deref(), params.since.as_deref(), params.until.as_deref())?;
    let format = params.format.unwrap_or_default();
    let (end, proof) = match params.proof {
        Some(true) if format != Format::Jsonl => {
            return Err(Problem::parameter("proof", "is for the format jsonl: the others have no place for it"));
        }
        Some(true) => {
            let (note, checkpoint) = prover.published()?;
            (checkpoint.size(), Some(Proof { prover, checkpoint: note }))
        }
        _ => (reader.end().await?, None),
    };
    filter.seq_to = Some(filter.seq_to.map_or(end, |own| own.min(end)));
    let permit = reader.export_permit()?;
    let (pieces, stream) = mpsc::channel(limits::STREAM_PIECES);
    reader.note(Endpoint::Export);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let out = Pieces { pieces, runtime };
        if let Err(error) = write(&reader, filter, format, proof.as_ref(), &out) {
            out.abort(error);
        }
        drop(permit);
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(format.file()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, Body::from_stream(ReceiverStream::new(stream))).into_response())
}

fn write(reader: &Reader, filter: Filter, format: Format, proof: Option<&Proof>, pieces: &Pieces) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(limits::EXPORT_PIECE_BYTES, pieces);
    let mut events = events(reader, &pieces.runtime, filter);
    if let Some(proof) = proof {
        proof.write(events, &mut out)?;
        return out.flush();
    }
    match format {
        Format::Jsonl => events.try_for_each(|event| {
            out.write_all(&event?.to_json())?;
            out.write_all(b"\n")
        })?,
        Format::Csv => {
            csv::write_header(&mut out)?;
            events.try_for_each(|event| csv::write(&event?, &mut out))?;
        }
        Format::Parquet => {
            parquet::write(events, &mut out, &parquet::Options::default()).map_err(|error| match error {
                WriteError::Events(error) => error,
                WriteError::Output { problem } => io::Error::other(problem),
            })?;
        }
    }
    out.flush()
}

impl Proof {
    fn write(&self, events: impl Iterator<Item = io::Result<Recorded>>, out: &mut impl Write) -> io::Result<()> {
        let exporter = self.prover.log().exporter(Note::clone(&self.checkpoint));
        let mut exporter = exporter.map_err(io::Error::other)?;
        for event in events {
            out.write_all(&exporter.line(&event?).map_err(io::Error::other)?)?;
        }
        out.write_all(&exporter.end().map_err(io::Error::other)?)
    }
}

/// Every event of a filter, oldest first, read a page at a time. Ends with an error when the key no longer counts or
/// the server stops: the client sees the answer break off.
fn events(reader: &Reader, runtime: &Handle, filter: Filter) -> impl Iterator<Item = io::Result<Recorded>> {
    let mut query = Query { filter, order: Order::OldestFirst, limit: PAGE_ROWS_MAX, after: None };
    let mut page = Vec::new().into_iter();
    let mut at_end = false;
    iter::from_fn(move || {
        loop {
            if let Some(event) = page.next() {
                return Some(Ok(event));
            }
            if at_end {
                return None;
            }
            if reader.is_stopping() || !reader.still_counts() {
                return Some(Err(io::Error::other("the export was ended")));
            }
            match runtime.block_on(reader.next_page(query.clone())) {
                Ok(next) => {
                    at_end = next.next.is_none();
                    query.after = next.next;
                    page = next.events.into_iter();
                }
                Err(problem) => return Some(Err(io::Error::other(problem.into_detail()))),
            }
        }
    })
}

/// The body of the answer, as something to write to; blocks while the client is behind.
struct Pieces {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
}

impl Pieces {
    fn send(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        match self.runtime.block_on(timeout(limits::STALL_TIMEOUT, self.pieces.send(piece))) {
            Ok(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Breaks the answer off, so that nobody takes a part for the whole.
    fn abort(&self, error: io::Error) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            tracing::warn!(%error, "an export broke off");
            let _ = self.send(Err(error));
        }
    }
}

impl Write for &Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Ok(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
