//! Every bound of the binary. What an operator may change has its default here and its option in [`crate::config`].

use std::time::Duration;

/// Bytes of a request's body, as sent and again after decompression.
pub(crate) const BODY_BYTES_MAX: usize = 16 << 20;
/// Events of one request.
pub(crate) const REQUEST_EVENTS_MAX: usize = indelible_engine::limits::BATCH_EVENTS_MAX;
/// Events of one request whose receipts have proofs.
pub(crate) const REQUEST_PROOFS_MAX: usize = 1000;
/// Bad lines that `on_error=skip` lists one by one; the others are counted.
pub(crate) const REJECTED_LISTED_MAX: usize = 1000;
/// Bodies up to this are parsed where they arrive; larger ones on a thread that may block.
pub(crate) const INLINE_BODY_BYTES: usize = 32 << 10;
/// Larger bodies, or bodies of unknown size, in memory at once.
pub(crate) const LARGE_BODIES_MAX: usize = 8;
/// Bytes of a query string.
pub(crate) const QUERY_BYTES_MAX: usize = 8 << 10;
/// Header lines of a request.
pub(crate) const HEADERS_MAX: usize = 64;
/// Bytes of a request's head.
pub(crate) const HEAD_BYTES_MAX: usize = 32 << 10;

/// Time for a request's head to arrive, and so also how long an idle connection is kept.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Time for one piece of a streamed answer to be taken by the client.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Time between two signs of life on a quiet live tail.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Time over which the reads of one key are coalesced into one event.
pub(crate) const READS_WINDOW: Duration = Duration::from_secs(60);
/// Time between two removals of what has expired.
pub(crate) const RETENTION_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// Kept checkpoints that one removal takes into account: each costs 8 KiB at most.
pub(crate) const RETENTION_SIZES_MAX: usize = 1000;
/// Largest body that asks for a removal.
pub(crate) const RETENTION_BODY_BYTES_MAX: usize = 64 << 10;
/// Time between two looks at the file of keys for what another process changed.
pub(crate) const KEYS_RECHECK: Duration = Duration::from_secs(1);

/// Connections at once.
pub(crate) const CONNECTIONS_MAX: usize = 1024;
/// Open files that connections leave to the log: segments, the write-ahead log, keys.
pub(crate) const LOG_FILES_KEPT: u64 = 512;
/// Threads for work that blocks, beside one for each export.
pub(crate) const BLOCKING_THREADS: usize = 512;
/// Live tails at once.
pub(crate) const TAILS_MAX: usize = 256;
/// Exports at once.
pub(crate) const EXPORTS_MAX: usize = 4;
/// Reads that wait for a query thread; the next is told to come back later.
pub(crate) const READS_WAITING_MAX: usize = 256;
/// Bytes of the events of one page; what does not fit is on the next.
pub(crate) const PAGE_BYTES_MAX: usize = 2 << 20;
/// Pieces of a streamed answer that wait for the client.
pub(crate) const STREAM_PIECES: usize = 4;
/// Bytes of one piece of an export.
pub(crate) const EXPORT_PIECE_BYTES: usize = 64 << 10;
/// Different (key, endpoint) pairs whose reads are coalesced at once; beyond that they are written at once.
pub(crate) const READS_TALLIED_MAX: usize = 4096;

/// Different refusals that are coalesced at once; beyond that they are counted by their cause alone, so that many
/// addresses cannot flood the log.
pub(crate) const REFUSALS_TALLIED_MAX: usize = 256;

/// Bytes of a delivery of a webhook.
pub(crate) const DELIVERY_BYTES_MAX: usize = 4 << 20;
/// Deliveries that are held at once beyond small ones, and Security Event Tokens; the next sender is told to come back.
pub(crate) const DELIVERIES_MAX: usize = 16;
/// How old a delivered event may be for the log to know its key by itself: that is 24 hours, and clocks may differ by the rest.
pub(crate) const DELIVERY_KEY_TRUSTED: Duration = Duration::from_secs(23 * 3600);
/// Bytes of a request with a Security Event Token: one more than a token may have, which is told as the standard says.
pub(crate) const SET_BODY_BYTES_MAX: usize = (64 << 10) + 1;
/// Bytes of a file with secrets that are shared with a sender.
pub(crate) const SECRET_FILE_BYTES_MAX: u64 = 4 << 10;
/// Bytes of the keys of an issuer that are read: one more than they may have.
pub(crate) const JWKS_READ_BYTES_MAX: u64 = (256 << 10) + 1;
/// Time after which the keys of an issuer are asked for again.
pub(crate) const JWKS_FRESH: Duration = Duration::from_secs(3600);
/// Time between two questions for the keys of an issuer, however many tokens name one that it does not have.
pub(crate) const JWKS_PAUSE: Duration = Duration::from_secs(30);
/// Time for an issuer to answer with its keys.
pub(crate) const JWKS_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a body that asks something of tokens; imports may have those of any body.
pub(crate) const TOKEN_BODY_BYTES_MAX: usize = 1 << 20;
/// Calls about tokens that use the database at once; the next is told to come back later.
pub(crate) const TOKEN_CALLS_MAX: usize = 256;
/// How many ancestors a token may have.
pub(crate) const TOKEN_DEPTH_MAX: u32 = 3;
/// Bytes of a token that is read from the standard input: some are JSON Web Tokens, or SAML.
pub(crate) const TOKEN_INPUT_BYTES_MAX: u64 = 64 << 10;
/// Tokens of a page.
pub(crate) const TOKEN_PAGE_MAX: u32 = 1000;
/// Bytes of a line of an import.
pub(crate) const TOKEN_LINE_BYTES_MAX: u64 = 1 << 20;
/// Tokens of one request of an import.
pub(crate) const TOKEN_IMPORT_BATCH: usize = 500;

