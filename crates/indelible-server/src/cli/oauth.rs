//! `indelible oauth`: what an audit of OAuth asks of the log, of a data directory or a server.

mod report;

use clap::{Args, value_parser};
use indelible::Store;
use indelible_engine::limits::PAGE_ROWS_MAX;
use serde::Serialize;

use super::{error::Failure, place::TenantOptions, terminal::Screen};
use crate::api::{OauthQuestion, about_oauth};

/// Answers what an audit of OAuth asks: who accessed what, what became of a token, what is alive, what failed
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible oauth access --actor user:42 --since 30d
  indelible oauth unused-scopes --client web
  indelible oauth chain hmac:9f2c4e81b7d05a369f2c4e81b7d05a36
  indelible oauth alive --actor user:42 --at 2026-11-20T12:00:00Z
  indelible oauth first-uses --of country --since 7d --json

Tokens are named by their fingerprints.")]
pub(crate) struct Oauth {
    /// What to ask
    #[arg(value_enum, value_name = "QUESTION")]
    question: OauthQuestion,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    place: TenantOptions,
}

/// Whom and what it is about, when, and how much of it: named as `GET /v1/oauth` has it.
#[derive(Debug, Args, Serialize)]
struct Conditions {
    /// Of chain, any token of it; of unused-scopes, this token's
    #[arg(value_name = "FINGERPRINT")]
    token: Option<String>,
    /// Of chain, instead of a token: the family
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    family: Option<String>,
    /// About this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// About this actor, as type:id
    #[arg(long, value_name = "TYPE:ID")]
    actor: Option<String>,
    /// Of access: of this route
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    /// Of access: with this scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Of unused-scopes: of each client, or of each of the newest access tokens
    #[arg(long, value_name = "WHAT", value_parser = ["client", "token"])]
    by: Option<String>,
    /// Of first-uses: of what; of all three when left out
    #[arg(long, value_name = "WHAT", value_parser = ["client", "scope", "country"])]
    of: Option<String>,
    /// Of alive and chain: the moment; now when left out
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// From then on: a moment, a day, or a while ago such as 7d. Default: all there is; of access and first-uses, 1d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many rows; of chain, events. Default: 50; of reuse, 10; of chain, 1000
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=i64::from(PAGE_ROWS_MAX)))]
    limit: Option<u32>,
}

impl Oauth {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let about = |store: &dyn Store, tenant: Option<&str>, asked| about_oauth(self.question, store, tenant, asked);
        let answer = self.place.ask(self.question.path(), &self.conditions, about)?;
        if screen.wants_json() {
            return screen.json(&answer);
        }
        report::answer(self.question, &answer, screen)?;
        // Who has a token at hand gives that itself, and would take it for unknown.
        match &self.conditions.token {
            Some(token) if report::is_empty(&answer) && !token.starts_with("hmac:") => {
                screen.line("tokens are named by their fingerprints, which `indelible fingerprint` tells")
            }
            _ => Ok(()),
        }
    }
}
