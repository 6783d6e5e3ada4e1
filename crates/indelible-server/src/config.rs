//! Options of the server: each is declared once, below, and is a flag, an environment variable, a key of
//! `indelible.toml` and a line of `--print-config`. A flag wins over the environment, that over the file, that over
//! the default. The witnesses of the log, what follows it, who sends it events, the types of tokens and the databases of
//! places stand in the file alone.

mod followers;
mod geo;
mod receivers;
mod tokens;
mod witnesses;

use std::{
    fmt::Write,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{limits, retention::Keep};
pub(crate) use followers::Followers;
pub(crate) use geo::GeoConfig;
pub(crate) use receivers::{IssuerConfig, ReceiversConfig, WebhookConfig};
pub(crate) use tokens::TokensConfig;
pub(crate) use witnesses::{WitnessAt, Witnesses, WitnessesError};

/// The file that is read when `--config` does not name one.
pub(crate) const FILE: &str = "indelible.toml";

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Which logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Failures alone.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And what the server does.
    Info,
    /// And each request.
    Debug,
}

macro_rules! options {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr, $env:literal;)*) => {
        /// The options as given, by flags and environment or by a file.
        #[derive(Debug, Clone, Default, clap::Args, Deserialize)]
        #[serde(default)]
        pub(crate) struct Options {
            $($(#[doc = $doc])+ #[arg(long, env = $env)] $name: Option<$type>,)*
        }

        /// The options as they hold.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct Config {
            $($(#[doc = $doc])+ pub(crate) $name: $type,)*
            /// Who cosigns the checkpoints of the log.
            pub(crate) witnesses: Witnesses,
            /// Where all that is recorded goes too.
            pub(crate) followers: Followers,
            /// What tokens there are.
            pub(crate) tokens: TokensConfig,
            /// Where addresses are looked up.
            pub(crate) geo: GeoConfig,
            /// Who may send events without an API key.
            pub(crate) receivers: ReceiversConfig,
        }

        impl Config {
            const NAMES: &[&str] = &[$(stringify!($name),)*];

            fn merged(given: Options, file: File) -> Self {
                Self {
                    $($name: given.$name.or(file.options.$name).unwrap_or_else(|| $default),)*
                    witnesses: file.witnesses,
                    followers: file.followers,
                    tokens: file.tokens,
                    geo: file.geo,
                    receivers: file.receivers,
                }
            }

            /// The configuration as an `indelible.toml` that explains itself.
            pub(crate) fn to_toml(&self) -> String {
                let mut out = String::new();
                $(
                    $(let _ = writeln!(out, "#{}", $doc);)+
                    let _ = writeln!(out, "{}\n", line(stringify!($name), &self.$name));
                )*
                out + &self.witnesses.to_toml()
                    + &self.followers.to_toml()
                    + &self.receivers.to_toml()
                    + &self.tokens.to_toml()
                    + &self.geo.to_toml()
            }
        }
    };
}

options! {
    /// Directory of the log. Default: data.
    data: PathBuf = PathBuf::from("data"), "INDELIBLE_DATA";
    /// Name of the log when it is made, which its checkpoints bear and its witnesses know it by: like a URL without its scheme,
    /// e.g. audit.example.com. A log that exists keeps its name. Default: indelible.
    log_name: String = limits::LOG_NAME.to_owned(), "INDELIBLE_LOG_NAME";
    /// Address and port to listen on; port 0 takes a free one. Default: 127.0.0.1:4610.
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 4610)), "INDELIBLE_LISTEN";
    /// Logs for people or as JSON. Default: human.
    log_format: LogFormat = LogFormat::Human, "INDELIBLE_LOG_FORMAT";
    /// Least important level that is logged. Default: info.
    log_level: LogLevel = LogLevel::Info, "INDELIBLE_LOG_LEVEL";
    /// Largest body of a request, before and after decompression, in bytes. Default: 16 MiB.
    body_bytes_max: usize = limits::BODY_BYTES_MAX, "INDELIBLE_BODY_BYTES_MAX";
    /// Time for a request's body to arrive, for its answer to begin, and for a stalled reader of the answer to go on, each, in
    /// seconds. Default: 30.
    request_timeout_s: u64 = 30, "INDELIBLE_REQUEST_TIMEOUT_S";
    /// Time that requests under way are given at shutdown, in seconds. Default: 20.
    shutdown_timeout_s: u64 = 20, "INDELIBLE_SHUTDOWN_TIMEOUT_S";
    /// Connections at once; those beyond wait. Each takes an open file: the limit of the process is raised as far as the
    /// system lets it, and where that is not enough there are fewer. Default: 1024.
    connections_max: usize = limits::CONNECTIONS_MAX, "INDELIBLE_CONNECTIONS_MAX";
    /// Live tails at once. Default: 256.
    tails_max: usize = limits::TAILS_MAX, "INDELIBLE_TAILS_MAX";
    /// Exports at once. Each takes a thread while it lasts. Default: 4.
    exports_max: usize = limits::EXPORTS_MAX, "INDELIBLE_EXPORTS_MAX";
    /// Whether checkpoint, tiles and proofs of consistency are shown to everyone: they are hashes and signatures, which tell
    /// how many events there are and, to whoever knows all of an event, that it is there. Default: false.
    public_tree: bool = false, "INDELIBLE_PUBLIC_TREE";
    /// Days for which events are kept, or forever: what was recorded on earlier days is removed for good, at the start and once
    /// a day. Default: forever.
    retention_days: Keep = Keep::default(), "INDELIBLE_RETENTION_DAYS";
    /// Reads that run at once, so that readers never starve writers. Default: one per core.
    readers_max: usize = std::thread::available_parallelism().map_or(1, usize::from), "INDELIBLE_READERS_MAX";
}

