import assert from "node:assert/strict";
import { test } from "node:test";

import { messages } from "../src/tail.js";

async function read(...pieces: string[]): Promise<unknown[]> {
  const encoder = new TextEncoder();
  const all: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
  for await (const message of messages(stream)) all.push(message);
  return all;
}

test("messages are read however the stream is cut", async () => {
  const text =
    'retry: 2000\n: hello\n\nid: 7\ndata: {"a":"ü"}\n\nid: 8\r\ndata: one\r\ndata: two\r\n\r\nevent: closing\ndata: {}\n\n';
  const expected = [
    { id: "7", event: "message", data: '{"a":"ü"}' },
    { id: "8", event: "message", data: "one\ntwo" },
    { id: "8", event: "closing", data: "{}" },
  ];
  assert.deepEqual(await read(text), expected);
  assert.deepEqual(await read(...text), expected);
});

test("a message that the stream breaks off in is left out", async () => {
  assert.deepEqual(await read("id: 7\ndata: one\n\nid: 8\ndata: tw"), [
    { id: "7", event: "message", data: "one" },
  ]);
});
