/** The log for who is signed in: the audit plugin's wire contract, byte by byte, and where we differ on purpose. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Server } from "@indelible/testing";
import { createAuthClient } from "better-auth/client";

import { type AuditStorage, MemoryStorage } from "@indelible/better-auth";
import { indelibleClient } from "@indelible/better-auth/client";

import { type App, type Browser, ORIGIN, startApp, targets, unique } from "./app.js";

let server: Server;
let app: App;
let browser: Browser;
let id: string;
before(async () => {
  server = await Server.start();
  app = await startApp(server);
  browser = app.browser();
  id = await browser.signUp();
});
after(() => server.remove());

/** Status and body of a GET, after all that waits is written. */
async function get(path: string, as = browser): Promise<[number, string]> {
  await app.log();
  const { status, text } = await as.get(path);
  return [status, text];
}

async function post(body: Record<string, unknown>, as = browser): Promise<[number, string]> {
  const { status, text } = await as.post("/audit-log/insert", body);
  return [status, text];
}

interface List {
  entries: Record<string, unknown>[];
  total: number;
}

async function list(query = "", as = browser): Promise<List> {
  const [status, text] = await get(`/audit-log/list${query}`, as);
  assert.equal(status, 200, text);
  return JSON.parse(text) as List;
}

test("without a session there is nothing to see", async () => {
  const nobody = app.browser();
  const refused = [401, '{"message":"Unauthorized","code":"UNAUTHORIZED"}'];
  assert.deepEqual(await get("/audit-log/list", nobody), refused);
  assert.deepEqual(await get("/audit-log/some-id", nobody), refused);
  assert.deepEqual(await post({ action: "invoice.paid" }, nobody), refused);
});

test("a list has its entries, in the order of the wire's names, and how many there are", async () => {
  const { entries, total } = await list();
  assert.equal(total, 1);
  const [entry] = entries;
  assert.deepEqual(Object.keys(entry ?? {}), [
    ...["id", "userId", "action", "status", "severity", "ipAddress", "userAgent", "metadata", "createdAt"],
  ]);
  assert.equal(entry?.["userId"], id);
  assert.equal(entry?.["action"], "sign-up:email");
  assert.equal(entry?.["status"], "success");
  assert.equal(entry?.["severity"], "low");
  assert.match(
    String(entry?.["createdAt"]),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    "three digits: more are misread",
  );
});

test("an entry is got by the id that the list told; others' and unknown ones are not there", async () => {
  const [entry] = (await list()).entries;
  assert.deepEqual(await get(`/audit-log/${String(entry?.["id"])}`), [200, JSON.stringify(entry)]);
  const missing = [404, '{"message":"Audit log entry not found"}'];
  const stranger = app.browser();
  await stranger.signUp();
  assert.deepEqual(await get(`/audit-log/${String(entry?.["id"])}`, stranger), missing);
  assert.deepEqual(await get("/audit-log/no-such-entry"), missing);
  assert.deepEqual(await get("/audit-log/00000000-0000-0000-0000-000000000000"), missing);
  assert.deepEqual(await get("/audit-log/insert"), missing);
});

test("nobody asks for another's entries", async () => {
  const refused = [403, '{"message":"Cannot query other users\' audit logs"}'];
  assert.deepEqual(await get("/audit-log/list?userId=somebody"), refused);
  assert.equal((await list(`?userId=${id}`)).total, (await list()).total);
});

test("who may read all reads all, failed sign-ins of nobody included", async () => {
  // On purpose: the audit plugin shows failed sign-ins to nobody, because they have no user.
  const own = await startApp(server, { options: { mayReadAll: (user) => user["role"] === "admin" } });
  const boss = own.browser();
  const bossId = await boss.signUp();
  await own.promote(bossId);
  const email = unique();
  await own.browser().signUp(email);
  await own.browser().post("/sign-in/email", { email, password: "wrong horse" });
  await own.log();
  const { json } = await boss.get("/audit-log/list?action=sign-in%3Aemail&status=failed&limit=1");
  const { entries } = json as unknown as List;
  assert.equal(entries[0]?.["userId"], null);
  const guest = own.browser();
  await guest.signUp();
  await own.log();
  assert.equal(((await guest.get("/audit-log/list")).json as unknown as List).total, 1);
});

