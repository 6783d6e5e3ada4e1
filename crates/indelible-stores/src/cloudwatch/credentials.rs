//! As whom requests are signed.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// Bytes of a file of credentials.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// An access key. Its secrets are never shown.
#[derive(Clone)]
pub struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Zeroizing<String>,
    pub(super) session_token: Option<Zeroizing<String>>,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The environment has none.
    #[error("{0} is not set in the environment; set it, or name a credentials_file")]
    Unset(&'static str),
    /// The file cannot be read.
    #[error("{path}: cannot read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file lacks something.
    #[error("{path}: there is no {name} below [{profile}]")]
    Missing {
        /// The file.
        path: PathBuf,
        /// The profile.
        profile: String,
        /// What is missing.
        name: &'static str,
    },
}

impl Credentials {
    /// Those of the environment.
    pub fn from_environment() -> Result<Self, CredentialsError> {
        let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let set = |name| get(name).ok_or(CredentialsError::Unset(name));
        Ok(Self {
            access_key_id: set("AWS_ACCESS_KEY_ID")?,
            secret_access_key: set("AWS_SECRET_ACCESS_KEY")?.into(),
            session_token: get("AWS_SESSION_TOKEN").map(Into::into),
        })
    }

    /// Those of a profile in a file.
    pub fn from_file(path: &Path, profile: &str) -> Result<Self, CredentialsError> {
        let mut text = Zeroizing::new(String::new());
        let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        read.map_err(|error| CredentialsError::Unreadable { path: path.to_owned(), error })?;
        let heading = format!("[{profile}]");
        let lines = text.lines().map(str::trim).skip_while(|line| *line != heading).skip(1);
        let section: Vec<(&str, &str)> = lines
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let get = |name| section.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        let missing = |name| CredentialsError::Missing { path: path.to_owned(), profile: profile.to_owned(), name };
        let set = |name| get(name).ok_or_else(|| missing(name));
        Ok(Self {
            access_key_id: set("aws_access_key_id")?,
            secret_access_key: set("aws_secret_access_key")?.into(),
            session_token: get("aws_session_token").map(Into::into),
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
