/** One call of an endpoint, from its beginning to its answer, as an entry. */

import { createHmac } from "node:crypto";

import type { Target } from "@indelible/client";

import { actionOf, isEvent, nameOf } from "./actions.js";
import { HookContext, fields, userAgentOf } from "./context.js";
import type { Draft } from "./entry.js";
import { Failures } from "./failures.js";
import { type Caller, type Who, callerOf, settle, targetsOf } from "./identity.js";
import type { Settings } from "./options.js";
import { type Ending, type Verdict, judge } from "./outcome.js";
import { ofEntry, severityOf } from "./severity.js";
import { once, targetsFrom } from "./targets.js";

/** Bytes of a captured body as JSON. */
const BODY_BYTES_MAX = 16_384;
/** Fields of a body that hold as whom somebody signs in. */
const IDENTIFIERS = ["email", "username", "phoneNumber"];

/** Whether a call is an event, by the application's choice or ours. */
export function captures(settings: Settings, path: string, method: string): boolean {
  if (!settings.enabled) return false;
  return settings.chosen ? settings.configOf(path) !== undefined : isEvent(nameOf(path), method);
}

/** A call under way. */
export class Call {
  readonly #began = Date.now();

  private constructor(
    readonly ctx: HookContext,
    readonly caller: Caller,
  ) {}

  static async begin(ctx: HookContext): Promise<Call> {
    return new Call(ctx, await callerOf(ctx));
  }

  /** The entry, or null when the call was only passed on to another endpoint that is captured itself. */
  async end(ending: Ending, settings: Settings, failures: Failures): Promise<Draft | null> {
    const { ctx } = this;
    if (ctx.method === "POST" && ctx.path.includes("callback/") && bounces(ending, ctx)) return null;
    const name = nameOf(ctx.path);
    const capture = settings.captureOf(ctx.path);
    const verdict = judge(ending);
    const answer = {
      outcome: verdict.outcome,
      returned: fields(ctx.returned),
      signedIn: ctx.newSession !== null,
    };
    const action = actionOf(name, answer);
    const { caller, tried } = await this.#caller(action, verdict);
    const who = settle(action, caller, ctx.newSession);
    const subject = who.on_behalf_of[0] ?? who.actor;
    const call = {
      name,
      body: ctx.body,
      params: ctx.params,
      returned: answer.returned,
      ended: caller.ended,
      subject,
    };
    const isAttempt = who.actor.type === "anonymous" || action === "auth.login.failed";
    const attempted = isAttempt ? this.#attempted(capture.identifier) : undefined;
    const repeated = this.#repeated(action, verdict, attempted, failures);
    const severity =
      settings.configOf(ctx.path)?.severity ??
      severityOf(name, action, verdict.outcome, Failures.isRepeated(repeated));
    return {
      userId: who.actor.id ?? null,
      action: name,
      status: verdict.outcome === "success" ? "success" : "failed",
      severity: ofEntry(severity),
      ipAddress: capture.ipAddress ? ctx.ip : null,
      userAgent: capture.userAgent ? userAgentOf(ctx.headers) : null,
      metadata: {
        // Not under `error.code`: a field named `code` is an authorization code to redaction.
        ...(verdict.code && { error_code: verdict.code }),
        ...(verdict.message && { error_message: verdict.message }),
        ...(capture.requestBody && { request_body: bodyOf(ctx.body) }),
        ...(repeated > 1 && { recent_failures: repeated }),
      },
      createdAt: new Date(this.#began),
      details: {
        ...{ action, outcome: verdict.outcome, severity, actor: who.actor, on_behalf_of: who.on_behalf_of },
        targets: once([...who.targets, ...tried, ...(attempted ? [attempted] : []), ...targetsFrom(call)]),
        ...(verdict.reason && { reason: verdict.reason }),
        ...(who.session_id && { session_id: who.session_id }),
        http: this.#http(ending, who),
        ...this.#correlation(),
      },
    };
  }

  /** Who called, by what the end tells: a claim counts as the actor only when it proved true. */
  async #caller(action: string, { outcome }: Verdict): Promise<{ caller: Caller; tried: Target[] }> {
    const { ctx } = this;
    const session = this.caller.session ?? ctx.usedSession;
    const caller = { ...this.caller, session };
    // Who is signed in can try to sign in as somebody else.
    if (outcome === "success" || (session && action !== "auth.login.failed")) return { caller, tried: [] };
    const email = ctx.body["email"];
    const claimed = caller.claimed ?? (typeof email === "string" ? await ctx.userOf(email) : null);
    return { caller: { ...caller, claimed: null }, tried: targetsOf(claimed ?? undefined) };
  }

  /** As whom somebody tried to sign in, in a form that is the same for the same name and does not tell it. */
  #attempted(form: "hash" | "clear"): Target | undefined {
    const { body, secret } = this.ctx;
    const identifier = IDENTIFIERS.map((field) => body[field]).find((value) => typeof value === "string");
    if (typeof identifier !== "string" || identifier === "") return undefined;
    const name = identifier.trim().toLowerCase();
    const hash = createHmac("sha256", secret)
      .update(`indelible identifier ${name}`)
      .digest("hex")
      .slice(0, 32);
    return { type: "identifier", id: `hmac:${hash}`, ...(form === "clear" && { name: name.slice(0, 1024) }) };
  }

  #repeated(action: string, { outcome }: Verdict, attempted: Target | undefined, failures: Failures): number {
    if (outcome === "success" || !/^auth\.(login|mfa|password)/.test(action)) return 0;
    const who = [attempted?.id, this.ctx.ip && `from ${this.ctx.ip}`].filter(
      (one) => typeof one === "string",
    );
    return Math.max(0, ...who.map((one) => failures.count(one, this.#began)));
  }

  #http({ status }: Ending, who: Who) {
    if (!this.ctx.isRequest && who.actor.type === "system") return {};
    const { method, basePath, path } = this.ctx;
    // The template alone: the path itself may hold a secret.
    return {
      method,
      route: basePath.replace(/\/$/, "") + path,
      status,
      latency_us: (Date.now() - this.#began) * 1000,
    };
  }

  /** W3C trace context and request id, as they came. */
  #correlation() {
    const { headers } = this.ctx;
    const trace = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(headers?.get("traceparent") ?? "");
    const id = headers?.get("x-request-id");
    return {
      ...(trace && { trace_id: trace[1] ?? "", span_id: trace[2] ?? "" }),
      ...(id && /^[\x21-\x7e]{1,512}$/.test(id) && { request_id: id }),
    };
  }
}

/** Some providers answer by a form, which Better Auth passes on to the same callback as a query. */
function bounces({ location }: Ending, { params }: HookContext): boolean {
  const id = params["id"] ?? params["providerId"];
  return typeof id === "string" && location?.includes(`callback/${id}?`) === true;
}

/** A body as free data may be. */
function bodyOf(body: Record<string, unknown>): unknown {
  const text = JSON.stringify(body);
  return text.length > BODY_BYTES_MAX ? { left_out: "too_large" } : body;
}

/** Levels of a value: `{}` has none, `{ a: 1 }` has one. */
export function depth(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((most, one) => Math.max(most, 1 + depth(one)), 0);
}
