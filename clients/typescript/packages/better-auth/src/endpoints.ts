/** The log for who is signed in: under the paths, and with the answers, that the audit plugin's client knows. */

import type { AuthContext } from "better-auth";
import { APIError, createAuthEndpoint, getIp, sessionMiddleware } from "better-auth/api";
import * as z from "zod";

import { dotted, isReserved } from "./actions.js";
import { depth } from "./capture.js";
import type { Draft, Entry } from "./entry.js";
import type { Settings } from "./options.js";
import type { AuditStorage } from "./storage.js";

const status = z.enum(["success", "failed"]);
const moment = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "Invalid date")
  .optional();

const listQuery = z.object({
  userId: z.string().optional(),
  action: z.string().optional(),
  status: status.optional(),
  from: moment,
  to: moment,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).default(0),
});

const insertBody = z.object({
  action: z.string().min(1).max(128),
  status: status.default("success"),
  severity: z.enum(["low", "medium", "high", "critical"]).default("low"),
  metadata: z.record(z.string(), z.unknown()).default({}),
});

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
        return ctx.json(shown(entry));
      },
    ),

    insertAuditLog: createAuthEndpoint(
      "/audit-log/insert",
      { method: "POST", body: insertBody, use: [sessionMiddleware] },
      async (ctx) => {
        const { user, session } = ctx.context.session;
        const { action, status, severity, metadata } = ctx.body;
        refuse(isReserved(action), "FORBIDDEN", "Action is reserved");
        const limits = settings.metadataLimits;
        if (limits) {
          const { maxBytes, maxDepth } = limits;
          refuse(depth(metadata) > maxDepth, "BAD_REQUEST", `Metadata exceeds maximum depth of ${maxDepth}`);
          const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length;
          refuse(bytes > maxBytes, "BAD_REQUEST", `Metadata exceeds maximum size of ${maxBytes} bytes`);
        }
        const capture = settings.captureOf("/audit-log/insert");
        const draft: Draft = {
          ...{ userId: user.id, action, status, severity, metadata, createdAt: new Date() },
          ipAddress: capture.ipAddress && ctx.headers ? getIp(ctx.headers, ctx.context.options) : null,
          userAgent: capture.userAgent ? (ctx.headers?.get("user-agent") ?? null) : null,
          details: {
            ...{
              action: dotted(action, "client"),
              outcome: status === "success" ? "success" : "failure",
              severity,
            },
            ...{
              actor: { type: "user", id: user.id },
              on_behalf_of: [],
              targets: [],
              session_id: session.id,
            },
            // Asserted by the user, observed by nobody.
            source: { service: "client" },
          },
        };
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
