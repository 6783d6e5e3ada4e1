//! Networks in CIDR notation: of proxies that are believed, of addresses that a token may be used from.

use std::{fmt, net::IpAddr, str::FromStr};

/// A network in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no address or network: write 203.0.113.9, 10.0.0.0/8 or 2001:db8::/32")]
pub struct NetworkError {
    text: String,
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError { text: text.chars().take(64).collect() };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = written.to_canonical();
        // A v4 network written as v6 is 96 bits longer.
        let shorter = if address.is_ipv4() && written.is_ipv6() { 96 } else { 0 };
        let bits = bits(address);
        let prefix = match prefix {
            Some(prefix) => prefix.checked_sub(shorter).ok_or_else(wrong)?,
            None => bits,
        };
        if prefix > bits { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether an address is in the network; a v4-mapped v6 address is the v4 address that it stands for.
    pub fn contains(&self, address: IpAddr) -> bool {
        let common = match (address.to_canonical(), self.address) {
            (IpAddr::V4(address), IpAddr::V4(network)) => (address.to_bits() ^ network.to_bits()).leading_zeros(),
            (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits() ^ network.to_bits()).leading_zeros(),
            _ => return false,
        };
        common >= u32::from(self.prefix)
    }
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// As it is written: one address by itself, a network with its prefix.
impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            whole if whole == bits(self.address) => self.address.fmt(out),
            prefix => write!(out, "{}/{prefix}", self.address),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
