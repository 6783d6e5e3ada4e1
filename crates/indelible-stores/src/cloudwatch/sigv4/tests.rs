//! The published test vectors of the signature, as far as they concern a POST to `/`.

use super::{super::credentials::Credentials, authorization, hex, signing_key};

const DATE: &str = "20150830T123600Z";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const HOST: (&str, &str) = ("host", "example.amazonaws.com");
const SESSION_TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

type Headers<'a> = &'a [(&'a str, &'a str)];

fn signature(headers: Headers<'_>, body: &str) -> String {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned().into(),
        session_token: None,
    };
    let signed = authorization(&credentials, ("us-east-1", "service"), DATE, headers, body.as_bytes());
    let names: Vec<&str> = headers.iter().map(|it| it.0).collect();
    let expected = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature=",
        names.join(";")
    );
    signed.strip_prefix(&expected).unwrap_or_else(|| panic!("{signed}")).to_owned()
}

#[test]
fn requests_are_signed_as_the_published_vectors_say() {
    let date = ("x-amz-date", DATE);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let vectors: [(Headers<'_>, &str, &str); 5] = [
        (&[HOST, date], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            &[HOST, ("my-header1", "value1"), date],
            "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            &[HOST, ("my-header1", "VALUE1"), date],
            "",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        (&[form, HOST, date], "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        (
            &[HOST, date, ("x-amz-security-token", SESSION_TOKEN)],
            "",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
    ];
    for (headers, body, expected) in vectors {
        assert_eq!(signature(headers, body), expected, "{headers:?}");
    }
}

#[test]
fn the_signing_key_is_the_published_one() {
    let key = signing_key(SECRET, "20150830", "us-east-1", "iam");
    assert_eq!(hex(&key), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}
