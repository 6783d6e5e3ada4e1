//! Where a request comes from: the peer's address, or what a trusted proxy says of it.
//!
//! A header is believed only when the peer is a trusted proxy, and then only as far as trusted proxies wrote it: the
//! hops are walked from the right, each vouched for by the one before it, up to the first that is not trusted. What a
//! client wrote at the left of the header is never reached.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, header};
use indelible_proof::Context;

use super::forwarded;
use crate::{
    limits,
    network::{Network, NetworkError},
    text::header_text,
};

/// The header in which the application's proxies say where a request came from.
///
/// One, and the one that they write: a proxy that writes `X-Forwarded-For` passes on whatever `Forwarded` a client made
/// up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: each proxy adds the address that it was called from at the right.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239: the same, with names.
    Forwarded,
    /// `X-Real-IP`: one address, which the nearest proxy writes over whatever was there.
    XRealIp,
}

impl ForwardingHeader {
    const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
            Self::XRealIp => HeaderName::from_static("x-real-ip"),
        }
    }
}

/// Which proxies are believed, and how addresses are kept. Default: no proxy, and addresses as they are.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Vec<Network>,
    header: ForwardingHeader,
    mask_v6: bool,
}

impl Proxies {
    /// Believes the proxies in these networks.
    ///
    /// ```
    /// use indelible::capture::Proxies;
    ///
    /// let proxies = Proxies::trusting(["10.0.0.0/8", "fd00::/8"])?;
    /// # Ok::<(), indelible::NetworkError>(())
    /// ```
    pub fn trusting<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, NetworkError> {
        let trusted = networks.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { trusted, ..Self::default() })
    }

    /// Sets the header that the proxies write. Default: `X-Forwarded-For`.
    #[must_use]
    pub const fn header(mut self, header: ForwardingHeader) -> Self {
        self.header = header;
        self
    }

    /// Keeps of a v6 address only its network of 64 bits: one household or machine has a whole such network.
    #[must_use]
    pub const fn mask_v6(mut self) -> Self {
        self.mask_v6 = true;
        self
    }

    /// The client's address: the peer's, or when the peer is trusted, the first untrusted one from the right of the
    /// header. A hop that is no address ends the walk: what lies behind it, nobody vouches for.
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?.to_canonical();
        if self.trusts(client) {
            for hop in self.hops(headers).iter().rev().take(limits::FORWARDED_HOPS_MAX) {
                let Some(address) = address_of(hop) else { break };
                client = address;
                if !self.trusts(client) {
                    break;
                }
            }
        }
        Some(if self.mask_v6 { masked(client) } else { client })
    }

    /// Where a request comes from, as events tell it.
    pub(crate) fn context(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Context {
        Context {
            ip: self.client(peer, headers),
            forwarded_for: self.header_text(headers).and_then(|text| header_text(&text)),
            ..Context::default()
        }
    }

    pub(super) const fn header_name(&self) -> HeaderName {
        self.header.name()
    }

    /// The header as it came, its lines joined.
    fn header_text(&self, headers: &HeaderMap) -> Option<String> {
        let mut lines =
            headers.get_all(self.header.name()).into_iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
        let mut text = lines.next()?.into_owned();
        for line in lines {
            text.push_str(", ");
            text.push_str(&line);
        }
        Some(text)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    fn hops(&self, headers: &HeaderMap) -> Vec<String> {
        let Some(text) = self.header_text(headers) else { return Vec::new() };
        match self.header {
            ForwardingHeader::XForwardedFor => text.split(',').map(str::to_owned).collect(),
            ForwardingHeader::Forwarded => forwarded::hops(&text),
            // Written over by the nearest proxy: more than one address was not written by it.
            ForwardingHeader::XRealIp => vec![text],
        }
    }
}

/// What a request says it was sent with.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    header_text(&String::from_utf8_lossy(headers.get(header::USER_AGENT)?.as_bytes()))
}

/// An address as proxies write it: bare, in brackets, with a port.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

fn masked(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests;
