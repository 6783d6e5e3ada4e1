//! An issuer of Security Event Tokens and its keys, which it may change: they are asked for again when they are old, and
//! when a token names one that is not known.

use std::{
    io::Read,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use indelible::{
    Object, Timestamp,
    import::Format,
    security_events::{Jwks, SetError, Transmitter},
    webhooks::Sender,
};
use ureq::{Agent, http::Uri};

use super::{Problem, checked, read, sender};
use crate::{
    config::IssuerConfig,
    limits::{JWKS_FRESH, JWKS_PAUSE, JWKS_READ_BYTES_MAX, JWKS_TIMEOUT},
};

/// Whose tokens are taken.
#[derive(Debug)]
pub(crate) struct Issuer {
    transmitter: Transmitter,
    place: Place,
    known: Mutex<Known>,
    /// Who sends them, if that has to be proven too.
    pub(crate) sender: Option<Sender>,
    /// Whose events they are.
    pub(crate) tenant: String,
}

/// Where the keys are.
#[derive(Debug)]
enum Place {
    File(PathBuf),
    Url(String, Agent),
}

#[derive(Debug, Default)]
struct Known {
    keys: Arc<Jwks>,
    /// When they were read; never, as long as there are none.
    read: Option<Instant>,
    /// When they were asked for last in vain, or because a token named one that was not known.
    asked: Option<Instant>,
}

/// Why a token was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It does not count.
    #[error(transparent)]
    Refused(#[from] SetError),
    /// Whether it counts is not known.
    #[error("the keys of the issuer cannot be had now; nothing was stored: send again later")]
    NoKeys,
}

impl Issuer {
    pub(super) fn open(config: &IssuerConfig) -> Result<Self, Problem> {
        let place = Place::of(&config.jwks)?;
        let known = match &place {
            Place::File(path) => {
                let keys = Jwks::parse(&read(path, JWKS_READ_BYTES_MAX)?)
                    .map_err(|error| Problem::Keys { place: config.jwks.clone(), error })?;
                Known { keys: Arc::new(keys), read: Some(Instant::now()), asked: None }
            }
            // An issuer that is away must not keep the log from starting.
            Place::Url(..) => Known::default(),
        };
        let secret = config.secret_file.as_deref();
        Ok(Self {
            transmitter: Transmitter { issuer: config.issuer.clone(), audience: config.audience.clone() },
            place,
            known: Mutex::new(known),
            sender: secret.map(|file| sender(Format::SecurityEvents, file, None)).transpose()?,
            tenant: checked(&config.tenant)?,
        })
    }

    /// The claims of a token that counts. Blocks while keys are asked for.
    pub(crate) fn claims(&self, token: &[u8], now: Timestamp) -> Result<Object, NotTaken> {
        let open = |keys: Arc<Jwks>| self.transmitter.open(token, &keys, now);
        match open(self.keys(false)?) {
            Err(SetError::UnknownKey) => Ok(open(self.keys(true)?)?),
            opened => Ok(opened?),
        }
    }

    /// The keys as they are known, or as they are now. One asks, the others wait for what it learns.
    fn keys(&self, newer: bool) -> Result<Arc<Jwks>, NotTaken> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.read.is_some_and(|at| at.elapsed() < JWKS_FRESH);
        // Anybody may name a key that nobody has: that must not have us ask all the time.
        let may_ask = known.asked.is_none_or(|at| at.elapsed() >= JWKS_PAUSE);
        if (newer || !fresh) && may_ask {
            let asked = self.place.ask();
            let now = Instant::now();
            known.asked = (newer || asked.is_err()).then_some(now);
            match asked {
                Ok(keys) => (known.keys, known.read) = (Arc::new(keys), Some(now)),
                Err(error) => {
                    tracing::warn!(issuer = self.transmitter.issuer, error, "the keys of an issuer were not read");
                }
            }
        }
        // Old ones are better than none: what an issuer takes back is seldom, and it may be away.
        if known.read.is_some() { Ok(Arc::clone(&known.keys)) } else { Err(NotTaken::NoKeys) }
    }
}

impl Place {
    fn of(text: &str) -> Result<Self, Problem> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url = text.parse::<Uri>().unwrap_or_default();
        let is_safe = match url.scheme_str() {
            Some("https") => url.host().is_some_and(|host| !host.is_empty()),
            Some("http") => matches!(url.host(), Some("127.0.0.1" | "localhost")),
            _ => false,
        };
        if !is_safe {
            return Err(Problem::Insecure { place: text.to_owned() });
        }
        let config = Agent::config_builder()
            .timeout_global(Some(JWKS_TIMEOUT))
            .max_redirects(0)
            .user_agent(concat!("indelible/", env!("CARGO_PKG_VERSION")));
        Ok(Self::Url(text.to_owned(), config.build().into()))
    }

    fn ask(&self) -> Result<Jwks, String> {
        let json = match self {
            Self::File(path) => read(path, JWKS_READ_BYTES_MAX).map_err(|problem| problem.to_string())?,
            Self::Url(url, agent) => {
                let response = agent.get(url).call().map_err(|error| error.to_string())?;
                let mut json = Vec::new();
                let body = response.into_body().into_reader();
                body.take(JWKS_READ_BYTES_MAX).read_to_end(&mut json).map_err(|error| error.to_string())?;
                json
            }
        };
        Jwks::parse(&json).map_err(|error| error.to_string())
    }
}
