use super::{Matcher, Needle};
use crate::query::Match;

fn glob(pattern: &str, text: &str) -> bool {
    Matcher::new(&[Match::Glob(pattern.to_owned())]).accepts(text)
}

#[test]
fn a_star_is_any_text_and_a_question_mark_one_character() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a*c", "abbcd", false),
        ("*.failed", "auth.login.failed", true),
        ("a?c", "aüc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*ab", "aab", true),
        (r"a\*c", "a*c", true),
        (r"a\*c", "abc", false),
        ("", "", true),
        ("", "a", false),
    ] {
        assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
    }
}

#[test]
fn a_glob_full_of_stars_stays_quick() {
    assert!(!glob(&"a*".repeat(500), &"a".repeat(400)));
}

#[test]
fn a_network_holds_its_addresses_in_either_notation() {
    let network = |text: &str, prefix| [Match::Cidr { network: text.parse().unwrap(), prefix }];
    let private = network("10.0.0.0", 8);
    let private = Matcher::new(&private);
    assert!(private.accepts("10.255.0.1") && private.accepts("::ffff:10.0.0.1"));
    assert!(!private.accepts("11.0.0.1") && !private.accepts("not an address"));
    let all = network("::", 0);
    assert!(Matcher::new(&all).accepts("2001:db8::1") && !Matcher::new(&all).accepts("10.0.0.1"));
}

#[test]
fn bounds_hold_for_integers_and_fractions() {
    let bounds = [Match::Between(5, i64::MAX)];
    let bounds = Matcher::new(&bounds);
    assert!(bounds.accepts("5") && bounds.accepts("5.5") && bounds.accepts("1e30"));
    assert!(!bounds.accepts("4.9") && !bounds.accepts("five") && !bounds.accepts("inf"));
}

#[test]
fn a_needle_is_found_whatever_the_case_in_text_and_in_json() {
    let needle = Needle::new("Say \"Ü\"");
    assert!(needle.is_in("they say \"ü\" here"));
    assert!(
        needle.is_in_json(br#"{"note":"SAY \"\u00dc\""}"#)
            || needle.is_in_json("{\"note\":\"SAY \\\"Ü\\\"\"}".as_bytes())
    );
    assert!(!needle.is_in("say u") && Needle::new("KEY").is_in_json(br#"{"my_key":1}"#));
}
