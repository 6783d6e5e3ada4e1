//! `indelible token list`.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Where, home::Home, show};
use crate::{
    cli::{error::Failure, question::conditions, terminal::Screen},
    clock,
    limits::TOKEN_PAGE_MAX,
    tokens::{Span, TokenView},
};

/// Lists tokens, newest first; the revoked and expired ones too
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token list --owner user:42 --state active
  indelible token list --ability orders:read --environment live
  indelible token list --unused-for 90d --last-used --all")]
pub(crate) struct List {
    #[command(flatten)]
    conditions: Conditions,
    /// Not used for this long, or never, and issued before
    #[arg(long, value_name = "TIME")]
    unused_for: Option<Span>,
    /// Those used last come first
    #[arg(long)]
    last_used: bool,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "all")]
    limit: usize,
    /// Everything, not one page
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Where,
}

/// All of them must hold.
#[derive(Debug, Args, Serialize)]
struct Conditions {
    /// Of this type
    #[arg(long = "type", value_name = "TYPE")]
    r#type: Option<String>,
    /// Of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// active, expired or revoked
    #[arg(long, value_name = "STATE", value_parser = ["active", "expired", "revoked"])]
    state: Option<String>,
    /// Of this owner, as type:id
    #[arg(long, value_name = "TYPE:ID")]
    owner: Option<String>,
    /// Made for this, as type:id
    #[arg(long, value_name = "TYPE:ID")]
    context: Option<String>,
    /// Confined to this, as type:id
    #[arg(long, value_name = "TYPE:ID")]
    boundary: Option<String>,
    /// Whose text begins with this and _
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// That have this ability, by itself or by a wildcard
    #[arg(long, value_name = "ABILITY")]
    ability: Option<String>,
    /// Of this group
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Of no group
    #[arg(long, conflicts_with = "group")]
    ungrouped: bool,
    /// Derived from this token, directly
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
}

impl List {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let home = Home::open(&self.place)?;
        let mut asked = self.asked()?;
        let (mut tokens, mut wanted) = (Vec::<TokenView>::new(), if self.all { usize::MAX } else { self.limit.max(1) });
        loop {
            asked.insert("limit".to_owned(), wanted.min(TOKEN_PAGE_MAX as usize).into());
            let page = home.list(&asked)?;
            wanted = wanted.saturating_sub(page.tokens.len());
            tokens.extend(page.tokens);
            match page.next {
                Some(next) if wanted > 0 => drop(asked.insert("cursor".to_owned(), next.into())),
                _ => return show::list(&tokens, screen),
            }
        }
    }

    /// What `GET /v1/tokens` is asked.
    fn asked(&self) -> Result<Map<String, Value>, Failure> {
        let mut asked = conditions(&self.conditions)?;
        if let Some(time) = self.unused_for {
            asked.insert("unused_since".to_owned(), time.before(clock::now()).to_string().into());
        }
        if self.last_used {
            asked.insert("order".to_owned(), "last_used".into());
        }
        Ok(asked)
    }
}
