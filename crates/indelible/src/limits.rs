//! Every bound of this crate.

use std::time::Duration;

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
