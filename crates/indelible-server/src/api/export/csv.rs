//! Events as CSV (RFC 4180): one column for each field, lists joined by `|`, free data as JSON.
//!
//! A cell that a spreadsheet would take for a formula gets a `'` in front.

use std::io::{self, Write};

use indelible::{Event, Recorded, Timestamp};
use indelible_engine::column::{COLUMNS, Column, RowSink, write_row};

/// Writes the names of the columns.
pub(crate) fn write_header(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"id,seq")?;
    for column in Column::ALL {
        write!(out, ",{}", column.path())?;
    }
    out.write_all(b"\r\n")
}

/// Writes one event.
pub(crate) fn write(event: &Recorded, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{},{}", event.id, event.seq)?;
    for cell in Cells::of(&event.event).0 {
        out.write_all(b",")?;
        write_cell(cell.as_deref().unwrap_or_default(), out)?;
    }
    out.write_all(b"\r\n")
}

fn write_cell(cell: &str, out: &mut impl Write) -> io::Result<()> {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !cell.contains(['"', ',', '\r', '\n']) {
        return out.write_all(cell.as_bytes());
    }
    let guard = if formula { "'" } else { "" };
    write!(out, "\"{guard}{}\"", cell.replace('"', "\"\""))
}

/// The values of one event, by column; `None` where there is none.
struct Cells(Vec<Option<String>>);

impl Cells {
    fn of(event: &Event) -> Self {
        let mut cells = Self(vec![None; COLUMNS]);
        write_row(event, &mut cells);
        cells
    }

    fn add(&mut self, column: Column, value: &str) {
        match self.0.get_mut(usize::from(column as u8)) {
            Some(Some(cell)) => {
                cell.push('|');
                cell.push_str(value);
            }
            Some(cell) => *cell = Some(value.to_owned()),
            None => {}
        }
    }
}

impl RowSink for Cells {
    fn term(&mut self, column: Column, text: &str) {
        self.add(column, text);
    }

    fn int(&mut self, column: Column, value: i64) {
        match column {
            Column::RecordedAt
            | Column::OccurredAt
            | Column::FirstAt
            | Column::LastAt
            | Column::CredentialExpiresAt => self.add(column, &Timestamp::saturating_from_micros(value).to_string()),
            _ => self.add(column, &value.to_string()),
        }
    }

    fn blob(&mut self, column: Column, json: &[u8]) {
        self.add(column, &String::from_utf8_lossy(json));
    }
}

#[cfg(test)]
mod tests;
