/** Who did it: told from the session before the call and the one after it. */

import type { Actor, Target } from "@indelible/client";

import type { HookContext, Person, Session } from "./context.js";

export interface Who {
  actor: Actor;
  /** Whose session it was, when somebody else acted in it. */
  on_behalf_of: Actor[];
  session_id?: string | undefined;
  targets: Target[];
}

/** What is known of who calls when the call begins. */
export interface Caller {
  session: Session | null;
  /** Whom a credential other than a session belongs to: that of a reset mail or of a pending second factor. */
  claimed: Person | null;
  /** The session that the call is about to end. */
  ended: Session | null;
  /** Whether it came over HTTP, or with headers; else the application itself called. */
  isRequest: boolean;
}

const SESSION_MAKERS =
  /^(auth\.login\.|auth\.mfa\.(succeeded|recovery_code_used)|account\.created|session\.created)/;

/** Who acted, whom for, and whom it concerns. */
export function settle(action: string, caller: Caller, after: Session | null): Who {
  const before = caller.session;
  if (action === "session.impersonation.started") {
    return {
      ...own(before ?? after, caller),
      session_id: after?.session.id,
      targets: targetsOf(after?.user),
    };
  }
  if (action === "session.impersonation.ended") {
    return { ...own(before ?? after, caller), targets: targetsOf(before?.user) };
  }
  return own(SESSION_MAKERS.test(action) ? (after ?? before) : (before ?? after), caller);
}

function own(session: Session | null, { claimed, isRequest }: Caller): Who {
  if (!session) {
    const actor = claimed ? actorOf(claimed) : { type: isRequest ? "anonymous" : "system" };
    return { actor, on_behalf_of: [], targets: [] };
  }
  return whoseSession(session);
}

/** Who acts in a session: while somebody impersonates its user, the impersonator. */
export function whoseSession({ user, session }: Session): Who {
  const subject = actorOf(user);
  const acting = session.impersonatedBy;
  const who = acting
    ? { actor: { type: "user", id: acting }, on_behalf_of: [subject] }
    : { actor: subject, on_behalf_of: [] };
  return { ...who, session_id: session.id, targets: [] };
}

export function actorOf({ id, name, email }: Person): Actor {
  return { type: "user", id, ...(name && { name }), ...(email && { email }) };
}

export function targetsOf(person: Person | undefined): Target[] {
  return person ? [{ type: "user", id: person.id, ...(person.email && { name: person.email }) }] : [];
}

/** Who calls, found out before the call may destroy what tells it. Nothing of the call itself is touched. */
export async function callerOf(ctx: HookContext): Promise<Caller> {
  const session = await ctx.sessionNow();
  const { body } = ctx;
  const ends = body["token"] ?? body["sessionToken"];
  return {
    session,
    claimed: session ? null : await claimedBy(ctx),
    ended: typeof ends === "string" && ctx.path.includes("revoke") ? await ctx.sessionOf(ends) : null,
    isRequest: ctx.isRequest,
  };
}

/** Whom the credential of a mail or of a pending second factor belongs to. */
async function claimedBy(ctx: HookContext): Promise<Person | null> {
  if (ctx.path === "/reset-password") {
    const token = ctx.body["token"] ?? ctx.query["token"];
    return typeof token === "string" ? ctx.holderOf(`reset-password:${token}`) : null;
  }
  if (ctx.path.startsWith("/two-factor/")) {
    const pending = await ctx.signedCookie("two_factor");
    return pending ? ctx.holderOf(pending) : null;
  }
  return null;
}
