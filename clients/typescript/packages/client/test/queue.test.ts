import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Client, MemorySpool, Queue, QueueFull, type Spool, quoted } from "@indelible/client";
import { DiskSpool } from "@indelible/client/disk";
import { Server, deferred, temporary } from "@indelible/testing";

import { type Answer, Calls, at, problem } from "./calls.js";

let server: Server;
let client: Client;
before(async () => {
  server = await Server.start();
  client = new Client(server);
});
after(() => server.remove());

/** A queue to the server whose calls are answered as told, and which waits for nothing between tries. */
function queue(spool: Spool, answers: Answer[], options: ConstructorParameters<typeof Queue>[1] = {}): Queue {
  const { fetch, pause } = new Calls().answering(...answers);
  const onTrouble = () => undefined;
  return new Queue(new Client({ ...at(server), fetch }), { spool, pause, onTrouble, ...options });
}

/** The numbers in the metadata of an actor's events, oldest first. */
async function numbers(id: string): Promise<unknown[]> {
  const { events } = await client.list({ q: `actor.id:${quoted(id)}`, order: "oldest", limit: 1000 });
  return events.map((event) => event.metadata?.["n"]);
}

function event(id: string, n: number) {
  return { action: "token.created", actor: { id }, metadata: { n } };
}

const spools: [string, (bounds?: { eventsMax: number }) => Spool][] = [
  ["in memory", (bounds) => new MemorySpool(bounds)],
  ["on disk", (bounds) => new DiskSpool(temporary(), bounds)],
];
for (const [where, make] of spools) {
  test(`${where}: nothing is missing, doubled or out of order when the server fails in every way`, async () => {
    const id = crypto.randomUUID();
    const failing = queue(make(), [
      ...([
        "refused",
        "lost",
        problem(503),
        problem(429),
        problem(401),
        problem(413),
        "real",
        "lost",
        "real",
      ] as const),
    ]);
    for (let n = 0; n < 2500; n++) void failing.add(event(id, n));
    await failing.flush();
    await failing.close();
    assert.deepEqual(
      (await numbers(id)).concat(await later(id)),
      Array.from({ length: 2500 }, (_, n) => n),
    );
    assert.deepEqual(failing.stats, { waiting: 0, sent: 2500, rejected: 0, dropped: 0 });
  });

  test(`${where}: an event that the server will never take is told of and keeps nothing up`, async () => {
    const id = crypto.randomUUID();
    const told: unknown[] = [];
    const mixed = queue(make(), ["real"], {
      onRejected: (bad, { field }) => told.push([bad.metadata?.["n"], field]),
    });
    await mixed.add(event(id, 0));
    await mixed.add({ ...event(id, 1), action: "nonsense" });
    await mixed.add(event(id, 2));
    await mixed.flush();
    await mixed.close();
    assert.deepEqual(told, [[1, "action"]]);
    assert.deepEqual(await numbers(id), [0, 2]);
    assert.deepEqual(mixed.stats, { waiting: 0, sent: 2, rejected: 1, dropped: 0 });
  });

  test(`${where}: a full queue refuses, and loses nothing that it took`, async () => {
    const id = crypto.randomUUID();
    const full = queue(make({ eventsMax: 2 }), ["never"]);
    await full.add(event(id, 0));
    await full.add(event(id, 1));
    await assert.rejects(full.add(event(id, 2)), QueueFull);
    assert.deepEqual(full.stats, { waiting: 2, sent: 0, rejected: 0, dropped: 0 });
    await full.close();
  });

  test(`${where}: told to drop, a full queue counts what it drops and an audit.gap event tells`, async () => {
    const id = crypto.randomUUID();
    const opening = deferred();
    const gated = queue(make({ eventsMax: 2 }), [() => opening.promise.then(() => problem(503)), "real"], {
      whenFull: "drop",
    });
    for (let n = 0; n < 5; n++) await gated.add(event(id, n));
    assert.equal(gated.stats.dropped, 3);
    opening.resolve();
    await gated.flush();
    const before = (await client.list({ q: "action:audit.gap" })).events.length;
    await gated.add(event(id, 5));
    await gated.flush();
    await gated.close();
    assert.deepEqual(await numbers(id), [0, 1, 5]);
    const gaps = (await client.list({ q: "action:audit.gap" })).events;
    assert.equal(gaps.length, before + 1);
    assert.equal(gaps[0]?.metadata?.["lost"], 3);
  });
}

