//! Whether a page of another origin sent a request that changes something: its cookies are those of the user all the
//! same.

use http::{HeaderMap, Uri, header, request};

use super::answer::Refusal;

/// Refuses a request with cookies unless the application's own pages, or those of trusted origins, sent it.
pub(super) fn check(parts: &request::Parts, trusted: &[String]) -> Result<(), Refusal> {
    if !parts.headers.contains_key(header::COOKIE) {
        return Ok(());
    }
    let origin = [header::ORIGIN, header::REFERER]
        .into_iter()
        .find_map(|name| text(&parts.headers, &name))
        .filter(|origin| *origin != "null")
        .ok_or(Refusal::NoOrigin)?;
    // A page is known by scheme and authority; a referrer goes on behind them.
    let (scheme, rest) = origin.split_once("://").ok_or(Refusal::ForeignOrigin)?;
    let authority = rest.split('/').next().unwrap_or_default();
    let is_trusted = trusted.iter().any(|known| {
        let known = known.trim_end_matches('/').split_once("://");
        known.is_some_and(|(s, a)| s.eq_ignore_ascii_case(scheme) && a.eq_ignore_ascii_case(authority))
    });
    let is_own = || host(&parts.headers, &parts.uri).is_some_and(|host| host.eq_ignore_ascii_case(authority));
    if is_trusted || is_own() { Ok(()) } else { Err(Refusal::ForeignOrigin) }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    uri.authority().map(|authority| authority.as_str()).or_else(|| text(headers, &header::HOST))
}
