//! The lines of a file, each bounded.

use std::io::{self, BufRead, BufReader, Read};

use indelible::import::{ImportError, Problem, limits::LINE_BYTES_MAX};

/// A line that is left out, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {number}: {problem}")]
pub(super) struct BadLine {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What is wrong with it.
    pub(super) problem: String,
    /// What kind of mistake it is: the same for lines with the same mistake.
    pub(super) kind: String,
}

impl From<ImportError> for BadLine {
    fn from(error: ImportError) -> Self {
        let kind = match &error.problem {
            Problem::NotJson { .. } => "not JSON".to_owned(),
            Problem::NotUtf8 { .. } => "not UTF-8".to_owned(),
            Problem::RecordTooLong { .. } => "record too long".to_owned(),
            Problem::InvalidEvent { .. } => "invalid event".to_owned(),
            problem => problem.to_string(),
        };
        Self { number: error.line, problem: error.problem.to_string(), kind }
    }
}

/// A line that is too long to be looked at.
pub(super) fn too_long(number: u64) -> BadLine {
    let problem = Problem::LineTooLong.to_string();
    BadLine { number, kind: problem.clone(), problem }
}

/// One line, with its end.
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) number: u64,
    /// Bytes of the file up to its end.
    pub(super) offset_after: u64,
    /// It was longer than [`LINE_BYTES_MAX`]; `bytes` is what came first.
    pub(super) cut: bool,
}

/// Reads lines one after another.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    offset: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(256 << 10, input), line: Vec::new(), number: 0, offset: 0 }
    }

    /// Bytes read so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut limited = (&mut self.input).take(LINE_BYTES_MAX as u64 + 1);
        let mut read = limited.read_until(b'\n', &mut self.line)? as u64;
        if read == 0 {
            return Ok(None);
        }
        let cut = self.line.len() > LINE_BYTES_MAX && self.line.last() != Some(&b'\n');
        if cut {
            read += self.input.skip_until(b'\n')? as u64;
        }
        self.number += 1;
        self.offset += read;
        Ok(Some(Line { bytes: &self.line, number: self.number, offset_after: self.offset, cut }))
    }
}
