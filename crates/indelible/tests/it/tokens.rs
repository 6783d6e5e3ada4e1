//! The token service over a real log and a real database, seen as an application sees it.

mod bench;
mod lives;

/// The tests of one subject share [`bench::Bench`].
use bench::Bench;
