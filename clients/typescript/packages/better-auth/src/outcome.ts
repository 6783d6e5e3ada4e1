/** How a call ended, and why. */

import type { Outcome } from "@indelible/client";

/** What a response says of itself. */
export interface Ending {
  status: number;
  location: string | null;
  /** `code` and `message` of an error. */
  code?: string | undefined;
  message?: string | undefined;
}

export interface Verdict {
  outcome: Outcome;
  reason?: string | undefined;
  /** The error's own code and message. */
  code?: string | undefined;
  message?: string | undefined;
}

/** Better Auth's codes by their beginning, and the reason for each. Those of providers are written in small letters. */
const REASONS: readonly (readonly [string, string])[] = [
  ["BANNED_USER", "account_disabled"],
  ["CREDENTIAL_ACCOUNT_NOT_FOUND", "invalid_credentials"],
  ["INVALID_BACKUP_CODE", "mfa_failed"],
  ["INVALID_CODE", "mfa_failed"],
  ["INVALID_EMAIL_OR_PASSWORD", "invalid_credentials"],
  ["INVALID_ORIGIN", "policy_denied"],
  ["INVALID_OTP", "mfa_failed"],
  ["INVALID_PASSWORD", "invalid_credentials"],
  ["INVALID_PHONE_NUMBER_OR_PASSWORD", "invalid_credentials"],
  ["INVALID_TOKEN", "invalid_token"],
  ["INVALID_TWO_FACTOR", "mfa_failed"],
  ["INVALID_USERNAME_OR_PASSWORD", "invalid_credentials"],
  ["OTP_EXPIRED", "mfa_failed"],
  ["SESSION_EXPIRED", "token_expired"],
  ["TOKEN_EXPIRED", "token_expired"],
  ["TOO_MANY_", "rate_limited"],
  ["USER_EMAIL_NOT_FOUND", "unknown_user"],
  ["USER_NOT_FOUND", "unknown_user"],
  ["YOU_ARE_NOT_ALLOWED", "policy_denied"],
  ["YOU_CANNOT_", "policy_denied"],
];

/** Characters that are kept of an error's code and of its message. */
export const ERROR_TEXT_MAX = 500;

/** Codes of OAuth 2.0 that are reasons as they are. */
const OAUTH = new Set(
  (
    "access_denied consent_required expired_token interaction_required invalid_client invalid_client_metadata " +
    "invalid_grant invalid_redirect_uri invalid_request invalid_scope invalid_target invalid_token login_required " +
    "server_error slow_down temporarily_unavailable unauthorized_client unsupported_grant_type " +
    "unsupported_response_type authorization_pending insufficient_scope"
  ).split(" "),
);

/** 2xx and 3xx are success, unless a redirect carries an error; 403 is denied; the rest failed. */
export function judge({ status, location, code, message }: Ending): Verdict {
  const redirected = status >= 300 && status < 400 ? errorOf(location) : undefined;
  if (status < 400 && redirected === undefined) return { outcome: "success" };
  const told = redirected ?? code;
  return {
    outcome: status === 403 ? "denied" : "failure",
    reason: (told && reasonOf(told)) ?? byStatus(status),
    code: told,
    message,
  };
}

function errorOf(location: string | null): string | undefined {
  const query = location?.match(/[?#](.*)$/)?.[1];
  return new URLSearchParams(query?.replace("#", "&")).get("error")?.slice(0, ERROR_TEXT_MAX) ?? undefined;
}

function reasonOf(code: string): string | undefined {
  const word = code
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "_")
    .slice(0, 64);
  if (OAUTH.has(word)) return word;
  return REASONS.find(([start]) => code.startsWith(start))?.[1] ?? (word && `x_${word}`);
}

function byStatus(status: number): string | undefined {
  if (status === 401) return "invalid_credentials";
  if (status === 403) return "policy_denied";
  if (status === 429) return "rate_limited";
  return status >= 500 ? "internal_error" : undefined;
}
