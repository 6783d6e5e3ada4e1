use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    time::Duration,
};

use indelible::{Event, Recorder};
use indelible_engine::{log::LogConfig, store::Store};
use indelible_proof::note::VerifierKey;
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot};

use super::*;
use crate::{
    clock,
    config::WitnessAt,
    witness::{Book, Witness},
};

/// A log with its directory.
struct Written {
    directory: TempDir,
    log: Arc<Log>,
    recorder: Recorder,
}

impl Written {
    /// A new log of some events.
    fn new(size: u64) -> Self {
        let written = Self::open(directory());
        written.grow(size);
        written
    }

    fn open(directory: TempDir) -> Self {
        let name = "audit.example.com".to_owned();
        let config = LogConfig { name, ..LogConfig::new(directory.path(), Arc::new(clock::now)) };
        let log = Arc::new(Log::open(config).unwrap());
        heed(directory.path(), &log).unwrap();
        Self { directory, recorder: Recorder::new(Arc::clone(&log) as Arc<dyn Store>), log }
    }

    /// Records until there are so many events.
    fn grow(&self, size: u64) {
        for n in self.log.status().next_seq..size {
            self.recorder.record(Event::new("auth.logout").session(n.to_string())).unwrap();
        }
    }

    fn restart(self) -> Self {
        let Self { directory, log, recorder } = self;
        recorder.close();
        log.close();
        Self::open(directory)
    }

