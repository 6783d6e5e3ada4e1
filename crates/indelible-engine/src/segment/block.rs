//! The numbers of one block of a column: which rows have any, then the numbers themselves, bit-packed in the way
//! that takes least.

use super::{
    numbers::{self, NO_TERM, Numbers, spread},
    presence::{self, Presence},
    wire::{Decoded, Wire, put_signed},
};
use crate::{
    code_set::CodeSet,
    limits::BLOCK_CODES_MAX,
    source::{ABSENT, CodeBlock},
};

/// Every row has one number.
const ALL: u8 = 0;
/// How many numbers each row has, packed.
const COUNTS: u8 = 3;

/// The integers as they are.
const PLAIN: u8 = 0;
/// The first one, then each one's difference to the one before.
const DELTA: u8 = 1;
/// The difference to the same row of `recorded_at`.
const RELATIVE: u8 = 2;

/// Encodes a block of codes; nothing when no row has any.
pub(super) fn put_codes(block: &CodeBlock, out: &mut Vec<u8>) {
    let numbers: Vec<i64> = block.codes.iter().map(|&code| i64::from(code)).collect();
    if block.starts.is_empty() {
        out.push(ALL);
    } else if numbers.is_empty() {
        return;
    } else {
        let counts = || block.starts.windows(2).map(|pair| i64::from(span(pair)));
        if counts().any(|count| count > 1) {
            out.push(COUNTS);
            numbers::put(&counts().collect::<Vec<i64>>(), out);
        } else {
            presence::put(&counts().map(|count| count == 1).collect::<Vec<bool>>(), 0, out);
        }
    }
    numbers::put(&numbers, out);
}

fn span(pair: &[u32]) -> u32 {
    if let [from, to] = pair { to.saturating_sub(*from) } else { 0 }
}

/// A block of codes, of which some rows' can be had without the others'.
#[derive(Debug)]
pub(super) struct Codes<'a> {
    rows: usize,
    lists: Lists<'a>,
    numbers: Option<Numbers<'a>>,
    /// Codes are below.
    terms: u32,
}

/// Which of the codes are a row's.
#[derive(Debug)]
enum Lists<'a> {
    /// At most one.
    Single(Presence<'a>),
    /// Those from a start to the next one.
    Many(Vec<u32>),
}

impl<'a> Codes<'a> {
    /// Reads what surrounds the codes of a page.
    pub(super) fn new(page: &'a [u8], rows: usize, terms: u32) -> Decoded<Self> {
        let mut wire = Wire(page);
        if page.is_empty() {
            return Ok(Self { rows, lists: Lists::Single(Presence::Rows(Vec::new())), numbers: None, terms });
        }
        let lists = match wire.u8()? {
            ALL => Lists::Single(Presence::All(rows)),
            COUNTS => Lists::Many(starts(&mut wire, rows)?),
            form => Lists::Single(Presence::take(&mut wire, form, rows)?),
        };
        let count = match &lists {
            Lists::Single(presence) => presence.count(),
            Lists::Many(starts) => starts.last().map_or(0, |&end| end as usize),
        };
        let numbers = Numbers::take(&mut wire, count)?;
        wire.end()?;
        Ok(Self { rows, lists, numbers: Some(numbers), terms })
    }

    /// The codes of every row.
    pub(super) fn all(&self, out: &mut CodeBlock) -> Decoded<()> {
        out.clear();
        match &self.lists {
            Lists::Single(Presence::All(_)) => {}
            Lists::Single(presence) => {
                out.starts.reserve(self.rows + 1);
                let mut next = 0;
                presence.all_places(self.rows, |place| {
                    out.starts.push(next);
                    next += u32::from(place.is_some());
                });
                out.starts.push(next);
            }
            Lists::Many(starts) => out.starts.extend_from_slice(starts),
        }
        self.numbers.as_ref().map_or(Ok(()), |numbers| numbers.codes(self.terms, &mut out.codes))
    }

