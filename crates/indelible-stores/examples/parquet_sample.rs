//! Writes the same random events as `sample.parquet` and `sample.jsonl` into a directory, for comparing readers:
//! `parquet_sample DIRECTORY EVENTS`.

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use indelible_engine::testing::arbitrary_event;
use indelible_proof::{EventId, Recorded, Timestamp};
use indelible_stores::parquet;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let events: u64 = arguments.next().ok_or("how many events?")?.parse()?;

    let mut lines = BufWriter::new(File::create(directory.join("sample.jsonl"))?);
    let mut runner = TestRunner::deterministic();
    let recorded = (0..events).map(|seq| -> Result<Recorded, Box<dyn Error>> {
        let mut event = arbitrary_event().new_tree(&mut runner).map_err(|reason| reason.to_string())?.current();
        let now = Timestamp::from_micros(1_763_640_000_000_000 + seq as i64)?;
        event.complete(now);
        let recorded = Recorded { id: EventId::new(now, 1, seq), seq, event };
        serde_json::to_writer(&mut lines, &recorded)?;
        writeln!(lines)?;
        Ok(recorded)
    });
    let options = parquet::Options { group_rows_max: 1_000, ..parquet::Options::default() };
    parquet::write(recorded, File::create(directory.join("sample.parquet"))?, &options).map_err(
        |error| match error {
            parquet::WriteError::Events(error) => error,
            parquet::WriteError::Output { problem } => problem.into(),
        },
    )?;
    lines.flush()?;
    Ok(())
}
