//! The token service over a real log and a real database, seen as an application sees it.

mod at_rest;
mod beginning;
pub(crate) mod bench;
pub(crate) mod checks;
mod consistent;
mod crash;
mod finding;
mod lives;
mod outbox;
mod promises;
mod require;
mod together;

pub(crate) use bench::Bench;