/// What a file says.
#[derive(Debug, Default)]
struct File {
    options: Options,
    witnesses: Witnesses,
    followers: Followers,
    tokens: TokensConfig,
    geo: GeoConfig,
    receivers: ReceiversConfig,
}

/// The keys of [`Witnesses`], [`Followers`], [`TokensConfig`], [`GeoConfig`] and [`ReceiversConfig`].
const FILE_NAMES: [&str; 7] = ["witness", "quorum", "drivers", "tokens", "geo", "webhooks", "security_events"];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("{path}: cannot read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is no TOML, or a value is of the wrong kind.
    #[error("{path}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        problem: String,
    },
    /// A key that means nothing: a misspelt option must not vanish.
    #[error("{path}: unknown option `{key}`{hint}; `indelible serve --print-config` lists all")]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What was meant, perhaps.
        hint: String,
    },
}

impl Config {
    /// The defaults for a data directory, on a free port of the loopback.
    pub(crate) fn on_loopback(data: &Path) -> Self {
        let defaults = Self::merged(Options::default(), File::default());
        Self { data: data.to_owned(), listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..defaults }
    }

    /// Lays what was typed over the file over the defaults. The file named must exist; the default one may not.
    pub(crate) fn load(given: Options, file: Option<&Path>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new(FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::merged(given, parse(path, &text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && file.is_none() => {
                Ok(Self::merged(given, File::default()))
            }
            Err(error) => Err(ConfigError::Unreadable { path: path.to_owned(), error }),
        }
    }
}

fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let problem = |problem: String| ConfigError::Malformed { path: path.to_owned(), problem };
    let malformed = |error: toml::de::Error| problem(error.to_string().trim_end().to_owned());
    let table: toml::Table = text.parse().map_err(malformed)?;
    if let Some(key) = table.keys().find(|key| !names().any(|name| name == key.as_str())) {
        return Err(ConfigError::Unknown { path: path.to_owned(), key: key.clone(), hint: hint(key) });
    }
    let file = File {
        options: toml::from_str(text).map_err(malformed)?,
        witnesses: toml::from_str(text).map_err(malformed)?,
        followers: toml::from_str(text).map_err(malformed)?,
        tokens: toml::from_str::<tokens::Section>(text).map_err(malformed)?.tokens,
        geo: toml::from_str::<geo::Section>(text).map_err(malformed)?.geo,
        receivers: toml::from_str(text).map_err(malformed)?,
    };
    file.witnesses.quorum().map_err(|error| problem(error.to_string()))?;
    Ok(file)
}

fn names() -> impl Iterator<Item = &'static str> {
    Config::NAMES.iter().copied().chain(FILE_NAMES)
}

/// The option that a misspelt key is closest to.
fn hint(key: &str) -> String {
    let key = key.replace('-', "_");
    names()
        .map(|name| (strsim::damerau_levenshtein(name, &key), name))
        .min()
        .filter(|&(distance, name)| distance <= name.len() / 2)
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

fn line(name: &str, value: &impl Serialize) -> String {
    // Only a path that is not Unicode cannot be written as TOML.
    toml::Value::try_from(value).map_or_else(|error| format!("# {name}: {error}"), |value| format!("{name} = {value}"))
}

#[cfg(test)]
mod tests;
