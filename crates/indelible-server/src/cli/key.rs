//! `indelible key`: makes, lists and revokes the API keys of a data directory or a server, and changes the key that signs
//! the log.
//!
//! A server notices within a second what is changed in its data directory, and tells the log of it within a minute.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indelible_proof::{Actor, Event, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    error::Failure,
    local::Local,
    place::PlaceOptions,
    question::Rotated,
    remote::Remote,
    table::{self, Cell, Column},
    terminal::{Screen, short_time, style},
};
use crate::{
    clock,
    keys::{Ability, ApiKey, Keys, NewKey, Reach},
};

/// Makes, lists and revokes API keys; rotates the log's signing key
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  indelible key create billing --ability events:write
  indelible key create prometheus --tenant '*' --ability metrics:read
  indelible key create auditor --tenant acme --ability events:read --expires 2027-01-01T00:00:00Z
  indelible key revoke key_5h1v9g0m2k3n4p6q
  indelible key rotate

An API key lets a program talk to the server; who makes and who revokes one is in the log, within a minute where a server has \
it open. The signing key is the log's own: it signs the checkpoints.")]
pub(crate) enum Key {
    /// Makes an API key and shows its secret, this once
    Create(Create),
    /// Lists API keys, the revoked ones too
    List {
        #[command(flatten)]
        place: PlaceOptions,
    },
    /// Revokes an API key, for good
    Revoke {
        /// Id of the key, as `indelible key list` shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        place: PlaceOptions,
    },
    /// Rotates the log's signing key: makes a new one, which the old one signs
    ///
    /// Whoever has the old public key follows the log to the new one with what `indelible checkpoint --rotations` prints.
    /// The old secret key is gone afterwards. Witnesses have to be told of the new public key.
    Rotate {
        #[command(flatten)]
        place: PlaceOptions,
    },
}

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What the key is for
    #[arg(value_name = "NAME")]
    name: String,
    /// Whose events it reaches; * for every tenant's
    #[arg(long, value_name = "TENANT", default_value = "default")]
    tenant: String,
    /// What it allows: events:write, events:read, metrics:read, tokens:read, tokens:write, tokens:verify, tokens:reveal or
    /// admin; may be given several times
    #[arg(long = "ability", value_name = "ABILITY", required = true, value_delimiter = ',')]
    abilities: Vec<Ability>,
    /// From when on it is refused
    #[arg(long, value_name = "TIME")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    place: PlaceOptions,
}

/// A key and its secret, as the server answers.
#[derive(Debug, Serialize, Deserialize)]
struct Created {
    key: ApiKey,
    secret: String,
}

#[derive(Debug, Deserialize)]
struct Listed {
    keys: Vec<ApiKey>,
}

#[derive(Debug, Deserialize)]
struct Revoked {
    key: ApiKey,
}

/// Where keys are kept.
enum Home {
    Directory { keys: Keys, data: PathBuf },
    Server(Remote),
}

impl Key {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<(), Failure> {
        match self {
            Self::Create(create) => show_created(&create.run()?, screen),
            Self::List { place } => show_list(&Home::of(place)?.list()?, screen),
            Self::Rotate { place } => show_rotated(&place.open()?.rotate_key()?, screen),
            Self::Revoke { id, place } => {
                let key = Home::of(place)?.revoke(id)?;
                if screen.wants_json() { screen.json(&key) } else { screen.line(&format!("{} is revoked", key.id)) }
            }
        }
    }
}

impl Create {
    fn run(&self) -> Result<Created, Failure> {
        Home::of(&self.place)?.create(NewKey {
            name: self.name.clone(),
            tenant: Reach::from(self.tenant.clone()),
            abilities: self.abilities.clone(),
            expires_at: self.expires,
        })
    }
}

impl Home {
    fn of(place: &PlaceOptions) -> Result<Self, Failure> {
        match (place.remote(), place.data()) {
            (Some(server), _) => Ok(Self::Server(server?)),
            (None, Some(data)) if data.join("log.toml").exists() => {
                let keys = Keys::open(data).map_err(Failure::because)?;
                Ok(Self::Directory { keys, data: data.to_owned() })
            }
            (None, data) => Err(Failure::Failed(format!(
                "there is no log in {}; name its directory with --data, or its server with --url",
                data.unwrap_or(Path::new(".")).display()
            ))),
        }
    }

