/** What is written: an entry as the audit plugin knows it, and beside it what such an entry has no room for. */

import type { Actor, Event, Outcome, Severity, Target } from "@indelible/client";

export type EntryStatus = "success" | "failed";
export type EntrySeverity = "low" | "medium" | "high" | "critical";

/** One thing that happened. */
export interface Entry {
  id: string;
  /** Who did it: the user behind a session, also behind an impersonated one. */
  userId: string | null;
  /** The endpoint's path with `:` for `/`, such as `sign-in:email`. */
  action: string;
  status: EntryStatus;
  severity: EntrySeverity;
  ipAddress: string | null;
  userAgent: string | null;
  metadata: Record<string, unknown>;
  createdAt: Date;
  /** What else is known; a storage that cannot keep it may leave it out. */
  details?: Details;
}

/** An entry before it has its id. */
export type Draft = Omit<Entry, "id">;

/** What an event of the log tells beyond an entry. Where both tell the same, the entry counts. */
export interface Details extends Pick<
  Event,
  "reason" | "session_id" | "http" | "request_id" | "trace_id" | "span_id" | "source"
> {
  /** The dotted action. */
  action: string;
  outcome: Outcome;
  severity: Severity;
  actor: Actor;
  on_behalf_of: Actor[];
  targets: Target[];
}

/** The entry that a hook of the application returned, or why it is none. */
export function checked(entry: Draft): string | undefined {
  const { userId, action, status, severity, ipAddress, userAgent, metadata, createdAt } = entry;
  const text = (value: unknown) => value === null || typeof value === "string";
  if (typeof action !== "string" || action === "") return "action is a text";
  if (status !== "success" && status !== "failed") return "status is success or failed";
  if (!["low", "medium", "high", "critical"].includes(severity))
    return "severity is low, medium, high or critical";
  if (!text(userId) || !text(ipAddress) || !text(userAgent))
    return "userId, ipAddress and userAgent are texts or null";
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    return "metadata is an object";
  if (!(createdAt instanceof Date) || Number.isNaN(createdAt.getTime())) return "createdAt is a Date";
  return undefined;
}
