//! The filter language.

use indelible_proof::{Outcome, Severity, Timestamp};

use super::{
    error::ParseError,
    line::{Line, Operator, Word},
    model::{Clause, Field, Filter, Match, Role, RoleMatch, Test},
    moment, names,
};
use crate::{
    column::{Column, Kind},
    limits::{CLAUSES_MAX, FILTER_BYTES_MAX, VALUES_MAX},
};

impl Filter {
    /// Reads a filter line, e.g. `action:token.* -outcome:success ip:10.0.0.0/8 actor:user:42 since:7d "free text"`.
    ///
    /// - `field:value`; `field:a,b` for any of several; `-` in front for the opposite; all clauses must hold.
    /// - `*` stands for any characters and `?` for one, except in quotes; `field:*` for any value at all.
    /// - `>=`, `>`, `<=`, `<` and `5..9` (both included) compare numbers, times and severities.
    /// - `since:` (included) and `until:` (not included) take `7d`, `24h`, `30m`, `90s`, `2w` before `now`, a day
    ///   or RFC 3339; `seq:100..200` bounds the sequence number.
    /// - `actor:42` means an id or e-mail, `actor:user:42` a type too; the same for `on_behalf_of:` and `target:`.
    /// - A word or quoted text without a field is looked for in all texts, whatever the case.
    ///
    /// ```
    /// use indelible_engine::query::Filter;
    /// use indelible_proof::Timestamp;
    ///
    /// let now: Timestamp = "2026-11-20T12:00:00Z".parse()?;
    /// let filter = Filter::parse("acton:token.revoked", now);
    /// assert_eq!(filter.unwrap_err().to_string(), r#"unknown field "acton" at column 1; did you mean "action"?"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(line: &str, now: Timestamp) -> Result<Self, ParseError> {
        if line.len() > FILTER_BYTES_MAX {
            let column = line.char_indices().take_while(|(at, _)| *at < FILTER_BYTES_MAX).count();
            return Err(ParseError::at(column, format!("a filter has at most {FILTER_BYTES_MAX} bytes")));
        }
        let mut line = Line::new(line);
        let mut filter = Self::default();
        let mut clauses = 0;
        while line.skip_spaces() {
            clauses += 1;
            if clauses > CLAUSES_MAX {
                return Err(ParseError::at(line.column(), format!("a filter has at most {CLAUSES_MAX} conditions")));
            }
            filter.read_clause(&mut line, now)?;
        }
        Ok(filter)
    }

    fn read_clause(&mut self, line: &mut Line, now: Timestamp) -> Result<(), ParseError> {
        let start = line.column();
        let minus = line.eat('-');
        let column = line.column();
        let Some((name, operator)) = line.field() else {
            let test = text_test(&line.text()?)?;
            self.clauses.push(Clause { negated: minus, test });
            return Ok(());
        };
        let values = Values { column, operator, words: line.words()?, now };
        if values.words.len() > VALUES_MAX {
            return Err(ParseError::at(column, format!("a condition has at most {VALUES_MAX} values")));
        }
        if names::BOUNDS.contains(&name.as_str()) {
            return if minus {
                Err(ParseError::at(start, format!("{name} cannot be negated")))
            } else {
                self.bound(&name, &values)
            };
        }
        let negated = minus != (operator == Operator::IsNot);
        let test = match Role::of_name(&name) {
            Some(role) => Test::Role(role, values.roles(role)?),
            None => {
                let field = Field::of_name(&name).ok_or_else(|| unknown_field(&name, column))?;
                let matches = values.matches(&field)?;
                Test::Field(field, matches)
            }
        };
        match test {
            Test::Field(Field::Column(Column::Tenant), matches) if !negated && self.tenant.is_none() => {
                self.set_tenant(matches);
            }
            test => self.clauses.push(Clause { negated, test }),
        }
        Ok(())
    }

    /// One tenant is what sources are chosen by; several are a condition like any other.
    fn set_tenant(&mut self, matches: Vec<Match>) {
        match <[Match; 1]>::try_from(matches) {
            Ok([Match::Is(tenant)]) => self.tenant = Some(tenant),
            Ok([other]) => self.clauses.push(Clause::tenant(vec![other])),
            Err(several) => self.clauses.push(Clause::tenant(several)),
        }
    }

    fn bound(&mut self, name: &str, values: &Values) -> Result<(), ParseError> {
        let word = values.only()?;
        if name == "seq" {
            let (low, high) = values.bounds(word, integer)?;
            free(&self.seq_from.or(self.seq_to), name, values.column)?;
            self.seq_from = u64::try_from(low).ok().filter(|&from| from > 0);
            self.seq_to = (high != i64::MAX).then(|| u64::try_from(high).map_or(0, |last| last.saturating_add(1)));
            return Ok(());
        }
        if values.operator != Operator::Is {
            return Err(ParseError::at(values.column, format!("write {name}:7d or {name}:2026-11-20")));
        }
        let text = word.text();
        let span = moment::span(&text, values.now);
        let (at, _) = span.ok_or_else(|| ParseError::at(word.column, not_a_time(&text)))?;
        let bound = if name == "since" { &mut self.since } else { &mut self.until };
        free(bound, name, values.column)?;
        *bound = Some(at);
        Ok(())
    }
}

