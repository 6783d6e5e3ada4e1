/** The log for who is signed in: under the paths, and with the answers, that the audit plugin's client knows. */

import type { Target } from "@indelible/client";
import type { AuthContext } from "better-auth";
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api";
import * as z from "zod";

import { dotted, isReserved, nameOf } from "./actions.js";
import { depth } from "./capture.js";
import { type Session, addressOf, userAgentOf } from "./context.js";
import type { Details, Draft, Entry } from "./entry.js";
import { type Who, whoseSession } from "./identity.js";
import type { Settings } from "./options.js";
import { Reads } from "./reads.js";
import type { AuditStorage } from "./storage.js";

const status = z.enum(["success", "failed"]);
const moment = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "Invalid date")
  .optional();

const listQuery = z.object({
  userId: z.string().optional(),
  action: z
    .string()
    .optional()
    .transform((action) => action || undefined),
  status: status.optional(),
  from: moment,
  to: moment,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(100_000).default(0),
});

const insertBody = z.object({
  action: z.string().min(1).max(128),
  status: status.default("success"),
  severity: z.enum(["low", "medium", "high", "critical"]).default("low"),
  metadata: z.record(z.string(), z.unknown()).default({}),
});

/** What the endpoints are given. */
interface Request {
  headers?: Headers | undefined;
  context: AuthContext & { session: { session: object; user: object } };
}

type Told = Pick<Draft, "action" | "status" | "severity" | "metadata"> & {
  details: Omit<Details, keyof Who>;
};

/** The three endpoints. `record` writes an entry; nothing it writes can pass for one that was captured. */
export function endpoints(
  settings: Settings,
  storage: AuditStorage,
  record: (draft: Draft, context: { secret: string }) => Promise<unknown>,
) {
  const shown = (entry: Entry): Entry => {
    const { details: _, ...rest } = entry;
    return settings.returnUserAgent ? rest : { ...rest, userAgent: null };
  };
  const mayReadAll = async (user: { id: string }) => (await settings.mayReadAll?.({ ...user })) ?? false;
  const reads = new Reads();

  /** What a session says or does here, with what its request tells. */
  function drafted({ headers, context }: Request, path: string, told: Told, targets: Target[] = []): Draft {
    const capture = settings.captureOf(path);
    const who = whoseSession(context.session as Session);
    return {
      ...told,
      userId: who.actor.id ?? null,
      ipAddress: capture.ipAddress ? addressOf(headers, context) : null,
      userAgent: capture.userAgent ? userAgentOf(headers) : null,
      createdAt: new Date(),
      details: { ...told.details, ...who, targets },
    };
  }

  /** Records that somebody read what others did; the answer does not wait for it. */
  function noteRead(ctx: Request, path: string, whose: string | null): void {
    // Chosen paths are captured as they were chosen.
    if (!settings.enabled || settings.chosen) return;
    const details = { action: "audit.log.read", outcome: "success", severity: "info" } as const;
    const told = { action: nameOf(path), status: "success", severity: "low", metadata: {}, details } as const;
    const target = whose === null ? { type: "audit_log", id: "list" } : { type: "user", id: whose };
    const draft = drafted(ctx, path, told, [target]);
    if (!reads.isNews(draft.userId, whose, draft.createdAt.getTime())) return;
    record(draft, ctx.context).catch((error: unknown) =>
      ctx.context.logger.error("indelible: an entry could not be written", error),
    );
  }

  return {
    listAuditLogs: createAuthEndpoint(
      "/audit-log/list",
      { method: "GET", query: listQuery, use: [sessionMiddleware] },
      async (ctx) => {
        const { user } = ctx.context.session;
        const { userId, from, to, ...rest } = ctx.query;
        const isAll = await mayReadAll(user);
        if (userId !== undefined && userId !== user.id && !isAll) {
          throw new APIError("FORBIDDEN", { message: "Cannot query other users' audit logs" });
        }
        const whose = isAll ? userId : user.id;
        const query = {
          ...defined({ ...rest, userId: whose, from: from && new Date(from), to: to && new Date(to) }),
          ...{ limit: rest.limit, offset: rest.offset },
        };
        const read = storage.read?.(query) ?? Promise.resolve({ entries: [], total: 0 });
        const { entries, total } = await read.catch(failed(ctx, "Failed to retrieve audit logs"));
        if (whose !== user.id) noteRead(ctx, "/audit-log/list", whose || null);
        return ctx.json({ entries: entries.slice(0, rest.limit).map(shown), total });
      },
    ),

    getAuditLog: createAuthEndpoint(
      "/audit-log/:id",
      { method: "GET", use: [sessionMiddleware] },
      async (ctx) => {
        const { user } = ctx.context.session;
        const read = storage.readById?.(ctx.params.id) ?? Promise.resolve(null);
        const entry = await read.catch(failed(ctx, "Failed to retrieve audit log entry"));
        if (!entry || (entry.userId !== user.id && !(await mayReadAll(user)))) {
          throw new APIError("NOT_FOUND", { message: "Audit log entry not found" });
        }
        if (entry.userId !== user.id) noteRead(ctx, "/audit-log/:id", entry.userId);
        return ctx.json(shown(entry));
      },
    ),

    insertAuditLog: createAuthEndpoint(
      "/audit-log/insert",
      { method: "POST", body: insertBody, use: [sessionMiddleware] },
      async (ctx) => {
        const { action, status, severity, metadata } = ctx.body;
        refuse(isReserved(action), "FORBIDDEN", "Action is reserved");
        const limits = settings.metadataLimits;
        if (limits) {
          const { maxBytes, maxDepth } = limits;
          refuse(depth(metadata) > maxDepth, "BAD_REQUEST", `Metadata exceeds maximum depth of ${maxDepth}`);
          const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length;
          refuse(bytes > maxBytes, "BAD_REQUEST", `Metadata exceeds maximum size of ${maxBytes} bytes`);
        }
        const details = {
          action: dotted(action, "client"),
          outcome: status === "success" ? "success" : "failure",
          severity,
          // Asserted by the user, observed by nobody.
          source: { service: "client" },
        } as const;
        const draft = drafted(ctx, "/audit-log/insert", { action, status, severity, metadata, details });
        await record(draft, ctx.context).catch(failed(ctx, "Failed to insert audit log entry"));
        return ctx.json({ success: true });
      },
    ),
  };
}

function refuse(wrong: boolean, status: "FORBIDDEN" | "BAD_REQUEST", message: string): void {
  if (wrong) throw new APIError(status, { message });
}

/** What an endpoint answers when the storage fails; the cause is for the application's log alone. */
function failed(ctx: { context: Pick<AuthContext, "logger"> }, message: string) {
  return (error: unknown): never => {
    ctx.context.logger.error(message, error);
    throw new APIError("INTERNAL_SERVER_ERROR", { message });
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined | ""> };

function defined<T extends Record<string, unknown>>(query: T): Defined<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Defined<T>;
}
