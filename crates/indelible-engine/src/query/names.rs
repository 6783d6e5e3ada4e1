//! The names of fields in filter lines: paths, short names, and the one that was meant.

use super::model::{Bucket, Field, Role};
use crate::{
    column::{Column, Kind},
    limits::PATH_NAMES_MAX,
};

/// Short names of columns.
const SHORT: &[(&str, Column)] = &[
    ("agent", Column::ContextUserAgent),
    ("asn", Column::ContextAsn),
    ("city", Column::ContextGeoCity),
    ("client", Column::ClientId),
    ("correlation", Column::CorrelationId),
    ("country", Column::ContextGeoCountry),
    ("credential", Column::CredentialId),
    ("device", Column::ContextDeviceId),
    ("email", Column::ActorEmail),
    ("environment", Column::SourceEnvironment),
    ("fingerprint", Column::CredentialFingerprint),
    ("grant", Column::OauthGrantType),
    ("host", Column::SourceHost),
    ("ip", Column::ContextIp),
    ("issuer", Column::OauthIssuer),
    ("latency", Column::HttpLatencyUs),
    ("method", Column::HttpMethod),
    ("path", Column::HttpPath),
    ("region", Column::ContextGeoRegion),
    ("request", Column::RequestId),
    ("route", Column::HttpRoute),
    ("scope", Column::CredentialScopes),
    ("service", Column::SourceService),
    ("session", Column::SessionId),
    ("span", Column::SpanId),
    ("status", Column::HttpStatus),
    ("tag", Column::Tags),
    ("token", Column::CredentialId),
    ("token_family", Column::OauthTokenFamily),
    ("trace", Column::TraceId),
    ("user", Column::ActorId),
    ("user_agent", Column::ContextUserAgent),
];

/// Names of JSON columns that paths lead into.
const JSON: &[(&str, Column)] = &[
    ("metadata", Column::Metadata),
    ("changes", Column::Changes),
    ("targets.attrs", Column::TargetsAttrs),
    ("attrs", Column::TargetsAttrs),
];

const ROLES: &[(&str, Role)] =
    &[("actor", Role::Actor), ("on_behalf_of", Role::OnBehalfOf), ("target", Role::Target), ("targets", Role::Target)];

/// Names that set a bound of the filter instead of testing a field.
pub(super) const BOUNDS: &[&str] = &["since", "until", "seq"];

/// The types that an actor can have.
const ACTOR_TYPES: &[&str] = &["user", "service", "token", "client", "agent", "system", "anonymous"];

impl Role {
    /// The name in a filter line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::OnBehalfOf => "on_behalf_of",
            Self::Target => "target",
        }
    }

    /// Whether a bare word before a colon is its type, and not the beginning of an id: actors' types are known, and `hmac:`
    /// begins the fingerprint of a secret.
    pub(super) fn takes_for_type(self, word: &str) -> bool {
        match self {
            Self::Actor | Self::OnBehalfOf => ACTOR_TYPES.contains(&word),
            Self::Target => word != "hmac",
        }
    }

    /// The column of its type.
    pub(super) const fn type_column(self) -> Column {
        match self {
            Self::Actor => Column::ActorType,
            Self::OnBehalfOf => Column::OnBehalfOfType,
            Self::Target => Column::TargetsType,
        }
    }

    /// The columns that it is known by.
    pub(super) const fn id_columns(self) -> &'static [Column] {
        match self {
            Self::Actor => &[Column::ActorId, Column::ActorEmail],
            Self::OnBehalfOf => &[Column::OnBehalfOfId, Column::OnBehalfOfEmail],
            Self::Target => &[Column::TargetsId],
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        ROLES.iter().find(|(known, _)| *known == name).map(|&(_, role)| role)
    }
}

impl Bucket {
    pub(super) const ALL: [Self; 7] =
        [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month, Self::HourOfDay, Self::Weekday];

    /// The name in `group_by`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::HourOfDay => "hour_of_day",
            Self::Weekday => "weekday",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.name() == name)
    }
}

impl Field {
    /// The field of a name without quotes: a path, a short name, or a path into a JSON column.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let whole = Column::of_path(name).filter(|column| column.kind() != Kind::Blob);
        let short = || SHORT.iter().find(|(short, _)| *short == name).map(|&(_, column)| column);
        whole.or_else(short).map(Self::Column).or_else(|| Self::json_of_name(name))
    }

    fn json_of_name(name: &str) -> Option<Self> {
        let (column, rest) = Self::split_json(name)?;
        let path: Vec<String> = path_names(rest)?;
        (path.len() <= PATH_NAMES_MAX).then_some(Self::Json(column, path))
    }

    /// The JSON column at the beginning of a name, and the path behind it.
    pub(super) fn split_json(name: &str) -> Option<(Column, &str)> {
        JSON.iter().find_map(|&(json, column)| Some((column, name.strip_prefix(json)?.strip_prefix('.')?)))
    }
}

/// Splits a path at its dots; a name in quotes may hold dots.
fn path_names(path: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let name;
        (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest.get(..end)?.to_owned(), rest.get(end..)?)
            }
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(names),
        }
    }
}

/// Reads up to the closing quote; returns the text and what follows.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(char),
        }
    }
    None
}

/// The known name nearest to an unknown one, if any is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let far = (lower.chars().count() / 3).clamp(1, 3);
    let distance = |known: &str| match known.rsplit_once('.') {
        // The last name of a path alone is more likely meant than any misspelling.
        Some((_, last)) if last == lower => 0,
        _ => edit_distance(&lower, known),
    };
    known.map(|known| (distance(known), known)).filter(|(distance, _)| *distance <= far).min().map(|(_, known)| known)
}

/// Every name that can stand before a `:`.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let columns = Column::ALL.iter().filter(|column| column.kind() != Kind::Blob).map(|column| column.path());
    let short = SHORT.iter().map(|&(name, _)| name).chain(ROLES.iter().map(|&(name, _)| name));
    columns.chain(short).chain(BOUNDS.iter().copied())
}

/// How many characters to insert, remove, replace or swap with their neighbour to turn one word into the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let width = b.len() + 1;
    let mut cost = vec![0; (a.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    // Every index is within (a.len() + 1) x (b.len() + 1), the size of the table.
    #[allow(clippy::indexing_slicing)]
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            cost[at(i, j)] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = cost[at(i - 1, j - 1)] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped { cost[at(i - 2, j - 2)] + 1 } else { usize::MAX };
                replace.min(swap).min(cost[at(i - 1, j)] + 1).min(cost[at(i, j - 1)] + 1)
            };
        }
    }
    cost.last().copied().unwrap_or_default()
}
