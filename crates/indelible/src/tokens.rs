//! API tokens: issued, checked, rotated and revoked, and every step of it in the log.

mod abilities;
mod format;
mod kind;
mod model;

pub use abilities::{Abilities, AbilityError};
pub use format::{Format, FormatError, GenerateError, PATTERN, Parsed, Plaintext, hash};
pub use kind::{Kind, KindError, Kinds};
pub use model::{Entity, Standing, Token};
