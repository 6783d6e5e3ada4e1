/** Events that are on their way while the application goes on. */

import { type Client, type Rejected, keyed } from "./client.js";
import type { Event } from "./event.js";
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_BYTES_MAX } from "./limits.js";
import { type Pause, backoff, pause } from "./pause.js";
import { Problem, QueueFull } from "./problem.js";
import { MemorySpool, type Spool } from "./spool.js";

export interface QueueOptions {
  /** Where events wait. Default: in memory; `DiskSpool` of `@indelible/client/disk` survives a restart. */
  spool?: Spool;
  /**
   * What becomes of an event for which there is no room: `add` throws, the default, or it is dropped and counted, and
   * an `audit.gap` event tells of it as soon as there is room again.
   */
  whenFull?: "refuse" | "drop";
  /** Told of each event that the server will never take; it leaves the queue. Default: an error on the console. */
  onRejected?: (event: Event, rejected: Rejected) => void;
  /** Told of each try that failed; the queue goes on trying. Default: a warning on the console when the first fails. */
  onTrouble?: (error: unknown) => void;
  /** How to wait between tries. Default: a timer. */
  pause?: Pause;
}

/** What became of the events that were added. */
export interface QueueStats {
  waiting: number;
  sent: number;
  rejected: number;
  dropped: number;
}

/**
 * Takes events at once and sends them in order and in batches, again and again until the server has them. Each is
 * stored once. Whoever added an event learns when it is safe in the spool, not when it is in the log.
 */
export class Queue {
  readonly #client: Client;
  readonly #spool: Spool;
  readonly #options: QueueOptions;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;
  /** Events of a request at most: fewer after one that was too large. */
  #batchEventsMax = BATCH_EVENTS_MAX;
  #stats = { sent: 0, rejected: 0, dropped: 0 };
  #gap: { lost: number; since: string } | undefined;

  constructor(client: Client, options: QueueOptions = {}) {
    this.#client = client;
    this.#spool = options.spool ?? new MemorySpool();
    this.#options = options;
    this.#pause = options.pause ?? pause;
    this.#send();
  }

  get stats(): QueueStats {
    return { waiting: this.#spool.size, ...this.#stats };
  }

  /**
   * Takes an event; its time is now unless it says otherwise.
   * @throws {QueueFull} when there is no room, unless told to drop
   */
  async add(event: Event): Promise<void> {
    if (this.#closing.signal.aborted) throw new Error("the queue is closed");
    const now = new Date().toISOString();
    const line = JSON.stringify(keyed({ occurred_at: now, ...event }));
    if (line.length > EVENT_BYTES_MAX / 3) throw new RangeError(`the event has ${line.length} characters`);
    try {
      await this.#spool.append(this.#gap ? [this.#gapLine(this.#gap, now), line] : [line]);
      this.#gap = undefined;
    } catch (error) {
      if (!(error instanceof QueueFull) || this.#options.whenFull !== "drop") throw error;
      this.#stats.dropped++;
      this.#gap = { lost: (this.#gap?.lost ?? 0) + 1, since: this.#gap?.since ?? now };
    }
    this.#send();
  }

  /** Resolves when nothing waits, or the queue is closed. */
  async flush(): Promise<void> {
    while (this.#spool.size > 0 && !this.#closing.signal.aborted) {
      this.#send();
      await this.#sending;
    }
  }

  /** Stops sending. What waits on disk is sent after the next start; what waits in memory is lost: `flush` before. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sending;
    await this.#spool.close();
  }

  #send(): void {
    if (this.#spool.size === 0) return;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
      if (!this.#closing.signal.aborted) this.#send();
    });
  }

  async #sendAll(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted;) {
      try {
        const lines = await this.#spool.peek(this.#batchEventsMax, BATCH_BYTES_MAX);
        if (lines.length === 0) return;
        await this.#sendBatch(lines, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const { onTrouble } = this.#options;
        if (onTrouble) tell(() => onTrouble(error));
        else if (failures === 0)
          console.warn(`indelible: events wait, since they cannot be sent: ${String(error)}`);
        await this.#pause(backoff(failures++, error), signal);
      }
    }
  }

  async #sendBatch(lines: string[], signal: AbortSignal): Promise<void> {
    let rejected: Rejected[];
    try {
      const sent = await this.#client.sendLines(lines.join("\n"), signal);
      rejected = sent.rejected ?? [];
      this.#batchEventsMax = Math.min(this.#batchEventsMax * 2, BATCH_EVENTS_MAX);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 413) throw error;
      if (lines.length > 1) {
        this.#batchEventsMax = Math.ceil(lines.length / 2);
        return;
      }
      rejected = [{ line: 1, detail: error.detail }];
    }
    await this.#spool.remove(lines.length);
    this.#stats.sent += lines.length - rejected.length;
    this.#stats.rejected += rejected.length;
    const { onRejected = complain } = this.#options;
    for (const one of rejected) {
      tell(() => onRejected(JSON.parse(lines[one.line - 1] ?? "{}") as Event, one));
    }
  }

  #gapLine({ lost, since }: { lost: number; since: string }, until: string): string {
    return JSON.stringify(
      keyed({
        action: "audit.gap",
        occurred_at: since,
        outcome: "failure",
        reason: "x_queue_full",
        actor: { type: "system", id: "indelible" },
        metadata: { lost, since, until },
      }),
    );
  }
}

function complain({ action, idempotency_key: key }: Event, { detail }: Rejected): void {
  console.error(`indelible: the server will never take event ${key} (${action}): ${detail}`);
}

/** Calls what the application gave; that it fails must not end the sending. */
function tell(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    console.error("indelible: a callback of the queue failed:", error);
  }
}