    /// The directory as it is now, somewhere else.
    fn copy(&self) -> TempDir {
        let to = directory();
        copy(self.directory.path(), to.path());
        to
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn forked(&self) -> PathBuf {
        self.path().join("witnesses/forked")
    }

    fn cosigning(&self, witnesses: &Witnesses) -> Cosigning {
        Cosigning::open(self.path(), Arc::clone(&self.log), witnesses).unwrap()
    }

    /// Lets the witnesses be asked once.
    fn cosigned(&self, witnesses: &Witnesses) -> Cosigning {
        let cosigning = self.cosigning(witnesses);
        cosigning.rounds().next(Instant::now());
        cosigning
    }

    #[track_caller]
    fn assert_stopped(&self, words: &str) {
        let why = self.log.stopped().expect("it goes on");
        assert!(why.contains(words), "{why}");
        assert!(self.recorder.record(Event::new("auth.logout")).is_err());
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

/// A witness that answers until it is stopped, and can be started again on its directory.
struct Running {
    directory: TempDir,
    log: VerifierKey,
    at: WitnessAt,
    running: Option<(Runtime, oneshot::Sender<()>)>,
}

impl Running {
    fn new(name: &str, follows: &Written) -> Self {
        let at = WitnessAt { name: name.to_owned(), url: String::new(), key: String::new() };
        let mut witness = Self { directory: directory(), log: follows.log.verifier(), at, running: None };
        witness.start();
        witness
    }

    fn start(&mut self) {
        let book = Book::open(self.directory.path(), Some(&self.at.name), std::slice::from_ref(&self.log)).unwrap();
        self.at.key = book.verifier().to_string();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = self.at.url.strip_prefix("http://").unwrap_or("127.0.0.1:0").parse().unwrap();
        let server = runtime.block_on(Witness::bind(book, address)).unwrap();
        self.at.url = server.url();
        let (stop, stopped) = oneshot::channel::<()>();
        runtime.spawn(server.run(async move { drop(stopped.await) }));
        self.running = Some((runtime, stop));
    }

    fn stop(&mut self) {
        self.running = None;
    }
}

fn witnesses(quorum: usize, all: &[&Running]) -> Witnesses {
    let mut text = format!("quorum = {quorum}\n");
    for WitnessAt { name, url, key } in all.iter().map(|witness| &witness.at) {
        text.push_str(&format!("[[witness]]\nname = \"{name}\"\nurl = \"{url}/\"\nkey = \"{key}\"\n"));
    }
    toml::from_str(&text).unwrap()
}

/// Events and signatures of the published checkpoint.
fn published(cosigning: &Cosigning) -> Option<(u64, usize)> {
    cosigning.published().map(|note| (size(&note).unwrap(), note.signatures().len()))
}

#[test]
fn a_checkpoint_is_published_once_enough_witnesses_have_cosigned_it() {
    let written = Written::new(3);
    let (one, two) = (Running::new("w1.example.com", &written), Running::new("w2.example.com", &written));
    let cosigning = written.cosigning(&witnesses(2, &[&one, &two]));
    assert_eq!(published(&cosigning), None);
    let mut rounds = cosigning.rounds();
    for size in [3, 4, 17] {
        written.grow(size);
        rounds.next(Instant::now());
        assert_eq!(published(&cosigning), Some((size, 3)));
        assert_eq!(cosigning.0.quorum.check(&cosigning.published().unwrap()).unwrap().len(), 2);
        assert!(cosigning.standings().iter().all(|it| it.last.unwrap().size == size && it.error.is_none()));
    }
    written.grow(20);
    assert_eq!(published(&cosigning), Some((17, 3)), "the newest is not cosigned");
}

#[test]
fn what_was_cosigned_is_published_after_a_restart_and_the_witness_goes_on_from_there() {
    let written = Written::new(3);
    let mut witness = Running::new("w.example.com", &written);
    written.cosigned(&witnesses(1, &[&witness]));
    witness.stop();
    witness.start();
    let written = written.restart();
    written.grow(5);
    let cosigning = written.cosigning(&witnesses(1, &[&witness]));
    assert_eq!(published(&cosigning), Some((3, 2)));
    assert_eq!(cosigning.standings()[0].last.unwrap().size, 3);
    assert_eq!(size(&last_published(written.path(), &written.log).unwrap()), Some(3));
    cosigning.rounds().next(Instant::now());
    assert_eq!((published(&cosigning), written.log.stopped()), (Some((5, 2)), None));
}

#[test]
fn a_witness_that_is_away_stops_nothing_and_is_asked_again_later_and_later() {
    let written = Written::new(3);
    let (one, mut two) = (Running::new("w1.example.com", &written), Running::new("w2.example.com", &written));
    let cosigning = written.cosigning(&witnesses(1, &[&one, &two]));
    two.stop();
    let mut rounds = cosigning.rounds();
    let begin = Instant::now();
    rounds.next(begin);
    assert_eq!(published(&cosigning), Some((3, 2)));
    let failing: Vec<_> = cosigning.standings().iter().map(|it| it.error.is_some()).collect();
    assert_eq!(failing, [false, true]);
    let newest = written.log.checkpoint();
    let due = |rounds: &Rounds, after_s| rounds.asked[1].is_due(&newest, begin + Duration::from_secs(after_s));
    assert!(!rounds.asked[0].is_due(&newest, begin), "it has cosigned");
    assert!(!due(&rounds, 0) && due(&rounds, 1));
    rounds.next(begin + Duration::from_secs(1));
    assert!(!due(&rounds, 2) && due(&rounds, 3));
    two.start();
    rounds.next(begin + Duration::from_secs(3));
    assert_eq!((published(&cosigning), written.log.stopped()), (Some((3, 3)), None));
    assert!(cosigning.standings().iter().all(|it| it.error.is_none()));
}

#[test]
fn cosignatures_that_come_one_after_the_other_meet_on_a_checkpoint() {
    let written = Written::new(3);
    let (one, mut two) = (Running::new("w1.example.com", &written), Running::new("w2.example.com", &written));
    let cosigning = written.cosigning(&witnesses(2, &[&one, &two]));
    two.stop();
    let mut rounds = cosigning.rounds();
    let begin = Instant::now();
    rounds.next(begin);
    assert_eq!((published(&cosigning), written.log.stopped()), (None, None), "the log goes on");
    two.start();
    rounds.next(begin + Duration::from_secs(1));
    assert_eq!(published(&cosigning), Some((3, 3)));
}

#[test]
fn a_log_that_was_rolled_back_is_told_so_by_its_witness_and_stays_stopped() {
    let written = Written::new(5);
    let witness = Running::new("w.example.com", &written);
    let policy = witnesses(1, &[&witness]);
    written.cosigned(&policy);
    let before = written.copy();
    written.grow(9);
    written.cosigned(&policy);

    let back = Written::open(before);
    let cosigning = back.cosigned(&policy);
    back.assert_stopped("w.example.com has cosigned a checkpoint of this log with 9 events, and the log has 5");
    back.assert_stopped("remove witnesses/forked");
    assert_eq!(published(&cosigning), Some((5, 2)), "what was published stays");
    let why = back.log.stopped().unwrap().to_owned();
    let back = back.restart();
    back.assert_stopped(&why);
    fs::remove_file(back.forked()).unwrap();
    let back = back.restart();
    assert_eq!(back.log.stopped(), None);
    back.cosigned(&policy);
    back.assert_stopped("with 9 events, and the log has 5");
}

#[test]
fn of_two_copies_that_both_go_on_the_second_is_told_so_by_its_witness() {
    for forked_size in [9, 12] {
        let written = Written::new(4);
        let witness = Running::new("w.example.com", &written);
        let policy = witnesses(1, &[&witness]);
        let fork = Written::open(written.copy());
        written.grow(9);
        written.cosigned(&policy);
        fork.grow(forked_size);
        let cosigning = fork.cosigned(&policy);
        fork.assert_stopped("does not extend the checkpoint with 9 events that it has cosigned");
        assert_eq!(published(&cosigning), None);
        assert!(cosigning.standings()[0].error.is_some());
        written.cosigned(&policy);
        assert_eq!(written.log.stopped(), None);
    }
}

#[test]
fn a_directory_behind_or_beside_its_own_cosigned_checkpoint_is_stopped_without_any_witness() {
    let written = Written::new(4);
    let witness = Running::new("w.example.com", &written);
    let (behind, beside) = (written.copy(), Written::open(written.copy()));
    written.grow(9);
    written.cosigned(&witnesses(1, &[&witness]));
    let witnesses = written.path().join("witnesses");
    let give = |to: &Path| {
        fs::create_dir(to.join("witnesses")).unwrap();
        copy(&witnesses, &to.join("witnesses"));
    };
    give(behind.path());
    Written::open(behind).assert_stopped("with 9 events, and the log has 4");
    beside.grow(11);
    give(beside.path());
    let beside = beside.restart();
    beside.assert_stopped("does not extend its own checkpoint with 9 events");
    assert_eq!(published(&beside.cosigning(&Witnesses::default())), None, "it would contradict what was published");
    assert!(!beside.forked().exists(), "it is seen anew at each start");
}

#[test]
fn a_damaged_checkpoint_is_no_fork() {
    let written = Written::new(3);
    let witness = Running::new("w.example.com", &written);
    written.cosigned(&witnesses(1, &[&witness]));
    let path = written.path().join("witnesses/cosigned");
    let note = fs::read_to_string(&path).unwrap();
    for damaged in [note.replacen("\n3\n", "\n4\n", 1), note[..note.len() / 2].to_owned(), String::new()] {
        fs::write(&path, damaged).unwrap();
        let error = heed(written.path(), &written.log).unwrap_err();
        assert!(error.to_string().contains("witnesses/cosigned is damaged"), "{error}");
    }
    assert_eq!(written.log.stopped(), None);
}

#[test]
fn a_checkpoint_that_somebody_else_showed_the_witness_is_no_fork() {
    let (written, other) = (Written::new(9), directory());
    let witness = Running::new("w.example.com", &written);
    let policy = witnesses(1, &[&witness]);
    let cosigning = written.cosigning(&policy);
    let mut rounds = cosigning.rounds();
    rounds.next(Instant::now());
    written.grow(12);
    Cosigning::open(other.path(), Arc::clone(&written.log), &policy).unwrap().rounds().next(Instant::now());
    rounds.next(Instant::now());
    assert_eq!((published(&cosigning), written.log.stopped()), (Some((12, 2)), None));
}

#[test]
fn the_cosignature_of_another_key_is_not_taken() {
    let written = Written::new(3);
    let (mut witness, other) = (Running::new("w.example.com", &written), Running::new("w.example.com", &written));
    witness.at.key.clone_from(&other.at.key);
    let cosigning = written.cosigned(&witnesses(1, &[&witness]));
    assert_eq!((published(&cosigning), written.log.stopped()), (None, None));
}

/// A witness that always answers the same.
fn answers(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn nonsense_from_a_witness_is_no_cosignature_and_no_fork() {
    let written = Written::new(3);
    let mut witness = Running::new("w.example.com", &written);
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nnonsense\n",
        "HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\nconnection: close\r\n\r\n2\n",
        "HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\nconnection: close\r\n\r\n-99\n",
        "HTTP/1.1 500 Oh\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
        "HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "nonsense",
        "",
    ] {
        witness.at.url = answers(answer);
        let cosigning = written.cosigned(&witnesses(1, &[&witness]));
        assert_eq!((published(&cosigning), written.log.stopped()), (None, None), "{answer}");
        assert!(cosigning.standings()[0].error.is_some(), "{answer}");
    }
}

#[test]
fn a_witness_of_the_older_protocol_tells_of_a_fork_by_a_conflict() {
    let written = Written::new(3);
    let mut witness = Running::new("w.example.com", &written);
    witness.at.url = answers("HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\nconnection: close\r\n\r\n3\n");
    written.cosigned(&witnesses(1, &[&witness]));
    written.assert_stopped("it has another root of this size");
}

#[test]
fn with_a_quorum_of_none_the_newest_checkpoint_is_published_with_what_there_is() {
    let written = Written::new(3);
    let witness = Running::new("w.example.com", &written);
    let cosigning = written.cosigned(&witnesses(0, &[&witness]));
    assert_eq!(published(&cosigning), Some((3, 2)));
    written.grow(4);
    assert_eq!(published(&cosigning), Some((4, 1)));
}

#[test]
fn what_could_not_be_stored_is_published_once_it_can_be_though_nothing_is_recorded() {
    let written = Written::new(3);
    let witness = Running::new("w.example.com", &written);
    let cosigning = written.cosigning(&witnesses(1, &[&witness]));
    let mut rounds = cosigning.rounds();
    let in_the_way = written.path().join("witnesses/cosigned.new");
    fs::create_dir_all(&in_the_way).unwrap();
    rounds.next(Instant::now());
    assert_eq!(published(&cosigning), None, "not on disk");
    fs::remove_dir(&in_the_way).unwrap();
    rounds.next(Instant::now());
    assert_eq!(published(&cosigning), Some((3, 2)));
}

#[test]
fn with_a_quorum_of_none_a_log_that_was_rolled_back_publishes_nothing() {
    let written = Written::new(3);
    let witness = Running::new("w.example.com", &written);
    let older = written.copy();
    written.grow(9);
    written.cosigned(&witnesses(0, &[&witness]));
    let back = Written::open(older);
    let cosigning = back.cosigned(&witnesses(0, &[&witness]));
    back.assert_stopped("with 9 events, and the log has 3");
    assert_eq!(published(&cosigning), None);
}

#[test]
fn after_the_end_nothing_is_written() {
    let written = Written::new(3);
    let witness = Running::new("w.example.com", &written);
    let cosigning = written.cosigning(&witnesses(1, &[&witness]));
    cosigning.end();
    cosigning.start().unwrap();
    cosigning.rounds().next(Instant::now());
    assert_eq!(published(&cosigning), None);
    assert!(!written.path().join("witnesses").exists());
    cosigning.end();
    assert!(cosigning.0.waker.lock().unwrap().is_none());
}
