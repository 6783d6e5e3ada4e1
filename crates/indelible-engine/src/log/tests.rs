mod crash;
mod harness;
mod keys;
mod recovery;
mod retention;
mod signing;
mod tree;
mod verify;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use indelible_proof::{Event, Timestamp};

use self::harness::{DAY_US, Harness, Steps, event, ready};
use super::{Log, LogConfig, OpenError, SealError};
use crate::{
    conformance,
    fs::{Failure, Fs},
    limits::SEGMENT_ROWS_MAX,
    query::{Aggregate, Cancel, Filter, Query},
    source::ReadError,
    store::{AppendError, Durability, Store},
};

#[test]
fn it_conforms() {
    conformance::run(|| Log::open(Harness::new(1).config()).unwrap());
}

#[test]
fn it_conforms_while_it_seals_and_merges() {
    let config = |harness: &Harness| LogConfig {
        seal_events: 3,
        merge_events: 40,
        unsealed_files_max: usize::MAX,
        ..harness.config()
    };
    conformance::run(|| Log::open(config(&Harness::new(1))).unwrap());
}

#[test]
fn events_are_readable_at_once_and_after_a_restart() {
    let harness = Harness::new(1);
    let log = Log::open(harness.config()).unwrap();
    let receipts = log.append((0..5).map(|n| harness.ready(n)).collect(), Durability::Durable).unwrap().wait().unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.seq).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(log.get(None, 3).unwrap().unwrap().id, receipts[3].id);
    let before = harness::all(&log);
    log.close();
    let log = Log::open(harness.config()).unwrap();
    assert_eq!(harness::all(&log), before);
    assert_eq!((log.recovery().replayed_events, log.recovery().torn.clone()), (5, None));
    log.seal_now().unwrap();
    assert_eq!((log.status().tail_events, log.status().segments), (0, 1));
    assert_eq!(harness::all(&log), before);
    let next = log.append(vec![harness.ready(5)], Durability::Durable).unwrap().wait().unwrap();
    assert_eq!(next[0].seq, 5);
}

#[test]
fn many_callers_get_every_number_once_and_listeners_hear_of_the_last() {
    let harness = Harness::new(1);
    let log = Log::open(harness.config()).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    log.on_commit(Box::new(move |next_seq| {
        hears.lock().unwrap().push(next_seq);
        true
    }));
    let mut seqs: Vec<u64> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let (log, harness) = (&log, &harness);
                scope.spawn(move || {
                    let batch = |n: u64| (0..3).map(|i| harness.ready(caller * 1000 + n * 3 + i)).collect();
                    let pending: Vec<_> = (0..20).map(|n| log.append(batch(n), Durability::Durable).unwrap()).collect();
                    pending.into_iter().flat_map(|pending| pending.wait().unwrap()).map(|r| r.seq).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    seqs.sort_unstable();
    assert_eq!(seqs, (0..240).collect::<Vec<_>>());
    log.close();
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted());
    assert_eq!(heard.last(), Some(&240));
    assert!(matches!(log.append(vec![harness.ready(0)], Durability::Durable), Err(AppendError::Closed)));
    assert_eq!(harness::all(&log).len(), 240, "reads go on after closing");
}

#[test]
fn a_group_is_one_write_and_one_sync() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let pending: Vec<_> =
        (0..10).map(|n| steps.log.append(vec![harness.ready(n)], Durability::Durable).unwrap()).collect();
    let before = harness.disk.operations();
    steps.commit();
    assert_eq!(harness.disk.operations() - before, 2);
    assert_eq!(pending.into_iter().map(|pending| pending.wait().unwrap()[0].seq).max(), Some(9));
}

