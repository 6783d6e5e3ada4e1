/** Takes secrets out of metadata before it leaves the process: at any depth, and in text that is JSON or a form. */

import { createHmac } from "node:crypto";

import type { Redaction } from "./options.js";

export const MASK = "[REDACTED]";

/** Names of secret fields unless told otherwise. */
export const SECRET_FIELDS: readonly string[] = (
  "password newPassword currentPassword oldPassword confirmPassword passwd pwd passphrase secret clientSecret token " +
  "accessToken refreshToken idToken sessionToken bearerToken apiKey privateKey authorization cookie setCookie code " +
  "backupCode backupCodes recoveryCode recoveryCodes otp totp totpURI pin codeVerifier clientAssertion assertion " +
  "signature credential"
).split(" ");

/** Deeper values are masked as a whole. */
const DEPTH_MAX = 32;

/** A function that redacts, with the key of the `hash` strategy. */
export function redactor(
  { enabled = true, fields = SECRET_FIELDS, strategy = "mask" }: Redaction,
  key: string,
) {
  const names = new Set(fields.map(plain));

  function hidden(value: unknown): unknown {
    if (strategy === "mask") return MASK;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `hmac:${createHmac("sha256", key).update(text).digest("hex").slice(0, 32)}`;
  }

  function object(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
    const kept = Object.entries(fields).flatMap(([name, value]) => {
      if (!names.has(plain(name)) || value === null || value === undefined)
        return [[name, any(value, depth + 1)]];
      return strategy === "remove" ? [] : [[name, hidden(value)]];
    });
    return Object.fromEntries(kept) as Record<string, unknown>;
  }

  function any(value: unknown, depth: number): unknown {
    if (typeof value === "string") return text(value, depth);
    if (typeof value !== "object" || value === null || value instanceof Date) return value;
    if (depth > DEPTH_MAX) return MASK;
    if (Array.isArray(value)) return value.map((one) => any(one, depth + 1));
    return object(value as Record<string, unknown>, depth);
  }

  function text(value: string, depth: number): string {
    if (depth > DEPTH_MAX) return MASK;
    if (/^\s*[{[]/.test(value)) {
      const parsed = json(value);
      if (parsed !== undefined) return JSON.stringify(any(parsed, depth + 1));
    }
    const query = value.indexOf("?") + 1;
    const form = new URLSearchParams(value.slice(query));
    if (!value.includes("=") || ![...form.keys()].some((name) => names.has(plain(name)))) return value;
    const pairs = [...form].flatMap(([name, one]) =>
      names.has(plain(name))
        ? strategy === "remove"
          ? []
          : [[name, String(hidden(one))]]
        : [[name, text(one, depth + 1)]],
    );
    return value.slice(0, query) + new URLSearchParams(pairs as [string, string][]).toString();
  }

  return (metadata: Record<string, unknown>) => (enabled ? object(metadata, 0) : metadata);
}

/** A name as it is compared: `new_password` is `newPassword`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
