//! The head of a syslog line: time, host, program.

use indelible_proof::Timestamp;

use super::{Options, when};

/// A syslog line taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line<'a> {
    /// Absent when the line has no year and the options no reference.
    pub(super) at: Option<Timestamp>,
    pub(super) host: &'a str,
    pub(super) program: &'a str,
    pub(super) pid: Option<&'a str>,
    pub(super) message: &'a str,
}

/// Reads `Feb 12 14:10:21 host sshd[163]: message`, or the same with an RFC 3339 time.
pub(super) fn parse<'a>(line: &'a str, options: &Options) -> Option<Line<'a>> {
    let line = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(line, |(_, rest)| rest);
    let (at, rest) = if line.starts_with(|letter: char| letter.is_ascii_digit()) {
        let (time, rest) = line.split_once(' ')?;
        (Some(when::parse(time)?), rest)
    } else {
        let (time, rest) = line.split_at_checked(time_end(line)?)?;
        when::yearless(time)?;
        (options.reference.and_then(|reference| when::syslog(time, reference)), rest)
    };
    let (host, rest) = rest.trim_start().split_once(' ')?;
    let (tag, message) = rest.split_once(':')?;
    let (program, pid) = tag.split_once('[').map_or((tag, None), |(name, pid)| (name, pid.strip_suffix(']')));
    Some(Line { at, host, program: program.trim(), pid, message: message.trim() })
}

/// Where the third word ends: month, day, time.
fn time_end(line: &str) -> Option<usize> {
    let mut words = 0;
    let mut in_word = false;
    for (at, letter) in line.char_indices().take(20) {
        if letter == ' ' && in_word {
            words += 1;
            if words == 3 {
                return Some(at);
            }
        }
        in_word = letter != ' ';
    }
    None
}
