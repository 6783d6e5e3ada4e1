//! `indelible resource`: what happened to resources, what they were, and who allowed it.

mod report;

use clap::{Args, Subcommand, value_parser};
use indelible_engine::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{error::Failure, place::TenantOptions, terminal::Screen};
use crate::api::{ResourceQuestion, about_resources};

/// Tells what happened to resources, what they were at a moment, and who allowed it
#[derive(Debug, Subcommand)]
pub(crate) enum Resource {
    /// Prints the audit trail of a resource, the newest entry first, with what changed
    #[command(after_help = "\
Examples:
  indelible resource log network:net_7
  indelible resource log network:net_7 --action updated --since 30d
  indelible resource log network:net_7 --patch")]
    Log(Log),
    /// Shows what a resource was at a moment, rebuilt from its changes, and which fields are not known
    #[command(after_help = "\
Examples:
  indelible resource show network:net_7
  indelible resource show network:net_7 --at 2026-11-20T12:00:00Z --json")]
    Show(Show),
    /// Prints what happened to any resource, the newest first: without a type or an action, all that is resource.*
    #[command(after_help = "\
Examples:
  indelible resource feed
  indelible resource feed --type network --actor user:42
  indelible resource feed --action 'invoice.*' --since 1d")]
    Feed(Listing),
    /// Prints who approved, denied or cancelled what, and how long it had waited, the newest first
    #[command(after_help = "\
Examples:
  indelible resource approvals --since 30d
  indelible resource approvals --actor alice@example.com --action denied")]
    Approvals(Listing),
    /// Prints requests that nothing was decided on, the newest first
    Requests(Listing),
}

/// Which resource, and which of its entries. What is serialized is named as `GET /v1/resources` has it.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Log {
    /// The resource, as type:id
    #[arg(value_name = "TYPE:ID")]
    resource: String,
    /// Print the changes as JSON Patch (RFC 6902), one event a line
    #[arg(long)]
    #[serde(skip)]
    patch: bool,
    #[command(flatten)]
    #[serde(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    #[serde(skip)]
    place: TenantOptions,
}

/// Which resource, and when.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Show {
    /// The resource, as type:id
    #[arg(value_name = "TYPE:ID")]
    resource: String,
    /// The moment: RFC 3339, a day, or a while ago such as 7d; now when left out
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    place: TenantOptions,
}

/// Which resources.
#[derive(Debug, Args, Serialize)]
pub(crate) struct Listing {
    /// Only resources of this type
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(rename = "type")]
    kind: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    #[serde(skip)]
    place: TenantOptions,
}

/// What meets these conditions.
#[derive(Debug, Args, Serialize)]
struct Conditions {
    /// Only this action, e.g. approved or invoice.sent; * stands for any characters
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what this one did: user:42, or an id or e-mail address alone
    #[arg(long, value_name = "TYPE:ID")]
    actor: Option<String>,
    /// From then on: a moment, a day, or a while ago such as 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = PAGE_ROWS_DEFAULT,
        value_parser = value_parser!(u32).range(1..=i64::from(PAGE_ROWS_MAX)))]
    limit: u32,
}

impl Resource {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Log(asked) if asked.patch => patches(&ask(ResourceQuestion::Changes, asked, &asked.place)?, screen),
            Self::Log(asked) => shown(&ask(ResourceQuestion::Log, asked, &asked.place)?, screen, report::log),
            Self::Show(asked) => {
                let answer = ask(ResourceQuestion::State, asked, &asked.place)?;
                shown(&answer, screen, |state, screen| report::state(&asked.resource, state, screen))
            }
            Self::Feed(asked) => shown(&ask(ResourceQuestion::Feed, asked, &asked.place)?, screen, report::feed),
            Self::Approvals(asked) => {
                shown(&ask(ResourceQuestion::Approvals, asked, &asked.place)?, screen, report::decisions)
            }
            Self::Requests(asked) => {
                shown(&ask(ResourceQuestion::Requests, asked, &asked.place)?, screen, report::requests)
            }
        }
    }
}

fn ask(question: ResourceQuestion, asked: &impl Serialize, place: &TenantOptions) -> Result<Value, Failure> {
    place.ask(question.path(), asked, |store, tenant, asked| about_resources(question, store, tenant, asked))
}

/// Prints an answer: as JSON, or for people.
fn shown<T: DeserializeOwned>(
    answer: &Value,
    screen: &mut Screen,
    report: impl Fn(&T, &mut Screen) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(answer);
    }
    report(&T::deserialize(answer).map_err(Failure::because)?, screen)
}

fn patches(answer: &Value, screen: &mut Screen) -> Result<(), Failure> {
    let changes = answer["changes"].as_array().map_or(&[][..], Vec::as_slice);
    changes.iter().try_for_each(|change| screen.json(&json!({"seq": change["seq"], "patch": change["patch"]})))
}
