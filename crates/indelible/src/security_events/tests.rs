use base64ct::{Base64UrlUnpadded, Encoding as _};
use proptest::prelude::*;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use super::*;

const NOW_S: i64 = 1_767_323_045;
const SEED: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    Timestamp::from_micros(NOW_S * 1_000_000).unwrap()
}

fn transmitter() -> Transmitter {
    Transmitter { issuer: "https://idp.example.com".to_owned(), audience: "https://log.example.com".to_owned() }
}

fn text(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap()
}

fn keys() -> Jwks {
    let key =
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": text(pair().public_key().as_ref())});
    Jwks::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://idp.example.com", "aud": ["https://log.example.com"], "jti": "756E69717565", "iat": NOW_S,
        "events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}},
    })
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "secevent+jwt", "kid": "one"})
}

fn signed(header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
    format!("{message}.{}", text(pair().sign(message.as_bytes()).as_ref()))
}

fn open(token: &str) -> Result<Object, SetError> {
    transmitter().open(token.as_bytes(), &keys(), now())
}

#[test]
fn a_token_that_the_issuer_signed_for_us_gives_its_claims() {
    assert_eq!(Value::from(open(&signed(&header(), &claims())).unwrap()), claims());
    let mut whole = header();
    whole["typ"] = "application/SecEvent+JWT".into();
    let mut single = claims();
    single["aud"] = "https://log.example.com".into();
    assert!(open(&format!("{}\n", signed(&whole, &single))).is_ok());
}

#[test]
fn what_the_issuer_did_not_sign_counts_for_nothing() {
    let good = signed(&header(), &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut other = claims();
    other["jti"] = "x".into();
    let (head, _) = message.split_once('.').unwrap();
    let swapped = format!("{head}.{}.{signature}", text(other.to_string().as_bytes()));
    assert_eq!(open(&swapped), Err(SetError::Signature));
    assert_eq!(open(&format!("{message}.")), Err(SetError::Signature));
    let mut unknown = header();
    unknown["kid"] = "two".into();
    assert_eq!(open(&signed(&unknown, &claims())), Err(SetError::UnknownKey));
    for malformed in ["", "a.b", "a.b.c", "e30.e30.e30.e30", "{}", &good[1..]] {
        assert_eq!(open(malformed).unwrap_err().code(), "invalid_request", "{malformed}");
    }
}

#[test]
fn no_algorithm_counts_that_a_public_key_would_do_for() {
    for algorithm in ["none", "None", "HS256", "HS512", "", "RS1", "ES256K"] {
        let mut weak = header();
        weak["alg"] = algorithm.into();
        assert_eq!(open(&signed(&weak, &claims())), Err(SetError::Algorithm), "{algorithm}");
    }
    let mut confused = header();
    confused["alg"] = "RS256".into();
    assert_eq!(open(&signed(&confused, &claims())), Err(SetError::Signature), "the key is of another kind");
}

#[test]
fn a_token_of_another_type_or_with_unknown_demands_is_none_of_ours() {
    for typ in [json!("JWT"), json!("at+jwt"), Value::Null] {
        let mut other = header();
        other["typ"] = typ;
        assert_eq!(open(&signed(&other, &claims())).unwrap_err().code(), "invalid_request");
    }
    let mut critical = header();
    critical["crit"] = json!(["exp"]);
    assert_eq!(open(&signed(&critical, &claims())).unwrap_err().code(), "invalid_request");
}

#[test]
fn claims_are_held_against_what_was_agreed() {
    for (claim, value, code) in [
        ("iss", json!("https://other.example.com"), "invalid_issuer"),
        ("iss", Value::Null, "invalid_issuer"),
        ("aud", json!("https://other.example.com"), "invalid_audience"),
        ("aud", json!([]), "invalid_audience"),
        ("jti", Value::Null, "invalid_request"),
        ("jti", json!(""), "invalid_request"),
        ("jti", json!("x".repeat(513)), "invalid_request"),
        ("iat", Value::Null, "invalid_request"),
        ("iat", json!("now"), "invalid_request"),
        ("iat", json!(NOW_S + 301), "invalid_request"),
        ("exp", json!(NOW_S - 301), "invalid_request"),
        ("exp", json!("never"), "invalid_request"),
        ("events", json!({}), "invalid_request"),
        ("events", json!([]), "invalid_request"),
    ] {
        let mut wrong = claims();
        wrong[claim] = value.clone();
        assert_eq!(open(&signed(&header(), &wrong)).unwrap_err().code(), code, "{claim}: {value}");
    }
    let mut early = claims();
    early["iat"] = json!(NOW_S as f64 + 299.5);
    assert!(open(&signed(&header(), &early)).is_ok());
}

#[test]
fn keys_are_taken_for_what_they_are_for() {
    let key = |more: &Value| {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair().public_key().as_ref())});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Jwks::parse(json!({"keys": [key, {"kty": "oct", "k": "c2VjcmV0"}]}).to_string().as_bytes())
    };
    let good = signed(&json!({"alg": "EdDSA", "typ": "secevent+jwt"}), &claims());
    let open = |keys: &Jwks| transmitter().open(good.as_bytes(), keys, now());
    assert!(open(&key(&json!({"kid": "any"})).unwrap()).is_ok(), "the token names none");
    assert!(open(&key(&json!({"key_ops": ["verify"], "alg": "EdDSA"})).unwrap()).is_ok());
    assert_eq!(open(&key(&json!({"alg": "Ed448"})).unwrap()), Err(SetError::UnknownKey));
    for useless in [json!({"use": "enc"}), json!({"key_ops": ["encrypt"]}), json!({"crv": "X25519"}), json!({"x": "!"})]
    {
        assert_eq!(key(&useless), Err(JwksError::NoKeys), "{useless}");
    }
    assert_eq!(Jwks::parse(b"{}"), Err(JwksError::Malformed));
    let odd = [json!({"kid": 7}), json!({"use": ["sig"]}), json!({"x": null}), json!("a key"), json!({})];
    let odd = serde_json::to_string(&odd).unwrap().replacen('[', r#"[{"kty":"RSA","e":"AQ\u0041B","n":"\/"},"#, 1);
    let x = text(pair().public_key().as_ref());
    let among = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}},{}}}"#, &odd[1..]);
    assert!(open(&Jwks::parse(among.as_bytes()).unwrap()).is_ok(), "a key that cannot be read keeps no other away");
    let many = json!({"keys": vec![json!({"kty": "oct"}); 65]}).to_string();
    assert_eq!(Jwks::parse(many.as_bytes()), Err(JwksError::TooLarge));
}

