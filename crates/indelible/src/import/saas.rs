//! Products whose records a table reads, some with a few lines of their own.

mod business;
mod platform;

pub(super) use business::{
    ANTHROPIC, BOX, DOCUSIGN, DROPBOX, asana, atlassian, notion, openai, salesforce, zendesk, zoom,
};
pub(super) use platform::{
    DOPPLER, MONGODB, PANTHER, TINES, cloudflare, databricks, jfrog, snowflake, snyk, sym, tailscale, wiz,
};
