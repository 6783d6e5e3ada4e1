//! Whether a value matches: run once per distinct term, and on the values of rows where there are no terms.

use std::net::IpAddr;

use hashbrown::HashSet;

use super::model::Match;

/// Several [`Match`]es made ready; a value matches when it matches one of them.
#[derive(Debug)]
pub(super) struct Matcher<'q> {
    exact: HashSet<&'q str>,
    others: Vec<Other<'q>>,
}

#[derive(Debug)]
enum Other<'q> {
    Prefix(&'q str),
    Glob(Vec<Token>),
    Cidr(IpAddr, u8),
    Between(i64, i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Any,
    One,
    Char(char),
}

impl<'q> Matcher<'q> {
    pub(super) fn new(matches: &'q [Match]) -> Self {
        let mut matcher = Self { exact: HashSet::new(), others: Vec::new() };
        for one in matches {
            let other = match one {
                Match::Is(text) => {
                    matcher.exact.insert(text);
                    continue;
                }
                Match::Prefix(prefix) => Other::Prefix(prefix),
                Match::Glob(pattern) => Other::Glob(tokens(pattern)),
                Match::Cidr { network, prefix } => Other::Cidr(*network, *prefix),
                Match::Between(low, high) => Other::Between(*low, *high),
            };
            matcher.others.push(other);
        }
        matcher
    }

    /// The texts to be equal to, when nothing else matches.
    pub(super) fn only_exact(&self) -> Option<impl Iterator<Item = &'q str>> {
        self.others.is_empty().then(|| self.exact.iter().copied())
    }

    /// Whether any value at all matches.
    pub(super) fn any_value(&self) -> bool {
        self.others.iter().any(|other| matches!(other, Other::Prefix("")))
    }

    pub(super) fn accepts(&self, text: &str) -> bool {
        self.exact.contains(text) || self.others.iter().any(|other| other.accepts(text))
    }

    /// The bounds within which a number must be, when nothing but bounds is asked for.
    pub(super) fn only_between(&self) -> Option<Vec<(i64, i64)>> {
        let bounds = self.others.iter().map(|other| match other {
            Other::Between(low, high) => Some((*low, *high)),
            _ => None,
        });
        if self.exact.is_empty() { bounds.collect() } else { None }
    }
}

impl Other<'_> {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Glob(tokens) => glob(tokens, text),
            Self::Cidr(network, prefix) => text.parse().is_ok_and(|ip| in_network(ip, *network, *prefix)),
            Self::Between(low, high) => between(text, *low, *high),
        }
    }
}

fn between(text: &str, low: i64, high: i64) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return low <= number && number <= high;
    }
    // The two ends of i64 stand for "no bound", which a float may lie beyond.
    text.parse::<f64>().is_ok_and(|number| {
        number.is_finite() && (low == i64::MIN || low as f64 <= number) && (high == i64::MAX || number <= high as f64)
    })
}

fn in_network(ip: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let differing = match (ip.to_canonical(), network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => (ip.to_bits() ^ network.to_bits()).leading_zeros(),
        (IpAddr::V6(ip), IpAddr::V6(network)) => (ip.to_bits() ^ network.to_bits()).leading_zeros(),
        _ => return false,
    };
    differing >= u32::from(prefix)
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut chars = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(char) = chars.next() {
        let token = match char {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Char(chars.next().unwrap_or('\\')),
            _ => Token::Char(char),
        };
        // Two stars in a row mean what one means.
        if token != Token::Any || tokens.last() != Some(&Token::Any) {
            tokens.push(token);
        }
    }
    tokens
}

/// Goes back only to the last star, so that it takes at most pattern times text steps.
fn glob(tokens: &[Token], text: &str) -> bool {
    let (mut at, mut rest) = (0, text.chars());
    let mut star: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut next = rest.clone();
        match (tokens.get(at), next.next()) {
            (Some(Token::Any), _) => {
                at += 1;
                star = Some((at, rest.clone()));
            }
            (Some(Token::One), Some(_)) => (at, rest) = (at + 1, next),
            (Some(Token::Char(wanted)), Some(char)) if *wanted == char => (at, rest) = (at + 1, next),
            (None, None) => return true,
            _ => {
                let Some((after, from)) = &mut star else { return false };
                if from.next().is_none() {
                    return false;
                }
                (at, rest) = (*after, from.clone());
            }
        }
    }
}

/// A text to be contained, whatever the case.
#[derive(Debug)]
pub(super) struct Needle {
    lower: String,
    /// The same as it stands inside a JSON text.
    lower_json: String,
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let json = serde_json::Value::from(text).to_string();
        let inner = json.get(1..json.len() - 1).unwrap_or_default();
        Self { lower, lower_json: inner.to_lowercase() }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        !text.is_empty() && contains(text, &self.lower)
    }

    pub(super) fn is_in_json(&self, json: &[u8]) -> bool {
        std::str::from_utf8(json).is_ok_and(|json| contains(json, &self.lower_json))
    }
}

fn contains(text: &str, lower: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    let Some(first) = lower.bytes().next() else { return true };
    let (text, lower) = (text.as_bytes(), lower.as_bytes());
    text.windows(lower.len()).any(|part| {
        part.first().is_some_and(|byte| byte.to_ascii_lowercase() == first) && part.eq_ignore_ascii_case(lower)
    })
}

#[cfg(test)]
mod tests;