test("that an administrator read what others did is in the log, once a minute for each", async () => {
  const own = await startApp(server, { options: { mayReadAll: (user) => user["role"] === "admin" } });
  const boss = own.browser({ "x-forwarded-for": "192.0.2.9" });
  const bossId = await boss.signUp();
  await own.promote(bossId);
  const aliceId = await own.browser().signUp();
  const [alices] = (await list(`?userId=${aliceId}`, boss)).entries;
  const [bosses] = (await list(`?userId=${bossId}`, boss)).entries;
  for (let n = 0; n < 3; n++) {
    await list("", boss);
    await get(`/audit-log/${String(alices?.["id"])}`, boss);
    await get(`/audit-log/${String(bosses?.["id"])}`, boss);
  }
  const reads = (await own.log()).filter(({ action }) => action === "audit.log.read");
  assert.deepEqual(
    reads.map((event) => [event.actor?.id, targets(event).join(), event.context?.ip, event.severity]),
    [
      [bossId, `user:${aliceId}`, "192.0.2.9", "info"],
      [bossId, "audit_log:list", "192.0.2.9", "info"],
    ],
  );
});

test("what no event can have is found in none, and asks for nothing that the log refuses", async () => {
  const own = await startApp(server, { options: { mayReadAll: () => true } });
  const boss = own.browser();
  await boss.signUp();
  for (const query of ["userId=", "userId=%00", `userId=${"x".repeat(4000)}`, "action=%00%22%5C"])
    assert.equal((await list(`?${query}`, boss)).total, 0, query);
  assert.ok((await list("?action=", boss)).total > 0, "no action is any");
});

test("what is out of range is refused in the contract's words", async () => {
  const answers: [string, string][] = [
    ["limit=0", "[query.limit] Too small: expected number to be >=1"],
    ["limit=501", "[query.limit] Too big: expected number to be <=500"],
    ["limit=abc", "[query.limit] Invalid input: expected number, received NaN"],
    ["offset=-1", "[query.offset] Too small: expected number to be >=0"],
    ["status=bogus", '[query.status] Invalid option: expected one of "success"|"failed"'],
    // On purpose: the audit plugin takes these and its database fails or finds nothing.
    ["limit=1.5", "[query.limit] Invalid input: expected int, received number"],
    ["from=yesterday", "[query.from] Invalid date"],
    ["offset=100001", "[query.offset] Too big: expected number to be <=100000"],
  ];
  for (const [query, message] of answers) {
    assert.deepEqual(await get(`/audit-log/list?${query}`), [
      400,
      JSON.stringify({ message, code: "VALIDATION_ERROR" }),
    ]);
  }
});

test("what is inserted wrongly is refused in the contract's words", async () => {
  const answers: [Record<string, unknown>, string][] = [
    [{}, "[body.action] Invalid input: expected string, received undefined"],
    [{ action: "" }, "[body.action] Too small: expected string to have >=1 characters"],
    [
      { action: "a.b", severity: "extreme" },
      '[body.severity] Invalid option: expected one of "low"|"medium"|"high"|"critical"',
    ],
    [{ action: "a.b", status: "x" }, '[body.status] Invalid option: expected one of "success"|"failed"'],
    [{ action: "a.b", metadata: [1] }, "[body.metadata] Invalid input: expected record, received array"],
  ];
  for (const [body, message] of answers) {
    assert.deepEqual(await post(body), [400, JSON.stringify({ message, code: "VALIDATION_ERROR" })]);
  }
  const { status, text } = await browser.send("/audit-log/insert", { method: "POST" });
  const message = "[body] Invalid input: expected object, received undefined";
  assert.deepEqual([status, text], [400, JSON.stringify({ message, code: "VALIDATION_ERROR" })]);
});

test("metadata is limited, and the limits can be lifted", async () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  assert.deepEqual(await post({ action: "a.b", metadata: nested(5) as never }), [200, '{"success":true}']);
  assert.deepEqual(await post({ action: "a.b", metadata: nested(6) as never }), [
    ...[400, '{"message":"Metadata exceeds maximum depth of 5"}'],
  ]);
  assert.deepEqual(await post({ action: "a.b", metadata: { list: [[[[[1]]]]] } }), [
    ...[400, '{"message":"Metadata exceeds maximum depth of 5"}'],
  ]);
  const sized = (bytes: number) => ({ a: "x".repeat(bytes - 8) });
  assert.deepEqual(await post({ action: "page.filled", metadata: sized(65_536) }), [200, '{"success":true}']);
  assert.deepEqual((await list("?action=page.filled")).entries[0]?.["metadata"], sized(65_536));
  assert.deepEqual(await post({ action: "page.filled", metadata: sized(65_537) }), [
    ...[400, '{"message":"Metadata exceeds maximum size of 65536 bytes"}'],
  ]);
  const storage = new MemoryStorage();
  const free = await startApp(server, { storage, options: { metadataLimits: false } });
  const visitor = free.browser();
  await visitor.signUp();
  assert.equal(
    (await visitor.post("/audit-log/insert", { action: "a.b", metadata: nested(9) as never })).status,
    200,
  );
});

