/** One request, tried again while that may help. */

import { ANSWER_BYTES_MAX, RETRIES, TIMEOUT_MS } from "./limits.js";
import { type Pause, backoff, pause } from "./pause.js";
import { Problem, Unreachable, isPassing } from "./problem.js";

/** Where the server is and how to talk to it. */
export interface Connection {
  /** Such as `http://127.0.0.1:4610`. */
  url: string | URL;
  /** API key, `ik_…`. */
  key: string;
  /** Time for an answer; of a stream, until it begins. Default: 10,000. */
  timeoutMs?: number;
  /** Further tries after a lost connection, a timeout, 408, 429 and 5xx. Default: 4. */
  retries?: number;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** How to wait between tries. Default: a timer. */
  pause?: Pause;
}

/** A value of a query string; what is undefined is left out. */
export type QueryValue = string | number | Date | readonly string[] | undefined;

export interface Request {
  method?: "GET" | "POST";
  path: string;
  query?: { [name: string]: QueryValue };
  headers?: { [name: string]: string };
  body?: string;
  signal?: AbortSignal | undefined;
}

export class Http {
  readonly #base: URL;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #fetch: typeof fetch;
  readonly pause: Pause;

  constructor(connection: Connection) {
    this.#base = new URL(connection.url);
    this.#key = connection.key;
    this.#timeoutMs = connection.timeoutMs ?? TIMEOUT_MS;
    this.#retries = connection.retries ?? RETRIES;
    this.#fetch = connection.fetch ?? ((input, init) => fetch(input, init));
    this.pause = connection.pause ?? pause;
  }

  /** The JSON of the answer. Every request is safe to repeat: reads are, and events carry idempotency keys. */
  async json<T>(request: Request, retries = this.#retries): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return JSON.parse(await this.#text(request)) as T;
      } catch (error) {
        if (failures >= retries || !isPassing(error) || request.signal?.aborted) throw error;
        await this.pause(backoff(failures, error), request.signal);
      }
    }
  }

  /** The answer as it comes in. Only its beginning is subject to the timeout; `signal` ends it at any time. */
  async stream(request: Request): Promise<ReadableStream<Uint8Array>> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error("no answer in time")), this.#timeoutMs);
    try {
      const { body } = await this.#send(request, late.signal);
      if (body === null) throw new Unreachable("the answer has no body");
      return body;
    } finally {
      clearTimeout(timer);
    }
  }

  async #text(request: Request): Promise<string> {
    const response = await this.#send(request, AbortSignal.timeout(this.#timeoutMs));
    if (Number(response.headers.get("content-length") ?? 0) > ANSWER_BYTES_MAX) {
      throw new RangeError(`the answer has more than ${ANSWER_BYTES_MAX} bytes: ask for less`);
    }
    try {
      return await response.text();
    } catch (cause) {
      throw interrupted(cause, request.signal);
    }
  }

  async #send(request: Request, late: AbortSignal): Promise<Response> {
    const { method = "GET", headers, body, signal } = request;
    let response: Response;
    try {
      response = await this.#fetch(this.#url(request), {
        method,
        headers: { ...headers, authorization: `Bearer ${this.#key}` },
        body: body ?? null,
        signal: signal ? AbortSignal.any([signal, late]) : late,
        redirect: "error",
      });
    } catch (cause) {
      throw interrupted(cause, signal);
    }
    if (!response.ok) throw await Problem.of(response);
    return response;
  }

  #url({ path, query = {} }: Request): URL {
    const url = new URL(this.#base.pathname.replace(/\/$/, "") + path, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      url.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value));
    }
    return url;
  }
}

/** The caller's own abort passes as it is; everything else means that the server was out of reach. */
export function interrupted(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  return new Unreachable("the server cannot be reached", { cause });
}
