import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client, type Event, Problem, Unreachable, quoted } from "@indelible/client";
import { Server } from "@indelible/testing";

import { Calls, at, problem } from "./calls.js";

let server: Server;
let client: Client;
before(async () => {
  server = await Server.start();
  client = new Client(server);
});
after(() => server.remove());

/** A name that no other test uses. */
function unique(): string {
  return crypto.randomUUID();
}

test("a recorded event is on disk and found again", async () => {
  const id = unique();
  const receipt = await client.record({ action: "token.revoked", actor: { type: "user", id } });
  assert.ok(receipt);
  const { events, next } = await client.list({ q: `actor.id:${quoted(id)}` });
  assert.equal(next, null);
  assert.deepEqual(
    events.map((event) => [event.id, event.seq, event.action, event.outcome]),
    [[receipt.id, receipt.seq, "token.revoked", "success"]],
  );
  assert.deepEqual(await client.get(receipt.id), events[0]);
  assert.deepEqual(await client.get(receipt.seq), events[0]);
});

test("there is null for an event that is not there", async () => {
  assert.equal(await client.get("01990000-0000-7000-8000-000000000000"), null);
  assert.equal(await client.get(999_999_999), null);
});

test("an answer that gets lost does not double the event", async () => {
  const calls = new Calls();
  const flaky = new Client({ ...at(server), ...calls.answering("lost", "lost", "real") });
  const id = unique();
  const receipt = await flaky.record({ action: "token.created", actor: { id } });
  assert.equal(receipt?.duplicate, true);
  assert.equal(calls.count, 3);
  assert.equal((await client.list({ q: `actor.id:${quoted(id)}` })).events.length, 1);
});

test("a busy server is asked again after the time it names", async () => {
  const calls = new Calls();
  const busy = new Client({
    ...at(server),
    ...calls.answering(problem(429, { "retry-after": "7" }), "real"),
  });
  await busy.record({ action: "token.created" });
  assert.deepEqual(calls.pauses, [7000]);
});

test("a server that stays away is an error after the last try", async () => {
  const calls = new Calls();
  const away = new Client({ ...at(server), retries: 2, ...calls.answering("refused", "refused", "refused") });
  await assert.rejects(away.record({ action: "token.created" }), Unreachable);
  assert.equal(calls.count, 3);
});

test("an answer that never comes is given up after the timeout", async () => {
  const calls = new Calls();
  const slow = new Client({ ...at(server), retries: 0, timeoutMs: 1, ...calls.answering("never") });
  await assert.rejects(slow.record({ action: "token.created" }), Unreachable);
});

test("an event that breaks a rule is refused once, with its field and what was meant", async () => {
  const calls = new Calls();
  const strict = new Client({ ...at(server), ...calls.answering("real") });
  const wrong = { acton: "token.created" } as unknown as Event;
  await assert.rejects(strict.record(wrong), (error: Problem) => {
    assert.equal(error.kind, "invalid-event");
    assert.equal(error.status, 422);
    assert.equal(error.field, "acton");
    assert.match(error.message, /did you mean "action"/);
    return true;
  });
});

test("a problem names the event of the whole list, not of the request", async () => {
  const events: Event[] = Array.from({ length: 1001 }, () => ({ action: "token.created" }));
  events[1000] = { action: "nonsense" };
  await assert.rejects(client.recordAll(events), { kind: "invalid-event", index: 1000 });
});

test("more events than one request takes are recorded in order", async () => {
  const id = unique();
  const events = Array.from({ length: 1001 }, (_, n) => ({
    action: "token.created",
    actor: { id },
    metadata: { n },
  }));
  assert.equal((await client.recordAll(events)).length, 1001);
  const found: unknown[] = [];
  for await (const event of client.events({ q: `actor.id:${quoted(id)}`, order: "oldest", limit: 300 })) {
    found.push(event.metadata?.["n"]);
  }
  assert.deepEqual(
    found,
    events.map((_, n) => n),
  );
});

test("a wrong key is an error that says so", async () => {
  const stranger = new Client({ url: server.url, key: "ik_none" });
  await assert.rejects(stranger.list(), { name: "Problem", kind: "unauthorized", status: 401 });
});

test("a mistake in a filter is pointed at", async () => {
  await assert.rejects(client.list({ q: "outcome:failure acton:x" }), {
    kind: "invalid-parameter",
    field: "q",
    column: 17,
    suggestion: "action",
  });
});

test("a quoted value is taken literally", async () => {
  for (const id of ['a "b" \\ c', "*", "a,b:c", "ü é"]) {
    await client.record({ action: "token.created", actor: { id } });
    const { events } = await client.list({ q: `actor.id:${quoted(id)}` });
    assert.deepEqual(
      events.map((event) => event.actor?.id),
      [id],
    );
  }
});

test("groups are counted", async () => {
  const id = unique();
  await client.recordAll([
    { action: "token.created", actor: { id } },
    { action: "token.revoked", actor: { id } },
    { action: "token.revoked", actor: { id } },
  ]);
  const q = `actor.id:${quoted(id)}`;
  const table = await client.aggregate({ q, group_by: ["action"], measure: ["count"], order: "-count" });
  assert.deepEqual(table.columns, ["action", "count"]);
  assert.deepEqual(table.rows, [
    ["token.revoked", 2],
    ["token.created", 1],
  ]);
  assert.equal(table.exact, true);
});

test("an export holds every event, as objects and as the bytes of a file", async () => {
  const id = unique();
  await client.recordAll(
    Array.from({ length: 3 }, (_, n) => ({ action: "token.created", actor: { id }, count: n + 1 })),
  );
  const q = `actor.id:${quoted(id)}`;
  const counts: unknown[] = [];
  for await (const event of client.export({ q })) counts.push(event.count);
  assert.deepEqual(counts, [1, 2, 3]);
  const csv = await new Response(await client.exportAs("csv", { q })).text();
  assert.equal(csv.trimEnd().split("\r\n").length, 4);
});

test("the fields of an event are those that the server describes", async () => {
  const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: { "/v1/events": { post: { requestBody: { content: Record<string, { example?: Event }> } } } };
  };
  const example = JSON.stringify(
    description.paths["/v1/events"].post.requestBody.content["application/json"],
  );
  const all: Required<Event> = {
    ...{
      action: "",
      occurred_at: "",
      tenant: "",
      source: {},
      outcome: "unknown",
      reason: "",
      severity: "info",
    },
    ...{ actor: {}, on_behalf_of: [], credential: {}, session_id: "", client: {}, oauth: {}, targets: [] },
    ...{ changes: {}, context: {}, http: {}, request_id: "", trace_id: "", span_id: "", correlation_id: "" },
    ...{ tags: [], metadata: {}, count: 1, first_at: "", last_at: "", idempotency_key: "" },
  };
  for (const field of Object.keys(all)) assert.ok(example.includes(`"${field}"`), field);
});
