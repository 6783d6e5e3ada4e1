//! The HTTP interface. Routes decode, call and encode; what may be read and written is decided in [`app`].

mod aggregate;
mod app;
mod body;
mod export;
mod health;
mod keys;
mod list;
mod metrics;
mod openapi;
mod params;
mod problem;
mod reads;
mod record;
mod routes;
mod tail;

pub(crate) use app::App;
pub(crate) use export::csv;
pub(crate) use routes::router;
