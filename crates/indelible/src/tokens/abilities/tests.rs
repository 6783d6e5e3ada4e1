use proptest::prelude::*;

use super::*;

fn abilities(names: &[&str]) -> Abilities {
    Abilities::new(names.iter().copied()).unwrap()
}

#[test]
fn wildcards_stand_for_everything_below_them() {
    let own = abilities(&["orders:*", "read", "a:b:*"]);
    for needed in ["orders:read", "orders:items:read", "orders:*", "orders:items:*", "read", "a:b:c"] {
        assert!(own.allow(needed), "{needed}");
    }
    for needed in ["orders", "orders:", "Orders:read", "ordersx:read", "*", "reader", "read:all", "a:*", "a:c", ""] {
        assert!(!own.allow(needed), "{needed}");
    }
    assert!(abilities(&["*"]).allow("anything:at:all") && abilities(&["*"]).allow("*"));
    assert!(!Abilities::default().allow("read"));
}

#[test]
fn a_wildcard_is_not_within_a_narrower_one() {
    assert!(abilities(&["orders:*"]).cover(&abilities(&["orders:read", "orders:items:*"])));
    assert!(!abilities(&["orders:*"]).cover(&abilities(&["*"])));
    assert!(!abilities(&["orders:read"]).cover(&abilities(&["orders:*"])));
    assert!(Abilities::default().cover(&Abilities::default()));
}

#[test]
fn what_is_no_ability_is_refused() {
    for name in ["", ":", "a:", ":a", "a::b", "**", "a*", "*:read", "a:*:b", "a:b*", "a\nb", &"a".repeat(257)] {
        assert!(matches!(Abilities::new([name]), Err(AbilityError::Malformed(_))), "{name:?}");
    }
    assert_eq!(Abilities::new((0..257).map(|nth| format!("a{nth}"))), Err(AbilityError::TooMany(257)));
}

#[test]
fn they_are_a_list_of_texts_in_json() {
    let own: Abilities = serde_json::from_str(r#"["read","orders:*","read"]"#).unwrap();
    assert_eq!(serde_json::to_string(&own).unwrap(), r#"["orders:*","read"]"#);
    let error = serde_json::from_str::<Abilities>(r#"["orders*"]"#).unwrap_err().to_string();
    assert!(error.contains("\"orders*\" is no ability"), "{error}");
}

/// Few parts, so that abilities often have to do with each other.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), "[ab](:[ab]){0,2}(:\\*)?"]
}

fn some() -> impl Strategy<Value = Abilities> {
    prop::collection::vec(name(), 0..4).prop_map(|names| Abilities::new(names).unwrap())
}

/// Part by part.
fn allows(own: &str, needed: &str) -> bool {
    let (own, needed): (Vec<_>, Vec<_>) = (own.split(':').collect(), needed.split(':').collect());
    match own.split_last() {
        Some((&"*", stem)) => needed.len() > stem.len() && needed.starts_with(stem),
        _ => own == needed,
    }
}

proptest! {
    #[test]
    fn matching_goes_part_by_part(own in some(), needed in name()) {
        prop_assert_eq!(own.allow(&needed), own.iter().any(|own| allows(own, &needed)));
    }

    #[test]
    fn covered_abilities_allow_nothing_that_the_covering_do_not(child in some(), parent in some(), needed in name()) {
        prop_assert!(!(parent.cover(&child) && child.allow(&needed)) || parent.allow(&needed));
        prop_assert!(parent.cover(&child) || child.iter().any(|needed| !parent.allow(needed)));
    }

    #[test]
    fn no_text_makes_them_panic(names in prop::collection::vec(any::<String>(), 0..4), needed in any::<String>()) {
        if let Ok(own) = Abilities::new(names) {
            prop_assert!(own.allow(&needed) || !own.contains(&needed));
        }
    }
}
