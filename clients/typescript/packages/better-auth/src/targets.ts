/** What it was done to. */

import type { Actor, Target } from "@indelible/client";

import { type Session, fields } from "./context.js";
import { targetsOf } from "./identity.js";

/** Fields of a body that name something, and what they name. */
const NAMED: { readonly [field: string]: string } = {
  userId: "user",
  organizationId: "organization",
  memberId: "member",
  memberIdOrEmail: "member",
  invitationId: "invitation",
  teamId: "team",
  clientId: "client",
  client_id: "client",
  providerId: "provider",
  keyId: "token",
};

/** Endpoints that are about the account of who calls them. */
const OWN =
  /^(change-password|change-email|set-password|update-user|delete-user(:callback)?|reset-password|sign-up:email|verify-email|two-factor:(enable|disable))$/;

export interface Call {
  name: string;
  body: Record<string, unknown>;
  params: Record<string, unknown>;
  returned: Record<string, unknown>;
  ended: Session | null;
  /** Whose session it was. */
  subject: Actor | undefined;
}

export function targetsFrom({ name, body, params, returned, ended, subject }: Call): Target[] {
  const targets: Target[] = [];
  if (OWN.test(name) && subject?.id)
    targets.push(...targetsOf({ id: subject.id, email: subject.email ?? null }));
  for (const [field, type] of Object.entries(NAMED)) {
    const id = body[field] ?? returned[field];
    if (typeof id === "string" && id !== "") targets.push({ type, id });
  }
  const made = fields(returned["user"]);
  if (/sign-up|create-user/.test(name) && typeof made["id"] === "string")
    targets.push({ type: "user", id: made["id"] });
  const { email } = body;
  if (/invite-member|create-user/.test(name) && typeof email === "string")
    targets.push({ type: "email", id: email });
  if (name === "organization:create") targets.push(...created("organization", returned));
  if (ended) targets.push({ type: "session", id: ended.session.id }, { type: "user", id: ended.user.id });
  const provider = params["id"] ?? params["providerId"];
  if (name.includes("callback:") && typeof provider === "string")
    targets.push({ type: "provider", id: provider });
  return targets;
}

function created(type: string, { id, name }: Record<string, unknown>): Target[] {
  return typeof id === "string" ? [{ type, id, ...(typeof name === "string" && { name }) }] : [];
}

/** Each target once. */
export function once(targets: Target[]): Target[] {
  const seen = new Map(targets.map((target) => [`${target.type} ${target.id}`, target]));
  return [...seen.values()].map((target) => ({
    ...target,
    ...(target.id && { id: target.id.slice(0, 512) }),
  }));
}
