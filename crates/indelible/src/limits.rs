//! Every bound of this crate.

use std::time::Duration;

#[cfg(feature = "tower")]
pub(crate) use capture::*;
#[cfg(feature = "axum")]
pub(crate) use endpoints::*;
#[cfg(any(feature = "outbox-postgres", feature = "outbox-sqlite"))]
pub(crate) use outbox::*;
#[cfg(feature = "receivers")]
pub(crate) use receivers::*;
#[cfg(feature = "tokens")]
pub(crate) use tokens::*;

/// Events that may wait in the queue of a `Recorder`, unless its builder says otherwise.
pub(crate) const QUEUE_EVENTS_DEFAULT: usize = 16_384;
/// Events of the queue that go to the store at once.
pub(crate) const QUEUE_BATCH_EVENTS: usize = 1_000;
/// How long the background thread naps between two looks at an empty queue.
pub(crate) const QUEUE_NAP: Duration = Duration::from_millis(1);
/// After how many naps in vain it sleeps until it is woken.
pub(crate) const QUEUE_NAPS_MAX: u32 = 100;
/// How often a queued batch is tried again after the store could not write it.
pub(crate) const RETRIES_MAX: u32 = 5;
/// The wait before the first further try; the second is twice as long, and so on.
pub(crate) const RETRY_WAIT: Duration = Duration::from_millis(20);
/// The longest wait before a busy store is asked again.
pub(crate) const BUSY_WAIT_MAX: Duration = Duration::from_millis(100);
/// How often a busy store is asked again once the recorder is closing.
pub(crate) const CLOSING_RETRIES_MAX: u32 = 100;
/// How long a gap that could not be recorded waits for the next try, when no event comes along.
pub(crate) const GAP_RETRY_WAIT: Duration = Duration::from_secs(1);
/// Tenants whose losses are counted apart; those of further ones are recorded for the default tenant.
pub(crate) const GAP_TENANTS_MAX: usize = 64;
/// Levels of nesting that redaction looks into, texts that hold JSON or forms included; what lies deeper is masked whole.
pub(crate) const REDACTION_DEPTH_MAX: usize = 32;
/// Bytes of the longest field name, without separators, that can be a secret's.
pub(crate) const FIELD_NAME_BYTES_MAX: usize = 128;
/// Values of a condition that are looked up in an index; where there are more, every row is looked at.
pub(crate) const INDEXED_VALUES_MAX: usize = 64;
/// Steps from token to token on the way through a chain, however its tokens are connected.
pub(crate) const STORY_ROUNDS_MAX: u32 = 64;
/// Events of the families of refresh tokens that were used again.
pub(crate) const STORY_EVENTS_MAX: u32 = 2_000;
/// Refresh tokens that were used again, in one answer.
pub(crate) const REUSES_MAX: u32 = 100;
/// Events that are looked at in the search for tokens that are alive, at once and in all.
pub(crate) const ALIVE_PAGE: u32 = 100;
pub(crate) const ALIVE_EVENTS_MAX: u32 = 2_000;
/// Days for which events may be kept at most, where they are not kept for ever: a hundred years.
pub(crate) const RETENTION_DAYS_MAX: u32 = 36_500;
/// Events that a follower brings to its sink at once.
pub(crate) const FOLLOWED_EVENTS: u32 = 1000;
/// The longest pause after a sink's first failure; the second is twice as long, and so on.
pub(crate) const FOLLOW_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause of all.
pub(crate) const FOLLOW_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Bytes of an activity's description once its placeholders are filled in; what stays as it was written comes on top.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 64 << 10;
/// Bytes of the file that tells how far a sink is.
pub(crate) const CURSOR_BYTES_MAX: u64 = 64;
/// Bytes of the file that holds the key of fingerprints.
pub(crate) const KEY_FILE_BYTES_MAX: u64 = 1024;
/// Characters of an error code.
pub(crate) const CODE_BYTES_MAX: usize = 64;
/// Bytes of JSON that the changes of a resource may be told in, unless told otherwise.
pub(crate) const CHANGES_BYTES_DEFAULT: usize = 64 << 10;
/// Bytes of the path of a field; the fields of one with a longer path are told together.
pub(crate) const FIELD_PATH_BYTES_MAX: usize = 1024;
/// Requests that one resource came from: further ones are not part of its history.
pub(crate) const REQUESTS_OF_RESOURCE_MAX: u32 = 64;
/// Events from which the state of a resource is rebuilt; where there are more since it was created, what older ones told is unknown.
pub(crate) const STATE_EVENTS_MAX: usize = 20_000;
/// Targets that are looked for at once: an index knows the events of as many ids.
pub(crate) const TARGETS_ASKED_AT_ONCE: usize = 50;

/// Bytes of a database of places.
#[cfg(feature = "geo")]
pub(crate) const GEO_FILE_BYTES_MAX: u64 = 1 << 30;
/// Time between two looks at whether one has changed.
#[cfg(feature = "geo")]
pub(crate) const GEO_RECHECK: Duration = Duration::from_secs(5);

