//! What tokens there are and how they live: `[tokens]` of the file.

use std::{path::PathBuf, time::Duration};

use indelible::tokens::{Kinds, Rates};
use serde::{Deserialize, Serialize};

use crate::{limits, tokens::Span};

/// A file, of which this is a part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Section {
    pub(super) tokens: TokensConfig,
}

/// The section `[tokens]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TokensConfig {
    /// Environment of tokens that are issued without one.
    pub(crate) environment: String,
    /// Whether each success is an event.
    pub(crate) log_usage: bool,
    /// How many ancestors a token may have.
    pub(crate) depth_max: u32,
    /// Whether derived tokens outlive their parents.
    pub(crate) orphans_live: bool,
    /// For how long another process's change may go unseen.
    pub(crate) staleness: Span,
    /// How long an old token is valid after a rotation with grace that does not say.
    pub(crate) grace: Span,
    /// How long ago a token must have ended to be pruned when nobody says.
    pub(crate) prune_after: Span,
    /// Whether the server prunes by itself, every day.
    pub(crate) prune_daily: bool,
    /// File with the key to the texts of revealable tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vault_key_file: Option<PathBuf>,
    /// How often tokens may be used.
    pub(crate) rates: Rates,
    /// The types.
    pub(crate) types: Kinds,
}

impl Default for TokensConfig {
    fn default() -> Self {
        let hours = |hours: u64| Span(Duration::from_secs(hours * 3600));
        Self {
            environment: "test".to_owned(),
            log_usage: true,
            depth_max: limits::TOKEN_DEPTH_MAX,
            orphans_live: false,
            staleness: Span(Duration::from_secs(5)),
            grace: hours(1),
            prune_after: hours(30 * 24),
            prune_daily: false,
            vault_key_file: None,
            rates: Rates::default(),
            types: Kinds::default(),
        }
    }
}

const HEADING: &str = "
# API tokens. `environment` is that of tokens that are issued without one. With `log_usage` each use of a token is an event;
# failures, the tokens' lives and `last_used_at` are noted in any case. A derived token has at most `depth_max` ancestors, and
# ends with them unless `orphans_live`. `staleness` is for how long a change made by another process may go unseen, `grace` how
# long the old token is valid after a rotation with grace, `prune_after` how long ago a token must have ended to be pruned; with
# `prune_daily` the server does that by itself, at its start and every day. The log keeps all it has of them.
# Types with `revealable` need `vault_key_file`: a file with 64 hexadecimal digits, best on another disk than the data.
# Uses a minute: of a token itself, else [tokens.rates.types.TYPE], `rate_limit` of its type, [tokens.rates.environments],
# `global`. The types given here are added to sk, pk and rk, or redefine them.
";

impl TokensConfig {
    /// Its lines of an `indelible.toml`.
    pub(super) fn to_toml(&self) -> String {
        match toml::to_string(&Section { tokens: self.clone() }) {
            Ok(lines) => format!("{HEADING}{lines}"),
            // Only a path that is not Unicode cannot be written as TOML.
            Err(error) => format!("{HEADING}# tokens: {error}\n"),
        }
    }
}
