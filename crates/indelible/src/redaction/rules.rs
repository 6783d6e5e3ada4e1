//! Which fields are secret: by name, or by path.

use std::collections::HashMap;

use super::Strategy;
use crate::limits::FIELD_NAME_BYTES_MAX;

/// What a rule says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Hide it; `None` for the strategy of the defaults.
    Hide(Option<Strategy>),
    /// Let it be.
    Keep,
}

/// All rules, with names in the form of [`folded`].
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    names: HashMap<String, Rule>,
    /// In the order of their making; the last that fits counts.
    paths: Vec<(Vec<String>, Rule)>,
}

/// Where a field is: its name, and the field that it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    pub(super) parent: Option<&'a Path<'a>>,
    pub(super) name: &'a str,
}

impl<'a> Path<'a> {
    pub(super) const fn root(name: &'a str) -> Self {
        Self { parent: None, name }
    }

    pub(super) const fn to(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), name }
    }
}

impl Rules {
    pub(super) fn add(&mut self, field: &str, rule: Rule) {
        if field.contains('.') {
            let path = field.split('.').map(|name| if name == "*" { name.to_owned() } else { folded_text(name) });
            self.paths.push((path.collect(), rule));
        } else {
            self.names.insert(folded_text(field), rule);
        }
    }

    pub(super) const fn has_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// How a field of free data is to be hidden; `None` when it is not.
    pub(super) fn hides(&self, path: &Path<'_>) -> Option<Option<Strategy>> {
        match self.at_path(path).or_else(|| self.by_name(path.name))? {
            Rule::Hide(strategy) => Some(strategy),
            Rule::Keep => None,
        }
    }

    /// How a field is to be hidden by a rule for its very path.
    pub(super) fn hides_at(&self, path: &Path<'_>) -> Option<Option<Strategy>> {
        match self.at_path(path)? {
            Rule::Hide(strategy) => Some(strategy),
            Rule::Keep => None,
        }
    }

    fn at_path(&self, path: &Path<'_>) -> Option<Rule> {
        self.paths.iter().rev().find(|(names, _)| fits(names, path)).map(|&(_, rule)| rule)
    }

    /// By the whole name, or by the last part of a dotted one, `user.password`, or by any of a bracketed one:
    /// `user[password]`, and `password[0]` as its items.
    fn by_name(&self, name: &str) -> Option<Rule> {
        if name.contains(['[', ']']) {
            let mut parts = name.split(['[', ']']).rev().filter(|part| !part.is_empty());
            return self.folded_name(name).or_else(|| parts.find_map(|part| self.by_name(part)));
        }
        let mut parts = name.rsplit(['.', '/', ':']).filter(|part| !part.is_empty());
        let last = parts.next().unwrap_or(name);
        self.folded_name(name).or_else(|| if last.len() < name.len() { self.folded_name(last) } else { None })
    }

    fn folded_name(&self, name: &str) -> Option<Rule> {
        let mut buffer = [0; FIELD_NAME_BYTES_MAX];
        let mut len = 0;
        for byte in folded(name) {
            *buffer.get_mut(len)? = byte;
            len += 1;
        }
        self.names.get(std::str::from_utf8(buffer.get(..len)?).ok()?).copied()
    }
}

fn fits(names: &[String], path: &Path<'_>) -> bool {
    let mut at = Some(path);
    for name in names.iter().rev() {
        match at {
            Some(path) if name == "*" || folded(path.name).eq(name.bytes()) => at = path.parent,
            _ => return false,
        }
    }
    at.is_none()
}

/// A name without separators, in lower case.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).map(|byte| byte.to_ascii_lowercase())
}

fn folded_text(name: &str) -> String {
    String::from_utf8_lossy(&folded(name).collect::<Vec<u8>>()).into_owned()
}
