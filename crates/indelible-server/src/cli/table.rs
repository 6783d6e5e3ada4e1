//! Tables that fit the terminal.

use anstyle::Style;

use super::{
    error::Failure,
    terminal::{Screen, fit, style, visible, width_of},
};

const GAP: usize = 2;

/// A column: its title, shown in capitals, and how narrow it may become.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    title: String,
    right: bool,
    width_min: usize,
}

impl Column {
    /// A column of text, which may be cut down to some columns.
    pub(crate) fn text(title: &str, width_min: usize) -> Self {
        Self { title: title.to_uppercase(), right: false, width_min }
    }

    /// A column that is never cut.
    pub(crate) fn whole(title: &str) -> Self {
        Self::text(title, usize::MAX)
    }

    /// A column of numbers: to the right, never cut.
    pub(crate) fn number(title: &str) -> Self {
        Self { right: true, ..Self::whole(title) }
    }
}

/// One field of a row.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text in a style; what it holds of control characters is written out.
    pub(crate) fn new(text: &str, style: Style) -> Self {
        Self { text: visible(text).into_owned(), style }
    }

    /// A text without style.
    pub(crate) fn plain(text: &str) -> Self {
        Self::new(text, style::PLAIN)
    }
}

/// Prints lines of `name  value`, the values below each other.
pub(crate) fn fields(indent: &str, lines: &[(String, String)], screen: &mut Screen) -> Result<(), Failure> {
    let lines: Vec<_> = lines.iter().map(|(name, value)| (visible(name), visible(value))).collect();
    let width = lines.iter().map(|(name, _)| width_of(name)).max().unwrap_or_default();
    for (name, value) in &lines {
        let space = " ".repeat(width - width_of(name));
        let name = screen.paint(style::NAME, name);
        screen.line(&format!("{indent}{name}{space}  {value}"))?;
    }
    Ok(())
}

/// Columns with the widths that were found for them.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<(Column, usize)>,
}

impl Layout {
    /// Widths for some rows, wide enough for all if they fit.
    pub(crate) fn of(columns: Vec<Column>, rows: &[Vec<Cell>], screen: &Screen) -> Self {
        let mut columns: Vec<_> = columns
            .into_iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width_of(&cell.text));
                let width = cells.max().unwrap_or(0).max(width_of(&column.title));
                (column, width)
            })
            .collect();
        if let Some(width) = screen.width() {
            shrink(&mut columns, width);
        }
        Self { columns }
    }

    /// Prints the titles.
    pub(crate) fn head(&self, screen: &mut Screen) -> Result<(), Failure> {
        let titles: Vec<Cell> = self.columns.iter().map(|(column, _)| Cell::new(&column.title, style::FAINT)).collect();
        self.row(&titles, screen)
    }

    /// Prints a row.
    pub(crate) fn row(&self, cells: &[Cell], screen: &mut Screen) -> Result<(), Failure> {
        let mut line = String::new();
        let mut pending = 0;
        for ((column, width), cell) in self.columns.iter().zip(cells) {
            let text = fit(&cell.text, *width);
            let space = width.saturating_sub(width_of(&text));
            let (before, after) = if column.right { (space, 0) } else { (0, space) };
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', pending + before));
                line.push_str(&screen.paint(cell.style, &text));
                pending = after + GAP;
            } else {
                pending += width + GAP;
            }
        }
        screen.line(&line)
    }
}

/// Takes from the widest column that may still be cut, until the row fits or nothing can be cut any more.
fn shrink(columns: &mut [(Column, usize)], width: usize) {
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut excess = (columns.iter().map(|(_, width)| width).sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        let widest = columns.iter_mut().filter(|(column, width)| *width > column.width_min).max_by_key(|(_, w)| *w);
        let Some((_, width)) = widest else { return };
        *width -= 1;
        excess -= 1;
    }
}

/// Prints a whole table.
pub(crate) fn print(columns: Vec<Column>, rows: &[Vec<Cell>], screen: &mut Screen) -> Result<(), Failure> {
    let layout = Layout::of(columns, rows, screen);
    layout.head(screen)?;
    rows.iter().try_for_each(|row| layout.row(row, screen))
}