impl Clause {
    fn tenant(matches: Vec<Match>) -> Self {
        Self { negated: false, test: Test::Field(Field::Column(Column::Tenant), matches) }
    }
}

fn free<T>(bound: &Option<T>, name: &str, column: usize) -> Result<(), ParseError> {
    if bound.is_some() { Err(ParseError::at(column, format!("{name} is given twice"))) } else { Ok(()) }
}

fn text_test(word: &Word) -> Result<Test, ParseError> {
    let text = word.text();
    if text.is_empty() {
        return Err(ParseError::at(word.column, "a text to look for is missing"));
    }
    if word.chars.contains(&('*', false)) {
        let problem = format!("a star works only behind a field, as in action:{text}; to look for a star, use quotes");
        return Err(ParseError::at(word.column, problem));
    }
    Ok(Test::Text(text))
}

/// The error for a name that no field has.
pub(super) fn unknown_field(name: &str, column: usize) -> ParseError {
    if Column::of_path(name).is_some_and(|column| column.kind() == Kind::Blob) || name == "attrs" {
        return ParseError::at(column, format!("{name} holds free data: name a path in it, such as {name}.key,"));
    }
    if Field::split_json(name).is_some() {
        return ParseError::at(column, format!("\"{name}\" is no path: separate at most 16 names by single dots,"));
    }
    let mut error = ParseError::unknown("field", name, column, names::all());
    if error.suggestion.is_none() {
        error.problem.push_str(" (to look for a text, put it in quotes)");
    }
    error
}

fn not_a_time(text: &str) -> String {
    format!("\"{text}\" is no time: write 7d, 24h, 30m, 2026-11-20 or 2026-11-20T12:00:00Z")
}

fn integer(text: &str) -> Result<(i64, i64), String> {
    let number = text.parse().map_err(|_| format!("\"{text}\" is no number: write 500, >=500 or 500..599"))?;
    Ok((number, number))
}

/// The text of a column's integer: RFC 3339 for a time, else decimal.
pub(super) fn int_text(column: Column, value: i64) -> String {
    match Timestamp::from_micros(value) {
        Ok(at) if column.is_time() => at.to_string(),
        _ => value.to_string(),
    }
}

/// What stands behind a field.
struct Values {
    column: usize,
    operator: Operator,
    words: Vec<Word>,
    now: Timestamp,
}

impl Values {
    fn only(&self) -> Result<&Word, ParseError> {
        match self.words.as_slice() {
            [word] => Ok(word),
            [_, second, ..] => Err(ParseError::at(second.column, "one value only is possible here")),
            [] => Err(ParseError::at(self.column, "a value is missing")),
        }
    }