#[test]
fn written_events_wait_for_no_sync_and_a_durable_repeat_of_one_does() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let keyed = || vec![ready(event(1).idempotency_key("k"), harness.now())];
    let written = steps.append(keyed(), Durability::Written).unwrap();
    assert_eq!(steps.log.status().fsyncs, 0);
    let repeated = steps.append(keyed(), Durability::Durable).unwrap();
    assert_eq!((steps.log.status().fsyncs, steps.log.status().next_seq), (1, 1));
    assert!(repeated[0].duplicate);
    assert_eq!((repeated[0].seq, repeated[0].leaf, repeated[0].id), (0, written[0].leaf, written[0].id));
}

#[test]
fn a_full_queue_and_too_many_unsealed_files_are_refused_with_a_time_to_come_back() {
    let harness = Harness::new(1);
    let config = LogConfig { queue_events: 3, seal_events: 1, unsealed_files_max: 2, ..harness.config() };
    let (log, committer, sealer) = Log::open_at_rest(config).unwrap();
    let mut steps = Steps { log, committer, sealer };
    let append = |steps: &Steps, n| steps.log.append((0..n).map(|n| harness.ready(n)).collect(), Durability::Durable);
    assert!(append(&steps, 3).is_ok());
    assert!(matches!(append(&steps, 1), Err(AppendError::Busy { retry_after_ms: 1.. })));
    steps.commit();
    for _ in 0..2 {
        append(&steps, 1).unwrap();
        steps.commit();
    }
    assert!(matches!(append(&steps, 1), Err(AppendError::Busy { .. })));
    steps.seal_all();
    assert!(append(&steps, 1).is_ok());
    assert!(matches!(append(&steps, 10_001), Err(AppendError::TooLarge { events: 10_001, .. })));
}

#[test]
fn a_new_day_begins_a_new_segment_and_stragglers_stay_with_it() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    let day = |n| Timestamp::saturating_from_micros(harness.now().as_micros() + n * DAY_US);
    for at in [day(0), day(1), day(0), day(1), day(2)] {
        steps.append(vec![ready(event(0), at)], Durability::Durable).unwrap();
    }
    steps.seal_all();
    let days = harness.disk.list(Path::new("/log/segments")).unwrap();
    let files: Vec<_> =
        days.iter().map(|day| harness.disk.list(&Path::new("/log/segments").join(day)).unwrap()).collect();
    assert_eq!(days, ["2026-11-20", "2026-11-21"]);
    assert_eq!(
        files,
        [["00000000000000000000-00000000000000000000.seg"], ["00000000000000000001-00000000000000000003.seg"]]
    );
}

#[test]
fn after_a_failed_sync_the_log_goes_on_in_a_new_file() {
    for failure in [Failure::NotPersisted, Failure::Persisted] {
        let harness = Harness::new(1);
        let mut steps = Steps::open(&harness).unwrap();
        steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
        steps.append(vec![harness.ready(1)], Durability::Written).unwrap();
        harness.disk.fail_at(harness.disk.operations() + 1, failure);
        let failed = steps.append(vec![harness.ready(2)], Durability::Durable);
        assert!(matches!(failed, Err(AppendError::Unavailable { cause }) if cause.contains("fdatasync")));
        assert_eq!(harness.disk.list(Path::new("/log/wal")).unwrap().len(), 2, "the old file is left behind");
        assert_eq!(steps.append(vec![harness.ready(3)], Durability::Durable).unwrap()[0].seq, 2);
        drop(steps);
        harness.disk.restart();
        let kept: Vec<_> = harness::all(&Log::open(harness.config()).unwrap());
        assert_eq!(kept.iter().map(|event| &event.event.metadata["n"]).collect::<Vec<_>>(), [0, 1, 3]);
    }
}

#[test]
fn a_failed_write_leaves_nothing_behind_and_the_log_goes_on() {
    for failure in [Failure::NotPersisted, Failure::Persisted] {
        let harness = Harness::new(5);
        let mut steps = Steps::open(&harness).unwrap();
        harness.disk.fail_at(harness.disk.operations(), failure);
        let failed = steps.append(vec![harness.ready(0)], Durability::Durable);
        assert!(matches!(failed, Err(AppendError::Unavailable { .. })));
        assert_eq!(steps.append(vec![harness.ready(1)], Durability::Durable).unwrap()[0].seq, 0);
        drop(steps);
        harness.disk.restart();
        let log = Log::open(harness.config()).unwrap();
        assert_eq!(harness::all(&log)[0].event.metadata["n"], 1);
    }
}

