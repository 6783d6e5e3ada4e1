//! The rows of one row group, column by column, until there are enough of them.

use std::io::Write;

use indelible_engine::column::{Column, RowSink, write_row};
use indelible_proof::Recorded;
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::Result,
    file::writer::SerializedFileWriter,
};

use super::schema::{Shape, shape};

/// Definition levels: how much of the way to a value is there.
mod present {
    pub(super) const NOTHING: i16 = 0;
    /// The value of an optional column.
    pub(super) const VALUE: i16 = 1;
    /// An element of an optional list, without a value.
    pub(super) const ELEMENT: i16 = 2;
    /// An element of an optional list, with its value.
    pub(super) const ELEMENT_VALUE: i16 = 3;
}

/// The collected rows.
pub(super) struct Rows {
    ids: Texts,
    seqs: Vec<i64>,
    /// One for each of [`Column::ALL`], in its order.
    columns: Vec<Values>,
    bytes: usize,
}

/// The values of one column.
struct Values {
    shape: Shape,
    required: bool,
    /// Rows that have their entry.
    rows: usize,
    ints: Vec<i64>,
    texts: Texts,
    definitions: Vec<i16>,
    /// 0 where a row begins, 1 for further elements of its list. Lists only.
    repetitions: Vec<i16>,
}

/// Texts one after the other, and where each ends.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Rows {
    pub(super) fn new() -> Self {
        let columns = Column::ALL.iter().map(|&column| Values::new(column)).collect();
        Self { ids: Texts::default(), seqs: Vec::new(), columns, bytes: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.seqs.len()
    }

    /// How large the rows are in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, recorded: &Recorded) {
        self.ids.push(recorded.id.to_string().as_bytes());
        write_row(&recorded.event, self);
        self.seqs.push(i64::try_from(recorded.seq).unwrap_or(i64::MAX));
        let rows = self.count();
        for values in &mut self.columns {
            values.end_row(rows);
        }
        // Of each column at least its level is there, of the id its text.
        self.bytes += self.columns.len() * size_of::<i16>() + 36;
    }

    /// Writes the rows as a group and begins anew.
    pub(super) fn write_group<W: Write + Send>(&mut self, file: &mut SerializedFileWriter<W>) -> Result<()> {
        let mut group = file.next_row_group()?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(&self.ids.take(), None, None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(&self.seqs, None, None)?;
            column.close()?;
        }
        for values in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            let definitions = (!values.required).then_some(values.definitions.as_slice());
            let repetitions = (values.shape == Shape::Texts).then_some(values.repetitions.as_slice());
            match values.shape {
                Shape::Int | Shape::Time => {
                    column.typed::<Int64Type>().write_batch(&values.ints, definitions, repetitions)?
                }
                Shape::Text | Shape::Texts | Shape::Json => {
                    column.typed::<ByteArrayType>().write_batch(&values.texts.take(), definitions, repetitions)?
                }
            };
            column.close()?;
            values.clear();
        }
        group.close()?;
        self.seqs.clear();
        self.bytes = 0;
        Ok(())
    }

    fn text(&mut self, column: Column, text: &[u8]) {
        let row = self.count();
        if let Some(values) = self.columns.get_mut(usize::from(column as u8)) {
            values.text(row, text);
            self.bytes += text.len() + size_of::<usize>();
        }
    }
}

impl RowSink for Rows {
    fn term(&mut self, column: Column, text: &str) {
        self.text(column, text.as_bytes());
    }

    fn int(&mut self, column: Column, value: i64) {
        let row = self.count();
        if let Some(values) = self.columns.get_mut(usize::from(column as u8)) {
            values.begin(row, present::VALUE);
            values.ints.push(value);
            self.bytes += size_of::<i64>();
        }
    }

    fn blob(&mut self, column: Column, json: &[u8]) {
        self.text(column, json);
    }
}

impl Values {
    fn new(column: Column) -> Self {
        Self {
            shape: shape(column),
            required: column == Column::Action,
            rows: 0,
            ints: Vec::new(),
            texts: Texts::default(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
        }
    }

    /// A text of a row; an empty one is an element without a value.
    fn text(&mut self, row: usize, text: &[u8]) {
        let definition = match self.shape {
            Shape::Texts if text.is_empty() => present::ELEMENT,
            Shape::Texts => present::ELEMENT_VALUE,
            _ => present::VALUE,
        };
        self.begin(row, definition);
        if definition != present::ELEMENT {
            self.texts.push(text);
        }
    }

    fn begin(&mut self, row: usize, definition: i16) {
        self.repetitions.push(i16::from(self.rows > row));
        self.rows = row + 1;
        self.definitions.push(definition);
    }

    /// Notes that a row has nothing in this column, unless it has.
    fn end_row(&mut self, rows: usize) {
        if self.rows < rows {
            self.begin(rows - 1, present::NOTHING);
        }
    }

    fn clear(&mut self) {
        self.rows = 0;
        self.ints.clear();
        self.definitions.clear();
        self.repetitions.clear();
    }
}

impl Texts {
    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// The texts as slices of one buffer.
    fn take(&mut self) -> Vec<ByteArray> {
        let all = ByteArray::from(std::mem::take(&mut self.bytes));
        let mut start = 0;
        let slices = self.ends.drain(..).map(|end| {
            let text = all.slice(start, end - start);
            start = end;
            text
        });
        slices.collect()
    }
}