test("an insert is the user's own word: under their id, from `client`, whatever the body says", async () => {
  const body = {
    action: "document:exported",
    severity: "high",
    metadata: { pages: 3 },
    userId: "other",
    createdAt: 1,
  };
  assert.deepEqual(await post(body), [200, '{"success":true}']);
  const event = (await app.log()).at(-1);
  assert.equal(event?.action, "document.exported");
  assert.equal(event?.source?.service, "client");
  assert.deepEqual([event?.actor?.id, event?.severity, event?.metadata?.["pages"]], [id, "high", 3]);
  assert.equal((await list("?action=document%3Aexported")).entries[0]?.["action"], "document:exported");
});

test("what is inserted while somebody impersonates the user is the impersonator's word", async () => {
  const boss = app.browser({ "x-forwarded-for": "2001:db8::7" });
  const bossId = await boss.signUp();
  await app.promote(bossId);
  await boss.post("/admin/impersonate-user", { userId: id });
  assert.deepEqual(await post({ action: "document.exported" }, boss), [200, '{"success":true}']);
  const event = (await app.log()).at(-1);
  assert.deepEqual([event?.actor?.id, event?.on_behalf_of?.map((one) => one.id)], [bossId, [id]]);
  assert.equal(event?.context?.ip, "2001:db8::7", "the whole address, as everywhere in the log");
});

test("metadata that is too large for the log is refused where it is written, not lost on the way", async () => {
  const own = await startApp(server, { options: { metadataLimits: false } });
  const visitor = own.browser();
  await visitor.signUp();
  const { status } = await visitor.post("/audit-log/insert", {
    action: "page.filled",
    metadata: { text: "x".repeat(70_000) },
  });
  assert.equal(status, 500);
});

test("an entry is found by the name that it was given, however that is written", async () => {
  const visitor = app.browser();
  await visitor.signUp();
  for (const action of ["document.exported", "Document.Exported", "document:exported", "export"]) {
    await post({ action }, visitor);
    const { entries } = await list(`?action=${encodeURIComponent(action)}`, visitor);
    assert.ok(
      entries.some((entry) => entry["action"] === action),
      action,
    );
  }
});

test("an insert cannot pass for what the log itself has seen", async () => {
  // On purpose: with the audit plugin a session can insert a sign-in of its own.
  const forged = [
    "sign-in:email",
    "/sign-in/email",
    "auth.login.succeeded",
    "AUTH/login.succeeded",
    "token:x",
    "audit.gap",
  ];
  for (const action of forged)
    assert.deepEqual(await post({ action }), [403, '{"message":"Action is reserved"}'], action);
});

test("entries are filtered, counted and paged, newest first", async () => {
  const visitor = app.browser();
  await visitor.signUp();
  for (let n = 0; n < 5; n++) {
    assert.deepEqual(
      await post({ action: "page.turned", status: n % 2 ? "failed" : "success", metadata: { n } }, visitor),
      [...[200, '{"success":true}']],
    );
  }
  const turned = async (query: string) => {
    const { entries, total } = await list(`?action=page.turned${query}`, visitor);
    return [entries.map(({ metadata }) => (metadata as { n: number }).n), total];
  };
  assert.deepEqual(await turned(""), [[4, 3, 2, 1, 0], 5]);
  assert.deepEqual(await turned("&limit=2"), [[4, 3], 5]);
  assert.deepEqual(await turned("&limit=2&offset=2"), [[2, 1], 5]);
  assert.deepEqual(await turned("&offset=9"), [[], 5]);
  assert.deepEqual(await turned("&status=failed"), [[3, 1], 2]);
  const { entries } = await list("?action=page.turned", visitor);
  const moments = entries.map((entry) => String(entry["createdAt"]));
  assert.equal(
    (await list(`?action=page.turned&from=${moments[4]}&to=${moments[0]}`, visitor)).total,
    5,
    "both included",
  );
  assert.equal((await list("?from=2999-01-01", visitor)).total, 0);
  assert.equal((await list("?to=2001-01-01", visitor)).total, 0);
});

test("a user agent is kept, and shown only when asked for", async () => {
  for (const [returnUserAgent, shown] of [
    [false, null],
    [true, "test/1"],
  ] as const) {
    const own = await startApp(server, { options: { returnUserAgent } });
    const visitor = own.browser({ "user-agent": "test/1" });
    await visitor.signUp();
    const [event] = await own.log();
    assert.equal(event?.context?.user_agent, "test/1");
    const { entries } = (await visitor.get("/audit-log/list")).json as unknown as List;
    assert.equal(entries[0]?.["userAgent"], shown);
  }
});

