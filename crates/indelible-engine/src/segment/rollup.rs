//! The roll-up inside a segment: how it is counted from sources and how it lies in its page.

use std::collections::BTreeMap;

use hashbrown::HashMap;

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

type Counts<Key> = HashMap<Key, u64>;

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
        let mut counts: Counts<(u64, u64, u32)> = Counts::default();
        let mut busy = BusyCounts::new(remapped);
        let (mut occurred_at, mut hours) = (Vec::new(), Vec::new());
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
                hours.clear();
                hours.extend(occurred_at.iter().map(|us| (us / HOUR_US) as u32));
                let [tenants, actions, outcomes, severities] = codes.each_ref().map(|block| block.codes.as_slice());
                let words = actions.iter().zip(outcomes).zip(severities);
                for ((&hour, &tenant), ((&action, &outcome), &severity)) in hours.iter().zip(tenants).zip(words) {
                    *counts.entry((pair(hour, tenant), pair(action, outcome), severity)).or_default() += 1;
                }
                if counts.len() > cells_max {
                    return Ok(None);
                }
                busy.add(*source, nth, block, &hours, tenants)?;
            }
        }
        let cell = |((at, word, severity), count): ((u64, u64, u32), u64)| {
            let ((hour, tenant), (action, outcome)) = (unpair(at), unpair(word));
            Cell { hour, tenant, action, outcome, severity, count }
        };
        let mut cells: Vec<Cell> = counts.into_iter().map(cell).collect();
        cells.sort_unstable();
        Ok(Some(Self { cells, busy: busy.finish() }))
    }
}

/// Counts by (column, code) and (hour, tenant), each pair packed so that it hashes fast.
struct BusyCounts<'a> {
    remapped: &'a Remapped,
    counts: Counts<(u64, u64)>,
    codes: CodeBlock,
    too_many: bool,
}

impl<'a> BusyCounts<'a> {
    fn new(remapped: &'a Remapped) -> Self {
        Self { remapped, counts: Counts::default(), codes: CodeBlock::default(), too_many: false }
    }

    /// Takes in a block of a source with a tenant each row.
    fn add(
        &mut self,
        source: &dyn Source,
        nth: usize,
        block: u32,
        hours: &[u32],
        tenants: &[u32],
    ) -> Result<(), ReadError> {
        for (&column, rows) in &self.remapped.rows {
            if self.too_many {
                return Ok(());
            }
            self.remapped.read(source, nth, column, block, &mut self.codes)?;
            for (row, (&hour, &tenant)) in hours.iter().zip(tenants).enumerate() {
                for &code in self.codes.of(row) {
                    if rows.get(code as usize).is_some_and(|&rows| rows >= BUSY_ROWS_MIN) {
                        *self.counts.entry((pair(column as u32, code), pair(hour, tenant))).or_default() += 1;
                    }
                }
            }
            self.too_many = self.counts.len() > ROLLUP_CELLS_MAX;
        }
        Ok(())
    }

    fn finish(self) -> Vec<Busy> {
        if self.too_many {
            return Vec::new();
        }
        let mut counts: Vec<_> = self.counts.into_iter().collect();
        counts.sort_unstable();
        let busy = counts.chunk_by(|(a, _), (b, _)| a.0 == b.0).filter_map(|of_term| {
            let ((term, _), _) = of_term.first()?;
            let (column, code) = unpair(*term);
            let hour = |((_, at), count): &((u64, u64), u64)| (unpair(*at).0, unpair(*at).1, *count);
            Some(Busy { column: Column::of_number(column as u8)?, code, hours: of_term.iter().map(hour).collect() })
        });
        busy.collect()
    }
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn unpair(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
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
