//! Questions with a path each, declared once: a path, a word of the command line, and what is asked.

use serde::Serialize;
use serde_json::Value;

use super::{params::Conditions, problem::Problem};

/// Declares the questions below a path.
macro_rules! questions {
    (
        $(#[doc = $doc:literal])+
        $type:ident under $base:literal { $($(#[doc = $summary:literal])+ $name:ident = $word:literal,)+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
        pub(crate) enum $type {
            $($(#[doc = $summary])+ #[value(name = $word)] $name,)+
        }

        impl $type {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// Where it is asked.
            pub(crate) const fn path(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($base, $word),)+
                }
            }

            /// The question in words.
            pub(crate) fn summary(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($summary),+).trim(),)+
                }
            }
        }
    };
}
pub(super) use questions;

/// Refuses a condition that a question does not take: the answer would seem to meet it.
pub(super) fn check(takes: &[&str], conditions: &impl Conditions) -> Result<(), Problem> {
    match conditions.given().into_iter().find(|name| !takes.contains(name)) {
        Some(name) => {
            Err(Problem::parameter(name, format!("is not for this question, which takes {}", takes.join(", "))))
        }
        None => Ok(()),
    }
}

/// An answer as JSON.
pub(super) fn value(answer: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|error| Problem::internal(&error))
}
