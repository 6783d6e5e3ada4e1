use super::*;

const SECRET: &str = "correct horse battery";

fn hmac(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    base16ct::lower::encode_string(&mac.finalize().into_bytes())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

fn check(sender: &Sender, header: &str, body: &str, now: i64) -> Result<(), Refused> {
    sender.check(Some(header.as_bytes()), body.as_bytes(), at(now))
}

#[test]
fn a_shared_secret_is_taken_bare_and_as_a_bearer_token_and_no_other_is() {
    let okta = Sender::new(Format::Okta, SECRET, None).unwrap();
    assert_eq!((okta.header(), okta.signs()), ("authorization", false));
    for good in [SECRET.to_owned(), format!("Bearer {SECRET}"), format!("bearer {SECRET}")] {
        assert_eq!(check(&okta, &good, "", 0), Ok(()), "{good}");
    }
    for bad in ["", "Bearer ", "Bearer", "correct horse", "Basic correct horse battery", "correct horse batterY"] {
        assert_eq!(check(&okta, bad, "", 0), Err(Refused::Wrong), "{bad}");
    }
    assert_eq!(okta.check(None, b"", at(0)), Err(Refused::Missing));
}

#[test]
fn a_signature_is_of_this_body_and_with_this_secret() {
    let keycloak = Sender::new(Format::Keycloak, SECRET, None).unwrap();
    assert_eq!(check(&keycloak, &hmac(SECRET, "{}"), "{}", 0), Ok(()));
    assert_eq!(check(&keycloak, &hmac(SECRET, "{}").to_uppercase(), "{}", 0), Ok(()));
    assert_eq!(check(&keycloak, &hmac(SECRET, "{}"), "{ }", 0), Err(Refused::Wrong));
    assert_eq!(check(&keycloak, &hmac("another secret", "{}"), "{}", 0), Err(Refused::Wrong));
    for malformed in ["", "sha256=", "zz", &hmac(SECRET, "{}")[..62], &format!("{}00", hmac(SECRET, "{}"))] {
        assert_eq!(check(&keycloak, malformed, "{}", 0), Err(Refused::Wrong), "{malformed}");
    }
}

#[test]
fn a_stamped_signature_counts_for_five_minutes_in_both_directions() {
    let zitadel = Sender::new(Format::Zitadel, SECRET, None).unwrap();
    let header = format!("t=1000,v1={}", hmac(SECRET, "1000.{}"));
    for (now, verdict) in
        [(1000, Ok(())), (1300, Ok(())), (700, Ok(())), (1301, Err(Refused::Stale)), (699, Err(Refused::Stale))]
    {
        assert_eq!(check(&zitadel, &header, "{}", now), verdict, "{now}");
    }
    let moved = header.replace("1000", "1200");
    assert_eq!(check(&zitadel, &moved, "{}", 1200), Err(Refused::Wrong), "the moment is signed too");
    let several = format!("t=1000,v1={},v1={}", hmac("an older key", "1000.{}"), hmac(SECRET, "1000.{}"));
    assert_eq!(check(&zitadel, &several, "{}", 1000), Ok(()));
    let unsigned = format!("v0={},t=1000", hmac(SECRET, "1000.{}"));
    for bad in [unsigned.as_str(), "t=1000", "v1=00", "", "t=,v1=", "t=99999999999999999999,v1=00"] {
        assert_eq!(check(&zitadel, bad, "{}", 1000), Err(Refused::Wrong), "{bad}");
    }
    let nonsense = format!("t=soon,v1={}", hmac(SECRET, "soon.{}"));
    assert_eq!(check(&zitadel, &nonsense, "{}", 1000), Err(Refused::Wrong));
}

#[test]
fn while_a_secret_is_changed_the_old_and_the_new_count() {
    let sender = Sender::new(Format::Github, &format!("{SECRET}\n\nthe next secret\n"), None).unwrap();
    for secret in [SECRET, "the next secret"] {
        assert_eq!(check(&sender, &format!("sha256={}", hmac(secret, "x")), "x", 0), Ok(()));
    }
}

#[test]
fn secrets_that_protect_nothing_are_refused_and_none_is_shown() {
    let refused = |secrets: &str| Sender::new(Format::Okta, secrets, None).unwrap_err();
    assert_eq!(refused("\n \n"), SecretError::None);
    assert_eq!(refused("1234567"), SecretError::Short);
    assert_eq!(refused(&"12345678\n".repeat(5)), SecretError::TooMany);
    let sender = Sender::new(Format::Okta, SECRET, Some("X-Hook-Secret")).unwrap();
    assert_eq!(sender.header(), "x-hook-secret");
    let spoken_for = Sender::new(Format::Keycloak, SECRET, Some("Authorization")).unwrap();
    assert_eq!(check(&spoken_for, SECRET, "", 0), Ok(()));
    assert!(!format!("{sender:?}").contains("horse"));
}
