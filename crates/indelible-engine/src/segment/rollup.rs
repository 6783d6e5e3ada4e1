//! The roll-up inside a segment: how it is counted from sources and how it lies in its page.

use std::collections::{BTreeMap, HashMap};

use super::{
    WriteError,
    terms::Postings,
    wire::{Decoded, Wire, put_varint},
};
use crate::{
    column::Column,
    limits::{BUSY_ROWS_MIN, ROLLUP_CELLS_MAX, SEGMENT_ROWS_MAX},
    rollup::{Busy, Cell, HOUR_US, Rollup},
    source::{CodeBlock, ReadError, Source},
};

/// The columns whose terms may be busy.
const BUSY: [Column; 2] = [Column::ActorId, Column::CredentialId];
/// The columns of a cell.
const CELL: [Column; 4] = [Column::Tenant, Column::Action, Column::Outcome, Column::Severity];

/// What the roll-up needs of the columns written before it.
#[derive(Debug, Default)]
pub(super) struct Remapped {
    /// For each source, the segment's codes of its codes.
    codes: BTreeMap<Column, Vec<Vec<u32>>>,
    /// The rows of each code, where the column can be busy.
    rows: BTreeMap<Column, Vec<u32>>,
}

impl Remapped {
    /// Keeps what is needed of a column.
    pub(super) fn keep(&mut self, column: Column, codes: Vec<Vec<u32>>, postings: Option<Postings>) {
        if BUSY.contains(&column) || CELL.contains(&column) {
            self.codes.insert(column, codes);
        }
        if let Some(postings) = postings.filter(|_| BUSY.contains(&column)) {
            self.rows.insert(column, postings.rows);
        }
    }

    /// The codes of a column in the segment, one a row; false when a row has not exactly one.
    fn read(
        &self,
        source: &dyn Source,
        nth: usize,
        column: Column,
        block: u32,
        out: &mut CodeBlock,
    ) -> Result<bool, ReadError> {
        source.codes(column, block, out)?;
        let Some(remap) = self.codes.get(&column).and_then(|sources| sources.get(nth)) else { return Ok(false) };
        out.codes.iter_mut().for_each(|code| *code = remap.get(*code as usize).copied().unwrap_or(0));
        Ok(out.starts.is_empty())
    }
}

impl Rollup {
    /// Counts the rows of sources; nothing when the cells were too many to help, or an event is not complete.
    pub(super) fn of(sources: &[&dyn Source], rows: u32, remapped: &Remapped) -> Result<Option<Self>, WriteError> {
        let cells_max = ROLLUP_CELLS_MAX.min(rows as usize / 16).max(16);
        let mut counts: HashMap<(u32, [u32; 4]), u64, hashbrown::DefaultHashBuilder> = HashMap::default();
        let mut busy = BusyCounts::new(remapped);
        let mut occurred_at = Vec::new();
        let mut codes: [CodeBlock; 4] = Default::default();
        for (nth, source) in sources.iter().enumerate() {
            for block in 0..source.blocks() {
                source.ints(Column::OccurredAt, block, &mut occurred_at)?;
                let mut complete = occurred_at.iter().all(|&us| us >= 0);
                for (column, codes) in CELL.into_iter().zip(&mut codes) {
                    complete = complete && remapped.read(*source, nth, column, block, codes)?;
                }
                if !complete {
                    return Ok(None);
                }
                let [tenant, action, outcome, severity] = codes.each_ref().map(|block| block.codes.iter().copied());
                let hours = occurred_at.iter().map(|us| (us / HOUR_US) as u32);
                for ((((hour, tenant), action), outcome), severity) in
                    hours.zip(tenant).zip(action).zip(outcome).zip(severity)
                {
                    *counts.entry((hour, [tenant, action, outcome, severity])).or_default() += 1;
                }
                if counts.len() > cells_max {
                    return Ok(None);
                }
                let [tenants, ..] = &codes;
                busy.add(*source, nth, block, &occurred_at, &tenants.codes)?;
            }
        }
        let mut cells: Vec<Cell> = counts
            .into_iter()
            .map(|((hour, [tenant, action, outcome, severity]), count)| Cell {
                hour,
                tenant,
                action,
                outcome,
                severity,
                count,
            })
            .collect();
        cells.sort_unstable();
        Ok(Some(Self { cells, busy: busy.finish() }))
    }
}

/// (hour, tenant) to count.
type Hours = BTreeMap<(u32, u32), u64>;

struct BusyCounts<'a> {
    remapped: &'a Remapped,
    terms: Vec<(Column, BTreeMap<u32, Hours>)>,
    hours: usize,
}

impl<'a> BusyCounts<'a> {
    fn new(remapped: &'a Remapped) -> Self {
        let busy = |rows: &Vec<u32>| -> BTreeMap<u32, Hours> {
            let busy = (0u32..).zip(rows).filter(|(_, rows)| **rows >= BUSY_ROWS_MIN);
            busy.map(|(code, _)| (code, Hours::new())).collect()
        };
        let terms = remapped.rows.iter().map(|(&column, rows)| (column, busy(rows)));
        Self { remapped, terms: terms.filter(|(_, terms)| !terms.is_empty()).collect(), hours: 0 }
    }

