// The app as a visitor sees it, and the log behind it. `INDELIBLE` names the binary.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";

import { Client } from "@indelible/client";

const directory = await mkdtemp(join(tmpdir(), "better-auth-app-"));
const children = [];
after(async () => {
  await Promise.all(children.map((child) => child.kill("SIGKILL") && once(child, "exit")));
  await rm(directory, { recursive: true });
});

/** Starts a program; resolves with what it says after `words`. */
async function start(command, args, words, env = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  for await (const line of createInterface(child.stdout)) {
    const said = new RegExp(`${words} (http:[^\\s,]+)`).exec(line)?.[1];
    if (said) return said;
  }
  throw new Error(`${command} did not start`);
}

test("what a visitor does is shown on the page and stands in the log", async () => {
  const data = join(directory, "data");
  const url = await start(
    process.env.INDELIBLE,
    ["serve", "--data", data, "--listen", "127.0.0.1:0"],
    "listens on",
  );
  const key = (await readFile(join(data, "keys", "admin.key"), "utf8")).trim();
  const app = await start(process.execPath, [join(import.meta.dirname, "server.js")], "Open", {
    ...{ INDELIBLE_URL: url, INDELIBLE_KEY: key, PORT: "0" },
    ...{ DATABASE: join(directory, "app.db"), QUEUE: join(directory, "queue") },
  });
  assert.match(await (await fetch(app)).text(), /Sign up/);

  const client = new Client({ url, key });
  const tail = client.tail({ q: "service:better-auth", after: 0 });
  let cookie = "";
  async function call(path, body) {
    const headers = { "content-type": "application/json", origin: app, cookie };
    headers["x-forwarded-for"] = "192.0.2.66";
    const response = await fetch(`${app}/api/auth/${path}`, {
      method: body ? "POST" : "GET",
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  }
  const alice = { email: "alice@example.com", password: "correct horse battery", name: "Alice" };
  await client.record({ action: "demo.begun" });
  assert.equal((await call("sign-up/email", alice)).status, 200);
  assert.equal((await call("sign-out", {})).status, 200);
  assert.equal((await call("sign-in/email", { ...alice, password: "wrong horse" })).status, 401);
  assert.equal((await call("sign-in/email", alice)).status, 200);

  const actions = [];
  for await (const { action, context } of tail) {
    actions.push(action);
    assert.equal(context.ip, "127.0.0.1", "whatever a visitor says");
    if (actions.length === 4) break;
  }
  assert.deepEqual(actions, ["account.created", "auth.logout", "auth.login.failed", "auth.login.succeeded"]);
  const { entries } = await (await call("audit-log/list")).json();
  assert.deepEqual(
    entries.map(({ action }) => action),
    ["sign-in:email", "sign-out", "sign-up:email"],
  );
});