test("what is no endpoint is none", async () => {
  assert.equal((await browser.post("/audit-log/list")).status, 404);
  assert.equal((await browser.send("/audit-log/some-id", { method: "DELETE" })).status, 404);
});

test("a session from a foreign origin inserts nothing", async () => {
  const { status, text } = await browser.send("/audit-log/insert", {
    method: "POST",
    body: '{"action":"a.b"}',
    headers: { origin: "https://evil.example.com", "content-type": "application/json" },
  });
  assert.deepEqual([status, text], [403, '{"message":"Invalid origin","code":"INVALID_ORIGIN"}']);
});

test("a storage that fails is an error in the contract's words", async () => {
  const fails = () => Promise.reject(new Error("the disk is gone"));
  const storage: AuditStorage = { write: async () => undefined, read: fails, readById: fails };
  const told: unknown[] = [];
  const own = await startApp(server, {
    storage,
    options: { onWriteError: (error) => void told.push(error) },
  });
  const visitor = own.browser();
  await visitor.signUp();
  storage.write = fails;
  const answer = async (answered: Promise<{ status: number; text: string }>) => {
    const { status, text } = await answered;
    return [status, text];
  };
  assert.deepEqual(await answer(visitor.get("/audit-log/list")), [
    500,
    '{"message":"Failed to retrieve audit logs"}',
  ]);
  assert.deepEqual(await answer(visitor.get("/audit-log/x")), [
    500,
    '{"message":"Failed to retrieve audit log entry"}',
  ]);
  assert.deepEqual(await answer(visitor.post("/audit-log/insert", { action: "a.b" })), [
    ...[500, '{"message":"Failed to insert audit log entry"}'],
  ]);
  assert.equal(told.length, 1);
});

test("a storage that cannot read has an empty list", async () => {
  const own = await startApp(server, { storage: { write: async () => undefined } });
  const visitor = own.browser();
  await visitor.signUp();
  assert.equal((await visitor.get("/audit-log/list")).text, '{"entries":[],"total":0}');
});

test("the 61st request of a minute is told to come back", async () => {
  const own = await startApp(server, { auth: { rateLimit: { enabled: true } } });
  const visitor = own.browser({ "x-forwarded-for": "192.0.2.61" });
  await visitor.signUp();
  for (let n = 0; n < 60; n++) assert.equal((await visitor.get("/audit-log/list?limit=1")).status, 200);
  const { status, text, headers } = await visitor.get("/audit-log/list?limit=1");
  assert.deepEqual([status, text], [429, '{"message":"Too many requests. Please try again later."}']);
  assert.match(headers.get("x-retry-after") ?? "", /^\d+$/);
});

test("the client of the audit plugin works as it is, and ours too", async () => {
  // The audit plugin's client, as it is published: an id and the methods of three paths.
  const theirs = {
    id: "audit-log",
    pathMethods: { "/audit-log/list": "GET", "/audit-log/:id": "GET", "/audit-log/insert": "POST" },
  } as const;
  for (const plugin of [theirs, indelibleClient()]) {
    const visitor = app.browser();
    await visitor.signUp();
    const customFetchImpl = (async (url, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers));
      const { status, text } = await visitor.send(String(url), { ...init, headers });
      return new Response(text, { status, headers: { "content-type": "application/json" } });
    }) as typeof fetch;
    const client = createAuthClient({
      baseURL: ORIGIN,
      plugins: [plugin],
      fetchOptions: { customFetchImpl },
    });
    const { auditLog } = client as unknown as {
      auditLog: Record<"list" | "insert", (input: object) => Promise<{ data: unknown; error: unknown }>>;
    };
    assert.deepEqual(await auditLog.insert({ action: "invoice.paid", metadata: { total: 7 } }), {
      ...{ data: { success: true }, error: null },
    });
    await app.log();
    const listed = (await auditLog.list({ query: { action: "invoice.paid", limit: 10 } })).data as {
      entries: { id: string; createdAt: unknown; metadata: unknown }[];
    };
    assert.deepEqual(listed.entries[0]?.metadata, { total: 7 });
    assert.ok(listed.entries[0]?.createdAt instanceof Date);
    const got = await client.$fetch("/audit-log/:id", {
      method: "GET",
      params: { id: listed.entries[0].id },
    });
    assert.deepEqual(got.data, listed.entries[0]);
  }
});
