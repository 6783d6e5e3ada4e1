//! `indelible token`: issues, shows, verifies, rotates, derives and revokes tokens of a data directory or a server, and
//! tells how they are used.
//!
//! A server has its data directory to itself: while it runs, it is asked.

mod bearer;
mod home;
mod import;
mod list;
mod show;
mod usage;
mod verify;

use std::num::NonZeroU32;

use clap::{Args, Subcommand, ValueEnum, builder::TypedValueParser, value_parser};
use indelible::{
    Object,
    tokens::{Abilities, AllowedDomains, AllowedIps, Entity, RevocationMode},
};
use serde_json::Value;

use super::{error::Failure, place::PlaceOptions, terminal::Screen};
use crate::tokens::{Derivation, Later, NewGroup, NewToken, Pruning, Revocation, Rotation, RotationWord, Span, named};
use home::Home;

/// Issues, shows, verifies, rotates, derives and revokes tokens
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  indelible token issue sk 'ci key' --owner user:42 --ability 'orders:*' --expires 90d
  indelible token list --owner user:42 --state active
  indelible token verify --ability orders:read < token.txt
  indelible token rotate tok_8hT4kQ2mZ9wXc5vB7nY3dF --grace 1h
  indelible token revoke tok_8hT4kQ2mZ9wXc5vB7nY3dF --reason 'left the company'
  indelible token usage tok_8hT4kQ2mZ9wXc5vB7nY3dF --since 30d

Tokens are what the users of your application present; they log themselves. The keys to this server are another thing: \
see `indelible key`.")]
pub(crate) enum Token {
    Issue(Box<Issue>),
    List(list::List),
    /// Shows one token with all that is known of it
    Show {
        #[command(flatten)]
        which: Which,
    },
    Verify(Box<verify::Verify>),
    Rotate(Rotate),
    Revoke(Revoke),
    Derive(Derive),
    /// Shows the text of a token again, when its type is revealable
    Reveal {
        #[command(flatten)]
        which: Which,
    },
    Import(import::Import),
    Prune(Prune),
    Usage(Box<usage::Usage>),
}

/// The options that say where tokens are, and whose.
#[derive(Debug, Args)]
pub(crate) struct Where {
    #[command(flatten)]
    place: PlaceOptions,
    /// Whose tokens. Default: those of the API key's tenant, or of the tenant default
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

/// One token.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Id of the token, as `indelible token list` shows it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    place: Where,
}

/// Issues a token and shows its text, this once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token issue sk 'ci key' --owner user:42 --environment live --ability 'orders:*' --ip 203.0.113.0/24
  indelible token issue pk 'shop front' --owner team:7 --domain '*.example.com' --rate-limit 600 --expires never
  indelible token issue sk 'shop' --owner team:7 --group pk,rk

What is not said the token has from its type; what is said holds for each token of a group.")]
pub(crate) struct Issue {
    /// Its type: sk, pk, rk, or one of the configuration
    #[arg(value_name = "TYPE")]
    kind: String,
    /// What it is for
    #[arg(value_name = "NAME")]
    name: String,
    /// Whose it is, as type:id
    #[arg(long, value_name = "TYPE:ID", value_parser = named)]
    owner: Entity,
    /// Issue one of each of these types too, together as a group; may be given several times
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    group: Vec<String>,
    /// Environment. Default: that of the configuration
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// What it is made for, as type:id
    #[arg(long, value_name = "TYPE:ID", value_parser = named)]
    context: Option<Entity>,
    /// What it is confined to, as type:id
    #[arg(long, value_name = "TYPE:ID", value_parser = named)]
    boundary: Option<Entity>,
    /// What it may do; may be given several times
    #[arg(long = "ability", value_name = "ABILITY", value_delimiter = ',')]
    abilities: Vec<String>,
    /// Address or network that it may be used from; may be given several times
    #[arg(long = "ip", value_name = "NETWORK", value_delimiter = ',')]
    ips: Vec<String>,
    /// Domain that it may be used from, such as *.example.com; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN", value_delimiter = ',')]
    domains: Vec<String>,
    /// Uses in a minute
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..).try_map(NonZeroU32::try_from))]
    rate_limit: Option<NonZeroU32>,
    /// When it expires: after a time such as 90d, at a moment, or never
    #[arg(long, value_name = "TIME")]
    expires: Option<Later>,
    /// Free data, as key=value; may be given several times
    #[arg(long = "meta", value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, Value)>,
    #[command(flatten)]
    place: Where,
}

/// Gives a token a new text, which is shown this once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token rotate tok_8hT4kQ2mZ9wXc5vB7nY3dF
  indelible token rotate tok_8hT4kQ2mZ9wXc5vB7nY3dF --grace 1h")]
pub(crate) struct Rotate {
    /// Let the old one be valid for this long; otherwise it is revoked at once
    #[arg(long, value_name = "TIME", conflicts_with = "dual")]
    grace: Option<Span>,
    /// Let the old one be valid until somebody revokes it
    #[arg(long)]
    dual: bool,
    /// When the new one expires: after a time such as 90d, or at a moment. Default: when the old one would have
    #[arg(long, value_name = "TIME")]
    expires: Option<Later>,
    #[command(flatten)]
    which: Which,
}

/// Takes a token back, and others with it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token revoke tok_8hT4kQ2mZ9wXc5vB7nY3dF --reason 'left the company'
  indelible token revoke tok_8hT4kQ2mZ9wXc5vB7nY3dF --with descendants
  indelible token revoke tok_8hT4kQ2mZ9wXc5vB7nY3dF --at 2027-01-01T00:00:00Z")]
