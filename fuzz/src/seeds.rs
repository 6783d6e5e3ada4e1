//! No target: writes what the targets begin with into `corpus`, when it is started, and ends. It is built like them
//! so that nothing has to be built twice.
#![no_main]

use std::{
    fs,
    path::{Path, PathBuf},
};

use indelible::import::{Format, Importer, Options, detect};
use indelible_engine::{
    fs::Fs,
    log::Log,
    store::{Durability, Ready, Redacted, Store},
    testing::arbitrary_event,
};
use indelible_fuzz::{ROOT, config, disk, get, log_key, now};
use indelible_proof::{
    Actor, Event, checkpoint::Checkpoint, evidence::Evidence, note::SigningKey, rotation::Rotation, tree::EMPTY_ROOT,
};
use libfuzzer_sys::fuzz_target;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// Lines of each sample file.
const LINES: usize = 12;
/// The choice of the target `import` that leaves the format to detection.
const DETECT: u8 = u8::MAX;

struct Corpus(PathBuf);

impl Corpus {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fuzz_target!(
    init: {
        let corpus = Corpus("corpus".into());
        imports(&corpus, Path::new("../samples"));
        events(&corpus);
        files(&corpus);
        texts(&corpus);
        corpus.put("set", "unsigned", UNSIGNED);
        proofs(&corpus, Path::new("../crates/indelible-proof/testvectors/evidence"));
        end()
    },
    |_input| {}
);

/// A token with the signature of another message, and keys of each kind.
const UNSIGNED: &[u8] = br#"eyJhbGciOiJFZERTQSIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiJqb2UifQ.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"RSA","alg":"RS256","use":"sig","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

/// Ends before anything is fuzzed.
fn end() {
    std::process::exit(0)
}

fn imports(corpus: &Corpus, samples: &Path) {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in fs::read_dir(samples).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Some(format) = detect(&text) else { continue };
        let choice = Format::ALL.iter().position(|&known| known == format).unwrap() as u8;
        let name = format!("{format}-{}", path.file_stem().unwrap().to_string_lossy());
        let mut importer = Importer::new(format, Options::default());
        for (nth, line) in text.lines().take(LINES).enumerate() {
            corpus.put("delivery", &format!("{name}-{nth}"), &[&[choice, 0], line.as_bytes()].concat());
            let choice = if nth == 0 { DETECT } else { choice };
            corpus.put("import", &format!("{name}-{nth}"), &[&[choice], line.as_bytes()].concat());
            corpus.put("jcs", &format!("{name}-{nth}"), line.as_bytes());
            if let Some(event) = importer.line(line.as_bytes()).unwrap_or_default().first() {
                corpus.put("event", &format!("{name}-{nth}"), &serde_json::to_vec(event).unwrap());
            }
        }
    }
}

fn arbitrary(count: usize) -> Vec<Event> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| arbitrary_event().new_tree(&mut runner).unwrap().current()).collect()
}

fn events(corpus: &Corpus) {
    for (nth, event) in arbitrary(60).iter().enumerate() {
        corpus.put("event", &format!("any-{nth}"), &serde_json::to_vec(event).unwrap());
    }
}

/// Small logs: their write-ahead logs and their segments.
fn files(corpus: &Corpus) {
    let plain = |row: usize| {
        Event::new(["token.revoked", "auth.login.failed"][row % 2])
            .actor(Actor::user((row % 40).to_string()))
            .meta("n", row)
    };
    let logs: Vec<Vec<Event>> = [1, 2, 5, 12, 30, 60]
        .into_iter()
        .flat_map(|count| [arbitrary(count), (0..count).map(plain).collect()])
        .chain([(0..200).map(plain).collect(), (0..4300).map(|row| plain(row % 9)).collect()])
        .collect();
    for (nth, events) in logs.into_iter().enumerate() {
        let disk = disk().unwrap();
        let log = Log::open(config(&disk)).unwrap();
        for batch in events.chunks(7) {
            let ready = batch.iter().map(|event| Ready::new(Redacted::vouched(event.clone()), now()).unwrap());
            log.append(ready.collect(), Durability::Durable).unwrap().wait().unwrap();
        }
        let wal = get(&disk, &Path::new(ROOT).join("wal/00000000000000000000.wal")).unwrap();
        if events.len() < 100 {
            corpus.put("wal", &format!("log-{nth}"), &[&[1], wal.as_slice()].concat());
            corpus.put("wal", &format!("cut-{nth}"), &[&[0], &wal[..wal.len() - wal.len() / 5]].concat());
        }
        log.seal_now().unwrap();
        let days = Path::new(ROOT).join("segments");
        for day in disk.list(&days).unwrap() {
            for name in disk.list(&days.join(&day)).unwrap() {
                corpus.put("segment", &format!("log-{nth}"), &get(&disk, &days.join(&day).join(name)).unwrap());
            }
        }
        log.close();
    }
}

