//! Which tenant a request is about.

use axum::http::request::Parts;

use crate::{
    api::problem::Problem,
    keys::{ApiKey, Reach},
    limits::KEY_NAME_BYTES_MAX,
};

/// Which tenant is meant by a key that reaches all.
pub(crate) const TENANT_HEADER: &str = "indelible-tenant";

/// The tenant of a key; of a key of all, the one that the request names.
pub(super) fn tenant_of(key: &ApiKey, parts: &Parts) -> Result<Option<String>, Problem> {
    let wrong = || Problem::parameter(TENANT_HEADER, "names one tenant in 1 to 200 bytes");
    let named = match parts.headers.get(TENANT_HEADER) {
        None => None,
        Some(value) => Some(std::str::from_utf8(value.as_bytes()).map_err(|_| wrong())?),
    };
    match (&key.tenant, named) {
        (_, Some(named)) if !(1..=KEY_NAME_BYTES_MAX).contains(&named.len()) || named == "*" => Err(wrong()),
        (Reach::All, named) => Ok(named.map(str::to_owned)),
        (Reach::Tenant(own), Some(named)) if named != own => {
            let detail = format!("the API key is of the tenant {own} alone: leave the header out");
            Err(Problem::forbidden(detail).field(TENANT_HEADER))
        }
        (Reach::Tenant(own), _) => Ok(Some(own.clone())),
    }
}
