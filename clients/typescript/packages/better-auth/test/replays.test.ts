/**
 * The cases of the audit plugin's own suite that concern the plugin, as they are with us. A case that differs on purpose
 * says so and why. Those of its table and of metadata that is broken in it have nothing to hold against: there is no table,
 * and metadata is never kept as text. Those of its endpoints are in endpoints.test.ts, those of redaction in secrets.test.ts.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "@indelible/client";
import { Server } from "@indelible/testing";

import {
  type AuditStorage,
  type Draft,
  type Entry,
  MemoryStorage,
  indelible,
  indelibleStorage,
} from "@indelible/better-auth";

import { actionOf, dotted, isReserved, nameOf } from "../src/actions.js";
import { depth } from "../src/capture.js";
import { type JournalOptions, write } from "../src/journal.js";
import { settle } from "../src/options.js";
import { judge } from "../src/outcome.js";
import { severityOf } from "../src/severity.js";
import { toEntry, toEvent } from "../src/storage.js";
import { captures } from "../src/capture.js";
import { PASSWORD, startApp, unique } from "./app.js";

let server: Server;
before(async () => {
  server = await Server.start();
});
after(() => server.remove());

const NOW = Date.parse("2026-11-20T12:00:00.000Z");

function entry(n: number, more: Partial<Entry> = {}): Entry {
  const createdAt = new Date(NOW + n * 1000);
  return {
    ...{
      id: crypto.randomUUID(),
      userId: "user-1",
      action: "sign-in:email",
      status: "success",
      severity: "medium",
    },
    ...{ ipAddress: "192.0.2.1", userAgent: "test/1", metadata: { n }, createdAt },
    ...more,
  } as Entry;
}

// Storages: the same cases for memory and for the real log.

const storages: [string, () => Required<Pick<AuditStorage, "write" | "read" | "readById">>][] = [
  ["in memory", () => new MemoryStorage()],
  ["in the log", () => indelibleStorage({ ...server.connection, queue: false })],
];
for (const [where, make] of storages) {
  test(`${where}: what was written is read by its user, action, status and time, newest first, in pages`, async () => {
    const storage = make();
    const userId = crypto.randomUUID();
    const written = [0, 1, 2, 3, 4].map((n) =>
      entry(n, {
        userId,
        action: n === 4 ? "sign-out" : "sign-in:email",
        status: n % 2 ? "failed" : "success",
      }),
    );
    for (const one of written) await storage.write(one);
    await storage.write(entry(9, { userId: crypto.randomUUID() }));
    const read = async (query: object) => {
      const { entries, total } = await storage.read({ userId, limit: 50, offset: 0, ...query });
      return [entries.map(({ metadata }) => metadata["n"]), total];
    };
    assert.deepEqual(await read({}), [[4, 3, 2, 1, 0], 5]);
    assert.deepEqual(await read({ action: "sign-out" }), [[4], 1]);
    assert.deepEqual(await read({ status: "failed" }), [[3, 1], 2]);
    assert.deepEqual(await read({ from: written[1]?.createdAt, to: written[3]?.createdAt }), [[3, 2, 1], 3]);
    assert.deepEqual(await read({ limit: 2 }), [[4, 3], 5]);
    assert.deepEqual(await read({ limit: 2, offset: 2 }), [[2, 1], 5]);
    assert.deepEqual(await storage.readById(written[2]?.id ?? ""), written[2]);
    assert.equal(await storage.readById("no-such-entry"), null);
  });
}

test("entries of nobody are kept", async () => {
  const storage = indelibleStorage({ ...server.connection, queue: false });
  const one = entry(0, { userId: null, status: "failed", action: "sign-in:email" });
  await storage.write(one);
  assert.deepEqual(await storage.readById(one.id), one);
});

test("in memory the oldest goes when there is no more room, and older ones can be deleted", async () => {
  const storage = new MemoryStorage({ maxEntries: 3 });
  for (let n = 0; n < 5; n++) await storage.write(entry(n));
  const { entries } = await storage.read({ limit: 10, offset: 0 });
  assert.deepEqual(
    entries.map(({ metadata }) => metadata["n"]),
    [4, 3, 2],
  );
  assert.equal(await storage.deleteOlderThan(new Date(NOW + 3000)), 1);
  assert.equal((await storage.read({ limit: 10, offset: 0 })).total, 2);
});

test("the log deletes nothing", async () => {
  // On purpose: who writes to an audit log cannot make it forget. How long events are kept is the log's own rule.
  const storage = indelibleStorage({ ...server.connection, queue: false });
  const one = entry(0);
  await storage.write(one);
  assert.equal(await storage.deleteOlderThan(new Date(NOW + 3_600_000)), 0);
  assert.ok(await storage.readById(one.id));
});

test("an entry of the audit plugin, which knows no details, is an event with what it tells", async () => {
  // Better Auth's names become dotted ones; what no table knows keeps its words.
  for (const [action, dottedAction] of [
    ["sign-in:email", "auth.login.failed"],
    ["my-plugin:do-it", "my-plugin.do-it"],
  ] as const) {
    const one = entry(0, { action, status: "failed" });
    await indelibleStorage({ ...server.connection, queue: false }).write(one);
    const { events } = await new Client(server.connection).list({ q: `idempotency_key:${one.id}` });
    const [event] = events;
    assert.equal(event?.action, dottedAction);
    assert.deepEqual(
      [event?.outcome, event?.actor?.id, event?.context?.ip],
      ["failure", "user-1", "192.0.2.1"],
    );
    assert.deepEqual(toEntry(event!), one);
  }
});

test("events of others are shown as entries too", () => {
  const event = { ...toEvent(entry(0)), id: "1", seq: 1, recorded_at: "", tenant: "", metadata: {} };
  const known = { occurred_at: "2026-11-20T12:00:00.123456Z", outcome: "denied", severity: "info" } as const;
  const shown = toEntry({
    ...event,
    ...known,
    action: "token.revoked",
    actor: { type: "service", id: "ci" },
  });
  assert.deepEqual(
    [shown.action, shown.status, shown.severity, shown.userId],
    ["token.revoked", "failed", "low", null],
  );
  assert.equal(shown.createdAt.toISOString(), "2026-11-20T12:00:00.123Z");
});

test("a storage without write, or whose rest are no functions, is refused at the start", () => {
  const made = (storage: unknown) => () => indelible({ storage: storage as AuditStorage });
  const write = async () => undefined;
  assert.throws(made({}), /must implement write\(entry\): Promise<void>/);
  assert.throws(made({ write, read: 1 }), /storage\.read must be a function if provided/);
  assert.throws(made({ write, readById: 1 }), /storage\.readById must be a function if provided/);
  assert.throws(
    made({ write, deleteOlderThan: 1 }),
    /storage\.deleteOlderThan must be a function if provided/,
  );
  made({ write })();
  made(new MemoryStorage())();
});

// The way of an entry.

function draft(more: Partial<Draft> = {}): Draft {
  const { id: _, ...rest } = entry(0);
  return { ...rest, ...more };
}

function journal(more: Partial<JournalOptions> = {}): JournalOptions & { pauses: number } {
  const options = {
    ...{ storage: new MemoryStorage(), redact: (metadata: Record<string, unknown>) => metadata, pauses: 0 },
    warn: () => undefined,
    pause: async () => {
      options.pauses++;
    },
    ...more,
  };
  return options;
}

test("a storage gets an entry once, with an id, and afterLog the same", async () => {
  const storage = new MemoryStorage();
  const seen: Entry[] = [];
  const written = await write(draft(), journal({ storage, afterLog: (one) => void seen.push(one) }));
  assert.match(written?.id ?? "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(seen, [written]);
  assert.equal((await storage.read({ limit: 10, offset: 0 })).total, 1);
});

test("beforeLog changes an entry, or suppresses it by null", async () => {
  const changed = await write(draft(), journal({ beforeLog: (one) => ({ ...one, action: "changed" }) }));
  assert.equal(changed?.action, "changed");
  const storage = new MemoryStorage();
  assert.equal(await write(draft(), journal({ storage, beforeLog: async () => null })), null);
  assert.equal((await storage.read({ limit: 10, offset: 0 })).total, 0);
});

test("what beforeLog returns must be an entry", async () => {
  const wrong: unknown[] = [
    {},
    { ...draft(), status: "x" },
    { ...draft(), createdAt: "now" },
    { ...draft(), metadata: [1] },
  ];
  for (const one of wrong) {
    const warned: string[] = [];
    const beforeLog = () => one as Draft;
    assert.equal(await write(draft(), journal({ beforeLog, warn: (text) => void warned.push(text) })), null);
    assert.equal(warned.length, 1);
  }
});

test("a secret that beforeLog puts in is redacted as well", async () => {
  const beforeLog = (one: Draft) => ({ ...one, metadata: { password: "p" } });
  const options = journal({ beforeLog, redact: () => ({ password: "[REDACTED]" }) });
  assert.deepEqual((await write(draft(), options))?.metadata, { password: "[REDACTED]" });
});

test("a beforeLog that throws is an error of the write", async () => {
  const beforeLog = () => {
    throw new Error("no");
  };
  await assert.rejects(write(draft(), journal({ beforeLog })), /no/);
});

test("a storage that fails is tried three times, then told of once with its error", async () => {
  const error = new Error("gone");
  let tries = 0;
  const storage = {
    write: () => {
      tries++;
      return Promise.reject(error);
    },
  };
  const told: unknown[] = [];
  const options = journal({ storage, onWriteError: (cause) => void told.push(cause) });
  await assert.rejects(write(draft(), options), error);
  // On purpose once: the audit plugin tells twice when it does not wait.
  assert.deepEqual([tries, options.pauses, told], [3, 2, [error]]);
});

test("a storage that fails at first is written to at last", async () => {
  let tries = 0;
  const storage = {
    write: async () => {
      if (++tries < 3) throw new Error("not yet");
    },
  };
  assert.ok(await write(draft(), journal({ storage })));
  assert.equal(tries, 3);
});

test("hooks that fail break no sign-in", async () => {
  const fails = () => {
    throw new Error("no");
  };
  for (const options of [{ beforeLog: fails }, { afterLog: fails }]) {
    const app = await startApp(server, { options });
    const email = unique();
    await app.browser().signUp(email);
    assert.equal((await app.browser().post("/sign-in/email", { email, password: PASSWORD })).status, 200);
    await app.log();
  }
});

// Options.

test("switched off, nothing is captured; the endpoints stay, and insert writes", async () => {
  const app = await startApp(server, { options: { enabled: false } });
  const browser = app.browser();
  await browser.signUp();
  assert.deepEqual(await app.log(), []);
  assert.equal((await browser.post("/audit-log/insert", { action: "a.b" })).status, 200);
  assert.equal((await app.log()).length, 1);
});

test("paths of one's own choice are captured, and nothing else, each in its own way", async () => {
  const paths = [
    {
      path: "/sign-in/email",
      config: { severity: "critical", capture: { ipAddress: false, requestBody: true } },
    },
    "/get-session",
  ] as const;
  const app = await startApp(server, { options: { paths } });
  const email = unique();
  const browser = app.browser({ "x-forwarded-for": "192.0.2.7" });
  await browser.signUp(email);
  await browser.post("/sign-in/email", { email, password: PASSWORD });
  await browser.get("/get-session");
  const events = await app.log();
  assert.deepEqual(
    events.map(({ action, severity, context, metadata }) => [
      action,
      severity,
      context?.ip,
      metadata?.["request_body"],
    ]),
    [
      // On purpose: the audit plugin ignores `capture.requestBody` of a path.
      ["auth.login.succeeded", "critical", undefined, { email, password: "[REDACTED]" }],
      ["auth.endpoint.called", "low", "192.0.2.7", undefined],
    ],
  );
});

test("a body that is too large or too deep is not kept as it is", async () => {
  const app = await startApp(server, { options: { capture: { requestBody: true } } });
  let deep: unknown = { password: "hidden" };
  for (let n = 0; n < 10; n++) deep = { deep };
  await app.browser().post("/sign-in/email", { email: "a", password: "p", text: "x".repeat(20_000) });
  await app.browser().post("/sign-in/email", { email: "a", password: "p", deep });
  const [large, nested] = (await app.log()).map((event) => event.metadata?.["request_body"]);
  assert.deepEqual(large, { left_out: "too_large" });
  // Beyond the levels that the log takes it is text.
  assert.match(JSON.stringify(nested), /"deep":"\{.*\[REDACTED\]/);
  assert.ok(!JSON.stringify(nested).includes("hidden"));
});

test("what changes something is captured unless chosen otherwise", () => {
  const settings = settle({});
  for (const [method, path] of [
    ...[
      ["POST", "/sign-in/email"] as const,
      ["GET", "/callback/:id"] as const,
      ["POST", "/my-plugin/do-it"] as const,
    ],
  ]) {
    assert.ok(captures(settings, path, method), path);
  }
  // On purpose: the audit plugin adds a row for each of these, its own reads included.
  for (const [method, path] of [
    ...[
      ["GET", "/get-session"] as const,
      ["GET", "/audit-log/list"] as const,
      ["GET", "/my-plugin/list"] as const,
    ],
    ...[["POST", "/audit-log/insert"] as const, ["POST", "/organization/has-permission"] as const],
  ]) {
    assert.ok(!captures(settings, path, method), path);
  }
});

// Names, outcomes, severities.

test("a path is named as the audit plugin names it", () => {
  assert.equal(nameOf("/sign-in/email"), "sign-in:email");
  assert.equal(nameOf("/two-factor/totp/verify"), "two-factor:totp:verify");
  assert.equal(nameOf("/reset-password/:token"), "reset-password::token");
  assert.equal(nameOf("sign-out"), "sign-out");
});

test("any name has a dotted form that the log takes", () => {
  for (const [name, action] of [
    ["invoice.paid", "invoice.paid"],
    ["Document Exported", "document.exported"],
    ["pay", "client.pay"],
    ["Übung", "client._bung"],
    ["...", "client.unnamed"],
    [`a.${"b".repeat(200)}`, `a.${"b".repeat(126)}`],
  ] as const) {
    assert.equal(dotted(name, "client"), action);
  }
  assert.ok(isReserved("sign-in:email") && isReserved("token.revoked") && !isReserved("invoice.paid"));
});

test("an unknown endpoint is one event under its own name", () => {
  const answer = { outcome: "success", returned: {}, signedIn: false } as const;
  assert.equal(actionOf("my-plugin:do-it", answer), "auth.endpoint.called");
});

test("the outcome is that of the answer", () => {
  const ended = (status: number, location: string | null = null, code?: string) => {
    const { outcome, reason } = judge({ status, location, code });
    return [outcome, reason];
  };
  assert.deepEqual(ended(200), ["success", undefined]);
  // On purpose: to the audit plugin every redirect has failed.
  assert.deepEqual(ended(302, "/home"), ["success", undefined]);
  assert.deepEqual(ended(302, "/home?error=access_denied"), ["failure", "access_denied"]);
  assert.deepEqual(ended(302, "/home#error=server_error&x=1"), ["failure", "server_error"]);
  assert.deepEqual(ended(302, "/home?no_error=1"), ["success", undefined]);
  assert.deepEqual(ended(401), ["failure", "invalid_credentials"]);
  assert.deepEqual(ended(400, null, "INVALID_PASSWORD"), ["failure", "invalid_credentials"]);
  assert.deepEqual(ended(403, null, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"), ["denied", "policy_denied"]);
  assert.deepEqual(ended(422, null, "USER_ALREADY_EXISTS"), ["failure", "x_user_already_exists"]);
  assert.deepEqual(ended(429), ["failure", "rate_limited"]);
  assert.deepEqual(ended(500), ["failure", "internal_error"]);
  assert.deepEqual(ended(404), ["failure", undefined]);
});

test("severities are at least those of the audit plugin, with its mistakes mended", () => {
  const rows = [
    ["admin:ban-user", "account.disabled", "success", "critical"],
    // On purpose: to the audit plugin unban-user is ban-user.
    ["admin:unban-user", "account.enabled", "success", "medium"],
    ["admin:impersonate-user", "session.impersonation.started", "success", "critical"],
    ["delete-user", "account.deleted", "success", "high"],
    ["revoke-sessions", "session.revoked", "success", "high"],
    ["revoke-other-sessions", "session.revoked", "success", "high"],
    // On purpose: to the audit plugin it is low.
    ["admin:revoke-user-sessions", "session.revoked", "success", "high"],
    ["revoke-session", "session.revoked", "success", "medium"],
    ["sign-out", "auth.logout", "success", "medium"],
    ["two-factor:verify-totp", "auth.mfa.succeeded", "success", "medium"],
    ["two-factor:disable", "auth.mfa.disabled", "success", "high"],
    ["change-password", "auth.password.changed", "success", "medium"],
    ["change-password", "auth.password.change_failed", "failure", "high"],
    ["sign-up:email", "account.created", "success", "low"],
    ["get-session", "auth.endpoint.called", "failure", "low"],
  ] as const;
  for (const [name, action, outcome, severity] of rows)
    assert.equal(severityOf(name, action, outcome, false), severity, name);
  // On purpose: one wrong password is everyday, which the audit plugin calls high; many are an attack.
  assert.equal(severityOf("sign-in:email", "auth.login.failed", "failure", false), "medium");
  assert.equal(severityOf("sign-in:email", "auth.login.failed", "failure", true), "high");
});

test("levels are counted as the contract does", () => {
  assert.deepEqual([{}, { a: 1 }, { a: { b: 1 } }, { a: [1] }, "x", null].map(depth), [0, 1, 2, 2, 0, 0]);
});
