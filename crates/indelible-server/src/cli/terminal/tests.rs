use super::*;

#[test]
fn event_data_cannot_reach_the_terminal_as_control_characters() {
    let hostile = "a\x1b[2Jb\r\n\u{9b}31m\u{202e}evil\u{7f}";
    assert_eq!(visible(hostile), "a\\x1b[2Jb\\r\\n\\x9b31m\\u{202e}evil\\x7f");
    assert!(matches!(visible("Zoë 東京"), Cow::Borrowed("Zoë 東京")));
}

#[test]
fn a_text_that_is_too_wide_is_cut_with_an_ellipsis_by_columns_not_bytes() {
    assert_eq!(fit("token.revoked", 13), "token.revoked");
    assert_eq!(fit("token.revoked", 6), "token…");
    assert_eq!(fit("東京タワー", 5), "東京…");
    assert_eq!(fit("東京タワー", 4), "東…");
    assert_eq!(fit("abc", 0), "…");
}

#[test]
fn numbers_and_bytes_are_written_for_people() {
    let numbers = [0, 999, 1000, -1_234_567, i64::MIN].map(grouped);
    assert_eq!(numbers, ["0", "999", "1,000", "-1,234,567", "-9,223,372,036,854,775,808"]);
    let sizes = [0, 1023, 1024, 1_572_864, 1024 * 1024 - 1, u64::MAX].map(bytes_in_words);
    assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1.0 MiB", "16384.0 PiB"]);
}
