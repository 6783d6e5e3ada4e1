//! The samples that the project carries, imported: none is refused, every event is valid, and what becomes of them
//! is what `import.golden` says. After a change of a mapping, `BLESS=1 cargo test -p indelible import` writes that file anew: read its
//! difference.

mod coverage;
mod fields;
mod hooks;
mod mutations;
mod security_events;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use indelible::{
    Event, Outcome,
    import::{Format, Importer, Options, delivery, detect},
};
use indelible_engine::{canonical_rows::CanonicalRows, chunk::Chunk};
use indelible_proof::Canonical;
use serde_json::Value;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// Every sample file, by its path below `samples/`, with its format and content.
fn files() -> Vec<(String, Format, Vec<u8>)> {
    let mut files = Vec::new();
    for format in Format::ALL {
        let Ok(folder) = fs::read_dir(samples().join(format.name())) else { continue };
        for entry in folder {
            let path = entry.unwrap().path();
            let name = format!("{format}/{}", path.file_name().unwrap().to_str().unwrap());
            files.push((name, *format, fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

fn importer(format: Format) -> Importer {
    Importer::new(format, Options::default().reference("2024-12-31T23:59:59Z".parse().unwrap()))
}

fn import(format: Format, content: &[u8]) -> Vec<Event> {
    let mut importer = importer(format);
    let lines = content.split(|byte| *byte == b'\n');
    let mut events: Vec<Event> = lines.flat_map(|line| importer.line(line).unwrap()).collect();
    events.extend(importer.finish().unwrap());
    events
}

/// The event of a record, without its original, its key and its source.
fn mapped(format: Format, record: &Value) -> Value {
    let mut events = delivery(format, None, record.to_string().as_bytes());
    assert_eq!(events.len(), 1, "{events:?}");
    let event = events.remove(0);
    event.validate().unwrap();
    fields::fields(&event)
}

/// The one event of a line of a sample file, lines counted from 1.
fn sample(file: &str, line: usize) -> Event {
    let format: Format = file.split('/').next().unwrap().parse().unwrap();
    let content = fs::read_to_string(samples().join(file)).unwrap();
    let mut events = import(format, content.lines().nth(line - 1).unwrap().as_bytes());
    assert_eq!(events.len(), 1, "{file} line {line}");
    events.remove(0)
}

#[test]
fn every_folder_of_the_samples_is_a_format() {
    for entry in fs::read_dir(samples()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(!entry.path().is_dir() || name == "LICENSES" || name.parse::<Format>().is_ok(), "{name}");
    }
}

#[test]
fn every_sample_is_imported_and_valid() {
    for (name, format, content) in files() {
        let events = import(format, &content);
        assert!(!events.is_empty(), "{name}");
        for event in &events {
            event.validate().unwrap_or_else(|error| panic!("{name}: {error} in {event:?}"));
            assert!(event.idempotency_key.is_some(), "{name}");
            assert!(event.metadata.contains_key("original"), "{name}");
            assert!(event.source.as_ref().is_some_and(|source| source.service.is_some()), "{name}");
        }
    }
}

#[test]
fn samples_are_hashed_from_their_columns_as_they_are_from_their_events() {
    for (name, format, content) in files() {
        let events = import(format, &content);
        let mut chunk = Chunk::new(0);
        events.iter().for_each(|event| chunk.push(event));
        let mut expected = events.iter().map(Canonical::of);
        let mut rows = CanonicalRows::new(&chunk, 0..events.len() as u32).unwrap();
        while rows.load(&chunk).unwrap() {
            rows.each(|row, parts| {
                let canonical = expected.next().unwrap();
                assert!(
                    parts == [canonical.record(), canonical.who(), canonical.what()],
                    "{name}: event {row}: {canonical:?}"
                );
            });
        }
        assert!(expected.next().is_none(), "{name}");
    }
}

#[test]
fn the_samples_become_what_the_golden_table_says() {
    let mut table = String::new();
    for (name, format, content) in files() {
        let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for event in import(format, &content) {
            *counts.entry((event.action, event.outcome.map_or("-", Outcome::as_str))).or_default() += 1;
        }
        writeln!(table, "{name}").unwrap();
        for ((action, outcome), count) in counts {
            writeln!(table, "{count:6}  {outcome:8} {action}").unwrap();
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/import.golden");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, &table).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    let (mut file, mut line) = ("", 0);
    for (is, should) in table.lines().zip(expected.lines()) {
        line += 1;
        file = if is.starts_with(' ') { file } else { is };
        assert_eq!(is, should, "{file}, import.golden line {line}");
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}

#[test]
fn the_format_of_every_sample_is_detected_from_its_beginning() {
    for (name, format, content) in files() {
        let beginning = String::from_utf8_lossy(&content[..content.len().min(16 << 10)]).into_owned();
        assert_eq!(detect(&beginning), Some(format), "{name}");
    }
}

#[test]
fn a_file_imported_again_has_the_same_keys() {
    for (name, format, content) in files() {
        let keys = |events: Vec<Event>| events.into_iter().map(|event| event.idempotency_key).collect::<Vec<_>>();
        let first = keys(import(format, &content));
        assert_eq!(first, keys(import(format, &content)), "{name}");
        let distinct: BTreeSet<_> = first.iter().collect();
        assert!(distinct.len() * 10 >= first.len() * 8, "{name}: {} keys for {} events", distinct.len(), first.len());
    }
}

#[test]
fn equal_lines_are_different_events_and_equal_ids_are_the_same() {
    let line = "Sep 30 12:11:33 host sshd[22789]: Invalid user hadoop from 192.0.2.1 port 56762";
    let keys: BTreeSet<_> =
        import(Format::Openssh, format!("{line}\n{line}").as_bytes()).into_iter().map(|e| e.idempotency_key).collect();
    assert_eq!(keys.len(), 2);
    let record = r#"{"uuid":"u-1","eventType":"user.session.start","published":"2026-01-01T00:00:00Z"}"#;
    let keys: BTreeSet<_> =
        import(Format::Okta, format!("{record}\n{record}").as_bytes()).into_iter().map(|e| e.idempotency_key).collect();
    assert_eq!(keys, BTreeSet::from([Some("okta:u-1".to_owned())]));
}

#[test]
fn records_are_found_in_every_frame() {
    let records = fs::read_to_string(samples().join("cloudtrail/plaso.jsonl")).unwrap();
    let records: Vec<serde_json::Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let plain = import(Format::Cloudtrail, records.iter().map(|r| r.to_string() + "\n").collect::<String>().as_bytes());
    let array = serde_json::Value::from(records);
    let wrapped = serde_json::json!({ "Records": array.clone() });
    for frame in [&array, &wrapped] {
        let indented = serde_json::to_string_pretty(frame).unwrap();
        assert!(import(Format::Cloudtrail, frame.to_string().as_bytes()) == plain);
        assert!(import(Format::Cloudtrail, indented.as_bytes()) == plain);
    }
}

#[test]
fn a_line_that_is_no_record_says_what_is_wrong_and_the_next_is_read() {
    let mut okta = importer(Format::Okta);
    assert_eq!(okta.line(b"").unwrap(), []);
    let message =
        |result: Result<Vec<Event>, _>| Result::<_, indelible::import::ImportError>::unwrap_err(result).to_string();
    assert_eq!(
        message(okta.line(b"{\"eventType\": ")),
        "line 2 is no okta record: not JSON: EOF while parsing a value at line 1 column 13"
    );
    assert_eq!(message(okta.line(b"{}")), "line 3 is no okta record: it has no \"eventType\"; is the format right?");
    assert_eq!(
        message(okta.line(b"\xff{}")),
        "line 4 is no okta record: it is not UTF-8 from byte 0; convert it to UTF-8"
    );
    assert_eq!(message(okta.line(b"[1]")), "line 5 is no okta record: a JSON object is expected");
    let long = format!("{{\"eventType\":\"{}\"}}", "x".repeat(2 << 20));
    assert!(message(okta.line(long.as_bytes())).starts_with("line 6 is no okta record: the record has 2097168 bytes"));
    assert_eq!(okta.line(br#"{"eventType":"user.session.end"}"#).unwrap().len(), 1);

    let mut cut = importer(Format::Cloudtrail);
    assert_eq!(cut.line(b"{\"Records\": [").unwrap(), []);
    assert_eq!(message(cut.finish()), "line 1 is no cloudtrail record: it ends inside a JSON document");
}

#[test]
fn an_own_export_comes_back_as_it_was() {
    let line = br#"{"id":"019a0000-0000-7000-8000-000000000000","seq":7,"recorded_at":"2026-01-01T00:00:01Z","action":"token.revoked","tenant":"acme","idempotency_key":"k"}"#;
    let event = import(Format::Indelible, line).remove(0);
    assert_eq!((event.action.as_str(), event.tenant.as_deref()), ("token.revoked", Some("acme")));
    assert!(importer(Format::Indelible).line(br#"{"action":"token.revoked","actr":{}}"#).is_err());
}