    /// The codes of some rising rows.
    pub(super) fn of(&self, rows: &[u32], out: &mut CodeBlock) -> Decoded<()> {
        out.clear();
        let single = matches!(&self.lists, Lists::Single(Presence::All(_)));
        let mut problem = None;
        let mut take = |places: std::ops::Range<usize>| {
            if !single {
                out.starts.push(out.codes.len() as u32);
            }
            for place in places {
                match self.code(place) {
                    Ok(code) => out.codes.push(code),
                    Err(why) => problem = Some(why),
                }
            }
        };
        match &self.lists {
            Lists::Single(presence) => presence.places(rows.iter().copied(), |place| {
                take(place.map_or(0..0, |place| place..place + 1));
            }),
            Lists::Many(starts) => rows.iter().for_each(|&row| {
                let start = |row: usize| starts.get(row).map_or(0, |&start| start as usize);
                take(start(row as usize)..start(row as usize + 1));
            }),
        }
        if !single {
            out.starts.push(out.codes.len() as u32);
        }
        problem.map_or(Ok(()), Err)
    }

    /// Visits the rows that have one of some codes, as often as they have one.
    pub(super) fn with(&self, wanted: &CodeSet, visit: &mut dyn FnMut(u32)) -> Decoded<()> {
        let Some(numbers) = &self.numbers else { return Ok(()) };
        let places = match wanted {
            CodeSet::One(one) if !numbers.may_have(i64::from(*one)) => return Ok(()),
            CodeSet::One(one) => self.places(numbers, |code| code == *one)?,
            CodeSet::Many(..) => self.places(numbers, |code| wanted.contains(code))?,
        };
        match &self.lists {
            Lists::Single(presence) => presence.rows_at(&places, visit),
            Lists::Many(starts) => places.iter().for_each(|&place| {
                visit((starts.partition_point(|&start| start <= place) as u32).saturating_sub(1));
            }),
        }
        Ok(())
    }

    /// The places of the codes that a test holds for.
    fn places(&self, numbers: &Numbers<'_>, test: impl Fn(u32) -> bool) -> Decoded<Vec<u32>> {
        let mut codes = Vec::new();
        numbers.codes(self.terms, &mut codes)?;
        let mut places = Vec::new();
        for (nth, chunk) in codes.chunks(64).enumerate() {
            let mut hits = chunk.iter().rev().fold(0u64, |hits, &code| hits << 1 | u64::from(test(code)));
            while hits != 0 {
                places.push(nth as u32 * 64 + hits.trailing_zeros());
                hits &= hits - 1;
            }
        }
        Ok(places)
    }

    fn code(&self, place: usize) -> Decoded<u32> {
        let number = self.numbers.as_ref().map_or(Err(NO_TERM), |numbers| numbers.get(place))?;
        u32::try_from(number).ok().filter(|&code| code < self.terms).ok_or(NO_TERM)
    }
}

/// Where each row's codes begin, and the end of the last one's.
fn starts(wire: &mut Wire<'_>, rows: usize) -> Decoded<Vec<u32>> {
    let mut starts = vec![0];
    let (mut total, mut sound) = (0, true);
    Numbers::take(wire, rows)?.each(|count| {
        total += usize::try_from(count).unwrap_or(usize::MAX).min(BLOCK_CODES_MAX + 1);
        sound &= total <= BLOCK_CODES_MAX;
        starts.push(total as u32);
    })?;
    if sound { Ok(starts) } else { Err("a block has more codes than the limit") }
}