    fn create(&self, new: NewKey) -> Result<Created, Failure> {
        match self {
            Self::Directory { keys, data } => {
                let (key, secret) = keys.create(new, clock::now(), Some(&sign)).map_err(Failure::because)?;
                tell(keys, data);
                Ok(Created { key, secret: secret.expose().to_owned() })
            }
            Self::Server(server) => Ok(server.post("/v1/keys", &new)?),
        }
    }

    fn list(&self) -> Result<Vec<ApiKey>, Failure> {
        match self {
            Self::Directory { keys, .. } => keys.list().map_err(Failure::because),
            Self::Server(server) => Ok(server.fetch::<Listed>("/v1/keys")?.keys),
        }
    }

    fn revoke(&self, id: &str) -> Result<ApiKey, Failure> {
        match self {
            Self::Directory { keys, data } => {
                let revoked = keys.revoke(id, &Reach::All, clock::now(), &sign).map_err(Failure::because)?;
                tell(keys, data);
                revoked.ok_or_else(|| Failure::Failed(format!("there is no API key {id} here")))
            }
            Self::Server(server) => Ok(server.delete::<Revoked>(&format!("/v1/keys/{id}"))?.key),
        }
    }
}

fn sign(event: Event) -> Event {
    event.actor(Actor::new("system", "indelible"))
}

/// Tells the log. Where that is open elsewhere, or takes nothing now, the file keeps it for the server, which looks.
fn tell(keys: &Keys, data: &Path) {
    if let Ok(log) = Local::open(data) {
        drop(keys.tell(log.recorder()));
    }
}

fn show_rotated(rotated: &Rotated, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(rotated);
    }
    let Rotated { old, new, size } = rotated;
    let lines = [
        format!("The old key has signed the log up to its first {size} events, the new one signs from there on."),
        format!("  old  {old}"),
        format!("  new  {new}"),
        "Tell those who verify the log, and its witnesses, of the new key; and keep the rotation elsewhere:".to_owned(),
        "  indelible checkpoint --rotations > log.rotations".to_owned(),
    ];
    lines.iter().try_for_each(|line| screen.line(line))
}

fn show_created(created: &Created, screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return screen.json(created);
    }
    show_list(std::slice::from_ref(&created.key), screen)?;
    screen.line("")?;
    screen.line(&format!("The secret, shown this once: {}", created.secret))
}

fn show_list(keys: &[ApiKey], screen: &mut Screen) -> Result<(), Failure> {
    if screen.wants_json() {
        return keys.iter().try_for_each(|key| screen.json(key));
    }
    let columns = vec![
        Column::whole("id"),
        Column::text("name", 8),
        Column::text("tenant", 6),
        Column::whole("abilities"),
        Column::whole("begins with"),
        Column::whole("last used"),
        Column::whole("state"),
    ];
    let rows: Vec<Vec<Cell>> = keys.iter().map(row).collect();
    table::print(columns, &rows, screen)
}

fn row(key: &ApiKey) -> Vec<Cell> {
    let abilities: Vec<&str> = key.abilities.iter().map(|ability| ability.as_str()).collect();
    let (state, colour) = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => (format!("revoked {}", short_time(at)), style::FAINT),
        (None, Some(at)) => (format!("until {}", short_time(at)), style::PLAIN),
        (None, None) => ("counts".to_owned(), style::GOOD),
    };
    vec![
        Cell::new(&key.id, style::NAME),
        Cell::plain(&key.name),
        Cell::plain(&String::from(key.tenant.clone())),
        Cell::plain(&abilities.join(" ")),
        Cell::plain(&key.prefix),
        Cell::plain(&key.last_used_at.map_or_else(|| "never".to_owned(), short_time)),
        Cell::new(&state, colour),
    ]
}
