//! Parameters of a query string, declared once: the struct that reads them and the words that document them.

use axum::{
    extract::{FromRequestParts, Path, Query, rejection::PathRejection},
    http::{StatusCode, request::Parts},
};
use indelible::Timestamp;
use indelible_engine::query::{Cursor, Filter, ParseError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use crate::{clock, limits};

/// A parameter, for the description of the interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// A value that could be given.
    pub(super) example: &'static str,
    /// The JSON Schema of its values.
    pub(super) schema: fn() -> Value,
}

/// The parameters of a request.
pub(super) trait Conditions {
    /// The names of those that it gives.
    fn given(&self) -> Vec<&'static str>;
}

/// What a parameter can be.
pub(super) trait Domain {
    /// The JSON Schema of its values.
    fn schema() -> Value;
}

impl Domain for String {
    fn schema() -> Value {
        json!({"type": "string"})
    }
}

impl Domain for u64 {
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 0})
    }
}

impl Domain for bool {
    fn schema() -> Value {
        json!({"type": "boolean"})
    }
}

/// A number from 1 to `MAX`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct UpTo<const MAX: u32>(pub(super) u32);

impl<const MAX: u32> TryFrom<u32> for UpTo<MAX> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if (1..=MAX).contains(&number) { Ok(Self(number)) } else { Err(format!("is 1 to {MAX}")) }
    }
}

impl<const MAX: u32> Domain for UpTo<MAX> {
    fn schema() -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": MAX})
    }
}

/// Declares the words that a parameter can be; the first is the default.
macro_rules! words {
    ($name:ident { $first:ident = $first_word:literal $(, $other:ident = $word:literal)* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
        enum $name {
            #[default]
            #[serde(rename = $first_word)]
            $first,
            $(#[serde(rename = $word)] $other,)*
        }

        impl $crate::api::params::Domain for $name {
            fn schema() -> serde_json::Value {
                serde_json::json!({"type": "string", "enum": [$first_word $(, $word)*]})
            }
        }
    };
}
pub(super) use words;

/// Declares the parameters of a route.
macro_rules! parameters {
    ($(#[doc = $doc:literal])+ $struct:ident { $($(#[doc = $meaning:literal])+ $name:ident: $type:ty, $example:literal;)* }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(in $crate::api) struct $struct {
            $($(#[doc = $meaning])+ $name: Option<$type>,)*
        }

        impl $struct {
            /// The parameters in words.
            pub(in $crate::api) const PARAMETERS: &[$crate::api::params::Parameter] = &[
                $($crate::api::params::Parameter {
                    name: $crate::api::params::word(stringify!($name)),
                    meaning: concat!($($meaning),+),
                    example: $example,
                    schema: <$type as $crate::api::params::Domain>::schema,
                },)*
            ];
        }

        impl $crate::api::params::Conditions for $struct {
            fn given(&self) -> Vec<&'static str> {
                let all = [$((self.$name.is_some(), $crate::api::params::word(stringify!($name)))),*];
                all.into_iter().filter_map(|(is_given, name)| is_given.then_some(name)).collect()
            }
        }
    };
}
pub(super) use parameters;

/// A name as it is written outside of Rust.
pub(super) const fn word(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Reads the query string strictly: a misspelt parameter is an error.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.len() > limits::QUERY_BYTES_MAX) {
            return Err(Problem::new(
                StatusCode::URI_TOO_LONG,
                "query-too-long",
                "Query too long",
                format!("the query string has more than {} bytes", limits::QUERY_BYTES_MAX),
            ));
        }
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            match text.split_once(": ").filter(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) {
                Some((name, "invalid digit found in string")) => Problem::parameter(name, "is no whole number"),
                Some((name, problem)) => Problem::parameter(name, problem),
                None => Problem::malformed(text),
            }
        })
    }
}

/// The part of a path that names one thing.
#[derive(Debug)]
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|error: PathRejection| Problem::malformed(error.body_text()))
    }
}

/// Where the page before ended.
pub(super) fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let read = |text: &str| text.parse().map_err(|error| Problem::parameter("cursor", format!("{error}")));
    text.map(read).transpose()
}

/// The filter of a filter line and of the plain parameters beside it.
pub(super) fn filter(q: Option<&str>, since: Option<&str>, until: Option<&str>) -> Result<Filter, Problem> {
    let mut filter = Filter::parse(q.unwrap_or_default(), clock::now())?;
    if let Some(value) = since {
        filter.since = filter.since.max(bound("since", "since", value)?.since);
    }
    if let Some(value) = until {
        let until = bound("until", "until", value)?.until;
        filter.until = filter.until.map_or(until, |mine| until.map(|until| until.min(mine)));
    }
    Ok(filter)
}

/// The moment that a parameter names.
pub(super) fn moment(parameter: &str, value: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    value.map_or(Ok(None), |value| Ok(bound(parameter, "since", value)?.since))
}

/// The conditions of a question that is not asked over HTTP, as a query string would give them.
pub(super) fn of<T: DeserializeOwned>(conditions: Map<String, Value>) -> Result<T, Problem> {
    serde_json::from_value(conditions.into()).map_err(|error| Problem::malformed(error.to_string()))
}

fn bound(parameter: &str, bound: &str, value: &str) -> Result<Filter, Problem> {
    let quoted = value.replace(['"', '\\'], "");
    Filter::parse(&format!("{bound}:\"{quoted}\""), clock::now())
        .map_err(|ParseError { problem, .. }| Problem::parameter(parameter, problem))
}
