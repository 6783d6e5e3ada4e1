//! Who may send events without an API key, with what tells them from anybody else.

mod issuer;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use axum::http::HeaderName;
use indelible::{
    Event,
    import::Format,
    security_events::JwksError,
    webhooks::{SecretError, Sender},
};

use crate::{
    config::{ReceiversConfig, WebhookConfig},
    limits::SECRET_FILE_BYTES_MAX,
};
pub(crate) use issuer::{Issuer, NotTaken};

/// All of them, by the names in their paths.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    pub(crate) issuers: BTreeMap<String, Issuer>,
}

/// A sender of webhooks.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) sender: Sender,
    /// Whose events they are.
    pub(crate) tenant: String,
}

/// Why nothing can be received.
#[derive(Debug, thiserror::Error)]
#[error("{section}: {problem}")]
pub(crate) struct ReceiversError {
    /// The section of the configuration.
    section: String,
    /// What is wrong with it.
    problem: Problem,
}

/// What is wrong with a section.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A file cannot be read.
    #[error("{path}: cannot read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// Others than its owner and its group may read the secret, or others than its owner change it.
    #[error("{path}: others than its owner can read this secret; chmod 600 it")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// What is no text, which a header could not hold, or more than a secret.
    #[error(
        "{path}: this is no text of at most {SECRET_FILE_BYTES_MAX} bytes; write a secret as `openssl rand -hex 32` does"
    )]
    NoText {
        /// The file.
        path: PathBuf,
    },
    /// No request could have this header.
    #[error("header = {header:?}: this is no name of a header")]
    Header {
        /// The name.
        header: String,
    },
    /// No secret that protects anything.
    #[error("{path}: {error}")]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: SecretError,
    },
    /// The keys of an issuer cannot be used.
    #[error("{place}: {error}")]
    Keys {
        /// The file.
        place: String,
        /// What is wrong.
        error: JwksError,
    },
    /// No event could have this tenant.
    #[error("tenant = {tenant:?}: {problem}")]
    Tenant {
        /// The tenant.
        tenant: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Keys that anybody on the way could change.
    #[error("jwks = {place:?}: write a file or an address with https:// (http:// for 127.0.0.1 and localhost alone)")]
    Insecure {
        /// The address.
        place: String,
    },
}

impl Receivers {
    /// Reads the secrets and keys of a configuration.
    pub(crate) fn open(config: &ReceiversConfig) -> Result<Self, ReceiversError> {
        let mut all = Self::default();
        for (name, of_webhook) in &config.webhooks {
            let webhook = Webhook::open(of_webhook)
                .map_err(|problem| ReceiversError { section: format!("[webhooks.{name}]"), problem })?;
            all.webhooks.insert(name.clone(), webhook);
        }
        for (name, of_issuer) in &config.security_events {
            let issuer = Issuer::open(of_issuer)
                .map_err(|problem| ReceiversError { section: format!("[security_events.{name}]"), problem })?;
            all.issuers.insert(name.clone(), issuer);
        }
        Ok(all)
    }
}

impl Webhook {
    fn open(config: &WebhookConfig) -> Result<Self, Problem> {
        let WebhookConfig { format, secret_file, header, tenant } = config;
        Ok(Self { sender: sender(*format, secret_file, header.as_deref())?, tenant: checked(tenant)? })
    }
}

/// A tenant that events can have: else the log would refuse each of them.
fn checked(tenant: &str) -> Result<String, Problem> {
    let event = Event::new("delivery.received").tenant(tenant);
    match event.validate() {
        Ok(()) => Ok(tenant.to_owned()),
        Err(error) => Err(Problem::Tenant { tenant: tenant.to_owned(), problem: error.problem }),
    }
}

fn sender(format: Format, file: &Path, header: Option<&str>) -> Result<Sender, Problem> {
    let secrets = secret(file)?;
    if let Some(header) = header.filter(|header| HeaderName::from_bytes(header.as_bytes()).is_err()) {
        return Err(Problem::Header { header: header.to_owned() });
    }
    Sender::new(format, &secrets, header).map_err(|error| Problem::Secret { path: file.to_owned(), error })
}

/// What is in a file that is for its owner alone, or for a group to read: what service managers hand over belongs to root, and
/// the group's bits tell of the one user who may read it (an ACL has its mask there).
fn secret(path: &Path) -> Result<String, Problem> {
    #[cfg(unix)]
    if fs::metadata(path).is_ok_and(|file| std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o037 != 0) {
        return Err(Problem::Open { path: path.to_owned() });
    }
    let bytes = read(path, SECRET_FILE_BYTES_MAX + 1)?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= SECRET_FILE_BYTES_MAX);
    text.ok_or_else(|| Problem::NoText { path: path.to_owned() })
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Problem> {
    let read = fs::File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, bytes_max), &mut bytes).map(|_| bytes)
    });
    read.map_err(|error| Problem::Unreadable { path: path.to_owned(), error })
}
