use super::*;

fn refusal(toml_like: serde_json::Value) -> String {
    serde_json::from_value::<Kinds>(toml_like).unwrap_err().to_string()
}

#[test]
fn a_token_expires_so_many_minutes_after_it_was_issued() {
    let kinds = Kinds::default();
    let expires_at = |id: &str, now: Timestamp| kinds.get(id).unwrap().expires_at(now);
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    assert_eq!(expires_at("sk", now), None);
    assert_eq!(expires_at("pk", now).unwrap().to_string(), "2026-12-20T12:00:00.000000Z");
    assert_eq!(expires_at("rk", now).unwrap().to_string(), "2027-11-20T12:00:00.000000Z");
    assert_eq!(expires_at("rk", Timestamp::MAX), Some(Timestamp::MAX));
}

#[test]
fn a_configuration_adds_types_and_redefines_the_ones_that_are_there() {
    let kinds: Kinds = serde_json::from_value(serde_json::json!({
        "ci": { "name": "CI", "prefix": "ci", "abilities": ["builds:*"], "environments": ["staging"], "revealable": true },
        "pk": { "name": "Public", "prefix": "pub", "rate_limit": 5 },
        "sk": { "name": "Secret", "prefix": "pk", "abilities": ["*"] },
    }))
    .unwrap();
    assert_eq!(kinds.iter().map(|(id, _)| id).collect::<Vec<_>>(), ["ci", "pk", "rk", "sk"]);
    let ci = kinds.get("ci").unwrap();
    assert!(ci.is_for("staging") && !ci.is_for("live") && ci.revealable && ci.abilities.allow("builds:start"));
    // Prefixes may change hands within one configuration.
    assert_eq!(kinds.by_prefix("pk").unwrap().0, "sk");
    assert_eq!(kinds.get("pk").unwrap().rate_limit, NonZeroU32::new(5));
    let again: Kinds = serde_json::from_value(serde_json::to_value(&kinds).unwrap()).unwrap();
    assert_eq!(again, kinds);
}

#[test]
fn two_types_cannot_share_a_prefix() {
    let refused = Kinds::default().with("server", Kind::new("Server", "sk"));
    assert!(matches!(refused, Err(KindError::PrefixTaken { id, other, .. }) if id == "sk" && other == "server"));
}

#[test]
fn what_would_break_a_token_is_refused_with_the_type_and_the_word() {
    for (prefix, environment) in
        [("s_k", "live"), ("", "live"), ("sk", "li_ve"), ("sk", ""), ("1k", "live"), ("ök", "live")]
    {
        let kind = Kind { environments: vec![environment.to_owned()], ..Kind::new("Odd", prefix) };
        let error = Kinds::default().with("odd", kind).unwrap_err();
        assert!(matches!(&error, KindError::Word { id, .. } if id == "odd"), "{error}");
    }
    assert!(Kinds::default().with("o_dd", Kind::new("Odd", "odd")).is_err());
    assert_eq!(Kinds::default().with("odd", Kind::new("", "odd")), Err(KindError::Name("odd".to_owned())));
}

#[test]
fn an_unknown_key_a_zero_and_too_many_are_refused() {
    assert!(refusal(serde_json::json!({"a": {"name": "A", "prefix": "a", "abilites": []}})).contains("abilites"));
    assert!(refusal(serde_json::json!({"a": {"name": "A", "prefix": "a", "rate_limit": 0}})).contains("nonzero"));
    let many = |nth: usize| (format!("k{nth}"), Kind::new("K", format!("k{nth}")));
    assert_eq!(Kinds::try_from((0..254).map(many).collect::<BTreeMap<_, _>>()), Err(KindError::TooMany));
    let environments = (0..257).map(|nth| format!("e{nth}")).collect();
    let refused = Kinds::default().with("a", Kind { environments, ..Kind::new("A", "a") });
    assert_eq!(refused, Err(KindError::TooManyEnvironments("a".to_owned())));
}
