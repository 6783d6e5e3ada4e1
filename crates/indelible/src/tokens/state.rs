//! Where tokens are kept, and with them, until the log has them, the events that tell of their changes.

mod sqlite;

use indelible_proof::{Event, Timestamp};

use super::{find::Find, model::Token};
use crate::outbox::Outbox;

pub use super::{error::StateError, find::Tally};
pub use sqlite::Sqlite;

/// A database of tokens.
///
/// Every question about tokens names the tenant, and answers with nothing of another's.
pub trait State: Send + Sync + 'static {
    /// The token with an id.
    fn get(&self, tenant: &str, id: &str) -> Result<Option<Token>, StateError>;

    /// The token whose text has this SHA-256.
    fn by_hash(&self, tenant: &str, hash: &[u8; 32]) -> Result<Option<Token>, StateError>;

    /// A page of tokens.
    fn list(&self, tenant: &str, find: &Find) -> Result<Vec<Token>, StateError>;

    /// How many tokens there are of each type in each environment, whatever the page; those of none may be left out.
    fn tally(&self, tenant: &str, find: &Find) -> Result<Vec<Tally>, StateError>;

    /// The tenants that have tokens.
    fn tenants(&self) -> Result<Vec<String>, StateError>;

    /// Writes a change whole and durably, or nothing of it: [`StateError::Conflict`] when a token of it is no longer as
    /// it was read.
    fn commit(&self, change: &Change) -> Result<(), StateError>;

    /// Where the events of changes wait for the log.
    fn outbox(&self) -> &dyn Outbox;

    /// Notes when tokens were used last. Moves no token's time back, changes no revision, and need not be durable.
    fn touch(&self, uses: &[Use]) -> Result<(), StateError>;
}

/// What is to be written at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// New tokens, of revision 1, and changed ones, of a revision one more than the one that was read. Of a changed one
    /// only `parent`, `revoked_at`, `is_revoked`, `revocation_reason` and `rotated_to` are written: all else is for ever,
    /// but `last_used_at`, which [`State::touch`] writes.
    pub tokens: Vec<Token>,
    /// Tokens that go away, as they were read.
    pub deleted: Vec<Token>,
    /// What the log must learn, each with its tenant and its time.
    pub events: Vec<Event>,
}

/// That a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The token's tenant.
    pub tenant: String,
    /// The token's id.
    pub id: String,
    /// When.
    pub at: Timestamp,
}
