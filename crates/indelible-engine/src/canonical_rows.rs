//! The canonical bytes of events, straight from their columns: what is hashed when a log is verified.
//!
//! Each distinct term of some rows is written once, as the member of an object that it is in canonical JSON; a row is then
//! its members, one behind the other. The result is that of [`Canonical::of`] over [`events`](crate::source::events), for
//! a fraction of the time. Where a member goes follows from [`Column::path`].
//!
//! [`Canonical::of`]: indelible_proof::Canonical::of

mod values;

use std::ops::Range;

use self::values::{Refusal, Values};
use crate::{
    column::Column,
    limits::{BLOCK_ROWS, CANONICAL_ROWS},
    source::{ReadError, Source, unfit},
};

/// Consecutive rows of a source, to be written one after another.
///
/// The source is asked for a few rows at a time, so that one that grows need not be held while rows are hashed.
#[derive(Debug)]
pub struct CanonicalRows {
    /// Rows whose terms were read and which were not loaded yet.
    left: Range<u32>,
    /// Rows of one block that can be written now.
    loaded: Range<u32>,
    columns: Vec<Values>,
    /// Members of record, who and what.
    parts: [Vec<Member>; 3],
    out: Vec<u8>,
}

/// A member of an object. Values are told by their place in the list of columns.
#[derive(Debug)]
enum Member {
    /// The values bring their name along.
    Value(usize),
    /// A list of texts, and what it begins with.
    Texts(String, usize),
    /// An object: what it begins with, and its members. It is not there where all of them are missing.
    Object(String, Vec<Member>),
    /// A list of objects, as long as the longest of its members is.
    Objects(String, Vec<Member>),
}

impl CanonicalRows {
    /// Reads the terms of some rows; of the first of them only when those of all would take too much memory.
    pub fn new(source: &dyn Source, rows: Range<u32>) -> Result<Self, ReadError> {
        let mut end = rows.end.min(rows.start.saturating_add(CANONICAL_ROWS));
        loop {
            match Self::of(source, rows.start..end) {
                Ok(rows) => return Ok(rows),
                Err(refusal) => end = fewer(&(rows.start..end), refusal)?,
            }
        }
    }

    fn of(source: &dyn Source, rows: Range<u32>) -> Result<Self, Refusal> {
        let mut sorted = Column::ALL.to_vec();
        sorted.sort_unstable_by_key(|column| column.path());
        let (mut columns, mut parts): (Vec<Values>, [Vec<Member>; 3]) = Default::default();
        let mut bytes = 0;
        for column in sorted {
            if let Some(values) = Values::of(source, column, &rows, &mut bytes)? {
                if let Some(members) = parts.get_mut(part_of(column)) {
                    Member::insert(members, column.path(), column, columns.len());
                }
                columns.push(values);
            }
        }
        Ok(Self { loaded: rows.start..rows.start, left: rows, columns, parts, out: Vec::new() })
    }

    /// Loads the next rows, of the same source; false when there are none.
    pub fn load(&mut self, source: &dyn Source) -> Result<bool, ReadError> {
        let start = self.left.start;
        let mut end = self.left.end.min((start / BLOCK_ROWS + 1).saturating_mul(BLOCK_ROWS));
        while start < end {
            let mut bytes = 0;
            match self.columns.iter_mut().try_for_each(|values| values.load(source, &(start..end), &mut bytes)) {
                Ok(()) => break,
                Err(refusal) => end = fewer(&(start..end), refusal)?,
            }
        }
        (self.loaded, self.left.start) = (start..end, end);
        Ok(start < end)
    }

    /// The row behind the last one that can be loaded.
    pub fn end(&self) -> u32 {
        self.left.end
    }

    /// Visits the rows that were loaded, each with its record, who and what.
    pub fn each(&mut self, mut visit: impl FnMut(u32, [&[u8]; 3])) {
        let Self { loaded, columns, parts, out, .. } = self;
        for row in loaded.clone() {
            out.clear();
            let [record_end, who_end, end] = parts.each_ref().map(|members| {
                write_object(members, columns, (row % BLOCK_ROWS) as usize, out);
                out.len()
            });
            let part = |range: Range<usize>| out.get(range).unwrap_or_default();
            visit(row, [part(0..record_end), part(record_end..who_end), part(who_end..end)]);
        }
    }
}

