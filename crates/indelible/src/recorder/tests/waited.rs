//! Calls that wait for the store: durable and written.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use indelible_engine::store::{AppendError, Durability as Acknowledged};
use indelible_proof::{Event, Severity, Source, Timestamp};

use super::store::TestStore;
use crate::{Decision, Durability, RecordError, Recorder, Recording, Redaction};

fn event() -> Event {
    Event::new("token.revoked")
}

fn unavailable() -> AppendError {
    AppendError::Unavailable { cause: "no space".to_owned() }
}

#[test]
fn a_recorded_event_is_complete_and_has_a_receipt() {
    let store = TestStore::new();
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let recorder = Recorder::builder(store.clone()).clock(move || noon).tenant("acme").build();
    let recording = recorder.record(event()).unwrap();
    assert_eq!(recording.receipt().unwrap().seq, 0);
    let stored = &store.events()[0];
    assert_eq!((stored.recorded_at, stored.occurred_at), (Some(noon), Some(noon)));
    assert_eq!(stored.tenant.as_deref(), Some("acme"));
    assert!(stored.outcome.is_some() && stored.severity.is_some());
    assert_eq!(recorder.stats().recorded, 1);
}

#[test]
fn defaults_fill_only_what_an_event_leaves_out() {
    let store = TestStore::new();
    let source = |service: &str, host: Option<&str>| Source {
        service: Some(service.to_owned()),
        host: host.map(str::to_owned),
        ..Source::default()
    };
    let recorder = Recorder::builder(store.clone()).source(source("billing", Some("web-1"))).tenant("acme").build();
    recorder.record(event().tenant("other").source(source("mail", None))).unwrap();
    let stored = &store.events()[0];
    assert_eq!(stored.tenant.as_deref(), Some("other"));
    assert_eq!(stored.source, Some(source("mail", Some("web-1"))));
}

#[test]
fn durability_is_passed_on() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    recorder.record_all(vec![event()], Durability::Durable).unwrap();
    recorder.record_all(vec![event()], Durability::Written).unwrap();
    assert_eq!(store.durabilities(), [Acknowledged::Durable, Acknowledged::Written]);
}

#[test]
fn before_hooks_change_events_in_their_order() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone())
        .before(|event| {
            event.severity = Some(Severity::High);
            Decision::Record
        })
        .before(|event| {
            event.tags.push(format!("{:?}", event.severity));
            Decision::Record
        })
        .build();
    recorder.record(event()).unwrap();
    assert_eq!(store.events()[0].tags, ["Some(High)"]);
}

#[test]
fn a_suppressed_event_ends_the_row_and_is_counted() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone())
        .before(|event| if event.action == "health.checked" { Decision::Suppress } else { Decision::Record })
        .before(|event| {
            assert_ne!(event.action, "health.checked");
            Decision::Record
        })
        .build();
    let batch = vec![event(), Event::new("health.checked"), event()];
    let recordings = recorder.record_all(batch, Durability::Durable).unwrap();
    assert!(matches!(recordings.as_slice(), [Recording::Stored(_), Recording::Suppressed, Recording::Stored(_)]));
    assert_eq!(recorder.record(Event::new("health.checked")).unwrap(), Recording::Suppressed);
    assert_eq!(store.actions(), ["token.revoked", "token.revoked"]);
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.suppressed, stats.failed), (2, 2, 0));
}

#[test]
fn what_a_before_hook_adds_is_redacted() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone())
        .before(|event| {
            event.metadata.insert("password".to_owned(), "hunter2".into());
            Decision::Record
        })
        .redaction(Redaction::default())
        .build();
    recorder.record(event()).unwrap();
    assert_eq!(store.events()[0].metadata["password"], "[REDACTED]");
}

#[test]
fn one_invalid_event_keeps_its_batch_out() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    let error = recorder.record_all(vec![event(), Event::new("")], Durability::Durable).unwrap_err();
    assert!(matches!(&error, RecordError::Invalid { index: 1, error } if error.field == "action"), "{error}");
    assert!(store.events().is_empty());
    assert_eq!(recorder.stats().failed, 2);
}

#[test]
fn the_valid_events_of_a_batch_can_go_on_alone() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    let batch = vec![event(), Event::new(""), event()];
    let (submission, refusals) = recorder.submit_valid(batch, Durability::Durable).unwrap();
    assert_eq!(submission.wait().unwrap().len(), 2);
    assert_eq!(refusals.iter().map(|refusal| refusal.index).collect::<Vec<_>>(), [1]);
    assert_eq!((store.events().len(), recorder.stats().failed), (2, 1));
}

