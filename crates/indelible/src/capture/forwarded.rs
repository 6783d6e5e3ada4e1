//! The `Forwarded` header, RFC 7239: elements between commas, `name=value` between semicolons, values that may be quoted.

/// The `for` of each element, in the order of the header, unquoted. An element without one, or that does not read,
/// gives an empty hop: the walk must not step over it.
pub(super) fn hops(text: &str) -> Vec<String> {
    let mut hops = Vec::new();
    for element in split(text, ',') {
        let nodes = split(element, ';').into_iter().filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| unquoted(value.trim()))
        });
        let mut nodes = nodes.collect::<Vec<_>>().into_iter();
        let first = nodes.next();
        // Two `for` in one element contradict each other.
        hops.push(if nodes.next().is_none() { first.unwrap_or_default() } else { String::new() });
    }
    hops
}

/// Splits where the separator stands outside quotes. Read from the right, where trusted proxies write: a quote that a
/// client left open at the left swallows nothing of theirs.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut end, mut quoted) = (Vec::new(), text.len(), false);
    for (at, char) in text.char_indices().rev() {
        if char == '"' {
            let before = text.get(..at).unwrap_or_default();
            let backslashes = before.len() - before.trim_end_matches('\\').len();
            quoted ^= !quoted || backslashes % 2 == 0;
        } else if char == separator && !quoted {
            parts.extend(text.get(at + char.len_utf8()..end));
            end = at;
        }
    }
    parts.extend(text.get(..end));
    parts.reverse();
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut text, mut escaped) = (String::with_capacity(inner.len()), false);
    for char in inner.chars() {
        if char == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            text.push(char);
        }
    }
    text
}
