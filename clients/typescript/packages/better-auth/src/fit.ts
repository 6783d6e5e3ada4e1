/** Makes of whatever a visitor sent an event that the log takes: nobody stays out of it by a name that is too long. */

import type { Event, JsonObject } from "@indelible/client";

/** Bytes of texts by the name of their field; the log's own limits. */
const TEXT_BYTES_MAX: { readonly [field: string]: number } = {
  ...{ id: 512, name: 1024, email: 1024, session_id: 512, request_id: 512 },
  ...{ user_agent: 2048, route: 4096, path: 4096 },
};
/** Of any other text. */
const WORD_BYTES_MAX = 128;
const LIST_MAX = 100;
const METADATA_BYTES_MAX = 65_536;
/** Levels below `metadata`. */
const METADATA_DEPTH_MAX = 7;

/** @throws when the metadata is too large, also without a captured body */
export function fitting(event: Event): Event {
  const { metadata = {}, ...rest } = event;
  const free = json(metadata, METADATA_DEPTH_MAX) as JsonObject;
  if (bytes(free) > METADATA_BYTES_MAX && "request_body" in free)
    free["request_body"] = { left_out: "too_large" };
  if (bytes(free) > METADATA_BYTES_MAX) throw new RangeError(`the metadata has ${bytes(free)} bytes`);
  return { ...(known(rest, "") as Omit<Event, "metadata">), metadata: free };
}

/** A value of fields that the log knows; an empty text is none. */
function known(value: unknown, field: string): unknown {
  if (typeof value === "string") return clipped(value, TEXT_BYTES_MAX[field] ?? WORD_BYTES_MAX) || undefined;
  if (Array.isArray(value)) return value.slice(0, LIST_MAX).map((one) => known(one, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, known(one, name)]));
}

/** Free data: numbers that are not exact everywhere and what is nested too deep become texts. */
function json(value: unknown, levels: number): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (typeof value === "number") return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return wellFormed(JSON.stringify(value));
  if (Array.isArray(value)) return value.map((one) => json(one, levels - 1));
  const fields = Object.entries(value).map(([name, one]) => [wellFormed(name), json(one, levels - 1)]);
  return Object.fromEntries(fields) as unknown;
}

/** Without NUL and halves of characters, which no log takes. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text.replaceAll("\0", "\ufffd")));
}

function clipped(text: string, bytesMax: number): string {
  const buffer = new Uint8Array(bytesMax);
  const { written } = new TextEncoder().encodeInto(text.replaceAll("\0", "\ufffd"), buffer);
  return new TextDecoder().decode(buffer.subarray(0, written));
}

function bytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
