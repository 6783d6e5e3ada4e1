//! Counts by hour, made at sealing, that answer the common questions without a scan.

use crate::column::Column;

/// Microseconds of an hour.
pub const HOUR_US: i64 = 3_600_000_000;

/// One cell: how many events of an hour share these four codes of their source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Hours since 1970 of `occurred_at`.
    pub hour: u32,
    /// Code of `tenant`.
    pub tenant: u32,
    /// Code of `action`.
    pub action: u32,
    /// Code of `outcome`.
    pub outcome: u32,
    /// Code of `severity`.
    pub severity: u32,
    /// How many events.
    pub count: u64,
}

/// The hourly counts of one busy term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// [`Column::CredentialId`] or [`Column::ActorId`].
    pub column: Column,
    /// Code of the term.
    pub code: u32,
    /// (hours since 1970, code of the tenant, count), rising.
    pub hours: Vec<(u32, u32, u64)>,
}

/// The roll-ups of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Rising; every event is in exactly one cell.
    pub cells: Vec<Cell>,
    /// Rising by column and code.
    pub busy: Vec<Busy>,
}