#[test]
fn a_disk_that_stays_broken_halts_the_log_until_it_works_again() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    let now = harness.disk.operations();
    [0, 1, 2, 4].into_iter().for_each(|nth| harness.disk.fail_at(now + nth, Failure::NotPersisted));
    let failed = steps.append(vec![harness.ready(1)], Durability::Durable);
    assert!(matches!(failed, Err(AppendError::Halted { cause }) if cause.starts_with("write: ")));
    let refused = steps.log.append(vec![harness.ready(2)], Durability::Written);
    assert!(matches!(refused, Err(AppendError::Halted { .. })));
    assert!(steps.log.seal_now().is_err());
    assert!(steps.take().is_none(), "nothing keeps the committer from trying again");
    assert_eq!(harness::all(&steps.log).len(), 1, "reads go on");
    steps.committer.idle();
    assert!(steps.log.status().halted.unwrap().starts_with("/log/wal/00000000000000000000.wal: "));
    steps.committer.idle();
    assert!(steps.log.status().halted.unwrap().starts_with("/log/wal/room.tmp: "), "it makes sure that there is room");
    steps.committer.idle();
    assert_eq!(steps.log.status().halted, None);
    assert_eq!(steps.append(vec![harness.ready(3)], Durability::Durable).unwrap()[0].seq, 1);
}

#[test]
fn a_log_on_a_full_disk_opens_for_reading_and_goes_on_when_there_is_room() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    drop(steps);
    let before = harness.disk.operations();
    drop(Steps::open(&harness).unwrap());
    let opening = harness.disk.operations() - before;
    let mut halted = 0;
    for operation in 0..opening {
        harness.disk.fail_at(harness.disk.operations() + operation, Failure::NotPersisted);
        let Ok(mut steps) = Steps::open(&harness) else { continue };
        assert_eq!(harness::all(&steps.log).len(), 1);
        if steps.log.status().halted.is_some() {
            halted += 1;
            let refused = steps.log.append(vec![harness.ready(1)], Durability::Durable);
            assert!(matches!(refused, Err(AppendError::Halted { .. })));
            steps.committer.idle();
        }
        assert!(steps.log.status().halted.is_none());
    }
    assert_eq!(halted, 6, "creating and writing the checkpoint, the key and the file");
    let mut steps = Steps::open(&harness).unwrap();
    assert_eq!(steps.append(vec![harness.ready(1)], Durability::Durable).unwrap()[0].seq, 1);
}

#[test]
fn a_log_that_cannot_seal_says_so_when_it_takes_no_more() {
    let harness = Harness::new(1);
    let config = LogConfig { seal_events: 1, unsealed_files_max: 1, ..harness.config() };
    let mut steps = Steps::open_with(config).unwrap();
    for n in 0..2 {
        steps.append(vec![harness.ready(n)], Durability::Durable).unwrap();
    }
    harness.disk.fail_at(harness.disk.operations(), Failure::NotPersisted);
    assert!(steps.sealer.step().is_err());
    let refused = steps.log.append(vec![harness.ready(2)], Durability::Durable);
    assert!(matches!(refused, Err(AppendError::Halted { cause }) if cause.contains("/log/segments/")));
    assert!(steps.log.status().halted.is_some());
    steps.seal_all();
    assert!(steps.append(vec![harness.ready(2)], Durability::Durable).is_ok());
    assert_eq!(steps.log.status().halted, None);
}

