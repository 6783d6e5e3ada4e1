//! The body of a request: read within a time, decompressed within a size.

use std::{io::Read, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use indelible_proof::strict::Strict;
use serde::de::DeserializeOwned;

use super::{App, problem::Problem};
use crate::limits::TOKEN_BODY_BYTES_MAX;

/// What a small body in JSON says; none at all is as good as `{}`.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (Parts { headers, .. }, body) = request.into_parts();
        let bytes = read(&headers, body, TOKEN_BODY_BYTES_MAX, app.request_timeout()).await?;
        parse(if bytes.is_empty() { b"{}" } else { &bytes }).map(Self)
    }
}

/// What a body in JSON says.
pub(super) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    if json.is_empty() {
        return Err(Problem::malformed("the body is empty: send an object in JSON"));
    }
    let mut input = serde_json::Deserializer::from_slice(json);
    let Strict(parsed) = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let problem = Problem::malformed(error.inner().to_string());
        let path = error.path().to_string();
        // What the path does not know it writes as a question mark.
        let path = path.trim_end_matches(['.', '?']);
        if path.is_empty() { problem } else { problem.field(path) }
    })?;
    input.end().map_err(|error| Problem::malformed(error.to_string()))?;
    Ok(parsed)
}

/// Encodings of a body that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// Reads a whole body of at most `bytes_max`, as sent and again once decompressed.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let encoding = encoding(headers)?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > bytes_max as u64) {
        return Err(over(bytes_max));
    }
    let sent = tokio::time::timeout(timeout, collect(body, bytes_max))
        .await
        .map_err(|_| Problem::timed_out(format!("the body did not arrive within {} s", timeout.as_secs())))??;
    match encoding {
        Encoding::Identity => Ok(sent),
        // As much work as parsing what comes out; a bomb ends at the limit.
        Encoding::Gzip => inflate(flate2::read::MultiGzDecoder::new(&*sent), bytes_max),
        Encoding::Zstd => match zstd::stream::read::Decoder::with_buffer(&*sent) {
            Ok(mut decoder) => {
                // A frame may ask for a window as large as it likes: no larger than the body itself may be.
                decoder.window_log_max(bytes_max.max(1 << 10).ilog2() + 1).map_err(|error| garbled(&error))?;
                inflate(decoder, bytes_max)
            }
            Err(error) => Err(garbled(&error)),
        },
    }
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Problem::malformed("the body ends too early or its chunks are not well-formed"))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > bytes_max {
            return Err(over(bytes_max));
        }
        // Most bodies come in one piece and are not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"identity") => Ok(Encoding::Identity),
        Some(b"gzip" | b"x-gzip") => Ok(Encoding::Gzip),
        Some(b"zstd") => Ok(Encoding::Zstd),
        Some(_) => Err(Problem::unsupported("content-encoding is gzip, zstd or left out").field("content-encoding")),
    }
}

fn inflate(decoder: impl Read, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut out = Vec::new();
    decoder.take(bytes_max as u64 + 1).read_to_end(&mut out).map_err(|error| garbled(&error))?;
    if out.len() > bytes_max { Err(over(bytes_max)) } else { Ok(out.into()) }
}

fn garbled(error: &std::io::Error) -> Problem {
    Problem::malformed(format!("the body is not what content-encoding says: {error}")).field("content-encoding")
}

fn over(bytes_max: usize) -> Problem {
    Problem::too_large(format!(
        "the body has more than {bytes_max} bytes, as sent or decompressed; nothing was stored: send it in parts"
    ))
}
