//! From a request to its rule.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use http::Method;

use super::rule::{Rule, RuleSet};

/// A rule whose path cannot stand beside the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the path \"{path}\" of a rule: {cause}; write /users/{{id}} for a parameter, /files/{{*rest}} for all that follows"
)]
pub struct RuleError {
    /// The path.
    pub path: String,
    /// What is wrong with it.
    pub cause: String,
}

/// Stands for `%2F` while a path is matched; no path has a use for it.
const INNER_SLASH: &str = "\u{10ffff}";

/// A rule, and the names of its path's parameters in their order.
#[derive(Debug)]
struct Indexed {
    rule: Rule,
    names: Vec<String>,
}

/// From paths, whose parameters are numbered so that rules need not agree on their names, to the rules for each; the
/// one that counts first.
#[derive(Debug, Default)]
pub(super) struct Index(matchit::Router<Vec<Arc<Indexed>>>);

/// What a request matched: a rule, and the values of its path's parameters.
#[derive(Debug)]
pub(super) struct Found {
    indexed: Arc<Indexed>,
    values: Vec<String>,
}

impl Found {
    pub(super) fn rule(&self) -> &Rule {
        &self.indexed.rule
    }

    /// Names and values of the path's parameters.
    pub(super) fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.indexed.names.iter().map(String::as_str).zip(self.values.iter().map(String::as_str))
    }
}

impl Index {
    pub(super) fn new(set: RuleSet) -> Result<Self, RuleError> {
        let mut by_path: BTreeMap<String, Vec<Arc<Indexed>>> = BTreeMap::new();
        // The later of two rules counts.
        for rule in set.rules.into_iter().rev() {
            let (pattern, names) = numbered(&rule.path);
            by_path.entry(pattern).or_default().push(Arc::new(Indexed { rule, names }));
        }
        let mut router = matchit::Router::new();
        for (pattern, rules) in by_path {
            let path = rules.first().map(|indexed| indexed.rule.path.clone()).unwrap_or_default();
            router.insert(pattern, rules).map_err(|error| RuleError { path, cause: error.to_string() })?;
        }
        Ok(Self(router))
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Option<Found> {
        let path = plain(path);
        let parted;
        let found = match self.0.at(&path) {
            Ok(found) => found,
            Err(_) => {
                parted = path.replace(INNER_SLASH, "/");
                self.0.at(&parted).ok()?
            }
        };
        // Who serves GET serves HEAD, handler and all.
        let is_served = |known: &Method| known == method || (method == Method::HEAD && known == Method::GET);
        let allows = |rule: &Rule| rule.methods.is_empty() || rule.methods.iter().any(is_served);
        let indexed = Arc::clone(found.value.iter().find(|indexed| allows(&indexed.rule))?);
        indexed.rule.action.as_ref()?;
        Some(Found { indexed, values: found.params.iter().map(|(_, value)| value.replace(INNER_SLASH, "/")).collect() })
    }
}

/// A path with numbers for the names of its parameters, and the names.
fn numbered(path: &str) -> (String, Vec<String>) {
    let mut names = Vec::new();
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
            Some(name) if !name.starts_with('{') => {
                let (star, name) = name.strip_prefix('*').map_or(("", name), |name| ("*", name));
                names.push(name.to_owned());
                format!("{{{star}p{}}}", names.len())
            }
            _ => segment.to_owned(),
        })
        .collect();
    (segments.join("/"), names)
}

/// A path as every service reads it. Some take `/sign%2Din`, `//sign-in` and `/sign-in/` for `/sign-in`; none of these
/// may be a way around the log, and to match what the service refuses costs nothing but an event that says so. Nor may
/// `/sessions/a%2Fb` be one around the rule for `/sessions/{id}`: a slash inside a segment does not part it.
fn plain(path: &str) -> Cow<'_, str> {
    let is_plain = !path.contains('%') && !path.contains("//") && (path.len() <= 1 || !path.ends_with('/'));
    if is_plain {
        return Cow::Borrowed(path);
    }
    // A `+` of a path is a `+`.
    let decoded = |segment: &str| crate::redaction::decoded(&segment.replace('+', "%2B")).replace('/', INNER_SLASH);
    let segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
    Cow::Owned(format!("/{}", segments.join("/")))
}

#[cfg(test)]
mod tests;
