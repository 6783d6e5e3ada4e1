//! Whatever is in a file, an importer gives valid events or errors, and never panics.

use proptest::{collection::vec, prelude::*, sample::Index};

use indelible::import::delivery;

use super::{Format, files, hooks::examples, importer};

/// A change to a line of a sample.
#[derive(Debug, Clone)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index),
    Repeat(Index, Index),
    Insert(Index, &'static str),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let pieces = [
        "\0",
        "{",
        "[",
        "\"",
        "\\",
        ",",
        ":",
        "null",
        "9007199254740993",
        "-1e308",
        "\u{10ffff}",
        " ",
        "=",
        "'",
        "\"a\":{}",
        "..",
        "\\u0000",
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Flip(at, byte)),
        any::<Index>().prop_map(Mutation::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
        (any::<Index>(), prop::sample::select(pieces.to_vec())).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
    ]
}

fn mutate(line: &mut Vec<u8>, mutation: &Mutation) {
    if line.is_empty() {
        return;
    }
    match mutation {
        Mutation::Flip(at, byte) => {
            let at = at.index(line.len());
            line[at] = *byte;
        }
        Mutation::Cut(at) => line.truncate(at.index(line.len())),
        Mutation::Repeat(from, to) => {
            let (a, b) = (from.index(line.len()), to.index(line.len()));
            let part = line[a.min(b)..a.max(b)].to_vec();
            line.extend(part);
        }
        Mutation::Insert(at, piece) => {
            let at = at.index(line.len());
            line.splice(at..at, piece.bytes());
        }
    }
}

/// Replaces a scalar somewhere in a record by something that its mapping does not expect.
fn twist(value: &mut serde_json::Value, at: &mut usize, with: &serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => object.values_mut().for_each(|inner| twist(inner, at, with)),
        serde_json::Value::Array(list) => list.iter_mut().for_each(|inner| twist(inner, at, with)),
        scalar => {
            if *at == 0 {
                *scalar = with.clone();
            }
            *at = at.wrapping_sub(1);
        }
    }
}

fn check(format: Format, lines: &[Vec<u8>]) {
    let mut importer = importer(format);
    for line in lines {
        for event in importer.line(line).unwrap_or_default() {
            if format != Format::Indelible {
                event.validate().unwrap_or_else(|error| panic!("{format}: {error} in {event:?}"));
            }
        }
    }
    let _ = importer.finish();
    for event in delivery(format, Some("d-1"), &lines.join(&b'\n')) {
        event.validate().unwrap_or_else(|error| panic!("{format}: {error} in {event:?}"));
    }
}

fn any_line() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let lines: Vec<(Format, Vec<u8>)> = files()
        .into_iter()
        .flat_map(|(_, format, content)| {
            content.split(|b| *b == b'\n').map(|line| (format, line.to_vec())).collect::<Vec<_>>()
        })
        .filter(|(_, line)| !line.is_empty())
        .chain(examples().into_iter().cycle().take(200))
        .collect();
    prop::sample::select(lines)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_line_never_panics_and_never_makes_an_invalid_event((format, line) in any_line(), mutations in vec(mutation(), 1..6)) {
        let mut damaged = line.clone();
        mutations.iter().for_each(|mutation| mutate(&mut damaged, mutation));
        check(format, &[line, damaged.clone(), damaged]);
    }

    #[test]
    fn a_line_of_another_format_never_panics((_, line) in any_line(), format in prop::sample::select(Format::ALL.to_vec())) {
        check(format, &[line.clone(), line]);
    }

    #[test]
    fn an_unexpected_value_never_makes_an_invalid_event((format, line) in any_line(), at in 0usize..60, with in prop::sample::select(vec![
        serde_json::json!(null), serde_json::json!(""), serde_json::json!(" \0 "), serde_json::json!(-1), serde_json::json!(u64::MAX), serde_json::json!(1e300),
        serde_json::json!([]), serde_json::json!({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": 1}}}}}}}}}}), serde_json::json!("é".repeat(6000)), serde_json::json!("x".repeat(100_000)),
        serde_json::json!("{\"a\": [1, 2"), serde_json::json!(["a", 1, null]), serde_json::json!("2024-02-30T25:61:61Z"), serde_json::json!("256.1.1.1"),
    ])) {
        if let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&line) {
            let mut at = at;
            twist(&mut value, &mut at, &with);
            check(format, &[value.to_string().into_bytes()]);
        }
    }

    #[test]
    fn any_bytes_never_panic(format in prop::sample::select(Format::ALL.to_vec()), lines in vec(vec(any::<u8>(), 0..120), 0..4)) {
        check(format, &lines);
    }
}
