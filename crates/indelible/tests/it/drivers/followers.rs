//! What follows a log: in order, nothing lost, nobody held up.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use indelible::{
    Event, MemoryStore, NullStore, Recorded, Recorder, Store,
    drivers::{CursorFile, Drivers, Follower, Mirror, Notice, Refused, Sink, SinkError},
};

const LONG: Duration = Duration::from_secs(60);

fn record(store: &Arc<MemoryStore>, events: u64) {
    let recorder = Recorder::new(store.clone());
    for nth in 0..events {
        recorder.record(Event::new("token.created").meta("nth", nth)).unwrap();
    }
}

/// What a sink of a test has, and what it is to do.
#[derive(Default)]
struct Elsewhere {
    seqs: Mutex<Vec<u64>>,
    fails: AtomicBool,
    panics: AtomicBool,
    /// Events that it will never take.
    refuses: Option<u64>,
    begins_at: AtomicU64,
}

struct To(Arc<Elsewhere>);

impl Sink for To {
    fn next_seq(&mut self) -> Result<u64, SinkError> {
        let last = self.0.seqs.lock().unwrap().last().map(|last| last + 1);
        Ok(last.unwrap_or(self.0.begins_at.load(Ordering::SeqCst)))
    }

    fn deliver(&mut self, events: &[Recorded]) -> Result<Vec<Refused>, SinkError> {
        assert!(!self.0.panics.swap(false, Ordering::SeqCst), "a sink that panics");
        if self.0.fails.load(Ordering::SeqCst) {
            return Err("it is away".into());
        }
        self.0.seqs.lock().unwrap().extend(events.iter().map(|event| event.seq));
        let refused = self.0.refuses.filter(|seq| events.iter().any(|event| event.seq == *seq));
        Ok(refused.map(|seq| Refused { seqs: seq..seq + 1, why: "too old".to_owned() }).into_iter().collect())
    }
}

fn follow(store: &Arc<MemoryStore>, sink: impl Sink) -> (Follower, mpsc::Receiver<Notice>) {
    let (tell, heard) = mpsc::channel();
    let notice = move |_: &str, notice: &Notice| drop(tell.send(notice.clone()));
    (Follower::start("elsewhere", store.clone(), Box::new(sink), notice).unwrap(), heard)
}

fn has(elsewhere: &Elsewhere) -> Vec<u64> {
    elsewhere.seqs.lock().unwrap().clone()
}

#[test]
fn a_follower_delivers_what_was_there_and_what_comes_in_order() {
    let (store, elsewhere) = (Arc::new(MemoryStore::default()), Arc::new(Elsewhere::default()));
    record(&store, 2500);
    let (follower, _) = follow(&store, To(elsewhere.clone()));
    record(&store, 10);
    assert!(follower.flush(LONG));
    assert!(has(&elsewhere).into_iter().eq(0..2510));
    assert_eq!((follower.standing().delivered, follower.standing().next_seq), (2510, 2510));
}

#[test]
fn a_sink_that_fails_stops_neither_the_log_nor_the_others_and_gets_everything_later() {
    let main = Arc::new(MemoryStore::default());
    let (broken, sound) = (Arc::new(Elsewhere::default()), Arc::new(Elsewhere::default()));
    broken.fails.store(true, Ordering::SeqCst);
    let (tell, heard) = mpsc::channel();
    let mut drivers = Drivers::new("main", main.clone());
    let sinks: Vec<(String, Box<dyn Sink>)> =
        vec![("broken".to_owned(), Box::new(To(broken.clone()))), ("sound".to_owned(), Box::new(To(sound.clone())))];
    let notice = move |name: &str, notice: &Notice| drop(tell.send((name.to_owned(), notice.clone())));
    drivers.register_stack("all", "main", sinks, notice).unwrap();

    record(&main, 5);
    let (name, notice) = heard.recv().unwrap();
    assert_eq!(name, "broken");
    assert!(matches!(notice, Notice::Failed { error, .. } if error == "it is away"));
    let follower = |name: &str| drivers.followers().find(|follower| follower.name() == name).unwrap();
    assert!(follower("sound").flush(LONG));
    assert!(has(&sound).into_iter().eq(0..5) && has(&broken).is_empty());
    assert_eq!(follower("broken").standing().error.as_deref(), Some("it is away"));

    broken.fails.store(false, Ordering::SeqCst);
    assert!(drivers.flush(LONG));
    assert!(has(&broken).into_iter().eq(0..5));
    assert!(heard.iter().any(|(_, notice)| notice == Notice::Resumed));
    assert_eq!(follower("broken").standing().error, None);
}

#[test]
fn the_authoritative_store_of_a_stack_gives_the_receipts_and_answers() {
    let main = Arc::new(MemoryStore::default());
    record(&main, 3);
    let mut drivers = Drivers::new("main", main.clone());
    let sink: Box<dyn Sink> = Box::new(To(Arc::default()));
    drivers.register_stack("all", "main", vec![("sink".to_owned(), sink)], |_, _| {}).unwrap();
    let all = drivers.get("all").unwrap();
    let recording = Recorder::new(all.clone()).record(Event::new("token.revoked")).unwrap();
    assert_eq!(recording.receipt().unwrap().seq, 3);
    main.assert_recorded("action:token.revoked");
    assert_eq!(all.status(), main.status());
}

#[test]
fn what_the_authoritative_store_refuses_goes_nowhere() {
    let (main, elsewhere) = (Arc::new(MemoryStore::default()), Arc::new(Elsewhere::default()));
    let (follower, _) = follow(&main, To(elsewhere.clone()));
    main.close();
    assert!(Recorder::new(main).record(Event::new("token.created")).is_err());
    assert!(follower.flush(LONG));
    assert!(has(&elsewhere).is_empty());
}

