//! Tokens after `Authorization: Bearer`.

use std::{borrow::Cow, fmt, future::Future};

use http::{HeaderMap, HeaderValue, header};

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

/// What a request presents by `Authorization: Bearer`; the scheme's case does not matter.
#[derive(Debug, PartialEq)]
pub(crate) enum Presented<'a> {
    /// No token: the header is not there, or of another scheme.
    Nothing,
    /// This.
    Token(&'a str),
    /// What cannot be a token (RFC 6750, 2.1): nothing, more than one, or other signs than a token has.
    Unreadable(Cow<'a, str>),
}

impl<'a> Presented<'a> {
    pub(crate) fn by(headers: &'a HeaderMap) -> Self {
        let all = headers.get_all(header::AUTHORIZATION);
        let is_bearer = |value: &&HeaderValue| {
            let scheme = value.as_bytes().split(|byte| *byte == b' ').next();
            scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
        };
        let Some(value) = all.iter().find(is_bearer) else { return Self::Nothing };
        let text = value.to_str().ok().and_then(|text| text.split_once(' ')).map(|(_, text)| text.trim());
        let is_token = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        match (text.filter(is_token), all.iter().nth(1)) {
            (Some(token), None) => Self::Token(token),
            _ => Self::Unreadable(String::from_utf8_lossy(value.as_bytes())),
        }
    }
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    match Presented::by(headers) {
        Presented::Token(token) => Some(token),
        Presented::Nothing | Presented::Unreadable(_) => None,
    }
}
