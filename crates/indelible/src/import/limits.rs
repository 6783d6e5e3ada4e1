//! Limits of an import: what a file from outside may ask of us. Lengths are bytes.

/// One line of a file. Only a JSON document on a single line (an array, a `{"Records": [...]}`) may be this long;
/// the same bound holds for a document that spans lines.
pub const LINE_BYTES_MAX: usize = 64 << 20;
/// One record on a line of its own.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// Distinct records whose keys an importer remembers to tell repetitions apart. Beyond it, identical records share a key.
pub const KEYS_MAX: usize = 1 << 20;
/// Records of one delivery of a webhook.
pub const DELIVERY_RECORDS_MAX: usize = 10_000;

pub(super) use indelible_proof::limits::{
    ATTRS_BYTES_MAX, HEADER_BYTES_MAX, ID_BYTES_MAX, NAME_BYTES_MAX, ON_BEHALF_OF_MAX, SCOPE_BYTES_MAX, SCOPES_MAX,
    TARGETS_MAX, URI_BYTES_MAX, WORD_BYTES_MAX,
};

/// What the events of one record have in common, as often as they have it.
pub(super) const HEADS_BYTES_MAX: usize = 256 << 10;
/// The source record kept in `metadata.original`.
pub(super) const ORIGINAL_BYTES_MAX: usize = 48 << 10;
/// Levels of the source record kept as JSON; what lies deeper is kept as JSON text.
pub(super) const ORIGINAL_DEPTH_MAX: usize = 7;
/// A scalar kept from a source record that was too large.
pub(super) const SCALAR_BYTES_MAX: usize = 4096;
/// Each side of `changes`.
pub(super) const CHANGE_BYTES_MAX: usize = 96 << 10;
/// Levels of each side of `changes`.
pub(super) const CHANGE_DEPTH_MAX: usize = 15;