/// Encodes a block of integers, [`ABSENT`] where a row has none; nothing when no row has any.
///
/// `recorded_at` are the values of that column, when this one may refer to them.
pub(super) fn put_ints(values: &[i64], recorded_at: Option<&[i64]>, out: &mut Vec<u8>) {
    let present: Vec<i64> = values.iter().copied().filter(|&value| value != ABSENT).collect();
    let Some(&first) = present.first() else { return };
    let deltas: Vec<i64> = present.iter().zip(present.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect();
    let relative = recorded_at.filter(|base| !base.contains(&ABSENT) && present.len() == values.len());
    let relative: Option<Vec<i64>> =
        relative.map(|base| values.iter().zip(base).map(|(value, base)| value.wrapping_sub(*base)).collect());
    let (plain_width, delta_width) = (spread(&present), spread(&deltas));
    let relative_width = relative.as_deref().map_or(u32::MAX, spread);
    let transform = if relative_width < plain_width && relative_width <= delta_width {
        RELATIVE
    } else if delta_width < plain_width {
        DELTA
    } else {
        PLAIN
    };
    if present.len() == values.len() {
        out.push(ALL | transform << 2);
    } else {
        presence::put(&values.iter().map(|&value| value != ABSENT).collect::<Vec<bool>>(), transform << 2, out);
    }
    match (transform, relative) {
        (RELATIVE, Some(relative)) => numbers::put(&relative, out),
        (DELTA, _) => {
            put_signed(out, first);
            numbers::put(&deltas, out);
        }
        _ => numbers::put(&present, out),
    }
}

/// Whether a block of integers refers to the same block of `recorded_at`.
pub(super) fn is_relative(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|form| form >> 2 == RELATIVE)
}

/// Decodes a block of integers; `recorded_at` is needed only when the block refers to it.
pub(super) fn ints(bytes: &[u8], rows: usize, recorded_at: &[i64], out: &mut Vec<i64>) -> Decoded<()> {
    out.clear();
    if bytes.is_empty() {
        out.resize(rows, ABSENT);
        return Ok(());
    }
    let mut wire = Wire(bytes);
    let form = wire.u8()?;
    let presence = presence_of(&mut wire, form, rows)?;
    let count = presence.count();
    out.reserve(rows);
    match form >> 2 {
        PLAIN => Numbers::take(&mut wire, count)?.each(|number| out.push(number))?,
        DELTA => {
            let mut value = wire.signed()?;
            out.push(value);
            Numbers::take(&mut wire, count.saturating_sub(1))?.each(|delta| {
                value = value.wrapping_add(delta);
                out.push(value);
            })?;
        }
        RELATIVE => {
            let mut base = recorded_at.iter();
            Numbers::take(&mut wire, count)?
                .each(|number| out.push(number.wrapping_add(base.next().copied().unwrap_or(0))))?;
        }
        _ => return Err("an unknown form of integers"),
    }
    wire.end()?;
    if !matches!(presence, Presence::All(_)) {
        spread_out(out, &presence, rows);
    }
    Ok(())
}

/// Decodes the integers of some rising rows of a block whose values stand as they are; false when they do not.
pub(super) fn ints_of(bytes: &[u8], rows: usize, wanted: &[u32], out: &mut Vec<i64>) -> Decoded<bool> {
    out.clear();
    let mut wire = Wire(bytes);
    let Ok(form) = wire.u8() else {
        out.resize(wanted.len(), ABSENT);
        return Ok(true);
    };
    if form >> 2 != PLAIN {
        return Ok(false);
    }
    let presence = presence_of(&mut wire, form, rows)?;
    let numbers = Numbers::take(&mut wire, presence.count())?;
    wire.end()?;
    let mut problem = None;
    presence.places(wanted.iter().copied(), |place| {
        let value = place.map_or(Ok(ABSENT), |place| numbers.get(place));
        out.push(value.unwrap_or_else(|why| {
            problem = Some(why);
            ABSENT
        }));
    });
    problem.map_or(Ok(true), Err)
}

fn presence_of<'a>(wire: &mut Wire<'a>, form: u8, rows: usize) -> Decoded<Presence<'a>> {
    match form & 3 {
        ALL => Ok(Presence::All(rows)),
        listed => Presence::take(wire, listed, rows),
    }
}

/// Moves values to their rows.
fn spread_out(values: &mut Vec<i64>, presence: &Presence<'_>, rows: usize) {
    let mut spread = Vec::with_capacity(rows);
    presence.all_places(rows, |place| {
        spread.push(place.and_then(|place| values.get(place)).copied().unwrap_or(ABSENT));
    });
    *values = spread;
}
