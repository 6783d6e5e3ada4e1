//! `log.toml`: who the log is, written once.

use indelible_proof::{EventId, Timestamp, note::is_name};

use crate::limits::LOG_NAME_BYTES_MAX;

/// The version of the files of a data directory that this code writes. It reads all before.
pub const FORMAT: u32 = 3;

/// Who a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its number, 26 random bits that are part of its events' ids.
    pub number: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Identity {
    /// A new log's, with a random number. The name is a sound one.
    pub(super) fn new(name: &str, now: Timestamp) -> Result<Self, String> {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
        let number = u32::from_le_bytes(bytes) & EventId::LOG_NUMBER_MAX;
        Ok(Self { name: name.to_owned(), number, created_at: now })
    }

    pub(super) fn to_toml(&self) -> String {
        let Self { name, number, created_at } = self;
        format!(
            "# Who this log is. Written once, when it was made; part of every event's id.\n\
             name = \"{name}\"\nnumber = {number}\nformat = {FORMAT}\ncreated_at = \"{created_at}\"\n"
        )
    }

    /// Reads exactly what [`Identity::to_toml`] writes, in any order.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let mut values = text.lines().filter_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name).then_some(value.trim())
            });
            values.next().ok_or_else(|| format!("`{name}` is missing"))
        };
        let quoted = |name: &str| {
            let text = field(name)?.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            text.ok_or_else(|| format!("`{name}` must stand in double quotes"))
        };
        let number = |name: &str| field(name)?.parse::<u32>().map_err(|_| format!("`{name}` must be a number"));
        match number("format")? {
            1..=FORMAT => {}
            other => {
                return Err(format!("format {other}, but this program reads 1 to {FORMAT}: use the one that wrote it"));
            }
        }
        let name = quoted("name")?;
        check_name(name)?;
        let number = Some(number("number")?).filter(|&number| number <= EventId::LOG_NUMBER_MAX);
        Ok(Self {
            name: name.to_owned(),
            number: number.ok_or("`number` has more than 26 bits")?,
            created_at: quoted("created_at")?.parse().map_err(|error| format!("`created_at`: {error}"))?,
        })
    }
}

/// What `log.toml` can hold and a key can be named.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    if is_name(name) && name.len() <= LOG_NAME_BYTES_MAX && !name.contains(['"', '\\']) {
        return Ok(());
    }
    Err(format!(
        "a log's name has 1 to {LOG_NAME_BYTES_MAX} bytes and no spaces, control characters, quotes, backslashes or '+': it \
         is the name of the key that signs checkpoints"
    ))
}