#[test]
fn a_log_that_was_stopped_takes_nothing_more_and_says_why() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    steps.log.stop("somebody knows more".to_owned());
    steps.log.stop("too late to be the reason".to_owned());
    let refused = steps.log.append(vec![harness.ready(1)], Durability::Durable);
    assert!(matches!(refused, Err(AppendError::Stopped { cause }) if cause == "somebody knows more"));
    assert_eq!(steps.log.status().halted.as_deref(), Some("somebody knows more"));
    steps.seal_all();
    assert_eq!(harness::all(&steps.log).len(), 1);
    drop(steps);
    assert_eq!(Log::open(harness.config()).unwrap().stopped(), None);
}

#[test]
fn a_seal_that_fails_is_reported_and_done_later() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    steps.rotate();
    harness.disk.fail_at(harness.disk.operations() + 2, Failure::NotPersisted);
    assert!(steps.sealer.step().is_err());
    assert!(steps.log.status().seal_error.is_some());
    assert!(steps.sealer.step().unwrap());
    let status = steps.log.status();
    assert_eq!((status.seal_error, status.segments, status.tail_events, status.seals), (None, 1, 0, 1));
}

#[test]
fn a_second_opener_is_told_who_holds_the_log_and_what_to_do() {
    let harness = Harness::new(1);
    let log = Log::open(harness.config()).unwrap();
    let error = Log::open(harness.config()).unwrap_err();
    assert!(matches!(&error, OpenError::Locked { path } if path == "/log/lock"));
    assert!(error.to_string().contains("stop it first"));
    log.close();
    assert!(Log::open(harness.config()).is_ok());
}

#[test]
fn missing_files_and_missing_keys_stop_the_start() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    for n in 0..3 {
        steps.append(vec![harness.ready(n)], Durability::Durable).unwrap();
        steps.rotate();
    }
    drop(steps);
    let key = Path::new("/log/keys/epochs/00000000000000000002.key");
    harness.disk.rename(key, Path::new("/log/away")).unwrap();
    assert!(matches!(Log::open(harness.config()).unwrap_err(), OpenError::EpochKey(_)));
    harness.disk.rename(Path::new("/log/away"), key).unwrap();
    harness.disk.remove(Path::new("/log/wal/00000000000000000001.wal")).unwrap();
    let error = Log::open(harness.config()).unwrap_err();
    assert!(matches!(error, OpenError::Gap { expected: 1, found: 2, .. }), "{error}");
}

#[test]
fn a_log_keeps_its_name_and_number() {
    let harness = Harness::new(1);
    let made = Log::open(LogConfig { name: "billing".to_owned(), ..harness.config() }).unwrap().identity().clone();
    assert_eq!(made.name, "billing");
    assert_eq!(Log::open(harness.config()).unwrap().identity(), &made);
    for name in ["", "a\"b", "a b", "a+b", "a\nb"] {
        let config = LogConfig { path: "/other".into(), name: name.to_owned(), ..harness.config() };
        assert!(matches!(Log::open(config).unwrap_err(), OpenError::Name { .. }));
    }
    let config = LogConfig { path: "/other".into(), ..harness.config() };
    assert!(Log::open(config).is_ok(), "a refused name leaves nothing behind");
}

#[test]
fn a_damaged_log_toml_is_named() {
    let harness = Harness::new(1);
    drop(Log::open(harness.config()).unwrap());
    for text in ["", "name = \"a\"\nnumber = 99999999\nformat = 1\ncreated_at = \"2026-11-20T12:00:00Z\"", "format = 2"]
    {
        harness.disk.remove(Path::new("/log/log.toml")).unwrap();
        harness.disk.create(Path::new("/log/log.toml")).unwrap().append(text.as_bytes()).unwrap();
        let error = Log::open(harness.config()).unwrap_err();
        assert!(error.to_string().starts_with("/log/log.toml: "), "{error}");
    }
}

