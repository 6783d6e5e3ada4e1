//! The endpoints in a real axum app, over a real socket.

mod app;
mod better_auth;
mod broken;
mod limits;
mod postgres;
mod scope;
mod sqlite;
mod wire;