/// Those of capture.
#[cfg(feature = "tower")]
mod capture {
    use std::time::Duration;

    /// Bytes of a body that rules may see, unless the layer's builder says otherwise.
    pub(crate) const CAPTURED_BODY_BYTES_DEFAULT: usize = 16 << 10;
    /// Bytes of a captured value that cannot be kept as data and is kept as text.
    pub(crate) const CAPTURED_TEXT_BYTES_MAX: usize = 16 << 10;
    /// Fields of a form or a query that are read.
    pub(crate) const FORM_FIELDS_MAX: usize = 256;
    /// Hops of a forwarding header that are walked.
    pub(crate) const FORWARDED_HOPS_MAX: usize = 64;
    /// Identifiers and addresses whose failures are counted at a time.
    pub(crate) const FAILURE_SLOTS: usize = 4096;
    /// A JSON Web Token, or a Basic credential.
    pub(crate) const JWT_BYTES_MAX: usize = 16 << 10;
    /// Those who act for each other in one token.
    pub(crate) const ACT_CHAIN_MAX: usize = 16;
    /// A session cookie, as it is sent.
    #[cfg(any(feature = "better-auth-postgres", feature = "better-auth-sqlite"))]
    pub(crate) const SESSION_COOKIE_BYTES_MAX: usize = 4096;
    /// How long a request waits for those who know whose session it is, unless told otherwise.
    pub(crate) const RESOLVE_WAIT_DEFAULT: Duration = Duration::from_secs(2);
    /// How long a handler waits for a body that is read before it, and a response for its own.
    pub(crate) const BODY_WAIT: Duration = Duration::from_millis(500);
    /// How often it is looked whether a wait is over.
    pub(crate) const ALARM_TICK: Duration = Duration::from_millis(50);
    /// Seconds by which the clocks of issuer and reader of a token may differ.
    pub(crate) const JWT_LEEWAY_S: f64 = 60.0;
}

/// Those of the endpoints, most of them the audit plugin's.
#[cfg(feature = "axum")]
mod endpoints {
    /// Entries of a list, when nobody says how many.
    pub(crate) const LIST_ENTRIES_DEFAULT: u32 = 50;
    /// Entries of a list.
    pub(crate) const LIST_ENTRIES_MAX: u32 = 500;
    /// Entries that a list may leave out at its beginning: they are read all the same.
    pub(crate) const LIST_OFFSET_MAX: u32 = 100_000;
    /// Levels of inserted metadata; those of `{}` are 0.
    pub(crate) const METADATA_DEPTH_MAX: usize = 5;
    /// Bytes of a body: metadata with every character escaped.
    pub(crate) const INSERT_BYTES_MAX: usize = 512 << 10;
    /// Requests of an address in a minute.
    pub(crate) const REQUESTS_A_MINUTE_DEFAULT: u32 = 60;
    /// Readers of others' entries, each with a user, that were told of lately.
    pub(crate) const READS_MAX: usize = 4096;
    /// Addresses whose requests are counted at a time.
    pub(crate) const ADDRESSES_MAX: usize = 1 << 16;
}

/// Those of tokens.
#[cfg(feature = "tokens")]
mod tokens {
    use std::time::Duration;

    /// A token as it is presented; ours have fewer, imported ones may stand after their id.
    pub(crate) const TOKEN_BYTES_MAX: usize = 256;
    /// The prefix of a type, or an environment.
    pub(crate) const TOKEN_WORD_BYTES_MAX: usize = 32;
    /// The id before the text of an imported token.
    pub(crate) const IMPORTED_ID_BYTES_MAX: usize = 64;
    /// Types of tokens.
    pub(crate) const KINDS_MAX: usize = 256;
    /// Environments of a type.
    pub(crate) const ENVIRONMENTS_MAX: usize = 256;
    /// Abilities of a token: events list as many scopes.
    pub(crate) const ABILITIES_MAX: usize = indelible_proof::limits::SCOPES_MAX;
    /// An ability: a scope of an event is as long.
    pub(crate) const ABILITY_BYTES_MAX: usize = indelible_proof::limits::SCOPE_BYTES_MAX;
    /// Tokens whose last use is written at once: changes get in between.
    pub(crate) const TOUCHED_TOKENS: usize = 1_000;
    /// Tokens that are issued as one group.
    pub(crate) const GROUP_TOKENS_MAX: usize = 32;
    /// Tokens that are kept ready to be checked.
    pub(crate) const CACHED_TOKENS_MAX: usize = 1 << 17;
    /// Parts of these, each with a lock of its own.
    pub(crate) const CACHE_SHARDS: usize = 64;
    /// How long they are kept ready without a look at the database, unless the builder says otherwise.
    pub(crate) const STALENESS_DEFAULT: Duration = Duration::from_secs(5);
    /// How many ancestors a token may have, unless the builder says otherwise.
    pub(crate) const DEPTH_DEFAULT: u32 = 3;
    /// Tokens of a page, when nobody says how many.
    pub(crate) const FOUND_TOKENS_DEFAULT: u32 = 50;
    /// Tokens of a page.
    pub(crate) const FOUND_TOKENS_MAX: u32 = 1_000;
    /// How long a change waits for another process that writes.
    pub(crate) const STATE_WAIT: Duration = Duration::from_secs(5);
    /// How often an operation is planned anew because somebody else changed its tokens meanwhile.
    pub(crate) const CONFLICTS_MAX: u32 = 1_000;
    /// Tokens that one operation changes.
    pub(crate) const CHANGED_TOKENS_MAX: usize = 10_000;
    /// How often what waits in the background is looked after: uses to be noted, events that the log did not take.
    pub(crate) const TOKENS_ROUND: Duration = Duration::from_secs(1);
    /// Networks, or domains, that a token may be used from.
    pub(crate) const ALLOWED_MAX: usize = 256;
    /// A name of the domain name system.
    pub(crate) const HOST_BYTES_MAX: usize = 253;
    /// Tokens with a rate limit that are used within a minute; each takes some 300 bytes.
    pub(crate) const LIMITED_TOKENS_MAX: usize = 1 << 18;
    /// Missing abilities that an event names, apart from those that were needed.
    pub(crate) const MISSING_MAX: usize = 64;
    /// Kinds of failures that are counted at a time.
    pub(crate) const FAILURES_ALIKE_MAX: usize = 4096;
}

