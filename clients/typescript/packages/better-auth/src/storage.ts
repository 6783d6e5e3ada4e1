/** Where entries go: the interface of the audit plugin's storages, and Indelible behind it. */

import {
  Client,
  type Connection,
  type Event,
  type JsonObject,
  Queue,
  type QueueOptions,
  type RecordedEvent,
  quoted,
} from "@indelible/client";

import { actionNamed, dotted } from "./actions.js";
import type { Details, Entry, EntryStatus } from "./entry.js";
import { fitting } from "./fit.js";
import { ofEntry } from "./severity.js";

export interface ReadOptions {
  userId?: string;
  action?: string;
  status?: EntryStatus;
  /** Included. */
  from?: Date;
  /** Included. */
  to?: Date;
  limit: number;
  offset: number;
}

export interface ReadResult {
  entries: Entry[];
  /** How many there are in all. */
  total: number;
}

/** What a storage is. Only `write` is required. */
export interface AuditStorage {
  write(entry: Entry): Promise<void>;
  read?(options: ReadOptions): Promise<ReadResult>;
  readById?(id: string): Promise<Entry | null>;
  deleteOlderThan?(date: Date): Promise<number>;
  /** Writes what waits, before the process ends. */
  flush?(): Promise<void>;
}

/** Where the server is, and whether entries wait in a queue for it. */
export interface ServerOptions extends Connection {
  /**
   * Where entries wait, so that signing in never waits for the log: in memory, the default, or in a `DiskSpool` of
   * `@indelible/client/disk`, where they survive a restart. False: `write` returns when the entry is on the log's disk.
   */
  queue?: QueueOptions | false;
}

/** Entries in Indelible. */
export function indelibleStorage(options: ServerOptions): Required<AuditStorage> {
  const client = new Client(options.queue === false ? { retries: 0, ...options } : options);
  const queue = options.queue === false ? undefined : new Queue(client, options.queue);
  return {
    async write(entry) {
      const event = toEvent(entry);
      await (queue ? queue.add(event) : client.record(event));
    },

    async read({ limit, offset, from, to, ...rest }) {
      if ([rest.userId, rest.action].some(isNobodys)) return { entries: [], total: 0 };
      const q = filter(rest);
      // Bounds of the log are not included at their end.
      const query = { q, ...(from && { since: from }), ...(to && { until: new Date(to.getTime() + 1) }) };
      // Both are awaited whatever becomes of the other: a failure that nobody hears ends the process.
      const [entries, count] = await Promise.all([
        page(client, query, offset, limit),
        client.aggregate({ ...query, measure: ["count"] }),
      ]);
      return { entries, total: Number(count.rows[0]?.[0] ?? 0) };
    },

    async readById(id) {
      const { events } = await client.list({ q: `idempotency_key:${quoted(id)}`, limit: 1 });
      const event = events[0] ?? (UUID.test(id) ? await client.get(id) : null);
      return event ? toEntry(event) : null;
    },

    /** Deletes nothing: how long events are kept is the log's to say, not that of who writes to it. */
    async deleteOlderThan() {
      return 0;
    },

    async flush() {
      await queue?.flush();
    },
  };
}

/** Whether no event has such a text, so that there is nothing to ask the log. */
function isNobodys(text: string | undefined): boolean {
  return text !== undefined && (text === "" || text.includes("\0") || text.length > 512);
}

async function page(
  client: Client,
  query: { q: string; since?: Date; until?: Date },
  offset: number,
  limit: number,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  if (limit === 0) return entries;
  let skip = offset;
  for await (const event of client.events({ ...query, limit: Math.min(offset + limit, 1000) })) {
    if (skip-- > 0) continue;
    entries.push(toEntry(event));
    if (entries.length === limit) break;
  }
  return entries;
}

/** An id of the log's own: of an event that was not recorded here. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function filter({ userId, action, status }: Pick<ReadOptions, "userId" | "action" | "status">): string {
  const clauses: string[] = [];
  if (userId !== undefined) clauses.push(`actor.id:${quoted(userId)} actor.type:user`);
  if (action !== undefined) {
    const isOurs = dotted(action, "") === action;
    clauses.push(`${isOurs ? "action" : ORIGINAL}:${quoted(action)}`);
  }
  if (status !== undefined) clauses.push(`${status === "failed" ? "-" : ""}outcome:success`);
  return clauses.join(" ");
}

const ORIGINAL = "metadata.original_action";

/** An entry as an event: its id is the key under which it is stored once. */
export function toEvent(entry: Entry): Event {
  const succeeded = entry.status === "success";
  const { details, ipAddress, userAgent, metadata, userId } = entry;
  const {
    action = actionNamed(entry.action, succeeded),
    outcome,
    severity,
    actor,
    ...rest
  }: Partial<Details> = details ?? {};
  const known = actor?.id === (userId ?? undefined) ? actor : undefined;
  // Our own name for it says nothing more.
  const original = entry.action === action ? {} : { original_action: entry.action };
  return fitting({
    ...rest,
    action,
    occurred_at: entry.createdAt.toISOString(),
    outcome:
      outcome !== undefined && (outcome === "success") === succeeded
        ? outcome
        : succeeded
          ? "success"
          : "failure",
    severity: severity !== undefined && ofEntry(severity) === entry.severity ? severity : entry.severity,
    actor: known ?? (userId === null ? { type: "anonymous" } : { type: "user", id: userId }),
    context: {
      ...(ipAddress !== null && { ip: ipAddress }),
      ...(userAgent !== null && { user_agent: userAgent }),
    },
    // What is no JSON, such as a Date, becomes what it is in JSON.
    metadata: JSON.parse(JSON.stringify({ ...metadata, ...original })) as JsonObject,
    idempotency_key: entry.id,
    source: rest.source ?? { service: "better-auth" },
  });
}

/** An event as an entry, whoever recorded it. The order of the names is that of the wire. */
export function toEntry(event: RecordedEvent): Entry {
  const { original_action: original, ...metadata } = event.metadata ?? {};
  return {
    id: event.idempotency_key ?? event.id,
    userId: event.actor?.type === "user" ? (event.actor.id ?? null) : null,
    action: typeof original === "string" ? original : event.action,
    status: event.outcome === "success" ? "success" : "failed",
    severity: ofEntry(event.severity),
    ipAddress: event.context?.ip ?? null,
    userAgent: event.context?.user_agent ?? null,
    metadata,
    createdAt: new Date(event.occurred_at),
  };
}