#[test]
fn a_sink_that_panics_is_asked_again() {
    let (store, elsewhere) = (Arc::new(MemoryStore::default()), Arc::new(Elsewhere::default()));
    elsewhere.panics.store(true, Ordering::SeqCst);
    record(&store, 3);
    let (follower, heard) = follow(&store, To(elsewhere.clone()));
    assert!(follower.flush(LONG));
    assert!(has(&elsewhere).into_iter().eq(0..3));
    assert!(matches!(heard.recv().unwrap(), Notice::Failed { error, .. } if error == "it panicked"));
}

#[test]
fn what_a_sink_refuses_for_ever_is_told_and_counted_and_holds_nothing_up() {
    let elsewhere = Arc::new(Elsewhere { refuses: Some(1), ..Elsewhere::default() });
    let store = Arc::new(MemoryStore::default());
    record(&store, 3);
    let (follower, heard) = follow(&store, To(elsewhere));
    assert!(follower.flush(LONG));
    assert_eq!(heard.recv().unwrap(), Notice::Refused(Refused { seqs: 1..2, why: "too old".to_owned() }));
    follower.end();
    assert_eq!((follower.standing().delivered, follower.standing().refused), (2, 1));
}

#[test]
fn what_the_log_forgot_before_it_was_delivered_is_told_and_counted() {
    let (store, elsewhere) = (Arc::new(MemoryStore::new(4)), Arc::new(Elsewhere::default()));
    record(&store, 20);
    let first = store.status().first_seq;
    assert!(first > 0);
    let (follower, heard) = follow(&store, To(elsewhere.clone()));
    assert!(follower.flush(LONG));
    assert_eq!(heard.recv().unwrap(), Notice::Missed(0..first));
    assert!(has(&elsewhere).into_iter().eq(first..20));
    assert_eq!(follower.standing().missed, first);
}

#[test]
fn behind_a_store_that_keeps_nothing_everything_is_missed() {
    let store: Arc<dyn Store> = Arc::new(NullStore::default());
    super::record(&store, "token.created");
    let (tell, heard) = mpsc::channel();
    let notice = move |_: &str, notice: &Notice| drop(tell.send(notice.clone()));
    let follower = Follower::start("elsewhere", store, Box::new(To(Arc::default())), notice).unwrap();
    assert!(follower.flush(LONG));
    assert_eq!(heard.recv().unwrap(), Notice::Missed(0..1));
}

#[test]
fn a_sink_that_followed_another_log_is_refused() {
    let elsewhere = Arc::new(Elsewhere { begins_at: AtomicU64::new(7), ..Elsewhere::default() });
    let store = Arc::new(MemoryStore::default());
    record(&store, 3);
    let (_follower, heard) = follow(&store, To(elsewhere.clone()));
    assert!(matches!(heard.recv().unwrap(), Notice::Failed { error, .. } if error.contains("followed another log")));
    assert!(has(&elsewhere).is_empty());
}

#[test]
fn a_follower_goes_on_where_its_sink_stands() {
    let (store, elsewhere) = (Arc::new(MemoryStore::default()), Arc::new(Elsewhere::default()));
    record(&store, 3);
    let (follower, _) = follow(&store, To(elsewhere.clone()));
    assert!(follower.flush(LONG));
    follower.end();
    record(&store, 3);
    assert!(!follower.flush(Duration::ZERO), "who has ended delivers nothing");
    let (follower, _) = follow(&store, To(elsewhere.clone()));
    assert!(follower.flush(LONG));
    assert!(has(&elsewhere).into_iter().eq(0..6));
}

#[test]
fn a_mirror_has_the_same_events_under_the_same_numbers() {
    let (main, copy) = (Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default()));
    record(&main, 3);
    let (follower, _) = follow(&main, Mirror::into(copy.clone()));
    assert!(follower.flush(LONG));
    drop(follower);
    record(&main, 1500);
    let (follower, _) = follow(&main, Mirror::into(copy.clone()));
    assert!(follower.flush(LONG));
    assert_eq!(main.recorded(), copy.recorded());
}

#[test]
fn a_mirror_that_something_else_was_recorded_into_says_so() {
    let (main, copy) = (Arc::new(MemoryStore::default()), Arc::new(MemoryStore::default()));
    record(&copy, 1);
    let (_follower, heard) = follow(&main, Mirror::into(copy.clone()));
    assert!(matches!(heard.recv().unwrap(), Notice::Failed { error, .. } if error.contains("followed another log")));
}

#[test]
fn a_mirror_of_a_log_that_has_forgotten_its_beginning_says_what_to_do() {
    let (main, copy) = (Arc::new(MemoryStore::new(4)), Arc::new(MemoryStore::default()));
    record(&main, 20);
    let (_follower, heard) = follow(&main, Mirror::into(copy));
    assert!(matches!(heard.recv().unwrap(), Notice::Missed(_)));
    assert!(matches!(heard.recv().unwrap(), Notice::Failed { error, .. } if error.contains("copy its data directory")));
}

#[test]
fn a_cursor_file_is_zero_then_what_was_written_and_never_anything_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drivers/elsewhere.cursor");
    let cursor = CursorFile::at(&path).unwrap();
    assert_eq!(cursor.read().unwrap(), 0);
    for seq in [1, u64::MAX, 7] {
        cursor.write(seq).unwrap();
        assert_eq!(CursorFile::at(&path).unwrap().read().unwrap(), seq);
    }
    for damaged in ["", "-1", "seven", "18446744073709551616", &"1".repeat(100)] {
        std::fs::write(&path, damaged).unwrap();
        let error = cursor.read().unwrap_err().to_string();
        assert!(error.contains("elsewhere.cursor"), "{error}");
    }
}