    fn add(
        &mut self,
        source: &dyn Source,
        nth: usize,
        block: u32,
        occurred_at: &[i64],
        tenants: &[u32],
    ) -> Result<(), ReadError> {
        let mut codes = CodeBlock::default();
        for (column, terms) in &mut self.terms {
            self.remapped.read(source, nth, *column, block, &mut codes)?;
            for (row, (us, &tenant)) in occurred_at.iter().zip(tenants).enumerate() {
                for code in codes.of(row) {
                    if let Some(hours) = terms.get_mut(code) {
                        let before = hours.len();
                        *hours.entry(((us / HOUR_US) as u32, tenant)).or_default() += 1;
                        self.hours += hours.len() - before;
                    }
                }
            }
        }
        if self.hours > ROLLUP_CELLS_MAX {
            self.terms.clear();
        }
        Ok(())
    }

    fn finish(self) -> Vec<Busy> {
        let hours = |hours: Hours| hours.into_iter().map(|((hour, tenant), count)| (hour, tenant, count)).collect();
        let of_column = |(column, terms): (Column, BTreeMap<u32, Hours>)| {
            terms.into_iter().map(move |(code, of_term)| Busy { column, code, hours: hours(of_term) })
        };
        self.terms.into_iter().flat_map(of_column).collect()
    }
}

/// The payload of a roll-up's page: the fields of all cells, field after field, then the busy terms.
pub(super) fn encode(rollup: &Rollup) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, rollup.cells.len() as u64);
    let mut before = 0;
    for cell in &rollup.cells {
        put_varint(&mut out, u64::from(cell.hour - before));
        before = cell.hour;
    }
    let fields: [fn(&Cell) -> u32; 4] =
        [|cell| cell.tenant, |cell| cell.action, |cell| cell.outcome, |cell| cell.severity];
    for field in fields {
        rollup.cells.iter().for_each(|cell| put_varint(&mut out, u64::from(field(cell))));
    }
    rollup.cells.iter().for_each(|cell| put_varint(&mut out, cell.count));
    put_varint(&mut out, rollup.busy.len() as u64);
    for busy in &rollup.busy {
        out.push(busy.column as u8);
        put_varint(&mut out, u64::from(busy.code));
        put_varint(&mut out, busy.hours.len() as u64);
        let mut before = 0;
        for &(hour, tenant, count) in &busy.hours {
            put_varint(&mut out, u64::from(hour - before));
            put_varint(&mut out, u64::from(tenant));
            put_varint(&mut out, count);
            before = hour;
        }
    }
    out
}

/// Reads the payload of a roll-up's page; `terms` tells how many terms a column has.
pub(super) fn decode(payload: &[u8], terms: impl Fn(Column) -> u32) -> Decoded<Rollup> {
    let mut wire = Wire(payload);
    let count = wire.count(ROLLUP_CELLS_MAX)?;
    let mut cells = vec![Cell { hour: 0, tenant: 0, action: 0, outcome: 0, severity: 0, count: 0 }; count];
    let mut hour = 0u32;
    for cell in &mut cells {
        hour = hour.checked_add(wire.count(u32::MAX as usize)? as u32).ok_or("an hour is out of range")?;
        cell.hour = hour;
    }
    type Field = fn(&mut Cell) -> &mut u32;
    let fields: [Field; 4] =
        [|cell| &mut cell.tenant, |cell| &mut cell.action, |cell| &mut cell.outcome, |cell| &mut cell.severity];
    for (column, field) in CELL.into_iter().zip(fields) {
        for cell in &mut cells {
            *field(cell) = code_below(&mut wire, terms(column))?;
        }
    }
    for cell in &mut cells {
        cell.count = wire.count(SEGMENT_ROWS_MAX as usize)? as u64;
    }
    let busy_max = BUSY.len() * (SEGMENT_ROWS_MAX / BUSY_ROWS_MIN) as usize;
    let busy = (0..wire.count(busy_max)?).map(|_| decode_busy(&mut wire, &terms)).collect::<Decoded<_>>()?;
    wire.end()?;
    Ok(Rollup { cells, busy })
}

fn decode_busy(wire: &mut Wire<'_>, terms: &impl Fn(Column) -> u32) -> Decoded<Busy> {
    let column =
        Column::of_number(wire.u8()?).filter(|column| BUSY.contains(column)).ok_or("an unknown busy column")?;
    let code = code_below(wire, terms(column))?;
    let count = wire.count(wire.0.len())?;
    let mut hour = 0u32;
    let mut next = || {
        hour = hour.checked_add(wire.count(u32::MAX as usize)? as u32).ok_or("an hour is out of range")?;
        let tenant = code_below(wire, terms(Column::Tenant))?;
        Ok((hour, tenant, wire.count(SEGMENT_ROWS_MAX as usize)? as u64))
    };
    let hours = (0..count).map(|_| next()).collect::<Decoded<_>>()?;
    Ok(Busy { column, code, hours })
}

fn code_below(wire: &mut Wire<'_>, terms: u32) -> Decoded<u32> {
    let code = wire.count(u32::MAX as usize)? as u32;
    if code < terms { Ok(code) } else { Err("a code has no term") }
}
