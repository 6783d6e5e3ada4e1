//! The layer around a real axum app, most of it over a real socket.

mod anything;
mod app;
mod away;
mod bodies;
pub(crate) mod client;
mod evasion;
mod identities;
mod interrupted;
mod oauth;
mod outcomes;
mod replays;
mod secrets;
