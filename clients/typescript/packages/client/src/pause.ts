/** Waiting between two tries. */

import { BACKOFF_MS, BACKOFF_MS_MAX } from "./limits.js";
import { Problem } from "./problem.js";

/** Waits some milliseconds, or until the signal aborts. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Waits by a timer that does not keep a process alive. */
export const pause: Pause = (ms, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer: unknown = setTimeout(done, ms);
    if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as NodeJS.Timeout).unref();
    signal?.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer as number);
      signal?.removeEventListener("abort", done);
      resolve();
    }
  });

/** How long to wait before the next try, in milliseconds: as the server said, else doubling, with a random part. */
export function backoff(failures: number, error: unknown): number {
  if (error instanceof Problem && error.retryAfterS !== undefined) {
    return Math.min(error.retryAfterS * 1000, BACKOFF_MS_MAX);
  }
  const ms = Math.min(BACKOFF_MS * 2 ** failures, BACKOFF_MS_MAX);
  return ms / 2 + (Math.random() * ms) / 2;
}
