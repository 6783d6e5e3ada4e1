/** The server's interface, typed. */

import type { Event, Json, Receipt, RecordedEvent } from "./event.js";
import { type Connection, Http, interrupted } from "./http.js";
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, PAGE_EVENTS_MAX } from "./limits.js";
import { Problem } from "./problem.js";
import { type TailQuery, lines, tail } from "./tail.js";

export interface Query {
  /** Filter line, such as `action:token.* outcome:failure since:7d`. */
  q?: string;
  /** Events that happened from then on; a text may also be a day or a while ago such as `7d`. */
  since?: string | Date;
  /** Events that happened before then. */
  until?: string | Date;
}

export interface ListQuery extends Query {
  /** Events of a page, 1 to 1000. Default: 50. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
  /** By sequence number. Default: newest first. */
  order?: "newest" | "oldest";
}

export interface Page {
  events: RecordedEvent[];
  /** What to give as `cursor` for the next page; null at the end. */
  next: string | null;
}

/** What to group by: a span of time, a field, or a metadata path. */
export type Dimension =
  "minute" | "hour" | "day" | "week" | "month" | "hour_of_day" | "weekday" | (string & {});
export type Measure = "count" | "first" | "last" | `${"distinct" | "p50" | "p95" | "p99"}(${string})`;

export interface AggregateQuery extends Query {
  group_by?: readonly Dimension[];
  /** Default: count. */
  measure?: readonly Measure[];
  /** Such as `count>=10`. */
  having?: string;
  /** A column; `-` in front for falling. */
  order?: string;
  /** IANA time zone of the spans of time. Default: UTC. */
  tz?: string;
  /** Groups at most. */
  limit?: number;
}

export interface Table {
  columns: string[];
  rows: Json[][];
  /** False when a number comes from a sketch. */
  exact: boolean;
  /** How many groups there are in all. */
  groups: number;
}

/** A line that was left out, and why. */
export interface Rejected {
  line: number;
  field?: string;
  detail: string;
}

/** What became of lines that were sent: a receipt for each good one, in order, and the bad ones. */
export interface Sent {
  receipts: (Receipt | null)[];
  rejected?: Rejected[];
}

/** Records events and asks questions. Holds no connection: it needs no closing. */
export class Client {
  readonly #http: Http;

  constructor(connection: Connection) {
    this.#http = new Http(connection);
  }

  /**
   * Records an event and returns its receipt once it is on disk; null when the server's configuration suppressed it.
   * However often it has to be sent, it is stored once.
   * @throws {Problem} when the event is not accepted, {Unreachable} when the server could not be reached in all tries
   */
  async record(event: Event, options: { signal?: AbortSignal } = {}): Promise<Receipt | null> {
    const [receipt] = await this.recordAll([event], options);
    return receipt ?? null;
  }

  /**
   * Records events in order. Each request of up to 1000 events is stored as a whole or not at all; `index` of a
   * problem is the event's place in `events`, and all requests before it were stored.
   */
  async recordAll(
    events: readonly Event[],
    options: { signal?: AbortSignal } = {},
  ): Promise<(Receipt | null)[]> {
    const receipts: (Receipt | null)[] = [];
    for (const batch of batches(events.map((event) => JSON.stringify(keyed(event))))) {
      const request = {
        method: "POST" as const,
        path: "/v1/events",
        headers: JSON_BODY,
        signal: options.signal,
      };
      try {
        const sent = await this.#http.json<Sent>({ ...request, body: `[${batch.join(",")}]` });
        receipts.push(...sent.receipts);
      } catch (error) {
        if (!(error instanceof Problem) || error.index === undefined) throw error;
        throw new Problem(error.status, { ...error, type: error.kind, index: error.index + receipts.length });
      }
    }
    return receipts;
  }

  /** Sends lines of JSON once, without further tries: bad ones are left out and told of. This is what a queue does. */
  async sendLines(body: string, signal?: AbortSignal): Promise<Sent> {
    const query = { on_error: "skip" };
    return this.#http.json<Sent>(
      { method: "POST", path: "/v1/events", query, headers: LINES_BODY, body, signal },
      0,
    );
  }

  /** One page. */
  async list(query: ListQuery = {}): Promise<Page> {
    return this.#http.json<Page>({ path: "/v1/events", query: { ...query } });
  }

  /** All events of a filter, read a page at a time. */
  async *events(query: ListQuery = {}): AsyncGenerator<RecordedEvent, void> {
    let cursor = query.cursor;
    do {
      const page = await this.list({ limit: PAGE_EVENTS_MAX, ...query, ...(cursor && { cursor }) });
      yield* page.events;
      cursor = page.next ?? undefined;
    } while (cursor);
  }

  /** The event with this id or sequence number; null when there is none. */
  async get(id: string | number): Promise<RecordedEvent | null> {
    const path = `/v1/events/${encodeURIComponent(id)}`;
    return this.#http.json<RecordedEvent>({ path }).catch((error: unknown) => {
      if (error instanceof Problem && error.kind === "not-found") return null;
      throw error;
    });
  }

  /** Groups and measures. */
  async aggregate(query: AggregateQuery): Promise<Table> {
    return this.#http.json<Table>({ path: "/v1/aggregate", query: { ...query } });
  }

  /**
   * Follows the log from now on, or from behind `after`. Nothing is missed or doubled when the connection breaks: it
   * goes on behind the last event. Ends when the signal aborts or the loop is left.
   */
  async *tail(query: TailQuery = {}): AsyncGenerator<RecordedEvent, void> {
    // Without a place to go on from, what happens between two connections would be missed.
    const after = query.after ?? (await this.list({ limit: 1 })).events[0]?.seq;
    yield* tail(this.#http, { ...query, after });
  }

  /** Every event of a filter that was recorded before the call, oldest first, however many there are. */
  async *export(query: Query & { signal?: AbortSignal } = {}): AsyncGenerator<RecordedEvent, void> {
    try {
      for await (const line of lines(await this.exportAs("jsonl", query)))
        yield JSON.parse(line) as RecordedEvent;
    } catch (error) {
      // What a broken connection throws depends on the runtime.
      throw error instanceof TypeError ? interrupted(error, query.signal) : error;
    }
  }

  /** The same as the bytes of a file. An export that fails on the way breaks the stream off with an error. */
  async exportAs(
    format: "jsonl" | "csv" | "parquet",
    { signal, ...query }: Query & { signal?: AbortSignal } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    return this.#http.stream({ path: "/v1/export", query: { ...query, format }, signal });
  }
}

const JSON_BODY = { "content-type": "application/json" };
const LINES_BODY = { "content-type": "application/x-ndjson" };

/** The event with a key under which it is stored once. */
export function keyed(event: Event): Event {
  return event.idempotency_key ? event : { ...event, idempotency_key: crypto.randomUUID() };
}

function* batches(events: string[]): Generator<string[]> {
  let batch: string[] = [];
  let length = 0;
  for (const event of events) {
    // A character has at most three bytes.
    if (
      batch.length === BATCH_EVENTS_MAX ||
      (batch.length > 0 && length + event.length > BATCH_BYTES_MAX / 3)
    ) {
      yield batch;
      [batch, length] = [[], 0];
    }
    batch.push(event);
    length += event.length;
  }
  if (batch.length > 0) yield batch;
}
