//! `serve --demo`: a log with something in it, and something happening.

use std::{iter, time::Duration};

use indelible::{
    Actor, Credential, Durability, Event, Http, RecordError, Recorder, Recording, Target, Timestamp,
    import::{Format, Importer, Options},
};

use crate::clock;

/// The sample records, packed by build.rs: for each file a line with its format and length, then its bytes.
const SAMPLES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/samples.zst"));
/// The span that the samples are laid over, so that `since:7d` finds some. Their own times lie years apart.
const SPAN_US: i64 = 14 * 24 * 3_600_000_000;
/// Time between two live events.
const PAUSE: Duration = Duration::from_secs(2);
/// Events recorded at once.
const BATCH_EVENTS: usize = 1000;

/// Imports the samples; gives how many events the log then holds: some products tell of the same thing twice. Blocks.
pub(crate) fn import(recorder: &Recorder) -> Result<usize, RecordError> {
    let mut events = samples();
    lay_over(&mut events, clock::now());
    let mut count = 0;
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(BATCH_EVENTS));
        let recorded = recorder.record_all(std::mem::replace(&mut events, rest), Durability::Written)?;
        count += recorded.iter().filter_map(Recording::receipt).filter(|receipt| !receipt.duplicate).count();
    }
    Ok(count)
}

/// Records an event now and then, for as long as the log takes them.
pub(crate) async fn trickle(recorder: Recorder) {
    let mut turn = 0;
    loop {
        tokio::time::sleep(PAUSE).await;
        let Ok(submission) = recorder.submit(vec![live(turn)], Durability::Written) else { return };
        if submission.await.is_err() {
            return;
        }
        turn += 1;
    }
}

/// The events of all samples, in the order of their times.
fn samples() -> Vec<Event> {
    // What build.rs packed is well-formed; were it not, there would be less to see.
    let packed = zstd::decode_all(SAMPLES).unwrap_or_default();
    let mut rest = &packed[..];
    let files = iter::from_fn(move || {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (head, after) = rest.split_at_checked(end + 1)?;
        let (format, bytes) = std::str::from_utf8(head).ok()?.trim_end().split_once(' ')?;
        let (file, after) = after.split_at_checked(bytes.parse().ok()?)?;
        rest = after;
        Some((format.parse::<Format>().ok()?, file))
    });
    let mut events: Vec<Event> = files.flat_map(|(format, file)| events_of(format, file)).collect();
    events.sort_by_key(|event| event.occurred_at);
    events
}

fn events_of(format: Format, file: &[u8]) -> Vec<Event> {
    let mut importer = Importer::new(format, Options::default().reference(clock::now()));
    let mut events: Vec<Event> = Vec::new();
    for line in file.split(|&byte| byte == b'\n') {
        events.extend(importer.line(line).unwrap_or_default());
    }
    events.extend(importer.finish().unwrap_or_default());
    events
}

/// Lays events evenly over the time before now, in their order.
fn lay_over(events: &mut [Event], now: Timestamp) {
    let step_us = SPAN_US / i64::try_from(events.len().max(1)).unwrap_or(i64::MAX);
    let mut at_us = now.as_micros() - SPAN_US;
    for event in events {
        at_us += step_us;
        event.occurred_at = Some(Timestamp::saturating_from_micros(at_us));
        // Spans of coalesced events would contradict the new time.
        (event.first_at, event.last_at) = (None, None);
    }
}

/// A story that repeats: somebody signs in, makes a token, uses it, and the token is tried by a stranger.
fn live(turn: u64) -> Event {
    let token = format!("tok_{}", turn / 6);
    let by_alice = |event: Event| {
        event.actor(Actor::user("42").name("Alice").email("alice@example.com")).ip([198, 51, 100, 7].into())
    };
    let with_token = |event: Event| {
        let mut event = event.actor(Actor::new("token", token.clone()));
        event.credential = Some(Credential {
            kind: Some("api_key".to_owned()),
            id: Some(token.clone()),
            scopes: vec!["invoices:read".to_owned()],
            ..Credential::default()
        });
        event.http(Http {
            method: Some("GET".to_owned()),
            route: Some("/invoices".to_owned()),
            latency_us: Some(1_500 + turn * 37 % 900),
            ..Http::default()
        })
    };
    let target = Target::new("token", token.clone());
    let event = match turn % 6 {
        0 => by_alice(Event::new("auth.login.failed").reason("invalid_credentials")),
        1 => by_alice(Event::new("auth.login.succeeded")),
        2 => by_alice(Event::new("token.created").target(target)),
        3 => with_token(Event::new("token.authenticated")).ip([198, 51, 100, 7].into()),
        4 => with_token(Event::new("token.ip_blocked").reason("ip_blocked")).ip([203, 0, 113, 9].into()),
        _ => by_alice(Event::new("token.revoked").target(target)),
    };
    event.tag("demo")
}

#[cfg(test)]
mod tests;
