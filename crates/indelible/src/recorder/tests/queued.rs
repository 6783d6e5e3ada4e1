//! Calls that do not wait, and what the log says when one of them is lost.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use indelible_engine::store::{AppendError, Durability as Acknowledged};
use indelible_proof::{Event, Severity};

use super::store::TestStore;
use crate::{Decision, Durability, RecordError, Recorder, Recording};

fn event(nth: usize) -> Event {
    Event::new("token.revoked").meta("nth", nth)
}

fn unavailable() -> AppendError {
    AppendError::Unavailable { cause: "no space".to_owned() }
}

fn gaps(store: &TestStore) -> Vec<Event> {
    store.events().into_iter().filter(|event| event.action == "audit.gap").collect()
}

#[test]
fn queued_events_are_stored_durably_in_order() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    for nth in 0..3_000 {
        recorder.queue(event(nth)).unwrap();
    }
    recorder.flush();
    let order: Vec<_> = store.events().iter().map(|event| event.metadata["nth"].as_u64().unwrap()).collect();
    assert_eq!(order, (0..3_000).collect::<Vec<u64>>());
    assert!(store.durabilities().iter().all(|&durability| durability == Acknowledged::Durable));
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.queued, stats.lost), (3_000, 0, 0));
}

#[test]
fn a_batch_can_be_queued() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    let recordings = recorder.record_all(vec![event(0), event(1)], Durability::Queued).unwrap();
    assert_eq!(recordings, [Recording::Queued, Recording::Queued]);
    recorder.flush();
    assert_eq!(store.events().len(), 2);
}

#[test]
fn dropping_the_last_recorder_stores_what_is_queued() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    let threads = (0..4).map(|_| {
        let recorder = recorder.clone();
        thread::spawn(move || (0..250).for_each(|nth| recorder.queue(event(nth)).unwrap()))
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(recorder);
    assert_eq!(store.events().len(), 1_000);
}

#[test]
fn an_overflow_is_told_of_as_soon_as_there_is_room() {
    let store = TestStore::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let recorder = Recorder::builder(store.clone())
        .queue_events_max(2)
        .on_write_error(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    store.hold();
    recorder.queue(event(0)).unwrap();
    recorder.queue(event(1).tenant("acme")).unwrap();
    for nth in 2..5 {
        let error = recorder.queue(event(nth)).unwrap_err();
        assert!(matches!(error, RecordError::QueueFull { lost: 1, events_max: 2 }), "{error}");
    }
    recorder.queue(event(5).tenant("acme")).unwrap_err();
    store.release();
    recorder.flush();
    recorder.record(event(6)).unwrap();
    recorder.close();
    let gaps = gaps(&store);
    let summary: Vec<_> = gaps.iter().map(|gap| (gap.tenant.as_deref().unwrap(), &gap.metadata["lost"])).collect();
    assert_eq!(summary, [("default", &3.into()), ("acme", &1.into())]);
    let gap = &gaps[0];
    assert_eq!(gap.reason.as_deref(), Some("x_queue_full"));
    assert_eq!(gap.severity, Some(Severity::Critical));
    assert!(gap.metadata["since"].as_str() <= gap.metadata["until"].as_str());
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.lost, stats.gaps, calls.load(Ordering::Relaxed)), (3, 4, 2, 4));
}

#[test]
fn a_batch_without_room_is_lost_whole() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone()).queue_events_max(2).build();
    let error = recorder.record_all((0..3).map(event).collect(), Durability::Queued).unwrap_err();
    assert!(matches!(error, RecordError::QueueFull { lost: 3, .. }));
    recorder.close();
    assert_eq!(store.actions(), ["audit.gap"]);
}

#[test]
fn a_queued_batch_is_tried_again_while_there_is_hope() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    store.fail_next(AppendError::Busy { retry_after_ms: 1 });
    store.fail_next(unavailable());
    recorder.queue(event(0)).unwrap();
    recorder.flush();
    assert_eq!(store.actions(), ["token.revoked"]);
    assert_eq!(recorder.stats().lost, 0);
}