/// RFC 7515, appendix A.2: the key, and a signature by it.
#[test]
fn rsa_verifies_the_example_of_the_standard() {
    let key = json!({"kty": "RSA", "e": "AQAB", "n": concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    )});
    let keys = Jwks::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
    let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = Base64UrlUnpadded::decode_vec(concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4",
        "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ))
    .unwrap();
    let key = keys.of(None).next().unwrap();
    assert!(key.verifies("RS256", message.as_bytes(), &signature));
    assert!(
        !key.verifies("RS512", message.as_bytes(), &signature)
            && !key.verifies("PS256", message.as_bytes(), &signature)
    );
}

#[test]
fn a_point_on_a_curve_verifies_what_its_secret_signed() {
    let random = SystemRandom::new();
    let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let key = json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])});
    let keys = Jwks::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
    let message =
        format!("{}.{}", text(br#"{"alg":"ES256","typ":"secevent+jwt"}"#), text(claims().to_string().as_bytes()));
    let token = format!("{message}.{}", text(pair.sign(&random, message.as_bytes()).unwrap().as_ref()));
    assert!(transmitter().open(token.as_bytes(), &keys, now()).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_changed_in_a_token_it_counts_no_more(at in any::<prop::sample::Index>(), by in 1..=255_u8) {
        let good = signed(&header(), &claims());
        let mut bytes = good.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assume!(!bytes[at].is_ascii_whitespace());
        prop_assert!(transmitter().open(&bytes, &keys(), now()).is_err());
    }

    #[test]
    fn any_bytes_are_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), json in ".{0,100}") {
        prop_assert!(transmitter().open(&bytes, &keys(), now()).is_err());
        let _ = Jwks::parse(&bytes);
        let _ = Jwks::parse(json.as_bytes());
    }
}