pub(crate) struct Revoke {
    /// What is taken back with it
    #[arg(long, value_enum, value_name = "WHAT")]
    with: Option<With>,
    /// When: after a time such as 1h, or at a moment. Default: now
    #[arg(long, value_name = "TIME")]
    at: Option<Later>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// What is taken back with a token.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum With {
    /// All of its group
    Group,
    /// Those of its group that are for servers only
    Servers,
    /// All that were derived from it
    Descendants,
}

/// Derives a token from another, with no more than that has, and shows its text, this once
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indelible token derive tok_8hT4kQ2mZ9wXc5vB7nY3dF --name 'build 118' --ability orders:read --expires 1h

What is not said the token has from its parent.")]
pub(crate) struct Derive {
    /// What it is for
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it may do; may be given several times
    #[arg(long = "ability", value_name = "ABILITY", value_delimiter = ',')]
    abilities: Vec<String>,
    /// When it expires: after a time such as 1h, or at a moment
    #[arg(long, value_name = "TIME")]
    expires: Option<Later>,
    /// Free data, as key=value; may be given several times
    #[arg(long = "meta", value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, Value)>,
    #[command(flatten)]
    which: Which,
}

/// Deletes tokens that expired or were revoked long ago; the log keeps all it has of them
#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// How long ago they ended, such as 30d. Default: prune_after of the configuration
    #[arg(long, value_name = "TIME")]
    ended_for: Option<Span>,
    #[command(flatten)]
    place: Where,
}

impl Token {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Issue(issue) => issue.run(screen),
            Self::List(list) => list.run(screen),
            Self::Show { which } => show::one(&which.home()?.get(&which.id)?, screen),
            Self::Verify(verify) => verify.run(screen),
            Self::Rotate(rotate) => {
                show::issued(&rotate.which.home()?.rotate(&rotate.which.id, &rotate.asked())?, screen)
            }
            Self::Revoke(revoke) => {
                show::list(&revoke.which.home()?.revoke(&revoke.which.id, &revoke.asked())?.tokens, screen)
            }
            Self::Derive(derive) => {
                show::issued(&derive.which.home()?.derive(&derive.which.id, &derive.asked()?)?, screen)
            }
            Self::Reveal { which } => show::revealed(&which.home()?.reveal(&which.id)?, screen),
            Self::Import(import) => import.run(screen),
            Self::Usage(usage) => usage.run(screen),
            Self::Prune(prune) => {
                let pruned = Home::open(&prune.place)?.prune(&Pruning { ended_for: prune.ended_for, actor: None })?;
                if screen.wants_json() {
                    screen.json(&pruned)
                } else {
                    screen.line(&format!("{} deleted", pruned.deleted))
                }
            }
        }
    }
}

impl Which {
    fn home(&self) -> Result<Home, Failure> {
        Home::open(&self.place)
    }
}

impl Issue {
    fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        let (first, home) = (self.asked()?, Home::open(&self.place)?);
        if self.group.is_empty() {
            return show::issued(&home.issue(&first)?, screen);
        }
        let others = self.group.iter().map(|kind| NewToken { r#type: kind.clone(), ..first.clone() });
        let tokens = std::iter::once(first.clone()).chain(others).collect();
        show::group(&home.issue_group(&NewGroup { tokens, actor: None })?, screen)
    }

    fn asked(&self) -> Result<NewToken, Failure> {
        Ok(NewToken {
            environment: self.environment.clone(),
            context: self.context.clone(),
            boundary: self.boundary.clone(),
            abilities: abilities(&self.abilities)?,
            metadata: Some(Object::from_iter(self.metadata.clone())),
            allowed_ips: Some(AllowedIps::new(&self.ips).map_err(wrong)?),
            allowed_domains: Some(AllowedDomains::new(&self.domains).map_err(wrong)?),
            rate_limit: self.rate_limit,
            expires: self.expires,
            ..NewToken::new(&self.kind, &self.name, self.owner.clone())
        })
    }
}

impl Rotate {
    fn asked(&self) -> Rotation {
        let mode = match (self.grace, self.dual) {
            (Some(_), _) => RotationWord::Grace,
            (None, true) => RotationWord::Dual,
            (None, false) => RotationWord::Immediate,
        };
        Rotation { mode: Some(mode), grace: self.grace, expires: self.expires, actor: None }
    }
}

impl Revoke {
    fn asked(&self) -> Revocation {
        let mode = self.with.map(|with| match with {
            With::Group => RevocationMode::Cascade,
            With::Servers => RevocationMode::Partial,
            With::Descendants => RevocationMode::Descendants,
        });
        Revocation { mode, at: self.at, reason: self.reason.clone(), actor: None }
    }
}

impl Derive {
    fn asked(&self) -> Result<Derivation, Failure> {
        Ok(Derivation {
            name: self.name.clone(),
            abilities: abilities(&self.abilities)?,
            metadata: Some(Object::from_iter(self.metadata.clone())),
            expires: self.expires,
            actor: None,
        })
    }
}

/// Abilities that were typed; `None` when there are none, for it is another place that says them then.
fn abilities(typed: &[String]) -> Result<Option<Abilities>, Failure> {
    if typed.is_empty() { Ok(None) } else { Abilities::new(typed).map(Some).map_err(wrong) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn wrong(error: impl ToString) -> Failure {
    Failure::Usage(error.to_string())
}

/// Free data as it is typed: a value that is JSON is that, any other is a text.
fn pair(text: &str) -> Result<(String, Value), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parts.ok_or_else(|| "write key=value".to_owned())?;
    Ok((key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}