/// Those of an outbox.
#[cfg(any(feature = "outbox-postgres", feature = "outbox-sqlite"))]
mod outbox {
    use std::time::Duration;

    /// Events that are handed on at once.
    pub(crate) const OUTBOX_BATCH_ROWS: u32 = 500;
    /// Bytes of JSON after which a batch is full.
    pub(crate) const OUTBOX_BATCH_BYTES: usize = 4 << 20;
    /// An event that has waited longer is looked for in the log before it is sent, in case it was sent before and the log
    /// has forgotten the key: that is after 24 hours, and the clocks of database and log may differ by the rest.
    pub(crate) const OUTBOX_KEY_TRUSTED: Duration = Duration::from_secs(3600);
    /// Bytes of the key of a row: of a UUID, or of as many bits in hexadecimal digits, and some more.
    pub(crate) const OUTBOX_KEY_BYTES_MAX: usize = 64;
    /// Bytes of the text that says why an event was parked.
    pub(crate) const OUTBOX_PROBLEM_BYTES_MAX: usize = 1024;
    /// Parked events that a status shows.
    pub(crate) const OUTBOX_PARKED_SHOWN: u32 = 20;
    /// How long a connection to Postgres may take.
    #[cfg(feature = "outbox-postgres")]
    pub(crate) const OUTBOX_CONNECT_WAIT: Duration = Duration::from_secs(10);
    /// How long Postgres may be silent where it owes an answer.
    #[cfg(feature = "outbox-postgres")]
    pub(crate) const OUTBOX_SILENCE_MAX: Duration = Duration::from_secs(30);
    /// Time between two looks at an outbox in Postgres, which calls.
    #[cfg(feature = "outbox-postgres")]
    pub(crate) const OUTBOX_POLL_POSTGRES: Duration = Duration::from_secs(5);
    /// How long a busy SQLite database is waited for.
    #[cfg(feature = "outbox-sqlite")]
    pub(crate) const OUTBOX_WAIT: Duration = Duration::from_secs(5);
    /// Time between two looks at an empty outbox in SQLite, which calls nobody.
    #[cfg(feature = "outbox-sqlite")]
    pub(crate) const OUTBOX_POLL_SQLITE: Duration = Duration::from_millis(100);
    /// The wait after a first failure; each further one doubles it.
    pub(crate) const OUTBOX_RETRY_WAIT: Duration = Duration::from_millis(200);
    /// The longest wait after a failure.
    pub(crate) const OUTBOX_RETRY_WAIT_MAX: Duration = Duration::from_secs(30);
}

#[cfg(feature = "receivers")]
mod receivers {
    /// Characters below which a secret shared with a sender is refused.
    pub(crate) const WEBHOOK_SECRET_BYTES_MIN: usize = 8;
    /// Secrets of a sender that count at once.
    pub(crate) const WEBHOOK_SECRETS_MAX: usize = 4;
    /// How far the moment in a signature may be from now, in seconds.
    pub(crate) const WEBHOOK_TOLERANCE_S: u64 = 300;
    /// Signatures of one delivery that are looked at.
    pub(crate) const SIGNATURES_MAX: usize = 8;
    /// Bytes of a Security Event Token.
    pub(crate) const SET_BYTES_MAX: usize = 64 << 10;
    /// How far ahead of ours an issuer's clock may be, in seconds.
    pub(crate) const SET_SKEW_S: i64 = 300;
    /// Events of one token.
    pub(crate) const SET_EVENTS_MAX: usize = 64;
    /// Bytes of a token's id.
    pub(crate) const SET_ID_BYTES_MAX: usize = 512;
    /// Bytes of a set of keys.
    pub(crate) const JWKS_BYTES_MAX: usize = 256 << 10;
    /// Keys of a set.
    pub(crate) const JWKS_KEYS_MAX: usize = 64;
}
