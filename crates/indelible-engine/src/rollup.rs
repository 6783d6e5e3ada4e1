//! What is counted at sealing, so that common questions need no scan.
//!
//! Events that are alike in all of [`CLASS`] are of one *class*. A *digest* counts the events of a *subject* - all
//! events of the source, those of one busy credential or actor, or those of a *stratum* of its rows - by class, and by class
//! and each [`Facet`]. A question about a subject that filters and groups by the columns of classes and by one facet is a sum
//! over a digest; about a window of time, a sum over the strata in it.

use std::ops::Range;

use crate::{column::Column, sketch::Sketch};

/// Microseconds of an hour.
pub const HOUR_US: i64 = 3_600_000_000;

/// What tells classes apart. Every event has the first four.
pub const CLASS: [Column; 7] = [
    Column::Tenant,
    Column::Action,
    Column::Outcome,
    Column::Severity,
    Column::Reason,
    Column::CredentialType,
    Column::CredentialEnvironment,
];
/// The columns whose terms may be subjects of their own.
pub const BUSY: [Column; 2] = [Column::ActorId, Column::CredentialId];

/// A key for each of [`CLASS`].
pub type Class = [u32; CLASS.len()];

/// One key for each column of a facet; the second is 0 where there is but one.
///
/// The key of a row that has no value is 0. Other keys are: of a term 1 + its code, of a status 1 + the number, of a latency 1 + its
/// [`histogram::bucket`](crate::histogram::bucket), of a time its hours since 1970.
pub type Key = [u32; 2];

/// By what the events of a class are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Hour of `occurred_at`.
    Hour,
    /// Address.
    Ip,
    /// Method and route.
    Endpoint,
    /// Status.
    Status,
    /// Latency, rounded.
    Latency,
    /// Credential.
    Credential,
    /// Scopes that the request needed; an event is counted in each.
    Scope,
    /// Client.
    Client,
    /// Client, and scopes that it requested or needed.
    ClientRequested,
    /// Client, and scopes that it was granted.
    ClientGranted,
    /// Country.
    Country,
}

impl Facet {
    /// All of them, in the order in which they lie in a segment.
    pub const ALL: [Self; 11] = [
        Self::Hour,
        Self::Ip,
        Self::Endpoint,
        Self::Status,
        Self::Latency,
        Self::Credential,
        Self::Scope,
        Self::Client,
        Self::ClientRequested,
        Self::ClientGranted,
        Self::Country,
    ];

    /// The columns that it counts by. Only the last may be a list.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Hour => &[Column::OccurredAt],
            Self::Ip => &[Column::ContextIp],
            Self::Endpoint => &[Column::HttpMethod, Column::HttpRoute],
            Self::Status => &[Column::HttpStatus],
            Self::Latency => &[Column::HttpLatencyUs],
            Self::Credential => &[Column::CredentialId],
            Self::Scope => &[Column::OauthScopesRequested],
            Self::Client => &[Column::ClientId],
            Self::ClientRequested => &[Column::ClientId, Column::OauthScopesRequested],
            Self::ClientGranted => &[Column::ClientId, Column::OauthScopesGranted],
            Self::Country => &[Column::ContextGeoCountry],
        }
    }

    /// Whether a class with too many values has a sketch of them.
    pub const fn is_sketched(self) -> bool {
        matches!(self, Self::Ip | Self::Credential)
    }

    /// Whether values that are rare may be left out.
    pub const fn is_cut(self) -> bool {
        !matches!(self, Self::Hour | Self::Latency) && !self.is_of_strata()
    }

    /// Whether a segment need not count by it, because no row has a value: that holds for columns that are absent.
    pub(crate) fn is_implied(self, is_absent: impl Fn(Column) -> bool) -> bool {
        self.is_of_strata() && self.columns().iter().all(|&column| is_absent(column))
    }

    /// Whether strata are counted by it too.
    pub const fn is_of_strata(self) -> bool {
        matches!(self, Self::Client | Self::ClientRequested | Self::ClientGranted | Self::Country)
    }
}

/// What a source counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Whether each of [`CLASS`] tells classes apart. One with too many values does not; its keys are all 0.
    pub tells: [bool; CLASS.len()],
    /// Rising.
    pub classes: Vec<Class>,
    /// The subjects of digests 1, 2, ..., rising by column and code. Digest 0 is of all events.
    pub busy: Vec<(Column, u32)>,
    /// The blocks of each stratum, the subjects of the digests that follow.
    pub strata: Vec<Range<u32>>,
}

impl Rollup {
    /// The digest of the first stratum.
    pub fn first_of_strata(&self) -> u32 {
        1 + self.busy.len() as u32
    }

    /// How many digests there are.
    pub fn digests(&self) -> u32 {
        self.first_of_strata() + self.strata.len() as u32
    }
}

/// The events of a class in a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the class.
    pub class: u32,
    /// How many events.
    pub count: u64,
    /// The first and the last `occurred_at`, in microseconds.
    pub occurred_at: (i64, i64),
}

/// The events of a class in a digest by the values of a facet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Index of the class.
    pub class: u32,
    /// Rising by key.
    pub counts: Vec<(Key, u64)>,
    /// Where rare values are left out: none of them has more events than this. 0 where nothing is left out.
    pub left_out_max: u64,
}

/// The different values of a facet in a class that has some left out.
pub type Sketched = (u32, Sketch);
