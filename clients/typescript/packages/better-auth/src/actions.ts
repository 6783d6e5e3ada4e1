/** What an endpoint means. */

import type { Outcome } from "@indelible/client";

import { ACTIONS, FAILED } from "./words.js";

/** Endpoints that are asked by POST and change nothing. */
const QUESTIONS = new Set([
  "admin:has-permission",
  "admin:list-user-sessions",
  "get-session",
  "is-username-available",
  "mcp:get-session",
  "organization:check-slug",
  "organization:has-permission",
  "passkey:generate-register-options",
  "siwe:nonce",
]);
/** The action of an endpoint that nobody here knows; its name stays beside it. */
const UNKNOWN = "auth.endpoint.called";

/** The first words of the log's own actions; a session cannot insert one. */
const RESERVED = new Set(
  (
    "access account alert audit auth group member oauth permission resource role secret session settings token " +
    "indelible"
  ).split(" "),
);

/** The name of a path: `/sign-in/email` is `sign-in:email`. */
export function nameOf(path: string): string {
  return path.replace(/^\//, "").replaceAll("/", ":");
}

/** Whether a call of this endpoint is an event unless the application chose: it is one of ours, or changes something. */
export function isEvent(name: string, method: string): boolean {
  if (name.startsWith("audit-log:") || QUESTIONS.has(name)) return false;
  return name in ACTIONS || method !== "GET";
}

/** What the answer tells of what really happened. */
export interface Answer {
  outcome: Outcome;
  /** What the endpoint returned. */
  returned: Record<string, unknown>;
  /** Whether there is a new session now. */
  signedIn: boolean;
}

/** The dotted action of a call. */
export function actionOf(name: string, answer: Answer): string {
  const action = ACTIONS[name] ?? UNKNOWN;
  if (answer.outcome !== "success") return FAILED[action] ?? action;
  return begun(action, answer) ?? action;
}

/** The dotted action of an entry of which only its name and how it ended is known. */
export function actionNamed(name: string, succeeded: boolean): string {
  const action = ACTIONS[name] ?? dotted(name, "auth");
  return succeeded ? action : (FAILED[action] ?? action);
}

/** What has only begun: nobody is signed in before the second factor, and nothing is deleted before the mail. */
function begun(action: string, { returned, signedIn }: Answer): string | undefined {
  if (returned["message"] === "Verification email sent") return "auth.verification.sent";
  if (action !== "auth.login.succeeded" || signedIn) return undefined;
  if (returned["twoFactorRedirect"]) return "auth.mfa.challenged";
  if (typeof returned["url"] === "string") return "auth.login.requested";
  // A callback that makes no session has linked an account to the one that there is.
  return "account.linked";
}

/** Any name as an action: two or more lower-case words with dots between. */
export function dotted(name: string, first: string): string {
  const words = name
    .toLowerCase()
    .split(/[:./\s]+/)
    .map((word) => word.replace(/[^a-z0-9_-]/g, "_"))
    .filter((word) => word !== "");
  const action = (words.length > 1 ? words : [first, ...words]).join(".").slice(0, 128);
  return action.includes(".") ? action.replace(/\.$/, "") : `${first}.unnamed`;
}

/** Whether an action is the log's own or an endpoint's, and no session may say that it happened. */
export function isReserved(name: string): boolean {
  return nameOf(name) in ACTIONS || RESERVED.has(dotted(name, "client").split(".")[0] ?? "");
}
