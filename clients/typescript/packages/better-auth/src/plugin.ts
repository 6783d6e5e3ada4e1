/**
 * The plugin.
 *
 * A call over HTTP is recorded when its response is there: only then is it certain how it ended, whatever other plugins
 * made of it. `onRequest` puts a place for the call into the context of the request, the hook before the endpoint notes
 * there who calls, and `onResponse` records. A call of `auth.api` has no response, so the hook behind it records.
 */

import type { AuthContext, BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";

import { nameOf } from "./actions.js";
import { Call, captures } from "./capture.js";
import { HookContext, type MiddlewareContext, fields } from "./context.js";
import { endpoints } from "./endpoints.js";
import type { Draft, Entry } from "./entry.js";
import { Failures } from "./failures.js";
import { write } from "./journal.js";
import { type IndelibleOptions, settle } from "./options.js";
import { ERROR_TEXT_MAX, type Ending } from "./outcome.js";
import { redactor } from "./redaction.js";
import { type AuditStorage, indelibleStorage } from "./storage.js";
import { ACTIONS } from "./words.js";

const PLACE = Symbol("indelible");

/** Where a call is found again, in the context of its request. */
interface Place {
  /** The request; absent for a call of `auth.api`. */
  request?: Request;
  call?: Call;
}

type Context = AuthContext & { [PLACE]?: Place };

/** Every authentication event of a Better Auth app, in Indelible. */
export function indelible(options: IndelibleOptions) {
  const settings = settle(options);
  const storage =
    "storage" in options && options.storage
      ? checkedStorage(options.storage)
      : indelibleStorage(options as never);
  const failures = new Failures();

  function record(draft: Draft, { secret }: { secret: string }): Promise<Entry | null> {
    const redact = redactor(settings.piiRedaction, secret);
    const warn = (message: string) => console.warn(`indelible: ${message}`);
    return write(draft, { ...settings, storage, redact, warn });
  }

  /** Records a call that has ended. Never fails: whatever happens here, the answer stays as it is. */
  async function end(call: Call, ending: Ending, context: AuthContext): Promise<void> {
    const recorded = call
      .end(ending, settings, failures)
      .then((draft) => draft && record(draft, context))
      .catch((error: unknown) => context.logger.error("indelible: an entry could not be written", error));
    if (!settings.nonBlocking) await recorded;
  }

  /** A request that was refused before it reached its endpoint, as one from a foreign origin is. */
  async function refused(request: Request | undefined, response: Response, context: AuthContext) {
    if (!request || response.status < 400 || response.status === 404 || response.status === 405)
      return undefined;
    const ctx = HookContext.ofRequest(request, context);
    const isKnown = nameOf(ctx.path) in ACTIONS && captures(settings, ctx.path, ctx.method);
    return isKnown ? Call.begin(ctx).catch(() => undefined) : undefined;
  }

  const matcher = (ctx: { path?: string; method?: string; request?: Request }) =>
    captures(settings, ctx.path ?? "", ctx.method ?? ctx.request?.method ?? "POST");

  return {
    id: "indelible",

    endpoints: endpoints(settings, storage, record),

    async onRequest(request: Request, context: AuthContext) {
      (context as Context)[PLACE] = { request };
    },

    hooks: {
      before: [
        {
          matcher,
          handler: createAuthMiddleware(async (ctx) => {
            const context = ctx.context as Context;
            const outer = context[PLACE];
            // An endpoint that another one calls is a call of its own.
            const place: Place = outer && !outer.call ? outer : {};
            context[PLACE] = place;
            try {
              place.call = await Call.begin(new HookContext(ctx as unknown as MiddlewareContext));
            } catch (error) {
              context.logger.error("indelible: a call could not be captured", error);
            }
          }),
        },
      ],
      after: [
        {
          matcher,
          handler: createAuthMiddleware(async (ctx) => {
            const place = (ctx.context as Context)[PLACE];
            if (place?.call && !place.request)
              await end(place.call, returnedEnding(ctx.context.returned), ctx.context);
          }),
        },
      ],
    },

    async onResponse(response: Response, context: AuthContext) {
      const place = (context as Context)[PLACE];
      const call = place?.call ?? (await refused(place?.request, response, context));
      if (call) await end(call, await responseEnding(response), context);
    },

    rateLimit: [{ pathMatcher: (path: string) => path.startsWith("/audit-log/"), window: 60, max: 60 }],
  } satisfies BetterAuthPlugin;
}

async function responseEnding(response: Response): Promise<Ending> {
  const told =
    response.status < 400
      ? {}
      : fields(
          await response
            .clone()
            .json()
            .catch(() => undefined),
        );
  return { status: response.status, location: response.headers.get("location"), ...texts(told) };
}

/** What an endpoint that was called without HTTP returned or threw. */
function returnedEnding(returned: unknown): Ending {
  if (!(returned instanceof Error)) return { status: 200, location: null };
  const { statusCode, headers, body } = returned as Error & {
    statusCode?: number;
    headers?: unknown;
    body?: unknown;
  };
  return {
    status: statusCode ?? 500,
    location: new Headers((headers ?? {}) as HeadersInit).get("location"),
    ...texts(fields(body)),
  };
}

function texts({ code, message }: Record<string, unknown>) {
  const text = (value: unknown) => (typeof value === "string" ? value.slice(0, ERROR_TEXT_MAX) : undefined);
  return { code: text(code), message: text(message) };
}

function checkedStorage(storage: AuditStorage): AuditStorage {
  if (typeof storage.write !== "function") {
    throw new TypeError("[audit-log] Custom storage adapter must implement write(entry): Promise<void>");
  }
  for (const name of ["read", "readById", "deleteOlderThan"] as const) {
    if (storage[name] !== undefined && typeof storage[name] !== "function") {
      throw new TypeError(`[audit-log] storage.${name} must be a function if provided`);
    }
  }
  return storage;
}
