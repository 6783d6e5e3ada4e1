/** What an application may say. */

import type { EntrySeverity, Draft, Entry } from "./entry.js";
import type { AuditStorage, ServerOptions } from "./storage.js";

/** What of a request is kept. */
export interface Capture {
  /** Default: true. */
  ipAddress?: boolean;
  /** Default: true. */
  userAgent?: boolean;
  /** The body, redacted, as `metadata.request_body`. Default: false. */
  requestBody?: boolean;
  /** As whom somebody tried to sign in: a keyed hash, the default, or in clear beside it. */
  identifier?: "hash" | "clear";
}

export interface PathConfig {
  severity?: EntrySeverity;
  capture?: Capture;
}

export interface Redaction {
  /** Default: true. The server masks secrets in any case. */
  enabled?: boolean;
  /** Names of fields, at any depth; case, `_` and `-` do not matter. Default: `SECRET_FIELDS`. */
  fields?: readonly string[];
  /** Default: mask. */
  strategy?: "mask" | "hash" | "remove";
}

export interface Options {
  /** False: nothing is captured; the endpoints stay. Default: true. */
  enabled?: boolean;
  /** Whether an answer goes out before its entry is written. Default: false. */
  nonBlocking?: boolean;
  /** Where entries go, in place of `url` and `key`. */
  storage?: AuditStorage;
  /** Endpoints to capture, such as `/sign-in/email`. Default: all that change something. */
  paths?: readonly (string | { path: string; config?: PathConfig })[];
  capture?: Capture;
  piiRedaction?: Redaction;
  /** Limits of the metadata that a session may insert. Default: 65,536 bytes and 5 levels. */
  metadataLimits?: { maxBytes?: number; maxDepth?: number } | false;
  /** Sees every entry before it is written, may change it, and suppresses it by returning null. */
  beforeLog?: (entry: Draft) => Promise<Draft | null> | Draft | null;
  /** Sees every entry that was written. */
  afterLog?: (entry: Entry) => Promise<void> | void;
  /** Told once of each entry that could not be written. */
  onWriteError?: (error: unknown, entry: Draft) => void;
  /** Whether this user may read everybody's entries. Default: nobody may. */
  mayReadAll?: (user: { id: string } & Record<string, unknown>) => Promise<boolean> | boolean;
  /** Whether the endpoints return user agents. Default: false. */
  returnUserAgent?: boolean;
}

/** Options of the plugin: a storage, or where the server is. */
export type IndelibleOptions = Options & ({ storage: AuditStorage } | ServerOptions);

export type Settings = ReturnType<typeof settle>;

/** The options with their defaults. */
export function settle(options: Options) {
  const { metadataLimits = {} } = options;
  const configs = new Map(
    (options.paths ?? []).map((one) => (typeof one === "string" ? [one, {}] : [one.path, one.config ?? {}])),
  );
  return {
    ...options,
    enabled: options.enabled ?? true,
    nonBlocking: options.nonBlocking ?? false,
    piiRedaction: { enabled: true, ...options.piiRedaction },
    metadataLimits: metadataLimits && { maxBytes: 65_536, maxDepth: 5, ...metadataLimits },
    /** Whether the application chose the endpoints to capture. */
    chosen: configs.size > 0,
    configOf: (path: string): PathConfig | undefined => configs.get(path),
    captureOf: (path: string) => ({
      ...{ ipAddress: true, userAgent: true, requestBody: false, identifier: "hash" as const },
      ...options.capture,
      ...configs.get(path)?.capture,
    }),
  };
}
