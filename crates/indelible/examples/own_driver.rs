//! A driver of your own: everything that is recorded goes into a file of JSON lines too.
//!
//! `cargo run --example own_driver`, twice: the second run goes on where the first ended.

// An example talks to whoever runs it.
#![allow(clippy::print_stdout)]

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    time::Duration,
};

use indelible::{
    Actor, Event, Object, Recorded, Recorder, Target,
    drivers::{Kinds, Made, Notice, Refused, Setup, Sink, SinkError, options_of},
};
use serde::Deserialize;

/// What the configuration says of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    path: String,
}

/// The file tells by itself how far it is, so there is no cursor that could contradict it.
struct JsonLines(File);

impl Sink for JsonLines {
    fn next_seq(&mut self) -> Result<u64, SinkError> {
        let mut text = String::new();
        self.0.rewind()?;
        self.0.read_to_string(&mut text)?;
        // A line that a crash has cut goes, and its event comes again.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.0.set_len(whole as u64)?;
        self.0.seek(SeekFrom::End(0))?;
        let last = text[..whole].lines().last().map(serde_json::from_str::<Recorded>).transpose()?;
        Ok(last.map_or(0, |last| last.seq + 1))
    }

    fn deliver(&mut self, events: &[Recorded]) -> Result<Vec<Refused>, SinkError> {
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event)?;
            lines.push(b'\n');
        }
        self.0.write_all(&lines)?;
        self.0.sync_data()?;
        Ok(Vec::new())
    }
}

fn json_lines(_name: &str, options: &Object) -> Result<Made, SinkError> {
    let Options { path } = options_of(options)?;
    let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    Ok(Made::Sink(Box::new(JsonLines(file))))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut kinds = Kinds::default();
    kinds.register("json_lines", json_lines);
    // A part of the application's own configuration, in whatever format that is.
    let directory = std::env::temp_dir().join("indelible-own-driver");
    let setup: Setup = serde_json::from_value(serde_json::json!({
        "default": "audit",
        "drivers": {
            "log": { "driver": "local", "path": directory },
            "lines": { "driver": "json_lines", "path": directory.with_extension("jsonl") },
            "audit": { "driver": "stack", "authoritative": "log", "followers": ["lines"] },
        },
    }))?;
    let drivers = setup.open(&kinds, |name, notice| match notice {
        Notice::Failed { error, again_in } => println!("{name}: {error}; again in {again_in:?}"),
        notice => println!("{name}: {notice:?}"),
    })?;

    let recorder = Recorder::new(drivers.default().clone());
    let alice = Actor::user("42").email("alice@example.com");
    recorder.record(Event::new("token.created").actor(alice).target(Target::new("token", "tok_7")))?;
    recorder.close();

    let delivered = drivers.flush(Duration::from_secs(10));
    for follower in drivers.followers() {
        println!("{}: {:?}; all delivered: {delivered}", follower.name(), follower.standing());
    }
    drivers.close();
    Ok(())
}
