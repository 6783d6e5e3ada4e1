//! Why an operation was not done.

use indelible_proof::{EventError, Timestamp};

use super::{format::GenerateError, standing::Standing, vault::VaultError};

/// Why an operation was not done. Nothing was changed, unless the database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The tenant has no such token.
    #[error("there is no token {id}")]
    NotFound {
        /// The id that was given.
        id: String,
    },
    /// No such type is configured.
    #[error("there is no token type \"{kind}\": configure it, or use one of {known}")]
    UnknownKind {
        /// The type that was given.
        kind: String,
        /// Those that there are.
        known: String,
    },
    /// The type does not allow the environment.
    #[error("tokens of type {kind} are not made for \"{environment}\": use one of {allowed}")]
    EnvironmentNotAllowed {
        /// The type.
        kind: String,
        /// The environment that was given.
        environment: String,
        /// Those that the type allows.
        allowed: String,
    },
    /// Revoked and expired tokens are neither rotated nor derived from.
    #[error("the token {id} is {}: issue a new one instead", standing.as_str())]
    NotActive {
        /// The token's id.
        id: String,
        /// What it is instead.
        standing: Standing,
    },
    /// A derived token may do only what its parent may.
    #[error("the parent token does not allow \"{ability}\": leave it out, or derive from one that does")]
    AbilityExceedsParent {
        /// The first ability that is too much.
        ability: String,
    },
    /// A derived token ends no later than its parent.
    #[error("the parent token expires at {parent_expires_at}: let the derived one expire no later")]
    ExpiryExceedsParent {
        /// When the parent expires.
        parent_expires_at: Timestamp,
    },
    /// The token has as many ancestors as one may have.
    #[error("the token {id} is at depth {depth_max}, the deepest there is: derive from one of its ancestors")]
    TooDeep {
        /// The token's id.
        id: String,
        /// How deep tokens may be.
        depth_max: u32,
    },
    /// The token's text was not kept.
    #[error("the text of token {id} was not kept, because its type is not revealable: rotate it to get a new one")]
    NotRevealable {
        /// The token's id.
        id: String,
    },
    /// What was asked for cannot be stored.
    #[error("{field}: {problem}")]
    Invalid {
        /// What is wrong.
        field: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// One of the tokens of a group cannot be issued, so none is.
    #[error("token {} of the group: {error}", index + 1)]
    Member {
        /// Which one, counted from 0.
        index: usize,
        /// Why.
        error: Box<TokenError>,
    },
    /// The event that would tell of it cannot be stored.
    #[error("what the log would say of it is not valid: {0}")]
    Event(#[from] EventError),
    /// The operation would change more tokens than one may.
    #[error("this would change more than {tokens_max} tokens: do it in parts")]
    TooMany {
        /// How many one operation may change.
        tokens_max: usize,
    },
    /// Others changed the same tokens again and again.
    #[error("others change the same tokens at the same time: try again")]
    Contended,
    /// The database failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// No text could be made for the token.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The token's text could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Why a database did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// A token of the change is no longer as it was read. Nothing was written.
    #[error("somebody else changed the token meanwhile: read it and try again")]
    Conflict,
    /// It failed. Whether a change was written is unknown; each of its events was if it was.
    #[error("the database of tokens failed: {cause}")]
    Failed {
        /// What failed.
        cause: String,
    },
    /// It holds what this program does not understand.
    #[error("the database of tokens is damaged at {place}: {cause}; restore it from a backup")]
    Damaged {
        /// Table and row.
        place: String,
        /// What is wrong there.
        cause: String,
    },
    /// A newer version wrote it.
    #[error("the database of tokens has version {version}, this program knows {known}: use a newer program")]
    Newer {
        /// The version that it has.
        version: i64,
        /// The latest version that is known.
        known: i64,
    },
}
