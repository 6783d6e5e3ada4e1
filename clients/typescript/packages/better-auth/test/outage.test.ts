/** The log is down, slow or full: signing in stays right, and what was queued arrives, each once. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, MemorySpool, Problem, type RecordedEvent } from "@indelible/client";
import { DiskSpool } from "@indelible/client/disk";
import { Server, deferred, temporary } from "@indelible/testing";

import { type Draft, type Entry, indelibleStorage } from "@indelible/better-auth";

import { type App, PASSWORD, startApp, unique } from "./app.js";

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.remove());

/** A day of a user; the answers must be right whatever the log does. */
async function day(app: App): Promise<string> {
  const email = unique();
  const browser = app.browser();
  const id = await browser.signUp(email);
  assert.equal(
    (await browser.post("/change-password", { currentPassword: "wrong", newPassword: "x".repeat(12) }))
      .status,
    400,
  );
  assert.equal((await browser.post("/sign-out")).status, 200);
  assert.equal((await browser.post("/sign-in/email", { email, password: "wrong horse" })).status, 401);
  assert.equal((await browser.post("/sign-in/email", { email, password: PASSWORD })).status, 200);
  return id;
}

const ACTIONS = [
  "account.created",
  "auth.password.change_failed",
  "auth.logout",
  "auth.login.failed",
  "auth.login.succeeded",
];

function actions(events: RecordedEvent[]): string[] {
  return events.map((event) => event.action);
}

test("a server that dies is away for the log alone; when it is back, nothing is missing or doubled", async () => {
  const storage = indelibleStorage({ ...server.connection, queue: { spool: new DiskSpool(temporary()) } });
  const app = await startApp(server, { storage });
  await day(app);
  await server.kill();
  await day(app);
  await day(app);
  await server.start();
  const events = await app.log();
  assert.deepEqual(actions(events), [...ACTIONS, ...ACTIONS, ...ACTIONS]);
  assert.equal(new Set(events.map((event) => event.idempotency_key)).size, 15);
});

test("what waits on disk when the application ends is sent by the next", async () => {
  const directory = temporary();
  const never = () => new Promise<never>(() => undefined);
  const spool = new DiskSpool(directory);
  const first = await startApp(server, {
    storage: indelibleStorage({ ...server.connection, fetch: never, queue: { spool } }),
  });
  await day(first);
  await spool.close();
  const storage = indelibleStorage({ ...server.connection, queue: { spool: new DiskSpool(directory) } });
  await storage.flush();
  const { events } = await new Client(server.connection).list({
    q: "service:better-auth",
    limit: 5,
    order: "newest",
  });
  assert.deepEqual(actions(events.reverse()), ACTIONS);
});

test("a server that never answers keeps no answer back", async () => {
  const never = (() => new Promise<never>(() => undefined)) as typeof fetch;
  const storage = indelibleStorage({ ...server.connection, fetch: never });
  await day(await startApp(server, { storage }));
});

test("a list that the log does not give, in part or at all, is an error for who asked, and for nobody else", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on("unhandledRejection", hear);
  for (const last of ["/v1/events", "/v1/aggregate"]) {
    const first = deferred();
    const both = deferred();
    const refusing = (async (input) => {
      if (String(input).includes(last)) await first.promise.then(() => setImmediate(both.resolve));
      else setImmediate(first.resolve);
      return Response.json({ title: "API key required", status: 401 }, { status: 401 });
    }) as typeof fetch;
    const storage = indelibleStorage({ ...server.connection, fetch: refusing });
    await assert.rejects(storage.read({ limit: 5, offset: 0 }), Problem);
    await both.promise;
    await new Promise(setImmediate);
  }
  process.off("unhandledRejection", hear);
  assert.deepEqual(unheard, []);
});

test("without a queue an entry that cannot be written is told of once, and the answer stays right", async () => {
  for (const nonBlocking of [false, true]) {
    const told: string[] = [];
    const all = deferred();
    const onWriteError = (_: unknown, { action }: Draft) => {
      told.push(action);
      if (told.length === 5) all.resolve();
    };
    const refused = (() => Promise.reject(new TypeError("fetch failed"))) as typeof fetch;
    const storage = indelibleStorage({ ...server.connection, fetch: refused, queue: false });
    await day(await startApp(server, { storage, options: { nonBlocking, onWriteError } }));
    await all.promise;
    assert.deepEqual(told.sort(), [
      "change-password",
      "sign-in:email",
      "sign-in:email",
      "sign-out",
      "sign-up:email",
    ]);
  }
});

test("a log that is full refuses, and has it all once it has room", async () => {
  let isFull = true;
  const full = ((input, init) =>
    isFull && init?.method === "POST"
      ? Promise.resolve(Response.json({ title: "Unavailable", status: 503 }, { status: 503 }))
      : fetch(input, init)) as typeof fetch;
  const storage = indelibleStorage({
    ...server.connection,
    fetch: full,
    queue: { pause: () => new Promise(setImmediate) },
  });
  const app = await startApp(server, { storage });
  await day(app);
  isFull = false;
  assert.deepEqual(actions(await app.log()), ACTIONS);
});

test("a queue that is full tells of what it cannot take, and signing in goes on", async () => {
  const never = (() => new Promise<never>(() => undefined)) as typeof fetch;
  const lost: string[] = [];
  const queue = { spool: new MemorySpool({ eventsMax: 2 }) };
  const storage = indelibleStorage({ ...server.connection, fetch: never, queue });
  await day(
    await startApp(server, { storage, options: { onWriteError: (_, { action }) => lost.push(action) } }),
  );
  assert.deepEqual(lost, ["sign-out", "sign-in:email", "sign-in:email"]);
});

test("an answer that is not waited for goes out before its entry is written", async () => {
  const writing = deferred();
  const written = deferred();
  const storage = {
    write: async () => {
      await writing.promise;
      written.resolve();
    },
  };
  const app = await startApp(server, { storage, options: { nonBlocking: true } });
  await app.browser().signUp();
  writing.resolve();
  await written.promise;
});

test("an entry that is written again is the same event", async () => {
  const storage = indelibleStorage({ ...server.connection, queue: false });
  const entry: Entry = {
    id: crypto.randomUUID(),
    userId: "42",
    action: "sign-in:email",
    status: "success",
    severity: "low",
    ipAddress: null,
    userAgent: null,
    metadata: {},
    createdAt: new Date(),
  };
  await storage.write(entry);
  await storage.write(entry);
  const client = new Client(server.connection);
  const { events } = await client.list({ q: `idempotency_key:${entry.id}` });
  assert.equal(events.length, 1);
});
