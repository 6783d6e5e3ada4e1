//! Tokens after `Authorization: Bearer`.

use std::{fmt, future::Future};

use http::{HeaderMap, header};

use super::{Identity, Resolution, ResolveError, SessionResolver};

/// Resolves bearer tokens by asking the application whose each is.
pub struct BearerToken<L>(L);

impl<L, F> BearerToken<L>
where
    L: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Option<Identity>, ResolveError>> + Send + 'static,
{
    /// `lookup` gets the token and says whose it is.
    pub const fn new(lookup: L) -> Self {
        Self(lookup)
    }
}

impl<L, F> SessionResolver for BearerToken<L>
where
    L: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Option<Identity>, ResolveError>> + Send + 'static,
{
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a> {
        match bearer_token(headers) {
            Some(token) => Box::pin((self.0)(token.to_owned())),
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }
}

impl<L> fmt::Debug for BearerToken<L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BearerToken")
    }
}

/// The token of `Authorization: Bearer`; the scheme's case does not matter.
pub(super) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
