//! Filters and measures as text that reads back as the same.

use std::fmt::{self, Display, Formatter, Write};

use super::{
    model::{Clause, Field, Filter, Group, Match, Measure, Role, RoleMatch, Test},
    parse,
};
use crate::column::{Column, Kind};

impl Display for Filter {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let mut clauses = Clauses { out, any: false };
        if let Some(tenant) = &self.tenant {
            clauses.add(format_args!("tenant:{}", Literal(tenant)))?;
        }
        if let Some(since) = self.since {
            clauses.add(format_args!("since:{since}"))?;
        }
        if let Some(until) = self.until {
            clauses.add(format_args!("until:{until}"))?;
        }
        match (self.seq_from, self.seq_to) {
            (None, None) => {}
            (Some(from), None) => clauses.add(format_args!("seq:{from}.."))?,
            // Nothing is before the first.
            (from, Some(to)) if to <= from.unwrap_or(0) => clauses.add(format_args!("seq:..-1"))?,
            (None, Some(to)) => clauses.add(format_args!("seq:..{}", to - 1))?,
            (Some(from), Some(to)) => clauses.add(format_args!("seq:{from}..{}", to - 1))?,
        }
        self.clauses.iter().try_for_each(|clause| clauses.add(format_args!("{clause}")))
    }
}

struct Clauses<'a, 'f> {
    out: &'a mut Formatter<'f>,
    any: bool,
}

impl Clauses<'_, '_> {
    fn add(&mut self, clause: fmt::Arguments<'_>) -> fmt::Result {
        if std::mem::replace(&mut self.any, true) {
            self.out.write_char(' ')?;
        }
        self.out.write_fmt(clause)
    }
}

impl Display for Clause {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            out.write_char('-')?;
        }
        match &self.test {
            Test::Text(text) => Quoted(text).fmt(out),
            Test::Field(field, matches) => {
                write!(out, "{field}:")?;
                let column = if let Field::Column(column) = field { Some(*column) } else { None };
                listed(out, matches, |out, one| write_match(out, column, one))
            }
            Test::Role(role, matches) => {
                write!(out, "{}:", role.name())?;
                listed(out, matches, |out, one| write_role(out, *role, one))
            }
        }
    }
}

fn listed<T>(out: &mut Formatter<'_>, all: &[T], write: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result) -> fmt::Result {
    all.iter().enumerate().try_for_each(|(nth, one)| {
        if nth > 0 {
            out.write_char(',')?;
        }
        write(out, one)
    })
}

fn write_role(out: &mut Formatter<'_>, role: Role, one: &RoleMatch) -> fmt::Result {
    match &one.r#type {
        None => {}
        // Any other is taken for one when it is quoted.
        Some(r#type) if !role.takes_for_type(r#type) => write!(out, "{}:", Quoted(r#type))?,
        Some(r#type) => write!(out, "{}:", Literal(r#type))?,
    }
    write_match(out, None, &one.id)
}

fn write_match(out: &mut Formatter<'_>, column: Option<Column>, one: &Match) -> fmt::Result {
    match one {
        Match::Is(text) => Literal(text).fmt(out),
        Match::Prefix(prefix) if prefix.is_empty() => out.write_char('*'),
        Match::Prefix(prefix) => write!(out, "{}*", Literal(prefix)),
        Match::Glob(pattern) => write_glob(out, pattern),
        Match::Cidr { network, prefix } => write!(out, "{network}/{prefix}"),
        Match::Between(low, high) => write_bounds(out, column, *low, *high),
    }
}

fn write_bounds(out: &mut Formatter<'_>, column: Option<Column>, low: i64, high: i64) -> fmt::Result {
    let end = |value: i64| column.map_or_else(|| value.to_string(), |column| parse::int_text(column, value));
    // Only an integer column reads a single number as bounds.
    let is_int = column.is_some_and(|column| column.kind() == Kind::Ints);
    match (low, high) {
        _ if low == high && is_int => out.write_str(&end(low)),
        (i64::MIN, high) if high != i64::MAX => write!(out, "..{}", end(high)),
        (low, i64::MAX) if low != i64::MIN => write!(out, "{}..", end(low)),
        _ => write!(out, "{}..{}", end(low), end(high)),
    }
}

fn write_glob(out: &mut Formatter<'_>, pattern: &str) -> fmt::Result {
    let mut literal = String::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '*' | '?' => {
                if !literal.is_empty() {
                    Literal(&literal).fmt(out)?;
                    literal.clear();
                }
                out.write_char(char)?;
            }
            '\\' => literal.push(chars.next().unwrap_or('\\')),
            _ => literal.push(char),
        }
    }
    if literal.is_empty() { Ok(()) } else { Literal(&literal).fmt(out) }
}

/// A text that stands for itself, in quotes where it would not do so without.
struct Literal<'a>(&'a str);

impl Display for Literal<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '.' | '/' | '@' | '+' | '-');
        if !self.0.is_empty() && self.0.chars().all(plain) && !self.0.contains("..") {
            out.write_str(self.0)
        } else {
            Quoted(self.0).fmt(out)
        }
    }
}

struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_char('"')?;
        for char in self.0.chars() {
            if matches!(char, '"' | '\\') {
                out.write_char('\\')?;
            }
            out.write_char(char)?;
        }
        out.write_char('"')
    }
}

impl Display for Field {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => out.write_str(column.path()),
            Self::Json(column, path) => {
                out.write_str(column.path())?;
                path.iter().try_for_each(|name| {
                    let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-');
                    if !name.is_empty() && name.chars().all(plain) {
                        write!(out, ".{name}")
                    } else {
                        write!(out, ".{}", Quoted(name))
                    }
                })
            }
        }
    }
}

impl Display for Group {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(bucket) => out.write_str(bucket.name()),
            Self::Field(field) => field.fmt(out),
        }
    }
}

impl Display for Measure {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => out.write_str("count"),
            Self::Distinct(field) => write!(out, "distinct({field})"),
            Self::First => out.write_str("first"),
            Self::Last => out.write_str("last"),
            Self::Percentile(column, percent) => write!(out, "p{percent}({})", column.path()),
        }
    }
}
