//! What changed, as a diff that fits the terminal.

use indelible::resources::{Changed, changed};
use indelible_proof::Changes;
use serde_json::Value;

use super::{
    error::Failure,
    terminal::{Screen, style, visible, width_of},
};

/// Columns before a line of the diff.
const INDENT: usize = 2;
/// Lines of a long text that are shown before and after those that changed.
const CONTEXT: usize = 2;
/// Columns below which a value is not broken.
const WIDTH_MIN: usize = 20;

/// Prints the fields that changed, those before in red, those after in green; of texts of several lines the lines that changed.
pub(crate) fn print(changes: &Changes, screen: &mut Screen) -> Result<(), Failure> {
    changed(changes).iter().try_for_each(|field| match (&field.before, &field.after) {
        (Some(Value::String(before)), Some(Value::String(after))) if before.contains('\n') || after.contains('\n') => {
            print_lines(&field.path, before, after, screen)
        }
        _ => print_values(field, screen),
    })
}

fn print_values(Changed { path, before, after }: &Changed, screen: &mut Screen) -> Result<(), Failure> {
    if before == after {
        // It differed before it was redacted or cut.
        return line('~', &format!("{path}  {}", shown(before.as_ref())), screen);
    }
    for (sign, side) in [('-', before), ('+', after)] {
        if side.is_some() {
            line(sign, &format!("{path}  {}", shown(side.as_ref())), screen)?;
        }
    }
    Ok(())
}

/// A value as JSON, so that `1` and `"1"` differ.
fn shown(value: Option<&Value>) -> String {
    value.map(Value::to_string).unwrap_or_default()
}

fn print_lines(path: &str, before: &str, after: &str, screen: &mut Screen) -> Result<(), Failure> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let same = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
    let (old, new) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let same_end = old.iter().rev().zip(new.iter().rev()).take_while(|(before, after)| before == after).count();
    let (old, rest) = old.split_at(old.len() - same_end);
    let (new, _) = new.split_at(new.len() - same_end);
    line('@', &format!("{path}  line {}", same + 1), screen)?;
    let context = before.get(same.saturating_sub(CONTEXT)..same).unwrap_or_default();
    let signed =
        [(' ', context), ('-', old), ('+', new), (' ', rest.get(..CONTEXT.min(rest.len())).unwrap_or_default())];
    signed.iter().try_for_each(|(sign, lines)| lines.iter().try_for_each(|text| line(*sign, text, screen)))
}

/// A line of the diff, broken where the terminal ends.
fn line(sign: char, text: &str, screen: &mut Screen) -> Result<(), Failure> {
    let style = match sign {
        '-' => style::BAD,
        '+' => style::GOOD,
        '~' => style::WARN,
        '@' => style::NAME,
        _ => style::FAINT,
    };
    let text = visible(text);
    let width = screen.width().map_or(usize::MAX, |width| width.saturating_sub(INDENT + 2).max(WIDTH_MIN));
    for (nth, piece) in pieces(&text, width).into_iter().enumerate() {
        let sign = if nth == 0 { sign } else { ' ' };
        let painted = screen.paint(style, &format!("{sign} {piece}")).into_owned();
        screen.line(&format!("{:INDENT$}{painted}", ""))?;
    }
    Ok(())
}

/// A text in pieces of some columns.
fn pieces(text: &str, width: usize) -> Vec<&str> {
    let (mut pieces, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        let wide = width_of(c.encode_utf8(&mut [0; 4]));
        if used + wide > width {
            pieces.extend(text.get(start..at));
            (start, used) = (at, 0);
        }
        used += wide;
    }
    pieces.extend(text.get(start..));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_by_columns_and_loses_nothing() {
        assert_eq!(pieces("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(pieces("日本語", 4), ["日本", "語"]);
        assert_eq!(pieces("", 4), [""]);
        assert_eq!(pieces("abc", usize::MAX), ["abc"]);
    }
}