fn texts(corpus: &Corpus) {
    let filters = [
        "action:token.* -outcome:success ip:10.0.0.0/8 actor:user:42 since:7d \"free text\"",
        "metadata.endpoint:\"/v1/pay\" until:2026-11-20 tenant:acme",
        "severity>=medium http.status:400..499,503 -tag:a,b",
        "seq:100..200 target:token:\"a:b\" on_behalf_of:\"x\":y* changes.after.\"a.b\":*",
        "occurred_at>=2026-11-20T12:00:00Z latency<5000 status!=200",
        "ip:10.0.*,::ffff:10.0.0.0/104 user_agent:*Chrome?1* -reason:* a\\ b",
        "actor:service:ci attrs.k:1..2 metadata.n:..7 -\"alice@example.com\"",
        "a1f",
    ];
    for (nth, line) in filters.iter().enumerate() {
        corpus.put("filter", &nth.to_string(), line.as_bytes());
    }
    let aggregates = [
        "day,action\ncount,distinct(actor.id)\ncount>=2\n-count\nEurope/Vienna\n100\n",
        "hour_of_day,weekday\np50(http.latency_us),p95(http.status),first,last\n\n\nAmerica/New_York\n\naction:a.*",
        "metadata.n,actor.id,month,week\ncount\ncount>3\nactor.id\nAsia/Kolkata\n5\nsince:7d",
        "minute\np0(count),p100(occurred_at)\np100(occurred_at)>1\n-minute\nPacific/Apia\n",
        "\ndistinct(metadata.n)\n\n\n\n\n",
    ];
    for (nth, text) in aggregates.iter().enumerate() {
        corpus.put("aggregate", &nth.to_string(), text.as_bytes());
    }
}

/// The published evidence, and what is made of the same parts.
fn proofs(corpus: &Corpus, published: &Path) {
    for path in fs::read_dir(published).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        if let Ok(evidence) = Evidence::parse(text.as_bytes()) {
            corpus.put("proof", &format!("{name}-told"), &evidence.disclosure().to_json());
            let note = evidence.proof().checkpoint.to_string();
            corpus.put("note", "checkpoint", note.as_bytes());
            corpus.put("note", "text", evidence.proof().checkpoint.text().as_bytes());
            corpus.put("witness", "first", format!("old 0\n\n{note}").as_bytes());
            let hash = text.lines().nth(3).unwrap_or_default();
            corpus.put("witness", "next", format!("old 1\n{hash}\n\n{note}").as_bytes());
        }
        corpus.put(if name.ends_with("vkey") { "note" } else { "proof" }, &name, text.trim_end().as_bytes());
        corpus.put("proof", &format!("{name}-whole"), text.as_bytes());
    }
    let at = Checkpoint::new("log.example.com", 0, EMPTY_ROOT).unwrap();
    let next = SigningKey::new("log.example.com", &[3; 32]).unwrap();
    corpus.put("note", "rotation", Rotation::sign(&at, log_key(), &next).unwrap().to_string().as_bytes());
    corpus.put("note", "empty", at.sign(log_key()).to_string().as_bytes());
    let paths =
        ["tile/0/x001/x234/067", "tile/1/000.p/3", "tile/7/000", "tile/entries/x018/x446/x744/x073/x709/551.p/1"];
    for (nth, path) in paths.iter().enumerate() {
        for content in [vec![7; 32], vec![7; 96], vec![7; 8192], [&[0, 96], [7; 96].as_slice()].concat()] {
            corpus.put("tile", &format!("{nth}-{}", content.len()), &[path.as_bytes(), b"\n", &content].concat());
        }
    }
}
