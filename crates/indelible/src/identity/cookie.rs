//! Sessions in a cookie.

use std::{borrow::Cow, fmt, future::Future};

use http::{HeaderMap, HeaderValue, header};

use super::{Identity, Resolution, ResolveError, SessionResolver};

/// Resolves a session cookie by asking the application whose session it is.
pub struct SessionCookie<L> {
    name: String,
    lookup: L,
}

impl<L, F> SessionCookie<L>
where
    L: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Option<Identity>, ResolveError>> + Send + 'static,
{
    /// `lookup` gets the value of the cookie of this name, as it was sent, and says whose session it is.
    pub fn new(name: impl Into<String>, lookup: L) -> Self {
        Self { name: name.into(), lookup }
    }
}

impl<L, F> SessionResolver for SessionCookie<L>
where
    L: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Option<Identity>, ResolveError>> + Send + 'static,
{
    fn resolve<'a>(&'a self, headers: &'a HeaderMap) -> Resolution<'a> {
        match cookie(headers, &self.name) {
            Some(value) => Box::pin((self.lookup)(value.to_owned())),
            None => Box::pin(std::future::ready(Ok(None))),
        }
    }
}

impl<L> fmt::Debug for SessionCookie<L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SessionCookie").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The value of a cookie, without the quotes around it; of several the first.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = cookies(headers).find_map(|(known, value)| (known == name).then_some(value))?;
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    // Cookie by cookie: one that is no text hides no other.
    let pairs =
        headers.get_all(header::COOKIE).into_iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        Some((name.trim(), value.trim()))
    })
}

/// The `Cookie` header that the client sends next, when the response changed what it sends.
pub(crate) fn next_cookies(request: &HeaderMap, response: &HeaderMap) -> Option<HeaderValue> {
    let mut jar: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        cookies(request).map(|(name, value)| (name.into(), value.into())).collect();
    let mut changed = false;
    for line in response.get_all(header::SET_COOKIE) {
        let Some((name, value, is_gone)) = line.to_str().ok().and_then(set_cookie) else { continue };
        changed = true;
        jar.retain(|(known, _)| known != name);
        if !is_gone {
            jar.push((name.into(), value.into()));
        }
    }
    if !changed {
        return None;
    }
    let line = jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    HeaderValue::try_from(line).ok()
}

/// Name and value of a `Set-Cookie`, and whether it takes the cookie away.
fn set_cookie(line: &str) -> Option<(&str, &str, bool)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let is_expired = parts.filter_map(|attribute| attribute.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("max-age") && value.trim().parse::<i64>().is_ok_and(|age| age <= 0)
    });
    Some((name.trim(), value.trim(), is_expired || value.trim().is_empty()))
}
