//! Where a token may be used from: addresses, and domains of web pages.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::{
    limits,
    network::{Network, NetworkError},
};

/// Addresses and networks that a token may be used from. Default: none, and then it may be used from anywhere.
///
/// In JSON a list of texts like `203.0.113.9`, `10.0.0.0/8` and `2001:db8::/32`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct AllowedIps(Vec<Network>);

/// Domains of the web pages that a token may be used from. Default: none, and then it may be used from anywhere.
///
/// In JSON a list of texts like `example.com`, which is this host alone, and `*.example.com`, which is every host below
/// it. Case and ports do not matter.
///
/// ```
/// use indelible::tokens::AllowedDomains;
///
/// let domains = AllowedDomains::new(["example.com", "*.example.com"])?;
/// assert!(domains.admit(Some("https://app.example.com:8443"), None).is_ok());
/// assert!(domains.admit(None, Some("https://example.org/page")).is_err());
/// # Ok::<(), indelible::tokens::AllowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct AllowedDomains(Vec<String>);

/// Why a list is none of places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// A text that is no address or network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A text that is no domain.
    #[error(
        "\"{0}\" is no domain: write example.com or *.example.com, without scheme and port, non-Latin letters as xn--"
    )]
    Domain(String),
    /// More than a token can have.
    #[error(
        "{0} places are too many for one token: at most 256, so bring some together as 10.0.0.0/8 or *.example.com"
    )]
    TooMany(usize),
}

/// Why a token may not be used from where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// From another domain; of an `Origin` or `Referer` that names none, its text.
    #[error("the domain {0} is not allowed for this token")]
    Domain(String),
    /// From no web page at all.
    #[error("this token needs the header Origin or Referer")]
    Nowhere,
}

impl AllowedIps {
    /// These addresses and networks.
    pub fn new(networks: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, AllowError> {
        let networks: Vec<Network> =
            networks.into_iter().map(|text| text.as_ref().parse()).collect::<Result<_, NetworkError>>()?;
        Ok(Self(bounded(networks)?))
    }

    /// Whether a token may be used from an address. From an unknown one only if it may from anywhere.
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty() || address.is_some_and(|address| self.0.iter().any(|network| network.contains(address)))
    }
}

impl AllowedDomains {
    /// These domains.
    pub fn new(domains: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, AllowError> {
        let wrong = |text: &str| AllowError::Domain(text.chars().take(64).collect());
        let domain = |text: &str| {
            let (stem, host) = text.strip_prefix("*.").map_or(("", text), |host| ("*.", host));
            Some(format!("{stem}{}", canonical(host)?))
        };
        let domains = domains.into_iter().map(|text| domain(text.as_ref()).ok_or_else(|| wrong(text.as_ref())));
        Ok(Self(bounded(domains.collect::<Result<_, _>>()?)?))
    }

    /// Whether there are none, so that a token may be used from anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token may be used from the page that a request names: in `Origin`, and only when there is none in
    /// `Referer`.
    pub fn admit(&self, origin: Option<&str>, referer: Option<&str>) -> Result<(), Elsewhere> {
        if self.is_empty() {
            return Ok(());
        }
        let page = origin.or(referer).ok_or(Elsewhere::Nowhere)?;
        let host = host_of(page);
        let is_allowed = |host: &str| self.0.iter().any(|domain| is_within(host, domain));
        match host {
            Some(host) if is_allowed(&host) => Ok(()),
            host => Err(Elsewhere::Domain(host.unwrap_or_else(|| page.chars().take(64).collect()))),
        }
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    match domain.strip_prefix('*') {
        // With the dot, so that it is a whole label that goes before it.
        Some(parent) => host.len() > parent.len() && host.ends_with(parent),
        None => host == domain,
    }
}

/// The host of a URL. Nothing of what browsers would read in another way is understood, such as a user before the host.
fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    canonical(host)
}

/// A host name or a literal address in lower case and without the dot at its end.
fn canonical(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    (host.len() <= limits::HOST_BYTES_MAX && host.split('.').all(is_label)).then(|| host.to_ascii_lowercase())
}

fn bounded<T>(places: Vec<T>) -> Result<Vec<T>, AllowError> {
    if places.len() > limits::ALLOWED_MAX { Err(AllowError::TooMany(places.len())) } else { Ok(places) }
}

impl TryFrom<Vec<String>> for AllowedIps {
    type Error = AllowError;

    fn try_from(networks: Vec<String>) -> Result<Self, AllowError> {
        Self::new(networks)
    }
}

impl From<AllowedIps> for Vec<String> {
    fn from(ips: AllowedIps) -> Self {
        ips.0.iter().map(ToString::to_string).collect()
    }
}

impl TryFrom<Vec<String>> for AllowedDomains {
    type Error = AllowError;

    fn try_from(domains: Vec<String>) -> Result<Self, AllowError> {
        Self::new(domains)
    }
}

impl From<AllowedDomains> for Vec<String> {
    fn from(domains: AllowedDomains) -> Self {
        domains.0
    }
}

#[cfg(test)]
mod tests;
