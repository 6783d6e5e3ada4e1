//! Every limit of an event. Lengths are bytes of UTF-8; free data is measured in its canonical form.

/// The largest whole number that every JSON reader holds exactly, 2^53 - 1.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// JSON text of one event, before it is parsed.
pub const EVENT_JSON_BYTES_MAX: usize = 1 << 20;
/// Canonical form of a whole event.
pub const EVENT_BYTES_MAX: usize = 512 << 10;
/// `metadata`.
pub const METADATA_BYTES_MAX: usize = 64 << 10;
/// `changes.before` and `changes.after` together.
pub const CHANGES_BYTES_MAX: usize = 256 << 10;
/// `attrs` of one target.
pub const ATTRS_BYTES_MAX: usize = 8 << 10;

/// Levels of `metadata`; the object itself is the first.
pub const METADATA_DEPTH_MAX: usize = 8;
/// Levels of `changes.before` and of `changes.after`.
pub const CHANGES_DEPTH_MAX: usize = 16;
/// Levels of a target's `attrs`.
pub const ATTRS_DEPTH_MAX: usize = 8;

/// `targets`.
pub const TARGETS_MAX: usize = 100;
/// `on_behalf_of`.
pub const ON_BEHALF_OF_MAX: usize = 16;
/// `tags`.
pub const TAGS_MAX: usize = 64;
/// Each list of scopes.
pub const SCOPES_MAX: usize = 256;

/// `action`.
pub const ACTION_BYTES_MAX: usize = 128;
/// `reason`, and each word of a closed or short list: types, kinds, methods, environments.
pub const WORD_BYTES_MAX: usize = 128;
/// `tenant`.
pub const TENANT_BYTES_MAX: usize = 256;
/// Ids of actors, targets, sessions, credentials, clients, devices, requests.
pub const ID_BYTES_MAX: usize = 512;
/// Display names, e-mail addresses, host names, places.
pub const NAME_BYTES_MAX: usize = 1024;
/// `context.user_agent` and `context.forwarded_for`.
pub const HEADER_BYTES_MAX: usize = 2048;
/// `http.path`, `http.route`, and the URIs of `oauth`.
pub const URI_BYTES_MAX: usize = 4096;
/// One tag.
pub const TAG_BYTES_MAX: usize = 128;
/// One scope.
pub const SCOPE_BYTES_MAX: usize = 256;
/// `trace_id` and `span_id`.
pub const TRACE_BYTES_MAX: usize = 128;
/// `idempotency_key`.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

/// A signed note as a whole: room for 16 of the largest signatures that C2SP foresees, and more.
pub const NOTE_BYTES_MAX: usize = 256 << 10;
/// Signatures on one note.
pub const SIGNATURES_MAX: usize = 64;
/// Name of a key, and origin of a checkpoint.
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// Hashes in one proof: the height of the largest tree.
pub const PROOF_HASHES_MAX: usize = 64;
/// Hashes in a proof that a witness takes, as C2SP tlog-witness says.
pub const WITNESS_HASHES_MAX: usize = 63;
/// What a proof file tells beside the proof, before it is written in base64: a disclosed event.
pub const EXTRA_BYTES_MAX: usize = 1 << 20;
/// A proof file or a request to a witness as a whole.
pub const PROOF_BYTES_MAX: usize = 2 << 20;
/// The rotations of a log's key, one behind the other.
pub const ROTATIONS_BYTES_MAX: usize = 1 << 20;
/// One line of an export with proof: an event, or the checkpoint that ends it.
pub const EXPORT_LINE_BYTES_MAX: usize = 1 << 20;