#[test]
fn an_empty_batch_is_answered_without_the_store() {
    let store = TestStore::new();
    assert_eq!(Recorder::new(store.clone()).record_all(Vec::new(), Durability::Durable).unwrap(), []);
    assert!(store.durabilities().is_empty());
}

#[test]
fn a_known_idempotency_key_gives_the_first_receipt() {
    let store = TestStore::new();
    let after = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&after);
    let recorder = Recorder::builder(store.clone())
        .after(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    let first = recorder.record(event().idempotency_key("k")).unwrap().receipt().unwrap().clone();
    let again = recorder.record(event().idempotency_key("k")).unwrap().receipt().unwrap().clone();
    assert_eq!((first.seq, first.duplicate, again.seq, again.duplicate), (0, false, 0, true));
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.duplicates, after.load(Ordering::Relaxed)), (1, 1, 1));
}

#[test]
fn after_hooks_see_the_receipt_and_the_redacted_event() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let recorder = Recorder::builder(TestStore::new())
        .after(move |receipt, event| sink.lock().unwrap().push((receipt.seq, event.metadata.clone())))
        .build();
    recorder.record(event().meta("token", "s3cret")).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].0, &seen[0].1["token"]), (0, &"[REDACTED]".into()));
}

#[test]
fn on_write_error_is_called_once_for_each_failed_call() {
    for error in [unavailable(), AppendError::Closed, AppendError::Busy { retry_after_ms: 5 }] {
        let store = TestStore::new();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&calls);
        let recorder = Recorder::builder(store.clone())
            .on_write_error(move |error, events| sink.lock().unwrap().push((error.to_string(), events.len())))
            .build();
        store.fail_next(error.clone());
        let batch = vec![event(), event().meta("token", "s")];
        let got = recorder.record_all(batch, Durability::Durable).unwrap_err();
        assert_eq!(got.to_string(), error.to_string());
        assert_eq!(*calls.lock().unwrap(), [(error.to_string(), 2)]);
        recorder.record(event()).unwrap();
        assert_eq!((calls.lock().unwrap().len(), recorder.stats().failed), (1, 2));
    }
}

#[test]
fn a_before_hook_that_panics_refuses_the_call() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone()).before(|_| panic!("a bug")).build();
    let error = recorder.record(event()).unwrap_err();
    assert!(matches!(&error, RecordError::HookPanicked { index: 0, cause } if cause == "a bug"), "{error}");
    assert!(store.events().is_empty());
    assert_eq!((recorder.stats().failed, recorder.stats().hook_panics), (1, 1));
}

#[test]
fn other_hooks_that_panic_change_nothing_but_a_count() {
    let store = TestStore::new();
    let recorder =
        Recorder::builder(store.clone()).after(|_, _| panic!("a bug")).on_write_error(|_, _| panic!("a bug")).build();
    recorder.record(event()).unwrap();
    store.fail_next(unavailable());
    assert!(matches!(recorder.record(event()), Err(RecordError::Append(AppendError::Unavailable { .. }))));
    assert_eq!((store.events().len(), recorder.stats().hook_panics), (1, 2));
}

#[test]
fn a_submission_can_be_awaited() {
    let recorder = Recorder::new(TestStore::new());
    let submission = recorder.submit(vec![event()], Durability::Durable).unwrap();
    let Poll::Ready(answer) = pin!(submission).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the store has answered already")
    };
    assert!(matches!(answer.unwrap().as_slice(), [Recording::Stored(_)]));
    assert_eq!(recorder.stats().recorded, 1);
}

#[test]
fn a_submission_that_is_dropped_is_counted_and_hooked_all_the_same() {
    let after = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&after);
    let recorder = Recorder::builder(TestStore::new())
        .after(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    drop(recorder.submit(vec![event()], Durability::Durable).unwrap());
    recorder.close();
    assert_eq!((recorder.stats().recorded, after.load(Ordering::Relaxed)), (1, 1));
}

#[test]
fn a_submission_that_outlives_the_recorders_closing_is_counted_too() {
    let recorder = Recorder::new(TestStore::new());
    let submission = recorder.submit(vec![event()], Durability::Durable).unwrap();
    recorder.close();
    drop(submission);
    assert_eq!(recorder.stats().recorded, 1);
}

#[test]
fn a_closed_recorder_takes_nothing() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    recorder.clone().close();
    assert!(matches!(recorder.record(event()), Err(RecordError::Closed)));
    assert!(matches!(recorder.queue(event()), Err(RecordError::Closed)));
    assert!(store.events().is_empty());
}
