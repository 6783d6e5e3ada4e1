/** Entries in memory, for tests of an application. */

import type { Entry } from "./entry.js";
import type { AuditStorage, ReadOptions, ReadResult } from "./storage.js";

export class MemoryStorage implements AuditStorage {
  readonly #entriesMax: number;
  /** Newest last. */
  #entries: Entry[] = [];

  /** Beyond `maxEntries`, 10,000 unless told otherwise, the oldest is forgotten. */
  constructor({ maxEntries = 10_000 }: { maxEntries?: number } = {}) {
    this.#entriesMax = maxEntries;
  }

  async write(entry: Entry): Promise<void> {
    this.#entries.push(structuredClone(entry));
    if (this.#entries.length > this.#entriesMax) this.#entries.shift();
  }

  async read({ userId, action, status, from, to, limit, offset }: ReadOptions): Promise<ReadResult> {
    const found = this.#entries.filter(
      (entry) =>
        (userId === undefined || entry.userId === userId) &&
        (action === undefined || entry.action === action) &&
        (status === undefined || entry.status === status) &&
        (from === undefined || entry.createdAt >= from) &&
        (to === undefined || entry.createdAt <= to),
    );
    const entries = found.reverse().slice(offset, offset + limit);
    return { entries: entries.map((entry) => structuredClone(entry)), total: found.length };
  }

  async readById(id: string): Promise<Entry | null> {
    return structuredClone(this.#entries.find((entry) => entry.id === id) ?? null);
  }

  async deleteOlderThan(date: Date): Promise<number> {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.createdAt >= date);
    return before - this.#entries.length;
  }
}
