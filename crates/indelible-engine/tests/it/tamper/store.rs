//! A real store, made once, and copies of it for those who tamper: with the bytes, or knowing the format.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use indelible_engine::{
    log::{Log, LogConfig},
    store::{Durability, Ready, Redacted, Store},
};
use indelible_proof::{
    Actor, Event, Target, Timestamp,
    note::{Note, SigningKey},
};
use tempfile::TempDir;

use crate::format::{copy, files};

/// 2026-11-20T12:00:00Z
const NOON_US: i64 = 1_795_176_000_000_000;
const DAY_US: i64 = 86_400_000_000;

/// Events of each file that was sealed, day by day: those of the first day are merged into one segment.
const DAYS: [&[u64]; 3] = [&[2_500, 1_500, 1_300, 1_200], &[700], &[300]];
/// Events of each frame of the write-ahead log.
const TAIL: [u64; 4] = [40, 30, 1, 20];
/// What is sealed.
pub(crate) const SEALED: u64 = 7_500;
/// What there is.
pub(crate) const ALL: u64 = 7_591;
/// The write-ahead log.
pub(crate) const WAL: &str = "wal/00000000000000007500.wal";
/// The segments, oldest first.
pub(crate) const SEGMENTS: [&str; 3] = [
    "segments/2026-11-20/00000000000000000000-00000000000000006499.seg",
    "segments/2026-11-21/00000000000000006500-00000000000000007199.seg",
    "segments/2026-11-22/00000000000000007200-00000000000000007499.seg",
];

pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A data directory, and the checkpoints that an auditor kept on the way: one for each batch.
pub(crate) struct Original {
    files: Files,
    pub(crate) kept: Vec<Note>,
}

/// A store with segments of several days, of one and of several epochs, tiles, and a tail of several frames.
pub(crate) fn original() -> &'static Original {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOON_US));
        let log = Log::open(config(dir.path(), &clock)).unwrap();
        let (mut n, mut kept) = (0, Vec::new());
        let mut append = |count| {
            kept.push(append(&log, &clock, n..n + count));
            n += count;
        };
        for (day, rounds) in (0..).zip(DAYS) {
            clock.store(NOON_US + day * DAY_US, Ordering::Relaxed);
            for &count in rounds {
                append(count);
                log.seal_now().unwrap();
            }
        }
        TAIL.into_iter().for_each(&mut append);
        log.close();
        let files = files(dir.path());
        let names: Vec<&Path> = files.keys().map(PathBuf::as_path).collect();
        assert!(SEGMENTS.iter().chain([&WAL]).all(|name| names.contains(&Path::new(name))), "{names:?}");
        Original { files, kept }
    })
}

/// A store of more than 65,536 events, so that a tile above level 0 is full. It is sealed as one segment.
pub(crate) fn large() -> &'static Original {
    static LARGE: OnceLock<Original> = OnceLock::new();
    LARGE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOON_US));
        let log = Log::open(config(dir.path(), &clock)).unwrap();
        let kept = (0..7).map(|nth| append(&log, &clock, nth * 9_500..(nth + 1) * 9_500)).collect();
        log.seal_now().unwrap();
        log.close();
        Original { files: files(dir.path()), kept }
    })
}

fn config(path: &Path, clock: &Arc<AtomicI64>) -> LogConfig {
    let clock = Arc::clone(clock);
    let now = move || Timestamp::saturating_from_micros(clock.load(Ordering::Relaxed));
    LogConfig { name: "audit.example.com".to_owned(), ..LogConfig::new(path, Arc::new(now)) }
}

fn event(n: u64) -> Event {
    let event = Event::new(["token.authenticated", "auth.login.failed", "token.revoked"][(n % 3) as usize])
        .tenant(["acme", "globex"][usize::from(n.is_multiple_of(5))])
        .actor(Actor::user(format!("user-{}", n * n % 97)).email("alice@example.com"))
        .request_id(format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    if n.is_multiple_of(4) {
        event.target(Target::new("document", format!("doc-{}", n % 31))).meta("n", n)
    } else {
        event
    }
}

/// Appends a batch, and gives the checkpoint after it.
fn append(log: &Log, clock: &AtomicI64, markers: std::ops::Range<u64>) -> Note {
    let ready = |n| {
        let at = Timestamp::saturating_from_micros(clock.fetch_add(1_000, Ordering::Relaxed));
        Ready::new(Redacted::vouched(event(n)), at).unwrap()
    };
    log.append(markers.map(ready).collect(), Durability::Durable).unwrap().wait().unwrap();
    Note::clone(&log.checkpoint())
}

/// A copy of a store that somebody tampers with.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn of(original: &Original) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&original.files, dir.path());
        Self(dir)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn files(&self) -> Files {
        files(self.0.path())
    }

    /// Alters one byte.
    pub(crate) fn flip(&self, name: &str, at: usize) {
        let mut bytes = self.read(name);
        bytes[at] ^= 1;
        self.write(name, bytes);
    }

    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_skey(String::from_utf8(self.read("keys/signing.key")).unwrap().trim_end()).unwrap()
    }

    /// Opens the log and verifies it, with checkpoints that were kept; gives the message of what is found.
    pub(crate) fn verify(&self, kept: &[Note]) -> Result<u64, String> {
        let log = Log::open(self.config()).map_err(|error| error.to_string())?;
        let verified = log.verify(kept, &|_, _| ()).map_err(|error| error.to_string())?;
        Ok(verified.events)
    }

    /// Goes on with the log.
    pub(crate) fn append(&self, markers: std::ops::Range<u64>) -> Note {
        let log = Log::open(self.config()).unwrap();
        append(&log, &AtomicI64::new(NOON_US + 3 * DAY_US), markers)
    }

    fn config(&self) -> LogConfig {
        config(self.0.path(), &Arc::new(AtomicI64::new(NOON_US + 3 * DAY_US)))
    }

    /// The tampering is found, and the message names the place.
    #[track_caller]
    pub(crate) fn assert_found(&self, what: &str, kept: &[Note], places: &[&str]) -> String {
        let Err(message) = self.verify(kept) else { panic!("{what}: not found") };
        for place in places {
            assert!(message.contains(place), "{what}: {place:?} is not in: {message}");
        }
        if std::env::var_os("INDELIBLE_MESSAGES").is_some() {
            let message = message.replace(&format!("{}/", self.0.path().display()), "");
            std::io::Write::write_all(&mut std::io::stdout(), format!("{what}: {message}\n").as_bytes()).unwrap();
        }
        message
    }
}
