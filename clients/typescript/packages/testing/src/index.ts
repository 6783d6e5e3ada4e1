/** A real server for tests: the binary that `INDELIBLE` names, on a free port, with a log in a directory of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export class Server {
  readonly directory = temporary();
  readonly data = join(this.directory, "data");
  #process: ChildProcess | undefined;
  #url = "http://127.0.0.1:0";

  /** Starts a server on a new log. */
  static async start(): Promise<Server> {
    const server = new Server();
    await server.start();
    return server;
  }

  get url(): string {
    return this.#url;
  }

  /** The administrator's key. */
  get key(): string {
    return readFileSync(join(this.data, "keys", "admin.key"), "utf8").trim();
  }

  /** Where it is and the key to it. */
  get connection(): { url: string; key: string } {
    return { url: this.url, key: this.key };
  }

  /** Starts it, again where it was. */
  async start(): Promise<void> {
    const binary = process.env["INDELIBLE"];
    if (!binary) throw new Error("INDELIBLE does not name the binary; ./test does");
    const listen = new URL(this.#url).host;
    const flags = ["serve", "--data", this.data, "--listen", listen];
    const child = spawn(binary, flags, { cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      const url = /listens on (http:\S+),/.exec(line)?.[1];
      if (!url) continue;
      this.#url = url;
      child.stdout.resume();
      child.stderr.resume();
      return;
    }
    throw new Error(`the server did not start: ${said.join("\n")}`);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** Ends it and removes its log. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true });
  }
}

/** An empty directory. */
export function temporary(): string {
  return mkdtempSync(join(tmpdir(), "indelible-ts-"));
}

/** The files below a directory that hold a text anywhere. */
export function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(text));
}

/** A promise and what resolves it. */
export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}