    fn compares(&self) -> bool {
        !matches!(self.operator, Operator::Is | Operator::IsNot)
    }

    /// The bounds, both inclusive, that `5`, `>=5` or `5..9` mean, each end read by `parse` as the span that it covers.
    fn bounds(&self, word: &Word, read: impl Fn(&str) -> Result<(i64, i64), String>) -> Result<(i64, i64), ParseError> {
        let text = word.text();
        let read = |text: &str| read(text).map_err(|problem| ParseError::at(word.column, problem));
        if self.compares() {
            let (first, last) = read(&text)?;
            return Ok(match self.operator {
                Operator::AtLeast => (first, i64::MAX),
                Operator::Above => (last.saturating_add(1), i64::MAX),
                Operator::AtMost => (i64::MIN, last),
                _ => (i64::MIN, first.saturating_sub(1)),
            });
        }
        let (low, high) = match text.split_once("..") {
            Some(("", "")) | None => read(&text)?,
            Some((low, "")) => (read(low)?.0, i64::MAX),
            Some(("", high)) => (i64::MIN, read(high)?.1),
            Some((low, high)) => (read(low)?.0, read(high)?.1),
        };
        if low > high {
            return Err(ParseError::at(word.column, "this range ends before it begins"));
        }
        Ok((low, high))
    }

    /// The microseconds that a text means: a time's, or a number's as they are.
    fn time(&self, text: &str) -> Result<(i64, i64), String> {
        let span = moment::span(text, self.now).map(|(from, to)| (from.as_micros(), to.as_micros()));
        span.map_or_else(|| integer(text).map_err(|_| not_a_time(text)), Ok)
    }

    fn roles(&self, role: Role) -> Result<Vec<RoleMatch>, ParseError> {
        self.words.iter().map(|word| self.role(role, word)).collect()
    }

