//! Numbers as JavaScript reads them from text: what the plugin does with a query.

/// `Number(text)`.
pub(super) fn number(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    let (prefix, digits) = text.split_at_checked(2).unwrap_or_default();
    match prefix {
        "0x" | "0X" => return whole(digits, 16),
        "0o" | "0O" => return whole(digits, 8),
        "0b" | "0B" => return whole(digits, 2),
        _ => {}
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // What else Rust takes: `inf`, `nan`, whatever their case.
        _ if text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) => f64::NAN,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

fn whole(digits: &str, radix: u32) -> f64 {
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return f64::NAN;
    }
    // More than 128 bits are beyond any bound.
    u128::from_str_radix(digits, radix).map_or(if digits.is_empty() { f64::NAN } else { f64::INFINITY }, |it| it as f64)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_is_read_as_javascript_reads_it() {
        let cases = [
            ("", 0.0),
            (" \t", 0.0),
            ("50", 50.0),
            (" 50\n", 50.0),
            ("+5", 5.0),
            ("-1", -1.0),
            ("1.5", 1.5),
            ("5.", 5.0),
            (".5e1", 5.0),
            ("1e2", 100.0),
            ("1E+2", 100.0),
            ("0x10", 16.0),
            ("0b11", 3.0),
            ("0o17", 15.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e400", f64::INFINITY),
        ];
        for (text, value) in cases {
            assert_eq!(number(text), value, "{text:?}");
        }
        for text in
            ["abc", "NaN", "nan", "inf", "infinity", "1_0", "1,2", "0x", "0xg", "0x-1", "-0x10", "1e", "e", ".", "é"]
        {
            assert!(number(text).is_nan(), "{text:?}");
        }
    }
}
