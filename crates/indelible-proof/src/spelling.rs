//! Finding the word that was probably meant.

/// The known word nearest to a misspelt one, when it is near enough to be a likely slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Beyond this the cost of the comparison would be the caller's to choose.
    if word.len() > 64 {
        return None;
    }
    let slips_max = 1 + word.len() / 4;
    known
        .into_iter()
        .map(|candidate| (slips(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, one row at a time.
fn slips(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let here = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        assert_eq!(nearest("acton", ["actor", "action", "tags"]), Some("actor"));
        assert_eq!(nearest("rate_limted", ["ip_blocked", "rate_limited"]), Some("rate_limited"));
        assert_eq!(nearest("zebra", ["actor", "action", "tags"]), None);
        assert_eq!(nearest(&"a".repeat(10_000), ["actor"]), None);
    }

    #[test]
    fn the_distance_counts_insertions_deletions_and_replacements() {
        assert_eq!(slips(b"kitten", b"sitting"), 3);
        assert_eq!(slips(b"", b"abc"), 3);
        assert_eq!(slips(b"abc", b""), 3);
        assert_eq!(slips(b"abc", b"abc"), 0);
    }
}