    fn role(&self, role: Role, word: &Word) -> Result<RoleMatch, ParseError> {
        let typed = word.split_colon().filter(|(r#type, _)| !r#type.is_bare() || role.takes_for_type(&r#type.text()));
        let (r#type, id) = match typed {
            Some((r#type, id)) => (Some(r#type), id),
            None => (None, word.clone()),
        };
        if id.chars.is_empty() || r#type.as_ref().is_some_and(|r#type| r#type.chars.is_empty()) {
            let name = role.name();
            return Err(ParseError::at(word.column, format!("write {name}:ID or {name}:TYPE:ID")));
        }
        Ok(RoleMatch { r#type: r#type.map(|r#type| r#type.text()), id: self.text_match(&id)? })
    }

    fn matches(&self, field: &Field) -> Result<Vec<Match>, ParseError> {
        if self.compares() {
            let word = self.only()?;
            if *field == Field::Column(Column::Severity) {
                return self.severities(word);
            }
            return Ok(vec![self.one(field, word)?]);
        }
        self.words.iter().map(|word| self.one(field, word)).collect()
    }

    fn one(&self, field: &Field, word: &Word) -> Result<Match, ParseError> {
        let Field::Column(column) = *field else { return self.text_match(word) };
        if word.has_wildcard() && !self.compares() {
            return self.text_match(word);
        }
        match column {
            Column::ContextIp | Column::Outcome if self.compares() => {
                let name = column.path();
                Err(ParseError::at(word.column, format!("{name} has no order to compare by: write {name}:value")))
            }
            _ if column.is_time() => self.bounds(word, |text| self.time(text)).map(between),
            _ if column.kind() == Kind::Ints => self.bounds(word, integer).map(between),
            Column::ContextIp => address(word),
            Column::Outcome => known_word(word, "outcome", |word| Outcome::parse(word).is_some(), &OUTCOMES),
            Column::Severity => known_word(word, "severity", |word| Severity::parse(word).is_some(), &SEVERITIES),
            _ => self.text_match(word),
        }
    }

    /// A text, a pattern, or bounds when both ends of a range outside of quotes are numbers.
    fn text_match(&self, word: &Word) -> Result<Match, ParseError> {
        if self.compares() {
            return self.bounds(word, integer).map(between);
        }
        let text = word.text();
        if word.is_bare() && text.len() > 2 && text.contains("..") {
            let ends = |end: &str| end.is_empty() || integer(end).is_ok();
            if text.split_once("..").is_some_and(|(low, high)| ends(low) && ends(high)) {
                return self.bounds(word, integer).map(between);
            }
        }
        Ok(if word.has_wildcard() { pattern(word) } else { Match::Is(text) })
    }

    fn severities(&self, word: &Word) -> Result<Vec<Match>, ParseError> {
        let text = word.text();
        let Some(bound) = Severity::parse(&text) else {
            return Err(ParseError::unknown("severity", &text, word.column, SEVERITIES.into_iter()));
        };
        let holds = |severity: Severity| match self.operator {
            Operator::AtLeast => severity >= bound,
            Operator::Above => severity > bound,
            Operator::AtMost => severity <= bound,
            _ => severity < bound,
        };
        let all = Severity::ALL.into_iter().filter(|&severity| holds(severity));
        let matches: Vec<Match> = all.map(|severity| Match::Is(severity.as_str().to_owned())).collect();
        if matches.is_empty() {
            return Err(ParseError::at(word.column, format!("no severity lies beyond {text}")));
        }
        Ok(matches)
    }
}

const OUTCOMES: [&str; 4] = ["success", "failure", "denied", "unknown"];
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

fn between((low, high): (i64, i64)) -> Match {
    Match::Between(low, high)
}

fn known_word(word: &Word, what: &str, known: impl Fn(&str) -> bool, all: &[&str]) -> Result<Match, ParseError> {
    let text = word.text();
    if known(&text) {
        return Ok(Match::Is(text));
    }
    let mut error = ParseError::unknown(what, &text, word.column, all.iter().copied());
    if error.suggestion.is_none() {
        error.problem = format!("{}: write {}", error.problem, all.join(", "));
    }
    Err(error)
}

fn address(word: &Word) -> Result<Match, ParseError> {
    let text = word.text();
    let wrong = || {
        let problem = format!("\"{text}\" is no address or network: write 203.0.113.9, 10.0.0.0/8 or 10.0.*");
        ParseError::at(word.column, problem)
    };
    let Some((network, prefix)) = text.split_once('/') else {
        let ip: std::net::IpAddr = text.parse().map_err(|_| wrong())?;
        return Ok(Match::Is(ip.to_canonical().to_string()));
    };
    let network: std::net::IpAddr = network.parse().map_err(|_| wrong())?;
    let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
    let canonical = network.to_canonical();
    // A v4 network written as v6 is 96 bits longer.
    let shorter = if canonical.is_ipv4() && network.is_ipv6() { 96 } else { 0 };
    let prefix = prefix.checked_sub(shorter).ok_or_else(wrong)?;
    let bits = if canonical.is_ipv4() { 32 } else { 128 };
    if prefix > bits { Err(wrong()) } else { Ok(Match::Cidr { network: canonical, prefix }) }
}

fn pattern(word: &Word) -> Match {
    let wild = |one: &(char, bool)| matches!(one, ('*' | '?', false));
    if let Some((('*', false), before)) = word.chars.split_last()
        && !before.iter().any(wild)
    {
        return Match::Prefix(before.iter().map(|&(char, _)| char).collect());
    }
    let mut pattern = String::new();
    for one in &word.chars {
        if matches!(one.0, '*' | '?' | '\\') && !wild(one) {
            pattern.push('\\');
        }
        pattern.push(one.0);
    }
    Match::Glob(pattern)
}

#[cfg(test)]
mod tests;
