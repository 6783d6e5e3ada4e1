//! Columns of different heights, in blocks or, where nobody looks, in plain ASCII.

/// Lines of a chart.
const HEIGHT: usize = 3;
/// What the eighths of a line look like.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN: [char; 9] = [' ', '.', '.', '.', ':', ':', ':', '#', '#'];

/// The lines of a chart from the top, each value `wide` columns; whatever is more than nothing shows.
pub(super) fn lines(values: &[u64], wide: usize, plain: bool) -> Vec<String> {
    let signs = if plain { PLAIN } else { BLOCKS };
    let highest = values.iter().copied().max().unwrap_or(0).max(1);
    let eighths = |value: u64| {
        let eighths = (value as f64 / highest as f64 * (HEIGHT * 8) as f64).round() as usize;
        if value > 0 { eighths.max(1) } else { 0 }
    };
    let line = |below: usize| {
        let sign = |&value: &u64| signs.get(eighths(value).saturating_sub(below * 8).min(8)).copied().unwrap_or(' ');
        let line: String = values.iter().map(sign).flat_map(|sign| std::iter::repeat_n(sign, wide)).collect();
        line.trim_end().to_owned()
    };
    (0..HEIGHT).rev().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_proportion_and_never_vanish() {
        assert_eq!(lines(&[0, 1, 50, 100], 1, false), ["   █", "  ▄█", " ▁██"]);
        assert_eq!(lines(&[24, 1], 2, true), ["##", "##", "##.."]);
        assert_eq!(lines(&[0, 0], 1, false), ["", "", ""]);
        assert_eq!(lines(&[u64::MAX, 1], 1, false)[2], "█▁");
    }
}