#[test]
fn events_that_could_not_be_written_are_told_of_when_the_store_is_back() {
    let store = TestStore::new();
    let failed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&failed);
    let recorder = Recorder::builder(store.clone())
        .on_write_error(move |error, events| sink.lock().unwrap().push((error.to_string(), events.len())))
        .build();
    let halted = AppendError::Halted { cause: "disk".to_owned() };
    store.fail_always(Some(halted.clone()));
    recorder.submit(vec![event(0), event(1)], Durability::Queued).unwrap().wait().unwrap();
    recorder.flush();
    assert!(store.events().is_empty());
    assert_eq!(*failed.lock().unwrap(), [(halted.to_string(), 2)]);
    store.fail_always(None);
    recorder.queue(event(2)).unwrap();
    recorder.close();
    let gaps = gaps(&store);
    assert_eq!((gaps.len(), &gaps[0].metadata["lost"]), (1, &2.into()));
    assert_eq!(gaps[0].reason.as_deref(), Some("x_write_failed"));
    assert_eq!(gaps[0].metadata["error"], halted.to_string());
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.lost, stats.gaps), (1, 2, 1));
}

#[test]
fn invalid_queued_events_leave_a_gap_and_the_others_go_on() {
    let store = TestStore::new();
    let recorder = Recorder::new(store.clone());
    let tenant = "t".repeat(10_000);
    let batch = vec![event(0), Event::new(""), event(1), Event::new("").tenant(tenant)];
    recorder.submit(batch, Durability::Queued).unwrap().wait().unwrap();
    recorder.flush();
    assert_eq!(store.actions(), ["token.revoked", "token.revoked", "audit.gap", "audit.gap"]);
    let gap = &gaps(&store)[0];
    assert_eq!((gap.reason.as_deref(), gap.severity), (Some("x_invalid_event"), Some(Severity::High)));
    assert_eq!(recorder.stats().lost, 2);
}

#[test]
fn a_queued_event_whose_hook_panics_leaves_a_gap() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone())
        .before(|event| if event.action == "bad.event" { panic!("a bug") } else { Decision::Record })
        .build();
    recorder.queue(Event::new("bad.event")).unwrap();
    recorder.queue(event(0)).unwrap();
    recorder.close();
    assert_eq!(store.actions(), ["token.revoked", "audit.gap"]);
    assert_eq!(gaps(&store)[0].reason.as_deref(), Some("x_hook_panicked"));
}

#[test]
fn no_hook_can_suppress_a_gap() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone()).before(|_| Decision::Suppress).queue_events_max(1).build();
    recorder.submit(vec![event(0), event(1)], Durability::Queued).unwrap_err();
    recorder.queue(event(2)).unwrap();
    recorder.close();
    assert_eq!(store.actions(), ["audit.gap"]);
    assert_eq!(recorder.stats().suppressed, 1);
}

#[test]
fn losses_of_very_many_tenants_are_still_counted() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone()).queue_events_max(1).build();
    store.hold();
    recorder.queue(event(0)).unwrap();
    store.wait_for_appends(1);
    for nth in 0..1_000 {
        recorder.queue(event(nth).tenant(format!("t{nth}"))).unwrap_err();
    }
    store.release();
    recorder.close();
    let gaps = gaps(&store);
    assert!(gaps.len() <= 65, "{}", gaps.len());
    let lost: u64 = gaps.iter().filter_map(|gap| gap.metadata["lost"].as_u64()).sum();
    assert_eq!(lost, 1_000);
}

#[test]
fn a_background_thread_that_dies_leaves_nobody_waiting() {
    let store = TestStore::new();
    let recorder = Recorder::builder(store.clone()).clock(panicking_clock()).build();
    recorder.queue(event(0)).unwrap();
    recorder.flush();
    assert_eq!(recorder.stats().lost, 1);
    assert!(matches!(recorder.queue(event(1)), Err(RecordError::Closed)));
}

/// Works for the caller, and panics on the background thread.
fn panicking_clock() -> impl Fn() -> indelible_proof::Timestamp {
    let caller = thread::current().id();
    move || {
        assert_eq!(thread::current().id(), caller);
        indelible_proof::Timestamp::MIN
    }
}
