//! Writes events as plain Parquet, which DuckDB, ClickHouse, Spark, pandas and Athena read as it is.
//!
//! One row an event. Columns are named after the event's paths, with `_` for `.` (`actor_id`, `context_geo_city`), in
//! this form:
//!
//! | fields | column |
//! |---|---|
//! | `id`, and every single text | string |
//! | `seq` and numbers | 64-bit integer |
//! | times | timestamp, microseconds, UTC |
//! | `tags`, lists of scopes | list of strings |
//! | `targets.type`, `.id`, `.name`; `on_behalf_of.*` | lists of strings, one element for each target or actor, null where it has none |
//! | `metadata`, `changes`, `targets.attrs` | string that holds JSON, marked as such |
//!
//! All but `id`, `seq` and `action` may be null; an empty list is null. Compression is Zstandard.
//!
//! ```
//! # let events = Vec::<Result<indelible_proof::Recorded, std::io::Error>>::new();
//! let mut file = Vec::new();
//! let summary = indelible_stores::parquet::write(events, &mut file, &Default::default())?;
//! assert_eq!(summary.events, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod rows;
mod schema;

use std::{io::Write, sync::Arc};

use indelible_proof::Recorded;
use parquet::{
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
};

use rows::Rows;

/// Rows of a row group, unless it grows too large before. Readers work through a file in these.
const GROUP_ROWS_MAX: usize = 128 * 1024;
/// Bytes of a row group before encoding and compression: about what a writer holds in memory, besides one group
/// compressed.
const GROUP_BYTES_MAX: usize = 64 << 20;
/// Level of Zstandard: higher ones take much longer and gain little on text that is mostly dictionaries.
const ZSTD_LEVEL: i32 = 3;

/// How a file is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// Events in a row group at most. Default: 131,072.
    pub group_rows_max: usize,
    /// Bytes in a row group before compression, about, at most: bounds the memory. Default: 64 MiB.
    pub group_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { group_rows_max: GROUP_ROWS_MAX, group_bytes_max: GROUP_BYTES_MAX }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Why no file, or only a part of one, was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// The events did not come.
    #[error("cannot read the events: {0}")]
    Events(E),
    /// The file could not be written; what is there of it is of no use.
    #[error("cannot write Parquet: {problem}; free space or choose another place, then write it again")]
    Output {
        /// What went wrong.
        problem: String,
    },
}

impl<E> From<ParquetError> for WriteError<E> {
    fn from(error: ParquetError) -> Self {
        Self::Output { problem: error.to_string() }
    }
}

/// Writes events as one Parquet file, row group by row group as they come.
///
/// Nothing is read back and nothing sought, so `out` can be a pipe or the body of a response. Ends at the first event
/// that is an error; the bytes written until then are not a whole file.
pub fn write<E>(
    events: impl IntoIterator<Item = Result<Recorded, E>>,
    out: impl Write + Send,
    options: &Options,
) -> Result<Summary, WriteError<E>> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL)?;
    let properties = WriterProperties::builder()
        .set_created_by(format!("indelible {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(level))
        .build();
    let mut file = SerializedFileWriter::new(out, schema::message()?, Arc::new(properties))?;
    let mut rows = Rows::new();
    let mut written = 0;
    for event in events {
        rows.push(&event.map_err(WriteError::Events)?);
        written += 1;
        if rows.count() >= options.group_rows_max || rows.bytes() >= options.group_bytes_max {
            rows.write_group(&mut file)?;
        }
    }
    if rows.count() > 0 {
        rows.write_group(&mut file)?;
    }
    file.finish()?;
    Ok(Summary { events: written, bytes: file.bytes_written() as u64 })
}
