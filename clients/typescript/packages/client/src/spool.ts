/** What waits to be sent, and the place in memory for it. */

import { QUEUE_BYTES_MAX, QUEUE_EVENTS_MAX } from "./limits.js";
import { QueueFull } from "./problem.js";

/** How much may wait. */
export interface Bounds {
  /** Default: 100,000. */
  eventsMax?: number;
  /** Default: 64 MiB. */
  bytesMax?: number;
}

/** Lines of JSON in the order of their arrival. */
export interface Spool {
  /** How many wait. */
  readonly size: number;
  /** Takes lines over, all or none; resolves when they survive what this spool is made to survive. */
  append(lines: readonly string[]): Promise<void>;
  /** The oldest lines, at least one where there is one; they stay. */
  peek(eventsMax: number, bytesMax: number): Promise<string[]>;
  /** Gives up the oldest lines, as many as the last `peek` returned or fewer. */
  remove(count: number): Promise<void>;
  /** Gives back what it holds. */
  close(): Promise<void>;
}

/** Counts what waits against what may. */
export class Room {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  events = 0;
  bytes = 0;

  constructor(bounds: Bounds) {
    this.#eventsMax = bounds.eventsMax ?? QUEUE_EVENTS_MAX;
    this.#bytesMax = bounds.bytesMax ?? QUEUE_BYTES_MAX;
  }

  /** @throws {QueueFull} */
  take(events: number, bytes: number): void {
    if (this.events + events > this.#eventsMax || this.bytes + bytes > this.#bytesMax) {
      throw new QueueFull(
        `the queue is full: ${this.events} events, ${this.bytes} bytes; see why the server takes nothing`,
      );
    }
    this.give(-events, -bytes);
  }

  give(events: number, bytes: number): void {
    this.events -= events;
    this.bytes -= bytes;
  }
}

/** Waits in memory: survives a server that is away, not the end of the process. */
export class MemorySpool implements Spool {
  readonly #room: Room;
  #lines: string[] = [];
  #head = 0;

  constructor(bounds: Bounds = {}) {
    this.#room = new Room(bounds);
  }

  get size(): number {
    return this.#room.events;
  }

  async append(lines: readonly string[]): Promise<void> {
    this.#room.take(lines.length, length(lines));
    this.#lines.push(...lines);
  }

  async peek(eventsMax: number, bytesMax: number): Promise<string[]> {
    let end = this.#head;
    for (let bytes = 0; end < this.#lines.length && end - this.#head < eventsMax; end++) {
      bytes += this.#lines[end]?.length ?? 0;
      if (bytes > bytesMax && end > this.#head) break;
    }
    return this.#lines.slice(this.#head, end);
  }

  async remove(count: number): Promise<void> {
    const gone = this.#lines.slice(this.#head, this.#head + count);
    this.#room.give(gone.length, length(gone));
    this.#head += gone.length;
    // Moved together only now and then, so that each event is moved about once.
    if (this.#head * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
  }

  async close(): Promise<void> {}
}

function length(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}
