use proptest::prelude::*;
use serde_json::json;

use super::*;

fn text(value: &Value) -> String {
    String::from_utf8(jcs(value)).unwrap()
}

#[test]
fn the_example_of_rfc_8785_is_written_as_it_stands_there() {
    let input = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(text(&serde_json::from_str(input).unwrap()), expected);
}

#[test]
fn the_sorting_example_of_rfc_8785_comes_out_in_its_order() {
    let input = json!({
        "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
    });
    let order = ["Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji", "Hebrew"];
    let written = text(&input);
    let places: Vec<usize> = order.iter().map(|name| written.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{written}");
}

/// Appendix B of RFC 8785.
#[test]
fn the_number_vectors_of_rfc_8785_hold() {
    let vectors: [(u64, &str); 24] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];
    for (bits, expected) in vectors {
        assert_eq!(text(&Value::from(f64::from_bits(bits))), expected);
    }
}

#[test]
fn an_integer_beyond_a_double_is_written_as_the_nearest_double() {
    assert_eq!(text(&json!(u64::MAX)), "18446744073709552000");
    assert_eq!(text(&json!(i64::MIN)), "-9223372036854776000");
    assert_eq!(text(&json!(-1)), "-1");
    assert_eq!(text(&json!(INTEGER_MAX)), "9007199254740991");
}

proptest! {
    #[test]
    fn the_order_of_keys_is_that_of_utf_16(a in any::<String>(), b in any::<String>(), shared in any::<String>()) {
        for (a, b) in [(a.clone(), b.clone()), (shared.clone() + &a, shared + &b)] {
            prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }

    #[test]
    fn the_order_holds_for_single_characters_of_every_plane(a in any::<char>(), b in prop::char::range('\u{d000}', '\u{20000}')) {
        let (a, b) = (a.to_string(), b.to_string());
        prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_value(value in crate::arbitrary::free_value()) {
        prop_assert_eq!(serde_json::from_slice::<Value>(&jcs(&value)).unwrap(), value);
    }

    #[test]
    fn integers_are_written_digit_by_digit(value in any::<u64>()) {
        let mut out = Writer::default();
        out.unsigned(value);
        prop_assert_eq!(out.bytes, value.to_string().into_bytes());
    }
}

proptest! {
    #[test]
    fn what_is_canonical_beyond_doubt_is_written_again_to_the_byte(value in crate::arbitrary::free_value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut json = jcs(&serde_json::json!({"a": value, "b": [true, -5, "x"]}));
        // Free of doubt unless it holds what needs a closer look.
        if !json.iter().any(|byte| matches!(byte, b'\\' | b'.' | b'e' | b'0'..=b'9' | 0x80..)) {
            prop_assert!(is_jcs_object(&json));
        }
        *at.get_mut(&mut json) = byte;
        if is_jcs_object(&json) {
            let read: Value = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(jcs(&read), json.clone());
            prop_assert_eq!(serde_json::to_vec(&read).unwrap(), json);
        }
    }
}

#[test]
fn plain_objects_are_canonical_beyond_doubt_and_other_spellings_are_not() {
    for json in ["{}", r#"{"a":1,"b":[{},[],"ä",null,true,false,-10,0,999999999999999]}"#] {
        assert!(is_jcs_object(json.as_bytes()), "{json}");
    }
    for json in [
        "",
        "[]",
        "{",
        "{}}",
        "{} ",
        r#"{"a":1,}"#,
        r#"{"b":1,"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a" :1}"#,
        r#"{"a":01}"#,
        r#"{"a":-0}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e3}"#,
        r#"{"a":9999999999999999}"#,
        r#"{"a":"\/"}"#,
        r#"{"a":tru}"#,
        r#"{"a":-}"#,
        r#"{"a":}"#,
        r#"{"a":[1 ]}"#,
        "{\"a\":\"\u{1}\"}",
    ] {
        assert!(!is_jcs_object(json.as_bytes()), "{json}");
    }
    assert!(!is_jcs_object(b"{\"a\":\"\xff\"}"));
    let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(is_jcs_object(deep(15).as_bytes()) && !is_jcs_object(deep(16).as_bytes()));
}