#[test]
fn events_of_any_shape_come_back_from_tail_and_segment() {
    use proptest::{
        strategy::{Strategy, ValueTree},
        test_runner::TestRunner,
    };
    let events: Vec<Event> =
        crate::testing::arbitrary_log(300).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let harness = Harness::new(1);
    let log = Log::open(harness.config()).unwrap();
    let batch =
        events.iter().map(|event| ready(Event { idempotency_key: None, ..event.clone() }, event.recorded_at.unwrap()));
    log.append(batch.collect(), Durability::Durable).unwrap().wait().unwrap();
    let tail = harness::all(&log);
    log.close();
    let log = Log::open(harness.config()).unwrap();
    assert_eq!(harness::all(&log), tail);
    log.seal_now().unwrap();
    assert_eq!(harness::all(&log), tail);
    let written = events.into_iter().map(|event| Event { idempotency_key: None, ..event });
    assert_eq!(tail.into_iter().map(|recorded| recorded.event).collect::<Vec<_>>(), written.collect::<Vec<_>>());
}

#[test]
fn a_question_that_nobody_waits_for_is_not_answered() {
    let harness = Harness::new(1);
    let mut steps = Steps::open(&harness).unwrap();
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    let cancel = Cancel::default();
    cancel.cancel();
    let query = Query::newest(Filter::default());
    assert!(matches!(steps.log.query(&query, &cancel), Err(ReadError::Cancelled)));
    assert!(matches!(steps.log.aggregate(&Aggregate::count(query.filter), &cancel), Err(ReadError::Cancelled)));
}

#[test]
fn a_log_that_falls_silent_is_sealed_when_its_file_is_old_whatever_the_clock_did_before() {
    let harness = Harness::new(1);
    harness.advance(400 * DAY_US);
    let mut steps = Steps::open(&harness).unwrap();
    harness.advance(-400 * DAY_US);
    steps.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    let segments = |steps: &mut Steps| {
        steps.committer.idle();
        steps.seal_all();
        steps.log.status().segments
    };
    assert_eq!(segments(&mut steps), 0);
    harness.advance(crate::limits::SEAL_AGE_US);
    assert_eq!(segments(&mut steps), 1);
    harness.advance(crate::limits::SEAL_AGE_US);
    let before = harness.disk.operations();
    assert_eq!(segments(&mut steps), 1);
    assert_eq!(harness.disk.operations(), before, "a file without events does not grow old");
}

#[test]
fn whoever_waits_is_told_when_the_committer_is_gone() {
    let harness = Harness::new(1);
    let Steps { log, committer, .. } = Steps::open(&harness).unwrap();
    let waiting = log.append(vec![harness.ready(0)], Durability::Durable).unwrap();
    drop(committer);
    assert!(matches!(waiting.wait(), Err(AppendError::Closed)));
    assert!(matches!(log.append(vec![harness.ready(1)], Durability::Durable), Err(AppendError::Closed)));
}

#[test]
fn limits_that_no_file_could_keep_are_lowered() {
    let config = Harness::new(1).config();
    let config = LogConfig { seal_events: u64::MAX, seal_bytes: u64::MAX, merge_events: u64::MAX, ..config };
    let config = LogConfig { unsealed_files_max: 0, ..config }.within_limits();
    assert!(config.seal_events < config.merge_events && config.merge_events <= u64::from(SEGMENT_ROWS_MAX));
    assert_eq!((config.seal_bytes, config.unsealed_files_max), (1 << 30, 1));
}

#[test]
fn sealing_now_merges_too_and_says_why_it_cannot() {
    let harness = Harness::new(1);
    let log = Log::open(harness.config()).unwrap();
    let append = |n| log.append(vec![harness.ready(n)], Durability::Durable).unwrap().wait();
    for n in 0..4 {
        append(n).unwrap();
        log.seal_now().unwrap();
    }
    assert_eq!((log.status().segments, harness::all(&log).len()), (1, 4));
    log.shared.set_halted(Some("the disk is gone".to_owned()));
    let error = log.seal_now().unwrap_err().to_string();
    assert!(error.contains("the disk is gone"), "{error}");
    log.shared.set_halted(None);
    log.close();
    assert!(matches!(log.seal_now(), Err(SealError::Closed)));
}
