//! AWS Signature Version 4, of a POST to `/` without a query: all that the service asks for.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::credentials::Credentials;

/// The value of the header `authorization`. The headers are all that are signed: lower-case names in rising order, `host`
/// and `x-amz-date` among them, values without spaces around. `date` is the value of `x-amz-date`.
pub(super) fn authorization(
    credentials: &Credentials,
    (region, service): (&str, &str),
    date: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let request = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(&Sha256::digest(body)));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let key = signing_key(&credentials.secret_access_key, day, region, service);
    let (id, signature) = (&credentials.access_key_id, hex(&hmac(&key, &to_sign)));
    format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> [u8; 32] {
    let secret = zeroize::Zeroizing::new(format!("AWS4{secret}"));
    let key = hmac(secret.as_bytes(), day);
    [region, service, "aws4_request"].iter().fold(key, |key, text| hmac(&key, text))
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

#[cfg(test)]
mod tests;
