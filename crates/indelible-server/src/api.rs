//! The HTTP interface. Routes decode, call and encode; what may be read and written is decided in [`app`].

mod aggregate;
mod app;
pub(crate) mod body;
mod export;
mod health;
mod keys;
mod list;
mod metrics;
mod openapi;
mod operation;
mod params;
mod problem;
mod proof;
mod question;
mod reads;
mod record;
mod refusals;
mod resources;
mod retention;
mod routes;
mod security_events;
mod tail;
mod tally;
mod times;
mod tokens;
mod usage;
mod webhooks;

pub(crate) use app::{App, Opened, TENANT_HEADER};
pub(crate) use export::csv;
pub(crate) use problem::Problem;
pub(crate) use refusals::Peer;
pub(crate) use resources::{ResourceQuestion, about_resources};
pub(crate) use routes::router;
pub(crate) use tokens::tokens_of;
pub(crate) use usage::{Question, usage_of};
