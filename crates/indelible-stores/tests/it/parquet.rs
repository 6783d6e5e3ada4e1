//! Files that were written are read back by the reader of the Parquet library, value by value.

use std::{collections::BTreeMap, convert::Infallible};

use bytes::Bytes;
use indelible_engine::{
    column::{Column, RowSink, write_row},
    testing::arbitrary_event,
};
use indelible_proof::{Event, EventId, Recorded, Target, Timestamp};
use indelible_stores::parquet::{Options, Summary, WriteError, write};
use parquet::{
    basic::Compression,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use proptest::prelude::*;

/// The columns of a row that hold something, by name.
type Row = BTreeMap<String, Vec<Option<String>>>;

fn recorded(events: Vec<Event>) -> Vec<Recorded> {
    let complete = events.into_iter().zip(0..).map(|(mut event, seq)| {
        let now = Timestamp::from_micros(1_763_640_000_000_000 + seq as i64).unwrap();
        event.complete(now);
        Recorded { id: EventId::new(now, 1, seq), seq, event }
    });
    complete.collect()
}

fn written(events: &[Recorded], options: &Options) -> (Summary, Bytes) {
    let mut file = Vec::new();
    let summary = write(events.iter().cloned().map(Ok::<_, Infallible>), &mut file, options).unwrap();
    (summary, file.into())
}

fn rows(file: Bytes) -> Vec<Row> {
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let columns = row.get_column_iter().filter(|(_, field)| !matches!(field, Field::Null));
        columns.map(|(name, field)| (name.clone(), values(field))).collect()
    });
    rows.collect()
}

fn values(field: &Field) -> Vec<Option<String>> {
    match field {
        Field::Str(text) => vec![Some(text.clone())],
        Field::Long(number) | Field::TimestampMicros(number) => vec![Some(number.to_string())],
        Field::ListInternal(list) => {
            let texts = list.elements().iter().map(|element| match element {
                Field::Str(text) => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
        other => panic!("no column is like {other}"),
    }
}

fn expected(recorded: &Recorded) -> Row {
    struct Sink(Row);
    impl Sink {
        fn add(&mut self, column: Column, text: String) {
            let values = self.0.entry(column.path().replace('.', "_")).or_default();
            values.push(Some(text).filter(|text| !text.is_empty()));
        }
    }
    impl RowSink for Sink {
        fn term(&mut self, column: Column, text: &str) {
            self.add(column, text.to_owned());
        }
        fn int(&mut self, column: Column, value: i64) {
            self.add(column, value.to_string());
        }
        fn blob(&mut self, column: Column, json: &[u8]) {
            self.add(column, String::from_utf8(json.to_vec()).unwrap());
        }
    }
    let mut sink = Sink(Row::new());
    sink.0.insert("id".to_owned(), vec![Some(recorded.id.to_string())]);
    sink.0.insert("seq".to_owned(), vec![Some(recorded.seq.to_string())]);
    write_row(&recorded.event, &mut sink);
    sink.0
}

proptest! {
    // Each row group has a chunk for each of the many columns, which takes time.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_field_of_every_event_is_read_back(
        events in prop::collection::vec(arbitrary_event(), 0..40),
        group_rows_max in 5_usize..50,
    ) {
        let events = recorded(events);
        let (summary, file) = written(&events, &Options { group_rows_max, ..Options::default() });
        prop_assert_eq!(summary, Summary { events: events.len() as u64, bytes: file.len() as u64 });
        prop_assert_eq!(rows(file), events.iter().map(expected).collect::<Vec<_>>());
    }
}

#[test]
fn targets_without_a_name_keep_their_place() {
    let event =
        Event::new("token.revoked").target(Target::new("token", "1")).target(Target::new("user", "2").name("b"));
    let (_, file) = written(&recorded(vec![event]), &Options::default());
    assert_eq!(rows(file)[0]["targets_name"], [None, Some("b".to_owned())]);
}

#[test]
fn row_groups_are_bounded_in_rows_and_bytes() {
    let events = recorded(vec![Event::new("token.revoked").meta("text", "x".repeat(1_000)); 10]);
    let groups = |options: &Options| {
        let reader = SerializedFileReader::new(written(&events, options).1).unwrap();
        reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect::<Vec<_>>()
    };
    assert_eq!(groups(&Options::default()), [10]);
    assert_eq!(groups(&Options { group_rows_max: 4, ..Options::default() }), [4, 4, 2]);
    assert_eq!(groups(&Options { group_bytes_max: 3_000, ..Options::default() }).iter().max(), Some(&3));
}

#[test]
fn columns_are_compressed_with_zstandard() {
    let reader = SerializedFileReader::new(written(&recorded(vec![Event::new("a.b")]), &Options::default()).1).unwrap();
    let columns = reader.metadata().row_group(0).columns();
    assert!(columns.iter().all(|column| matches!(column.compression(), Compression::ZSTD(_))));
    assert_eq!(columns.len(), Column::ALL.len() + 2);
}

#[test]
fn an_event_that_does_not_come_ends_the_file() {
    let error = write([Err::<Recorded, _>("gone")], Vec::new(), &Options::default()).unwrap_err();
    assert!(matches!(error, WriteError::Events("gone")));
}

#[test]
fn a_full_disk_is_an_error_that_says_so() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let events = recorded(vec![Event::new("token.revoked"); 3]).into_iter().map(Ok::<_, Infallible>);
    let error = write(events, Full, &Options::default()).unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
}
