/** Server-sent events: reading the stream, and going on where it broke off. */

import type { RecordedEvent } from "./event.js";
import { type Http, interrupted } from "./http.js";
import { MESSAGE_BYTES_MAX } from "./limits.js";
import { backoff } from "./pause.js";
import { isPassing } from "./problem.js";

export interface TailQuery {
  /** Filter line. */
  q?: string;
  /** Begin behind this sequence number instead of with what comes now. */
  after?: number | undefined;
  /** Ends the tail. */
  signal?: AbortSignal;
}

/** Follows the log: every event once and in order, over as many connections as it takes, until the signal aborts. */
export async function* tail(
  http: Http,
  { q, after, signal }: TailQuery,
): AsyncGenerator<RecordedEvent, void> {
  for (let failures = 0; !signal?.aborted; failures++) {
    let failure: unknown;
    try {
      const headers: { [name: string]: string } = { accept: "text/event-stream" };
      if (after !== undefined) headers["last-event-id"] = String(after);
      const stream = await http.stream({ path: "/v1/tail", query: { q }, headers, signal });
      for await (const { id, event, data } of messages(stream)) {
        if (event !== "message") continue;
        after = Number(id);
        failures = 0;
        yield JSON.parse(data) as RecordedEvent;
      }
    } catch (error) {
      if (signal?.aborted) return;
      failure =
        error instanceof TypeError || error instanceof DOMException ? interrupted(error, signal) : error;
      if (!isPassing(failure)) throw failure;
    }
    await http.pause(backoff(failures, failure), signal);
  }
}

interface Message {
  id: string;
  event: string;
  data: string;
}

/** The messages of a stream; one that it breaks off in is left out. */
export async function* messages(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message, void> {
  let message: Message = { id: "", event: "message", data: "" };
  for await (const line of lines(stream)) {
    if (line === "") {
      if (message.data !== "") yield message;
      message = { id: message.id, event: "message", data: "" };
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id" || name === "event") message[name] = value;
    if (name === "data") message.data += message.data === "" ? value : `\n${value}`;
  }
}

/** The complete lines of a stream. Closes it when the reader stops early. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > MESSAGE_BYTES_MAX)
        throw new RangeError(`a line has more than ${MESSAGE_BYTES_MAX} characters`);
      for (const line of parts) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
