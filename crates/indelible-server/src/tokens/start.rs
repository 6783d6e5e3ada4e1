//! The service over a data directory: `state.db` beside the log, and the keys that are in neither.

use std::path::{Path, PathBuf};

use indelible::{
    KeyFileError, Recorder, fingerprint_key, read_key,
    tokens::{self, Tokens, Vault},
};

use crate::{clock, config::TokensConfig};

/// Why tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The service said no.
    #[error("tokens: {0}")]
    Service(#[from] tokens::StartError),
    /// There is no key of fingerprints, or of the vault.
    #[error(transparent)]
    Key(#[from] KeyFileError),
}

/// Opens the tokens of a data directory; what a crash kept from the log goes there first. Blocks.
pub(crate) fn start(data: &Path, config: &TokensConfig, recorder: Recorder) -> Result<Tokens, StartError> {
    let mut builder = Tokens::builder(recorder)
        .kinds(config.types.clone())
        .environment(&config.environment)
        .rates(config.rates.clone())
        .depth_max(config.depth_max)
        .staleness(config.staleness.0)
        .log_usage(config.log_usage)
        .fingerprint_key(fingerprint_key(key_file(data))?)
        .clock(clock::now);
    if config.orphans_live {
        builder = builder.orphans_live();
    }
    if let Some(file) = &config.vault_key_file {
        builder = builder.vault(Vault::new(&read_key(file)?));
    }
    Ok(builder.open(data.join("state.db"))?)
}

/// Where a data directory has the key of its fingerprints.
pub(crate) fn key_file(data: &Path) -> PathBuf {
    data.join("keys").join("fingerprint.key")
}
