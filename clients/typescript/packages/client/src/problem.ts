/** What can go wrong, as types. */

const URN = "urn:indelible:problem:";

/** The kinds that a program may act on. The set is open. */
export type ProblemKind =
  | "malformed"
  | "invalid-parameter"
  | "invalid-event"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "timeout"
  | "too-large"
  | "query-too-long"
  | "unsupported-media-type"
  | "busy"
  | "unavailable"
  | "internal"
  | (string & {});

interface Facts {
  type?: unknown;
  title?: unknown;
  detail?: unknown;
  field?: unknown;
  index?: unknown;
  line?: unknown;
  column?: unknown;
  suggestion?: unknown;
}

/** The server refused: `application/problem+json` (RFC 9457). Its message says what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** HTTP status. */
  readonly status: number;
  /** What a program acts on, such as `invalid-event`. */
  readonly kind: ProblemKind;
  readonly title: string;
  /** What is wrong this time. */
  readonly detail: string;
  /** Path of the offending field, or the name of a parameter. */
  readonly field: string | undefined;
  /** Which event of a list, from 0. */
  readonly index: number | undefined;
  /** Which line, from 1. */
  readonly line: number | undefined;
  /** Which character of a filter, from 1. */
  readonly column: number | undefined;
  /** What was probably meant. */
  readonly suggestion: string | undefined;
  /** After how many seconds to come back, where the server said so. */
  readonly retryAfterS: number | undefined;

  constructor(status: number, facts: Facts, retryAfterS?: number) {
    const title = text(facts.title) ?? `HTTP status ${status}`;
    const detail = text(facts.detail) ?? title;
    super(detail);
    this.status = status;
    this.kind = text(facts.type)?.replace(URN, "") ?? `http-${status}`;
    this.title = title;
    this.detail = detail;
    this.field = text(facts.field);
    this.index = number(facts.index);
    this.line = number(facts.line);
    this.column = number(facts.column);
    this.suggestion = text(facts.suggestion);
    this.retryAfterS = retryAfterS;
  }

  /** The problem that an answer tells of; one that is no problem+json is a problem all the same. */
  static async of(response: Response): Promise<Problem> {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const retryAfterS = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
    const body: unknown = await response.json().catch(() => undefined);
    return new Problem(response.status, typeof body === "object" && body !== null ? body : {}, retryAfterS);
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The server could not be reached, or its answer broke off or did not come in time. `cause` tells why. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** A queue holds as much as it may; the event was not taken. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && error.passing);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
