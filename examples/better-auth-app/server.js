// A small app: a page to sign up, sign in and out, and what the log says of it. Run it as README.md tells.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { toNodeHandler } from "better-auth/node";

import { makeAuth } from "./auth.js";

const { INDELIBLE_URL: url = "http://127.0.0.1:4610", INDELIBLE_KEY: key, PORT = "3000" } = process.env;
if (!key)
  throw new Error("INDELIBLE_KEY is missing: an API key of the log, such as that in data/keys/admin.key");

const server = createServer();
await new Promise((resolve) => server.listen(Number(PORT), "127.0.0.1", resolve));
const origin = `http://localhost:${server.address().port}`;
const auth = await makeAuth({
  origin,
  secret: process.env.BETTER_AUTH_SECRET ?? "for trying only: a secret of your own, at least 32 characters",
  database: process.env.DATABASE ?? "app.db",
  url,
  key,
  queue: process.env.QUEUE ?? "audit-queue",
});
const page = await readFile(new URL("./page.html", import.meta.url));
const handleAuth = toNodeHandler(auth);

server.on("request", (request, response) => {
  if (request.url.startsWith("/api/auth/")) {
    // Better Auth reads addresses from this header alone. No proxy stands before this app that would write it, and what
    // a visitor writes there is not to be believed.
    request.headers["x-forwarded-for"] = request.socket.remoteAddress;
    return handleAuth(request, response);
  }
  response.writeHead(request.url === "/" ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
  return response.end(request.url === "/" ? page : "There is no such page.");
});
console.log(`Open ${origin}`);