/// Where fewer rows end, for which there may be room. The limits of an event leave room for many.
fn fewer(rows: &Range<u32>, refusal: Refusal) -> Result<u32, ReadError> {
    match refusal {
        Refusal::Unreadable(error) => Err(error),
        Refusal::Full(column) if rows.len() <= 1 => Err(unfit(column)),
        Refusal::Full(_) => Ok(rows.start + rows.len() as u32 / 2),
    }
}

/// The part of an event that a column belongs to: record, who or what.
fn part_of(column: Column) -> usize {
    let path = column.path();
    match path.split_once('.').map_or(path, |(first, _)| first) {
        _ if column == Column::HttpPath => 1,
        "actor" | "context" | "on_behalf_of" | "session_id" => 1,
        "changes" | "metadata" | "targets" => 2,
        _ => 0,
    }
}

/// An object; nothing when it has no members.
fn write_object(members: &[Member], columns: &[Values], row: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'{');
    members.iter().for_each(|member| member.write(columns, row, 0, out));
    if out.len() == start + 1 { out.truncate(start) } else { out.push(b'}') }
}

impl Member {
    /// Writes the member that the `nth` object of a row has.
    fn write(&self, columns: &[Values], row: usize, nth: usize, out: &mut Vec<u8>) {
        match self {
            Self::Value(at) => put(out, columns.get(*at).map_or(&[], |values| values.get(row, nth))),
            Self::Texts(begin, at) => {
                let Some(values) = columns.get(*at).filter(|values| values.count(row) > 0) else { return };
                put(out, begin.as_bytes());
                (0..values.count(row)).for_each(|nth| put(out, values.get(row, nth)));
                out.push(b']');
            }
            Self::Object(begin, members) => {
                let start = out.len();
                put(out, begin.as_bytes());
                let empty = out.len();
                members.iter().for_each(|member| member.write(columns, row, nth, out));
                if out.len() == empty { out.truncate(start) } else { out.push(b'}') }
            }
            Self::Objects(begin, members) => {
                let count = members.iter().map(|member| member.count(columns, row)).max().unwrap_or(0);
                for nth in 0..count {
                    put(out, if nth == 0 { begin.as_bytes() } else { b",{" });
                    members.iter().for_each(|member| member.write(columns, row, nth, out));
                    out.push(b'}');
                }
                if count > 0 {
                    out.push(b']');
                }
            }
        }
    }

    /// How many objects of a row may have it.
    fn count(&self, columns: &[Values], row: usize) -> usize {
        match self {
            Self::Value(at) => columns.get(*at).map_or(0, |values| values.count(row)),
            _ => 0,
        }
    }

    /// Adds a column by the rest of its path. Columns come in the order of their paths, which is that of JCS.
    fn insert(members: &mut Vec<Self>, path: &str, column: Column, at: usize) {
        let Some((name, rest)) = path.split_once('.') else {
            let texts = column.is_list() && !column.is_of_elements();
            return members.push(if texts { Self::Texts(format!(",\"{path}\":["), at) } else { Self::Value(at) });
        };
        let begin = format!(",\"{name}\":{}{{", if column.is_of_elements() { "[" } else { "" });
        match members.last_mut() {
            Some(Self::Object(last, inner) | Self::Objects(last, inner)) if *last == begin => {
                Self::insert(inner, rest, column, at);
            }
            _ => {
                let mut inner = Vec::new();
                Self::insert(&mut inner, rest, column, at);
                let object = if column.is_of_elements() { Self::Objects } else { Self::Object };
                members.push(object(begin, inner));
            }
        }
    }
}

/// Appends what begins with a comma, without it where nothing stands before.
fn put(out: &mut Vec<u8>, text: &[u8]) {
    let first = matches!(out.last(), Some(b'{' | b'['));
    out.extend_from_slice(text.get(usize::from(first)..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
