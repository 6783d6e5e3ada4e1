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
/// `attrs` of one target.
pub(super) const ATTRS_BYTES_MAX: usize = 8 << 10;

/// An action, a reason, a type or kind.
pub(super) const WORD_BYTES_MAX: usize = 128;
/// Ids.
pub(super) const ID_BYTES_MAX: usize = 512;
/// Display names, addresses, places.
pub(super) const NAME_BYTES_MAX: usize = 1024;
/// User agents and forwarding headers.
pub(super) const HEADER_BYTES_MAX: usize = 2048;
/// Paths and URIs.
pub(super) const URI_BYTES_MAX: usize = 4096;
/// One scope.
pub(super) const SCOPE_BYTES_MAX: usize = 256;
/// Scopes of one list.
pub(super) const SCOPES_MAX: usize = 256;
/// Targets of one event.
pub(super) const TARGETS_MAX: usize = 100;
/// Actors behind the actor.
pub(super) const ON_BEHALF_OF_MAX: usize = 16;
