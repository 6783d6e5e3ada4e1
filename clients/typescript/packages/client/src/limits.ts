/** What the server takes, and what this client holds. */

/** Events of one request. */
export const BATCH_EVENTS_MAX = 1_000;
/** Bytes of one request's body as JSON; a quarter of what a server takes by default. */
export const BATCH_BYTES_MAX = 4 << 20;
/** Bytes of one event as JSON. */
export const EVENT_BYTES_MAX = 1 << 20;
/** Events of one page. */
export const PAGE_EVENTS_MAX = 1_000;
/** Bytes of one message of a live tail. */
export const MESSAGE_BYTES_MAX = 4 << 20;
/** Bytes of an answer that is no stream. */
export const ANSWER_BYTES_MAX = 64 << 20;

/** Time until a request's answer is there, in milliseconds. */
export const TIMEOUT_MS = 10_000;
/** Further tries of a request that failed for the moment. */
export const RETRIES = 4;
/** First wait before a further try, in milliseconds; it doubles each time. */
export const BACKOFF_MS = 100;
/** Longest wait before a further try, in milliseconds. */
export const BACKOFF_MS_MAX = 30_000;

/** Events that wait in a queue. */
export const QUEUE_EVENTS_MAX = 100_000;
/** Bytes that wait in a queue. */
export const QUEUE_BYTES_MAX = 64 << 20;
/** Bytes of one file of a queue on disk; what was sent is given back file by file. */
export const QUEUE_FILE_BYTES_MAX = 8 << 20;
