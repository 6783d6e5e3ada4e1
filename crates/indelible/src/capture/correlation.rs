//! What ties an event to other records of the same request: its id, and its W3C trace.

use std::{
    fmt::Write as _,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderName};

/// The header in which a request brings its id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The ids of a request, taken over from its headers, or made. The layer leaves them in the request's extensions, so
/// that a handler can record events of its own under them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// `X-Request-Id`, or made.
    pub request_id: String,
    /// The trace of `traceparent`, or made.
    pub trace_id: String,
    /// The caller's span of `traceparent`.
    pub span_id: Option<String>,
}

impl Correlation {
    /// Takes over what the headers bring, and makes the rest. What is made is one id, for the request and its trace.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let request_id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| is_id(id));
        let traceparent = headers.get(TRACEPARENT).and_then(|parent| parent.to_str().ok()).and_then(parse_traceparent);
        let (trace_id, span_id) = traceparent.unzip();
        let made = if request_id.is_none() || trace_id.is_none() { make_id() } else { String::new() };
        Self {
            request_id: request_id.unwrap_or(&made).to_owned(),
            span_id: span_id.map(str::to_owned),
            trace_id: trace_id.map_or(made, str::to_owned),
        }
    }
}

fn is_id(id: &str) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Trace and parent of a `traceparent`, as the W3C has it: a future version may be longer, never shorter.
fn parse_traceparent(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version != "ff" && (version != "00" || parts.next().is_none());
    let fits = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    let is_set = |id: &str| id.bytes().any(|byte| byte != b'0');
    (is_known && fits && is_set(trace) && is_set(span)).then_some((trace, span))
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 32 hex digits that nobody else makes: 64 random bits of this process, and a count. Counted ids lie side by side in
/// the log and cost it next to nothing; random ones would double what an event takes.
fn make_id() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let process = PROCESS.get_or_init(|| {
        let mut bytes = [0; 8];
        if getrandom::fill(&mut bytes).is_err() {
            // Without randomness the clock tells processes apart.
            bytes = crate::recorder::system_time().as_micros().to_be_bytes();
        }
        u64::from_be_bytes(bytes)
    });
    let mut id = String::with_capacity(32);
    // Writing to a string does not fail.
    let _ = write!(id, "{process:016x}{:016x}", COUNT.fetch_add(1, Ordering::Relaxed));
    id
}

#[cfg(test)]
mod tests;
