use indelible_proof::{Actor, Event, Http, OAuth, Target};
use proptest::{prelude::*, strategy::Strategy as Generator};
use serde_json::{Value, json};

use super::{MASK, Redaction, SECRET_FIELDS, Strategy, is_hidden, text};

fn metadata_of(redaction: &Redaction, value: Value) -> Value {
    let Value::Object(metadata) = value else { panic!("give an object") };
    let event = Event { metadata, ..Event::new("token.revoked") };
    Value::Object(redaction.apply(event).event().metadata.clone())
}

fn masked(value: Value) -> Value {
    metadata_of(&Redaction::default(), value)
}

fn text_of(text: &str) -> String {
    masked(json!({ "text": text }))["text"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_default_field_is_masked_whatever_its_case_and_separators() {
    for field in SECRET_FIELDS {
        let camel: String = field
            .split('_')
            .enumerate()
            .map(|(nth, word)| if nth == 0 { word.to_owned() } else { word[..1].to_uppercase() + &word[1..] })
            .collect();
        for name in [field.to_owned(), camel, field.to_uppercase(), field.replace('_', "-")] {
            assert_eq!(masked(json!({ name.clone(): "hunter2" }))[&name], MASK, "{name}");
        }
    }
}

#[test]
fn secrets_at_any_depth_and_in_lists_are_masked() {
    let before = json!({ "a": [{ "b": { "password": "x", "user": "alice" } }, [{ "otp": 123_456 }]] });
    let after = json!({ "a": [{ "b": { "password": MASK, "user": "alice" } }, [{ "otp": MASK }]] });
    assert_eq!(masked(before), after);
}

#[test]
fn whole_objects_lists_and_scalars_under_a_secret_name_are_masked() {
    let before = json!({ "token": { "id": 1, "value": "s" }, "secret": ["a"], "pin": 1234, "code": true });
    assert_eq!(masked(before), json!({ "token": MASK, "secret": MASK, "pin": MASK, "code": MASK }));
}

#[test]
fn empty_values_stay() {
    let empty = json!({ "password": null, "token": "", "secret": {}, "otp": [] });
    assert_eq!(masked(empty.clone()), empty);
}

#[test]
fn changes_and_target_attributes_are_looked_through() {
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let event = Event::new("account.updated")
        .changes(object(json!({ "password": "old" })), object(json!({ "password": "new", "name": "Alice" })))
        .target(Target::new("account", "1").attr("api-key", "k"));
    let redacted = Redaction::default().apply(event);
    let text = serde_json::to_value(redacted.event()).unwrap();
    assert_eq!(
        text["changes"],
        json!({ "before": { "password": MASK }, "after": { "password": MASK, "name": "Alice" } })
    );
    assert_eq!(text["targets"][0]["attrs"]["api-key"], MASK);
}

#[test]
fn dotted_and_bracketed_names_count_by_their_last_part() {
    let before = json!({ "http.request.header.authorization": "Basic x", "user[password]": "y", "token.id": 7, "otp[0]": 1, "secret[a][]": "z" });
    let after = json!({ "http.request.header.authorization": MASK, "user[password]": MASK, "token.id": 7, "otp[0]": MASK, "secret[a][]": MASK });
    assert_eq!(masked(before), after);
}

#[test]
fn text_that_is_json_is_looked_through() {
    assert_eq!(text_of(r#"{"user":"a","password":"x"}"#), format!(r#"{{"password":"{MASK}","user":"a"}}"#));
    assert_eq!(text_of(r#" [{"password":"x"}] "#), format!(r#"[{{"password":"{MASK}"}}]"#));
    let doubly = json!({ "body": json!({ "token": "x" }).to_string() }).to_string();
    assert!(!text_of(&doubly).contains('x'), "{}", text_of(&doubly));
    let quoted = Value::String(r#"{"token":"xyz"}"#.to_owned()).to_string();
    assert!(!text_of(&quoted).contains("xyz"));
}

#[test]
fn json_text_without_secrets_stays_to_the_letter() {
    for same in ["{ \"b\": 1.0,  \"a\": 1e3 }", "[1, 2]", "{\"password\": null}", "{not json: password}", "[", "{}"] {
        assert_eq!(text_of(same), same);
    }
}

#[test]
fn a_key_that_occurs_twice_hides_nothing() {
    assert_eq!(text_of(r#"{"password":"hunter2","password":null}"#), r#"{"password":null}"#);
}

#[test]
fn json_text_nested_beyond_the_limit_is_masked_whole() {
    let deep = format!("{}{{\"password\":\"x\"}}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(text_of(&deep), MASK);
    assert_eq!(text_of(&"[".repeat(100_000)), MASK);
}

#[test]
fn forms_are_looked_through() {
    assert_eq!(text_of("a=b&password=c"), format!("a=b&password={MASK}"));
    assert_eq!(text_of("password=c%20d&a=b"), format!("password={MASK}&a=b"));
    assert_eq!(text_of("user%5Bpass%77ord%5D=c"), format!("user%5Bpass%77ord%5D={MASK}"));
    assert_eq!(text_of("a=b&password="), "a=b&password=");
}

#[test]
fn what_is_encoded_inside_a_form_is_looked_through() {
    let inner = "redirect=https%3A%2F%2Fapp.example%2Fcb%3Fcode%3Dsplxlo&x=1";
    assert_eq!(text_of(inner), "redirect=https%3A%2F%2Fapp.example%2Fcb%3Fcode%3D%5BREDACTED%5D&x=1");
    assert!(!text_of("payload=%7B%22password%22%3A%22hunter2%22%7D").contains("hunter2"));
    assert!(!text_of(r#"payload={"password":"hunter2"}"#).contains("hunter2"));
}

#[test]
fn queries_and_fragments_of_urls_are_looked_through() {
    assert_eq!(text_of("/cb?state=s&code=abc"), format!("/cb?state=s&code={MASK}"));
    assert_eq!(
        text_of("https://a.example/#access_token=abc&b=c"),
        format!("https://a.example/#access_token={MASK}&b=c")
    );
    assert_eq!(
        text_of("sent to https://a.example/?token=abc by hand"),
        format!("sent to https://a.example/?token={MASK} by hand")
    );
    let event = Event::new("oauth.authorization.granted")
        .http(Http { path: Some("/cb?code=abc".to_owned()), ..Http::default() })
        .oauth(OAuth { redirect_uri: Some("https://a.example/?access_token=abc".to_owned()), ..OAuth::default() });
    let redacted = serde_json::to_string(Redaction::default().apply(event).event()).unwrap();
    assert!(!redacted.contains("abc"), "{redacted}");
}

#[test]
fn credentials_in_free_text_are_masked() {
    assert_eq!(text_of("header Bearer mF_9.B5f-4.1JqM1234 sent"), format!("header Bearer {MASK} sent"));
    assert_eq!(text_of("\"basic YWxpY2U6aHVudGVyMg==\""), format!("\"basic {MASK}\""));
    assert_eq!(text_of("got eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln!"), format!("got {MASK}!"));
}

#[test]
fn ordinary_words_after_a_scheme_stay() {
    for same in ["Bearer authentication failed", "Basic authentication-required here", "bearer of news", "eyJust.a.b"] {
        assert_eq!(text_of(same), same);
    }
}

#[test]
fn a_hash_is_the_same_for_the_same_value_and_key_wherever_it_stands() {
    let redaction = Redaction::default().hash_key([7; 32]).strategy(Strategy::Hash);
    let all = metadata_of(
        &redaction,
        json!({ "otp": 1234, "pin": "1234", "b": "a=1&pin=1234", "c": "{\"pin\":\"1234\"}", "token": "other" }),
    );
    let hash = all["pin"].as_str().unwrap();
    // HMAC-SHA256 of "1234" with a key of 32 bytes 0x07, its first 16 bytes.
    assert_eq!(hash, "hmac:155a2ecba5e05a537b05a73cc4d031e2");
    assert_eq!(all["otp"], hash);
    assert_eq!(all["b"], format!("a=1&pin={hash}"));
    assert_eq!(all["c"], format!("{{\"pin\":\"{hash}\"}}"));
    assert_ne!(all["token"], hash);
    let other = metadata_of(&Redaction::default().hash_key([8; 32]).strategy(Strategy::Hash), json!({ "pin": "1234" }));
    assert_ne!(other["pin"], hash);
}

#[test]
fn a_hash_without_a_given_key_uses_one_that_nobody_knows() {
    let one = metadata_of(&Redaction::default().strategy(Strategy::Hash), json!({ "pin": "1234" }));
    let two = metadata_of(&Redaction::default().strategy(Strategy::Hash), json!({ "pin": "1234" }));
    assert!(is_hidden(one["pin"].as_str().unwrap()));
    assert_ne!(one, two);
}

#[test]
fn removed_fields_are_gone() {
    let redaction = Redaction::default().strategy(Strategy::Remove);
    let before = json!({ "a": { "password": "x", "b": 1 }, "form": "a=b&password=c&d=e", "only": "password=c" });
    assert_eq!(metadata_of(&redaction, before), json!({ "a": { "b": 1 }, "form": "a=b&d=e", "only": "" }));
}

#[test]
fn names_and_paths_can_be_added_and_taken_out() {
    let redaction = Redaction::default()
        .hide("ssn", Strategy::Mask)
        .hide("metadata.user.*.note", Strategy::Remove)
        .hide("metadata.body.city", Strategy::Mask)
        .keep("metadata.status.code")
        .keep("cookie");
    let before = json!({
        "S-S-N": 1, "user": [{ "x": { "note": "n" } }], "note": "n", "cookie": "c", "body": "{\"city\":\"Bonn\"}",
        "status": { "code": 404, "deep": { "code": "secret" } }, "code": "secret",
    });
    let after = json!({
        "S-S-N": MASK, "user": [{ "x": {} }], "note": "n", "cookie": "c", "body": format!("{{\"city\":\"{MASK}\"}}"),
        "status": { "code": 404, "deep": { "code": MASK } }, "code": MASK,
    });
    assert_eq!(metadata_of(&redaction, before), after);
}

#[test]
fn text_fields_of_the_event_are_hidden_by_their_path_alone() {
    let redaction = Redaction::none().hide("actor.email", Strategy::Mask).hide("context.ip", Strategy::Mask);
    let event = Event::new("token.revoked")
        .actor(Actor::user("42").email("alice@example.com"))
        .on_behalf_of(Actor::user("43").email("alice@example.com"))
        .ip("203.0.113.9".parse().unwrap())
        .user_agent("curl");
    let redacted = serde_json::to_value(redaction.apply(event).event()).unwrap();
    assert_eq!(redacted["actor"], json!({ "type": "user", "id": "42", "email": MASK }));
    assert_eq!(redacted["on_behalf_of"][0]["email"], "alice@example.com");
    assert_eq!(redacted["context"], json!({ "user_agent": "curl" }));
}

#[test]
fn the_key_of_hashes_is_not_printed() {
    assert!(!format!("{:?}", Redaction::default().hash_key([123; 32])).contains("123"));
}

const SECRET: &str = "hunter2secret";

/// JSON without any secret: no name or text of it means anything to redaction.
fn harmless() -> impl Generator<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z ]{0,12}".prop_map(Value::from),
        "[ -~]{0,12}".prop_filter("no field of a form", |text| !text.contains(['=', '{', '['])).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("f_[a-z]{1,6}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// A value that holds [`SECRET`] under a secret's name, wrapped in any number of objects, lists, texts and forms.
fn with_secret() -> impl Generator<Value = Value> {
    let field = prop::sample::select(SECRET_FIELDS.as_slice());
    let kernel = field.prop_map(|field| json!({ field: SECRET }));
    (kernel, prop::collection::vec((0..6, harmless()), 0..6)).prop_map(|(kernel, layers)| {
        layers.into_iter().fold(kernel, |inner, (layer, other)| match layer {
            0 => json!({ "a": inner, "b": other }),
            1 => json!([other, inner]),
            2 => Value::String(inner.to_string()),
            3 => json!({ "body": inner.to_string(), "b": other }),
            4 => Value::String(format!("x=1&body={}&y=2", text::encoded(&inner.to_string()))),
            _ => Value::String(format!("/cb?x=1&body={}#f", text::encoded(&inner.to_string()))),
        })
    })
}

fn any_redaction() -> impl Generator<Value = Redaction> {
    prop::sample::select(vec![Strategy::Mask, Strategy::Hash, Strategy::Remove])
        .prop_map(|strategy| Redaction::default().hash_key([1; 32]).strategy(strategy))
}

proptest! {
    #[test]
    fn no_secret_survives_wherever_it_is(redaction in any_redaction(), value in with_secret()) {
        let redacted = metadata_of(&redaction, json!({ "m": value }));
        prop_assert!(!redacted.to_string().contains(SECRET), "{redacted}");
    }

    #[test]
    fn what_is_no_secret_is_unchanged(redaction in any_redaction(), value in harmless()) {
        let before = json!({ "m": value });
        prop_assert_eq!(metadata_of(&redaction, before.clone()), before);
    }

    #[test]
    fn redacting_twice_is_redacting_once(
        redaction in any_redaction(),
        value in prop_oneof![with_secret(), harmless(), "\\PC{0,40}".prop_map(Value::from),
            "[a-z=&%\\[\\]{}\":., ]{0,40}(token|code)=[ -~]{0,10}".prop_map(Value::from)],
    ) {
        let once = metadata_of(&redaction, json!({ "m": value }));
        prop_assert_eq!(metadata_of(&redaction, once.clone()), once);
    }

    #[test]
    fn no_text_is_too_odd(text in any::<String>()) {
        masked(json!({ "m": text }));
    }
}
