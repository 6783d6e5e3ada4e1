//! The binary as its users meet it: a process of its own, a real socket, a directory of its own.

// The harness is test code too, outside of any #[test].
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod cosigning;
mod drivers;
mod events;
mod geo;
mod hostile;
mod immutable;
mod keys;
mod lifecycle;
mod oauth;
mod proofs;
mod receivers;
mod resources;
mod retention;
mod server;
mod streams;
mod tenants;
mod tokens;
mod witness;
