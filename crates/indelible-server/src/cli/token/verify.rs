//! `indelible token verify`.

use std::net::IpAddr;

use clap::Args;
use indelible::{Context, tokens::Entity};

use super::{Where, home::Home, show};
use crate::{
    cli::{error::Failure, prompt, terminal::Screen},
    tokens::{Needs, Verification, named},
};

/// Says whether a token is good, and has the log told of it
///
/// The token is read from the standard input, or asked for on a terminal without being shown. It is no argument: those are
/// seen by every user of the machine, and kept in the history of the shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token verify < token.txt
  pass show ci/key | indelible token verify --ability orders:read --type sk --ip 203.0.113.9

Ends with 0 when the token is good, with 1 when it is not.")]
pub(crate) struct Verify {
    /// An ability that it must have; may be given several times
    #[arg(long = "ability", value_name = "ABILITY", value_delimiter = ',')]
    all: Vec<String>,
    /// Abilities of which it must have one; may be given several times
    #[arg(long = "any", value_name = "ABILITY", value_delimiter = ',')]
    any: Vec<String>,
    /// A type that will do; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// An environment that will do; may be given several times
    #[arg(long = "environment", value_name = "NAME", value_delimiter = ',')]
    environments: Vec<String>,
    /// What it is to be used for, as type:id
    #[arg(long, value_name = "TYPE:ID", value_parser = named)]
    boundary: Option<Entity>,
    /// Address that it is presented from
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// The header Origin that it is presented with
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The header Referer that it is presented with
    #[arg(long, value_name = "URL")]
    referer: Option<String>,
    #[command(flatten)]
    place: Where,
}

impl Verify {
    pub(super) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let home = Home::open(&self.place)?;
        let verdict = home.verify(self.asked(prompt::token()?))?;
        show::verdict(&verdict, screen)?;
        if verdict.valid { Ok(()) } else { Err(Failure::Said) }
    }

    fn asked(&self, token: String) -> Verification {
        let needs = Needs {
            all: Some(self.all.clone()),
            any: Some(self.any.clone()),
            types: Some(self.types.clone()),
            environments: Some(self.environments.clone()),
        };
        Verification {
            token,
            needs: Some(needs),
            boundary: self.boundary.clone(),
            origin: self.origin.clone(),
            referer: self.referer.clone(),
            context: Some(Context { ip: self.ip, ..Context::default() }),
            http: None,
            metadata: None,
            request_id: None,
            trace_id: None,
            span_id: None,
        }
    }
}
