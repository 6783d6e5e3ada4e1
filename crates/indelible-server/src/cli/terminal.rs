//! What is printed and how: colours, width, and text that cannot take over the terminal.

use std::{
    borrow::Cow,
    env,
    fmt::Write as _,
    io::{self, BufWriter, IsTerminal, Stdout, Write},
};

use anstyle::Style;
use clap::ValueEnum;
use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) use super::escaping::visible;
use super::{error::Failure, escaping::escape};

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct Screen {
    out: BufWriter<Stdout>,
    colour: bool,
    json: bool,
    terminal: bool,
    width: Option<usize>,
}

impl Screen {
    pub(crate) fn new(colour: Colour, json: bool) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                terminal && !refused && env::var_os("TERM").is_none_or(|name| name != "dumb")
            }
        };
        Self { out: BufWriter::new(stdout), colour, json, terminal, width: columns(terminal) }
    }

    /// Whether JSON is asked for instead of text for people.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Whether somebody looks at it, rather than a program.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// How many columns fit; `None` where nothing has to fit.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// A text in a style, or as it is where there are no colours.
    pub(crate) fn paint<'a>(&self, style: Style, text: &'a str) -> Cow<'a, str> {
        if self.colour && style != Style::new() && !text.is_empty() {
            Cow::Owned(format!("{style}{text}{style:#}"))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Prints a line. The caller has made its parts [`visible`].
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Prints a value as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(|error| Failure::Failed(error.to_string()))?;
        self.line(&escape(&json, |out, unit| write!(out, "\\u{unit:04x}")))
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(Failure::output)
    }

    /// Hands everything to the reader.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::output)
    }
}

/// For what is written as it is: an export.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn columns(terminal: bool) -> Option<usize> {
    let told = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(|| if terminal { measured() } else { None }).filter(|&width| width > 0)
}

/// Columns that a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.width()
}

/// A text cut to a width, with … where something is missing.
pub(crate) fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect();
    Cow::Owned(kept + "…")
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes for people, e.g. `1.5 MiB`.
pub(crate) fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    format!("{value:.1} {}", UNITS.get(unit).copied().unwrap_or_default())
}

/// A time as it stands in tables: `2026-11-20 12:00:00`, UTC.
pub(crate) fn short_time(at: indelible_proof::Timestamp) -> String {
    at.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Styles by what they mean.
pub(crate) mod style {
    use anstyle::{AnsiColor, Style};

    pub(crate) const PLAIN: Style = Style::new();
    pub(crate) const HEAD: Style = Style::new().bold();
    pub(crate) const FAINT: Style = Style::new().dimmed();
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
    pub(crate) const BAD: Style = AnsiColor::Red.on_default();
    pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
    pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

    /// The style of an outcome or severity in its JSON spelling.
    pub(crate) fn of_word(word: &str) -> Style {
        match word {
            "success" => GOOD,
            "failure" | "high" => BAD,
            "critical" => BAD.bold(),
            "denied" | "medium" => WARN,
            _ => PLAIN,
        }
    }
}

#[cfg(test)]
mod tests;