/** The second thousand and what follows. */
async function later(id: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const one of client.events({ q: `actor.id:${quoted(id)}`, order: "oldest" })) {
    all.push(one.metadata?.["n"]);
  }
  return all.slice(1000);
}

test("a restart goes on where the process ended: what was sent is not sent again", async () => {
  const id = crypto.randomUUID();
  const directory = temporary();
  const first = queue(new DiskSpool(directory), ["real", "never"]);
  await first.add(event(id, 0));
  await first.flush();
  for (let n = 1; n < 4; n++) await first.add(event(id, n));
  await first.close();
  const second = queue(new DiskSpool(directory), ["real"]);
  assert.equal(second.stats.waiting, 3);
  await second.flush();
  await second.close();
  assert.deepEqual(await numbers(id), [0, 1, 2, 3]);
  assert.deepEqual(readdirSync(directory), []);
});

test("what a killed process had taken is there; the line that it was writing is not", async () => {
  const directory = temporary();
  const { url, key } = server;
  const id = crypto.randomUUID();
  // Takes three events for a server that never answers, says so, and is killed.
  const program = `
    import { Client, Queue } from "@indelible/client";
    import { DiskSpool } from "@indelible/client/disk";
    const fetch = () => new Promise(() => {});
    const queue = new Queue(new Client({ url: "${url}", key: "${key}", fetch }), { spool: new DiskSpool("${directory}") });
    const event = (n) => ({ action: "token.created", actor: { id: "${id}" }, metadata: { n } });
    await Promise.all([queue.add(event(0)), queue.add(event(1)), queue.add(event(2))]);
    console.log("taken");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: import.meta.dirname,
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  appendFileSync(join(directory, "00000001.jsonl"), '{"action":"token.cre');
  const restarted = queue(new DiskSpool(directory), ["real"]);
  await restarted.flush();
  await restarted.close();
  assert.deepEqual(await numbers(id), [0, 1, 2]);
});

test("a server that dies and comes back gets everything once", async () => {
  const id = crypto.randomUUID();
  const tries = deferred();
  const down = new Queue(new Client({ ...at(server), fetch: (...call) => fetch(...call) }), {
    spool: new DiskSpool(temporary()),
    onTrouble: () => tries.resolve(),
  });
  await server.kill();
  for (let n = 0; n < 3; n++) await down.add(event(id, n));
  await tries.promise;
  await server.start();
  client = new Client(server);
  await down.flush();
  await down.close();
  assert.deepEqual(await numbers(id), [0, 1, 2]);
});

test("unless it is told whom to tell, a queue says on the console that events wait, and which one is lost", async (t) => {
  const said = {
    warn: t.mock.method(console, "warn", () => {}),
    error: t.mock.method(console, "error", () => {}),
  };
  const texts = (kind: keyof typeof said) => said[kind].mock.calls.map((call) => String(call.arguments[0]));
  const { fetch, pause } = new Calls().answering("refused", problem(401), "real");
  const mixed = new Queue(new Client({ ...at(server), fetch }), { pause });
  await mixed.add(event(crypto.randomUUID(), 0));
  await mixed.add({ action: "nonsense", idempotency_key: "key-1" });
  await mixed.flush();
  await mixed.close();
  assert.equal(texts("warn").length, 1, "once, not for each try");
  assert.match(texts("warn")[0] ?? "", /events wait, since they cannot be sent: .*cannot be reached/);
  assert.match(texts("error").join(), /will never take event key-1 \(nonsense\): /);
});

/** A process that has a queue; `ended` kills it. */
async function owner(directory: string): Promise<{ ended: () => Promise<unknown> }> {
  const module = import.meta.resolve("@indelible/client/disk");
  const script = `const { DiskSpool } = await import(${JSON.stringify(module)});
    new DiskSpool(${JSON.stringify(directory)}); console.log("has it"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  return { ended: () => (child.kill("SIGKILL"), exit) };
}

test("two processes cannot share a directory, until one is killed", async () => {
  const directory = temporary();
  const { ended } = await owner(directory);
  assert.throws(() => new DiskSpool(directory), /uses this queue/);
  await ended();
  await new DiskSpool(directory).close();
});

test("a lock that a crash left behind does not count, whoever has its number by now", async () => {
  // Cut off; of this process before it started; of another that runs, but did not write it.
  for (const left of ["", `${process.pid}`, `${process.pid} 1`, `${process.ppid} 1`]) {
    const directory = temporary();
    appendFileSync(join(directory, "lock"), left);
    await new DiskSpool(directory).close();
  }
});
