//! A filter line taken apart into names, operators and words, with the column of each.

use super::error::ParseError;

/// A line and how far it is read.
#[derive(Debug)]
pub(super) struct Line {
    chars: Vec<char>,
    at: usize,
}

/// What stands between a field and its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// One value: its characters, each with whether it stood in quotes and so means nothing but itself.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) chars: Vec<(char, bool)>,
    pub(super) column: usize,
}

/// Longer operators first, so that none hides another.
const OPERATORS: &[(&str, Operator)] = &[
    (":>=", Operator::AtLeast),
    (":<=", Operator::AtMost),
    (":>", Operator::Above),
    (":<", Operator::Below),
    (":", Operator::Is),
    ("!=", Operator::IsNot),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("=", Operator::Is),
];

impl Line {
    pub(super) fn new(line: &str) -> Self {
        Self { chars: line.chars().collect(), at: 0 }
    }

    /// The column of the next character, counted from 1.
    pub(super) fn column(&self) -> usize {
        self.at + 1
    }

    /// Goes to the next clause; false at the end of the line.
    pub(super) fn skip_spaces(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.peek().is_some()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Reads a field's name and the operator behind it; reads nothing when there is no such thing.
    pub(super) fn field(&mut self) -> Option<(String, Operator)> {
        let start = self.at;
        let mut name = String::new();
        while let Some(char) = self.peek() {
            if char == '"' && name.ends_with('.') {
                let opened = self.at;
                if self.quoted().is_err() {
                    break;
                }
                name.extend(self.chars.get(opened..self.at).unwrap_or_default());
            } else if char.is_alphanumeric() || matches!(char, '_' | '.' | '-') {
                name.push(char);
                self.at += 1;
            } else {
                break;
            }
        }
        match self.operator() {
            Some(operator) if !name.is_empty() => Some((name, operator)),
            _ => {
                self.at = start;
                None
            }
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        let rest = self.chars.get(self.at..)?;
        let starts = |sign: &str| sign.chars().eq(rest.iter().copied().take(sign.len()));
        let &(sign, operator) = OPERATORS.iter().find(|(sign, _)| starts(sign))?;
        self.at += sign.len();
        Some(operator)
    }

    /// Reads free text: something in quotes, or one word.
    pub(super) fn text(&mut self) -> Result<Word, ParseError> {
        let column = self.column();
        let mut chars = Vec::new();
        if self.peek() == Some('"') {
            chars.extend(self.quoted()?.into_iter().map(|char| (char, true)));
            if self.peek().is_some_and(|next| !next.is_whitespace()) {
                return Err(ParseError::at(self.column(), "expected a space after the closing quote"));
            }
        }
        while let Some(char) = self.peek().filter(|char| !char.is_whitespace()) {
            if char == '"' {
                return Err(ParseError::at(self.column(), "a quote inside a word: put all of the text in quotes"));
            }
            chars.push((char, false));
            self.at += 1;
        }
        Ok(Word { chars, column })
    }

    /// Reads the values of a field, separated by commas.
    pub(super) fn words(&mut self) -> Result<Vec<Word>, ParseError> {
        let mut words = vec![self.word()?];
        while self.eat(',') {
            words.push(self.word()?);
        }
        Ok(words)
    }

    fn word(&mut self) -> Result<Word, ParseError> {
        let column = self.column();
        let mut chars = Vec::new();
        while let Some(char) = self.peek().filter(|&char| !char.is_whitespace() && char != ',') {
            if char == '"' {
                chars.extend(self.quoted()?.into_iter().map(|char| (char, true)));
            } else {
                chars.push((char, false));
                self.at += 1;
            }
        }
        if chars.is_empty() {
            let problem = "a value is missing (for events without the field, write -field:*)";
            return Err(ParseError::at(column, problem));
        }
        Ok(Word { chars, column })
    }

    fn quoted(&mut self) -> Result<Vec<char>, ParseError> {
        let opened = self.column();
        self.at += 1;
        let mut text = Vec::new();
        while let Some(char) = self.next() {
            match char {
                '"' => return Ok(text),
                '\\' => text.extend(self.next()),
                _ => text.push(char),
            }
        }
        Err(ParseError::at(opened, "this quote is never closed"))
    }

    fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += 1;
        Some(char)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
}

impl Word {
    pub(super) fn text(&self) -> String {
        self.chars.iter().map(|&(char, _)| char).collect()
    }

    /// Whether nothing of it stood in quotes.
    pub(super) fn is_bare(&self) -> bool {
        self.chars.iter().all(|&(_, quoted)| !quoted)
    }

    /// Whether it holds `*` or `?` outside of quotes.
    pub(super) fn has_wildcard(&self) -> bool {
        self.chars.iter().any(|&(char, quoted)| !quoted && matches!(char, '*' | '?'))
    }

    /// What stands before and behind the first `:` outside of quotes.
    pub(super) fn split_colon(&self) -> Option<(Self, Self)> {
        let at = self.chars.iter().position(|&one| one == (':', false))?;
        let part = |range: Option<&[(char, bool)]>, column| Self { chars: range.unwrap_or_default().to_vec(), column };
        let behind = part(self.chars.get(at + 1..), self.column + at + 1);
        Some((part(self.chars.get(..at), self.column), behind))
    }
}
