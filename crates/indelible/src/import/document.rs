//! A JSON document that spans lines: an indented array or object, read until its brackets are closed.

use super::{Problem, limits};

/// Collects lines until a whole JSON value is there. Elements of an array at the top are given one by one, so that
/// a long array needs no more memory than its longest element.
#[derive(Debug, Default)]
pub(super) struct Document {
    text: String,
    depth: u32,
    in_string: bool,
    escaped: bool,
    in_array: bool,
}

impl Document {
    /// Whether the first line of a file begins a document that later lines go on with.
    pub(super) fn begins(line: &str) -> bool {
        let parsed = serde_json::from_str::<serde::de::IgnoredAny>(line);
        line.starts_with(['{', '[']) && parsed.is_err_and(|error| error.is_eof())
    }

    /// Takes a line; gives the value that it completes, several as an array.
    pub(super) fn push(&mut self, line: &str) -> Result<Option<String>, Problem> {
        let mut complete: Vec<String> = Vec::new();
        for letter in line.chars().chain(['\n']) {
            self.take(letter, &mut complete);
        }
        if self.text.len() > limits::LINE_BYTES_MAX {
            *self = Self::default();
            return Err(Problem::LineTooLong);
        }
        Ok(match complete.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(","))),
        })
    }

    /// Whether nothing is left over.
    pub(super) fn is_empty(&self) -> bool {
        !self.in_array && self.text.trim().is_empty()
    }

    fn take(&mut self, letter: char, complete: &mut Vec<String>) {
        let base = u32::from(self.in_array);
        if self.in_string {
            self.text.push(letter);
            self.in_string = self.escaped || letter != '"';
            self.escaped = !self.escaped && letter == '\\';
            return;
        }
        match letter {
            '[' if self.depth == 0 && !self.in_array => {
                (self.in_array, self.depth) = (true, 1);
                return;
            }
            ']' if self.in_array && self.depth == 1 => {
                *self = Self::default();
                return;
            }
            // Between values.
            ',' | ' ' | '\t' | '\r' | '\n' if self.depth == base => return,
            '"' => self.in_string = true,
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.text.push(letter);
        if matches!(letter, '}' | ']') && self.depth == base {
            complete.push(std::mem::take(&mut self.text));
        }
    }
}
