/** How much an entry matters. */

import type { Outcome, Severity } from "@indelible/client";

import type { EntrySeverity } from "./entry.js";
import { FAILED, SEVERITIES } from "./words.js";

const ORDER: readonly Severity[] = ["info", "low", "medium", "high", "critical"];

/** At least: when it succeeded, when it failed, and when it failed again and again; the first row that fits counts. */
const LEAST: readonly (readonly [RegExp, Severity, Severity, Severity])[] = [
  [/^account\.disabled$/, "critical", "critical", "critical"],
  [/^session\.impersonation\.started$/, "critical", "critical", "critical"],
  [/^account\.deleted$/, "high", "high", "high"],
  [/^session\.revoked$/, "medium", "high", "high"],
  // One wrong password is everyday; many are an attack.
  [/^auth\.login\./, "medium", "medium", "high"],
  [/^auth\.(logout$|mfa\.|password\.)/, "medium", "high", "high"],
];
const ANY = [/^/, "low", "low", "low"] as const;

const FAILURES = new Set(Object.values(FAILED));

/** Endpoints that end many sessions at once. */
const MANY = /revoke-(other-|user-)?sessions$/;

export function severityOf(name: string, action: string, outcome: Outcome, isRepeated: boolean): Severity {
  const failed = outcome === "failure" || outcome === "denied";
  const usual = (SEVERITIES[action] ?? "info") as Severity;
  // What was tried and did not succeed: worth a look when its success would have been.
  const thwarted: Severity = failed && !FAILURES.has(action) ? (usual === "info" ? "low" : "medium") : "info";
  const [, succeeded, once, repeated] = LEAST.find(([pattern]) => pattern.test(action)) ?? ANY;
  const least = MANY.test(name) ? "high" : failed ? (isRepeated ? repeated : once) : succeeded;
  return [usual, thwarted, least].reduce((most, one) =>
    ORDER.indexOf(one) > ORDER.indexOf(most) ? one : most,
  );
}

/** An entry knows no `info`. */
export function ofEntry(severity: Severity): EntrySeverity {
  return severity === "info" ? "low" : severity;
}
