//! Questions with a path each, declared once: a path, a word of the command line, and what is asked.

use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;

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

/// An answer as JSON.
pub(super) fn value(answer: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|error| Problem::internal(&error))
}
