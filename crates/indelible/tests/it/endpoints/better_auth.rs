//! What Better Auth made, and what it would make.

use axum::http::{HeaderMap, header};
use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};

pub(crate) const SECRET: &str = "probe-secret-probe-secret-probe-secret-00";
/// A user, the token of their session, and the cookie that better-auth 1.6.34 set for it.
pub(crate) const USER: &str = "mdwwGaFSrdVtbAFb8FI7p38MW1658lsA";
pub(crate) const TOKEN: &str = "SBy8El45rfxMjp37BNqvrRu8sT7dRpQJ";
pub(crate) const COOKIE: &str = "better-auth.session_token=SBy8El45rfxMjp37BNqvrRu8sT7dRpQJ.\
                                 jEJ%2FlfNVkVXOA%2FhxI09QX1X%2BxCLkWgmdQa1hG6Rmcs0%3D";

/// The cookie that Better Auth would set for a token.
pub(crate) fn cookie(token: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(token.as_bytes());
    let signature = Base64::encode_string(&mac.finalize().into_bytes());
    let encoded = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("better-auth.session_token={token}.{encoded}")
}

pub(crate) fn headers(cookie: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
}

#[test]
fn a_cookie_made_here_is_the_one_that_better_auth_made() {
    assert_eq!(cookie(TOKEN), COOKIE);
}
