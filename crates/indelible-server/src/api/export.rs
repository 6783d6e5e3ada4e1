//! Exports of any size: written as they are read, page after page, in bounded memory.

pub(crate) mod csv;

use std::io::{self, BufWriter, Write};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use indelible::Recorded;
use indelible_engine::{
    limits::PAGE_ROWS_MAX,
    query::{Cursor, Filter, Order, Query},
};
use serde::Deserialize;
use tokio::{runtime::Handle, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    app::Reader,
    params::{self, Params, parameters},
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
        /// `jsonl`, the default, or `csv`.
        format: Format, "csv";
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Jsonl,
    Csv,
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Jsonl => "attachment; filename=\"events.jsonl\"",
            Self::Csv => "attachment; filename=\"events.csv\"",
        }
    }
}

/// Streams all events of a filter that were recorded before the request, oldest first.
pub(super) async fn export(reader: Reader, Params(params): Params<ExportParams>) -> Result<Response, Problem> {
    let mut filter = params::filter(params.q.as_deref(), params.since.as_deref(), params.until.as_deref())?;
    let end = *reader.committed().borrow();
    filter.seq_to = Some(filter.seq_to.map_or(end, |own| own.min(end)));
    let format = params.format.unwrap_or_default();
    let permit = reader.export_permit()?;
    let (pieces, stream) = mpsc::channel(limits::STREAM_PIECES);
    reader.note(Endpoint::Export);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let out = Pieces { pieces, runtime };
        if let Err(error) = write(&reader, &filter, format, &out) {
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

fn write(reader: &Reader, filter: &Filter, format: Format, pieces: &Pieces) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(limits::EXPORT_PIECE_BYTES, pieces);
    let runtime = &pieces.runtime;
    match format {
        Format::Jsonl => each(reader, runtime, filter, |event| {
            out.write_all(&event.to_json())?;
            out.write_all(b"\n")
        })?,
        Format::Csv => {
            csv::write_header(&mut out)?;
            each(reader, runtime, filter, |event| csv::write(event, &mut out))?;
        }
    }
    out.flush()
}

/// Visits every event of a filter, oldest first, a page at a time. Ends early when the key no longer counts or the
/// server stops: the client sees the answer break off.
fn each(
    reader: &Reader,
    runtime: &Handle,
    filter: &Filter,
    mut visit: impl FnMut(&Recorded) -> io::Result<()>,
) -> io::Result<()> {
    let mut after: Option<Cursor> = None;
    loop {
        if reader.is_stopping() || !reader.still_counts() {
            return Err(io::Error::other("the export was ended"));
        }
        let query = Query { filter: filter.clone(), order: Order::OldestFirst, limit: PAGE_ROWS_MAX, after };
        let page =
            runtime.block_on(reader.next_page(query)).map_err(|problem| io::Error::other(problem.into_detail()))?;
        page.events.iter().try_for_each(&mut visit)?;
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
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
