/** Events as they are written down in JSON: the names are those of the wire. */

export type Outcome = "success" | "failure" | "denied" | "unknown";
export type Severity = "info" | "low" | "medium" | "high" | "critical";

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
/** A JSON object. */
export type JsonObject = { [name: string]: Json };

/** Who did it. */
export interface Actor {
  type?: "user" | "service" | "token" | "client" | "agent" | "system" | "anonymous" | (string & {});
  id?: string;
  name?: string;
  email?: string;
}

/** What it was done to. */
export interface Target {
  type?: string;
  id?: string;
  name?: string;
  attrs?: JsonObject;
}

/** What was presented; never the secret itself. */
export interface Credential {
  kind?: string;
  id?: string;
  type?: string;
  environment?: string;
  prefix?: string;
  fingerprint?: string;
  scopes?: string[];
  expires_at?: string;
}

export interface OAuth {
  grant_type?: string;
  response_type?: string;
  scopes_requested?: string[];
  scopes_granted?: string[];
  redirect_uri?: string;
  token_type?: string;
  token_family?: string;
  issuer?: string;
  audience?: string;
}

export interface Context {
  ip?: string;
  forwarded_for?: string;
  user_agent?: string;
  geo?: { country?: string; region?: string; city?: string };
  asn?: number;
  device_id?: string;
}

export interface Http {
  method?: string;
  /** The template, such as `/tokens/{id}`. */
  route?: string;
  path?: string;
  status?: number;
  latency_us?: number;
}

/** An event as it is recorded. Times are RFC 3339 in UTC. */
export interface Event {
  /** Two or more words joined by dots, such as `token.revoked`, or another product's name for one of these. */
  action: string;
  /** Default: when it is recorded. */
  occurred_at?: string;
  tenant?: string;
  source?: { service?: string; version?: string; host?: string; environment?: string };
  /** Default: what the action implies. */
  outcome?: Outcome;
  /** A known code, or one of your own that begins with `x_`. */
  reason?: string;
  /** Default: what action, outcome and reason imply. */
  severity?: Severity;
  actor?: Actor;
  /** For whom, outermost first. */
  on_behalf_of?: Actor[];
  credential?: Credential;
  session_id?: string;
  client?: { id?: string; name?: string };
  oauth?: OAuth;
  targets?: Target[];
  changes?: { before?: JsonObject; after?: JsonObject };
  context?: Context;
  http?: Http;
  request_id?: string;
  trace_id?: string;
  span_id?: string;
  correlation_id?: string;
  tags?: string[];
  /** Free data: at most 64 KiB and 8 levels. Secrets in it are masked by the server too. */
  metadata?: JsonObject;
  count?: number;
  first_at?: string;
  last_at?: string;
  /** The same key within 24 hours is the same event: it is stored once. Made for you where it is absent. */
  idempotency_key?: string;
}

/** An event as it is read. */
export interface RecordedEvent extends Event {
  id: string;
  seq: number;
  occurred_at: string;
  recorded_at: string;
  tenant: string;
  outcome: Outcome;
  severity: Severity;
}

/** Proof that an event is on disk. */
export interface Receipt {
  id: string;
  seq: number;
  leaf_hash: string;
  /** Whether the event was there already, under the same idempotency key. */
  duplicate: boolean;
}
