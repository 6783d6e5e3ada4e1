//! Addresses inside an event are parsed, so that a v4-mapped v6 address is the v4 address that it stands for.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, de::Error};

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<IpAddr>, D::Error> {
    let Some(text) = Option::<std::borrow::Cow<'de, str>>::deserialize(input)? else { return Ok(None) };
    let address: IpAddr = text.parse().map_err(|_| D::Error::custom("not an IPv4 or IPv6 address"))?;
    Ok(Some(address.to_canonical()))
}
