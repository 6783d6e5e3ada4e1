import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, type RecordedEvent } from "@indelible/client";
import { Server, deferred } from "@indelible/testing";

import { Calls, at } from "./calls.js";

let server: Server;
let client: Client;
before(async () => {
  server = await Server.start();
  client = new Client(server);
  await client.record({ action: "demo.before" });
});
after(() => server.remove());

async function next(tail: AsyncGenerator<RecordedEvent, void>): Promise<string | undefined> {
  const { value } = await tail.next();
  return value ? value.action : undefined;
}

test("a tail shows what comes after it began, by its filter", async () => {
  const began = deferred();
  const watched = new Client({
    ...at(server),
    fetch: (input, init) => {
      if (String(input).includes("/v1/tail")) began.resolve();
      return fetch(input, init);
    },
  });
  const tail = watched.tail({ q: "action:demo.wanted" });
  const first = next(tail);
  await began.promise;
  await client.record({ action: "demo.other" });
  await client.record({ action: "demo.wanted" });
  assert.equal(await first, "demo.wanted");
  await tail.return();
});

test("a tail goes on behind the last event when the server dies in between", async () => {
  const tail = client.tail({ q: "action:demo.*", after: (await client.list({ limit: 1 })).events[0]?.seq });
  await client.record({ action: "demo.one" });
  assert.equal(await next(tail), "demo.one");
  const following = [next(tail), next(tail)];
  await server.kill();
  await server.start();
  await client.recordAll([{ action: "demo.two" }, { action: "demo.three" }]);
  assert.deepEqual(await Promise.all(following), ["demo.two", "demo.three"]);
  await tail.return();
});

test("a tail ends when its signal aborts, without an error", async () => {
  const ending = new AbortController();
  const tail = client.tail({ signal: ending.signal });
  const first = next(tail);
  ending.abort();
  assert.equal(await first, undefined);
});

test("a tail that is not allowed fails instead of trying for ever", async () => {
  const calls = new Calls();
  const stranger = new Client({ ...at(server), key: "ik_none", ...calls.answering("real") });
  await assert.rejects(next(stranger.tail({ after: 0 })), { kind: "unauthorized" });
});
