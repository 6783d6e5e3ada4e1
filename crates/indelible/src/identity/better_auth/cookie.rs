//! The signed cookie: `<token>.<base64 of HMAC-SHA256(secret, token)>`, percent-encoded as a whole.

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{identity::jwt::block_of, redaction::decoded};

/// A key as HMAC uses it.
#[derive(Clone)]
pub(super) struct Key([u8; 64]);

impl Key {
    pub(super) fn new(secret: &str) -> Self {
        Self(block_of(secret.as_bytes()))
    }

    /// The token of a cookie's value, when it was signed with this key.
    pub(super) fn verified(&self, value: &str) -> Option<String> {
        // Here `+` is no space.
        let value = decoded(&value.replace('+', "%2B")).into_owned();
        let (token, signature) = value.rsplit_once('.')?;
        let signature = Base64::decode_vec(signature).ok().filter(|_| !token.is_empty())?;
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(token.as_bytes());
        mac.verify_slice(&signature).ok()?;
        Some(token.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    /// Made by better-auth 1.6.34.
    const SECRET: &str = "probe-secret-probe-secret-probe-secret-00";
    const VALUE: &str = "SBy8El45rfxMjp37BNqvrRu8sT7dRpQJ.jEJ%2FlfNVkVXOA%2FhxI09QX1X%2BxCLkWgmdQa1hG6Rmcs0%3D";

    #[test]
    fn a_cookie_that_better_auth_signed_gives_its_token() {
        let token = Some("SBy8El45rfxMjp37BNqvrRu8sT7dRpQJ".to_owned());
        assert_eq!(Key::new(SECRET).verified(VALUE), token);
        let plain = VALUE.replace("%2F", "/").replace("%2B", "+").replace("%3D", "=");
        assert_eq!(Key::new(SECRET).verified(&plain), token, "some proxies decode cookies");
    }

    #[test]
    fn any_other_value_gives_none() {
        assert_eq!(Key::new("another secret").verified(VALUE), None);
        let key = Key::new(SECRET);
        let (token, signature) = VALUE.split_once('.').unwrap();
        for value in [
            "",
            ".",
            "..",
            token,
            &format!("{token}."),
            &format!(".{signature}"),
            &format!("X{VALUE}"),
            &format!("{VALUE}X"),
            &VALUE.replace("jEJ", "jEK"),
            &VALUE.replace("%3D", ""),
            &format!("{token}.{}", signature.get(..8).unwrap()),
            &format!("{token}%00.{signature}"),
        ] {
            assert_eq!(key.verified(value), None, "{value}");
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let key = Key::new(SECRET);
        for at in 0..VALUE.len() {
            let mut bytes = VALUE.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'Z' { b'Y' } else { b'Z' };
            assert_eq!(key.verified(std::str::from_utf8(&bytes).unwrap()), None, "{at}");
        }
    }
}