/// API keys of a server.
pub(crate) const KEYS_MAX: usize = 10_000;
/// Events about keys that the log is told at once.
pub(crate) const KEYS_TOLD_AT_ONCE: usize = 1000;
/// Bytes of a key's name and of its tenant.
pub(crate) const KEY_NAME_BYTES_MAX: usize = 200;
/// Events that a live tail reads at once and holds until its client has taken them: few, because every tail may have a slow
/// client.
pub(crate) const TAIL_PAGE_EVENTS: u32 = 200;
/// Events of one piece of a live tail.
pub(crate) const TAIL_EVENTS_A_PIECE: usize = 100;

/// Bytes of a server's answer that a command holds at once.
pub(crate) const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Bytes of a file that holds a public key.
pub(crate) const KEY_FILE_BYTES_MAX: u64 = 4 << 10;
/// Bytes of an export that are copied at once.
pub(crate) const COPY_BYTES: usize = 64 << 10;
/// Connections to a server that are kept for the next request.
pub(crate) const CONNECTIONS_KEPT: usize = 1024;
/// Time for a connection to a server.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time without a byte from a server. A live tail has a sign of life every 15 seconds.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest wait before a lost connection is tried again.
pub(crate) const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Events that a tail of a data directory shows when it is not told since when.
pub(crate) const TAIL_EVENTS: u32 = 10;
/// How long a command sends again what the log is too busy for, or the server away. A log that is sealing takes nothing
/// for some seconds.
pub(crate) const SEND_PATIENCE: Duration = Duration::from_secs(15);
/// Idempotency keys that a server is asked for in one filter line.
pub(crate) const KEYS_ASKED_AT_ONCE: usize = 64;
/// Bytes of one message of a live tail.
pub(crate) const MESSAGE_BYTES_MAX: u64 = 4 << 20;
/// Bytes of events on the standard input of `record`.
pub(crate) const INPUT_BYTES_MAX: u64 = 64 << 20;
/// Events of one batch of an import.
pub(crate) const IMPORT_BATCH_EVENTS: usize = 1000;
/// Bytes of one batch of an import as JSON: half of what a server takes by default.
pub(crate) const IMPORT_BATCH_BYTES: u64 = (BODY_BYTES_MAX / 2) as u64;
/// Bytes at the beginning of a file that tell its format.
pub(crate) const IMPORT_HEAD_BYTES: usize = 64 << 10;
/// Batches between two notes of how far an import is. What lies behind the note is sent again after an
/// interruption, and recognised by its idempotency keys.
pub(crate) const IMPORT_BATCHES_NOTED: u64 = 10;
/// Imported files that a data directory remembers; the oldest is forgotten first.
pub(crate) const IMPORTS_REMEMBERED_MAX: usize = 1000;
/// Kinds of errors that an import lists one by one; the others are counted together.
pub(crate) const ERROR_KINDS_MAX: usize = 20;
/// Line numbers listed for each kind of error.
pub(crate) const ERROR_LINES_LISTED: usize = 5;
/// Free space below which a data directory needs attention.
pub(crate) const FREE_BYTES_LOW: u64 = 1 << 30;
/// Age of a database of places above which it needs attention.
pub(crate) const GEO_OLD: Duration = Duration::from_secs(90 * 86_400);
/// Difference between two clocks above which something is wrong.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5);
/// Batches that `bench ingest` has under way at once, each on a thread.
pub(crate) const BENCH_THREADS_MAX: i64 = 1024;
/// Bytes of the answer to a single event that `bench ingest` reads.
pub(crate) const BENCH_ANSWER_BYTES_MAX: usize = 64 << 10;

/// Time for the body of a request to a witness to arrive, and for a stalled reader of its answer to go on.
pub(crate) const WITNESS_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that requests to a witness are given at its shutdown.
pub(crate) const WITNESS_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections to a witness at once.
pub(crate) const WITNESS_CONNECTIONS_MAX: usize = 256;
/// Logs that a witness follows.
pub(crate) const WITNESSED_LOGS_MAX: usize = 1000;
/// Bytes of the file that names the logs of a witness.
pub(crate) const WITNESSED_LOGS_BYTES_MAX: u64 = 1 << 20;

/// Time that a driver is given at shutdown to take what was recorded last. What it does not take then it gets at the next
/// start.
pub(crate) const FOLLOWER_PATIENCE: Duration = Duration::from_secs(5);

/// The name of a log that is made without one.
pub(crate) const LOG_NAME: &str = "indelible";
/// Witnesses of a log.
pub(crate) const WITNESSES_MAX: usize = 32;
/// Time between two checkpoints that are sent to the witnesses: those in between are not sent.
pub(crate) const COSIGNING_INTERVAL: Duration = Duration::from_secs(1);
/// Time for a witness's answer, with the connection.
pub(crate) const COSIGNING_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait before a witness that failed is asked again.
pub(crate) const COSIGNING_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Bytes of a witness's answer.
pub(crate) const COSIGNING_ANSWER_BYTES_MAX: u64 = 64 << 10;
