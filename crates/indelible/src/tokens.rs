//! API tokens: issued, checked, rotated and revoked, and every step of it in the log.

mod model;

pub use model::{Entity, Standing, Token};
