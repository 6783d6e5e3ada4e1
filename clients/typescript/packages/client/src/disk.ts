/**
 * A queue's place on disk, for Node: what was taken survives the end of the process and loss of power.
 *
 * Lines are appended to numbered files, and an append is answered after its `fdatasync`. How far the oldest file was
 * sent stands in `sent`; a file that was sent as a whole is removed. After a crash a few lines may be sent again: their
 * idempotency keys keep them from being stored twice.
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { EVENT_BYTES_MAX, QUEUE_FILE_BYTES_MAX } from "./limits.js";
import { type Bounds, Room, type Spool } from "./spool.js";

const NEWLINE = 0x0a;
/** When a process started that is no more, or on a system that does not tell. */
const UNTOLD = "-";

interface File {
  number: number;
  /** Bytes of complete lines. */
  bytes: number;
}

interface Waiting {
  lines: readonly string[];
  bytes: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** One process at a time may use a directory. */
export class DiskSpool implements Spool {
  readonly #directory: string;
  readonly #room: Room;
  /** Oldest first; the last is written to while `#handle` is open. */
  #files: File[] = [];
  #handle: FileHandle | undefined;
  /** Bytes of the oldest file that were sent. */
  #sent = 0;
  /** Bytes of each line that `peek` returned last. */
  #peeked: number[] = [];
  #waiting: Waiting[] = [];
  /** The last of the operations on the files, which run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Opens a directory and takes up what waits in it; makes it when it is absent. A line that a crash cut off, whose
   * `append` never returned, is removed.
   * @throws when another process has the directory
   */
  constructor(directory: string, bounds: Bounds = {}) {
    this.#directory = directory;
    this.#room = new Room(bounds);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    lock(join(directory, "lock"));
    const numbers = readdirSync(directory).flatMap((name) => /^(\d{8})\.jsonl$/.exec(name)?.[1] ?? []);
    for (const number of numbers.map(Number).sort((a, b) => a - b)) this.#takeUp(number);
  }

  get size(): number {
    return this.#room.events;
  }

  append(lines: readonly string[]): Promise<void> {
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    return new Promise((resolve, reject) => {
      this.#room.take(lines.length, bytes);
      this.#waiting.push({ lines, bytes, resolve, reject });
      // All that comes while a write is under way is written by the next.
      if (this.#waiting.length === 1) void this.#inTurn(() => this.#write());
    });
  }

  peek(eventsMax: number, bytesMax: number): Promise<string[]> {
    return this.#inTurn(async () => {
      const file = this.#files[0];
      if (!file) return [];
      const bytes = Math.min(file.bytes - this.#sent, Math.max(bytesMax, EVENT_BYTES_MAX));
      const read = await this.#read(file, bytes);
      const lines: string[] = [];
      this.#peeked = [];
      for (let start = 0; lines.length < eventsMax;) {
        const end = read.indexOf(NEWLINE, start) + 1;
        if (end === 0) break;
        lines.push(read.toString("utf8", start, end - 1));
        this.#peeked.push(end - start);
        start = end;
      }
      return lines;
    });
  }

  remove(count: number): Promise<void> {
    return this.#inTurn(async () => {
      const file = this.#files[0];
      const gone = this.#peeked.splice(0, count);
      if (!file) return;
      const bytes = gone.reduce((sum, line) => sum + line, 0);
      this.#sent += bytes;
      this.#room.give(gone.length, bytes);
      if (this.#sent < file.bytes) return this.#note(file);
      if (this.#files.length === 1) await this.#endFile();
      this.#files.shift();
      this.#sent = 0;
      await rm(this.#path(file.number));
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#endFile());
    rmSync(join(this.#directory, "lock"), { force: true });
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(operation);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    const bytes = batch.reduce((sum, one) => sum + one.bytes, 0);
    const events = batch.reduce((sum, one) => sum + one.lines.length, 0);
    try {
      const file = await this.#file();
      await this.#append(file, Buffer.from(batch.flatMap((one) => one.lines).join("\n") + "\n"));
      for (const one of batch) one.resolve();
    } catch (error) {
      this.#room.give(events, bytes);
      for (const one of batch) one.reject(error);
    }
  }

  async #append(file: File, bytes: Buffer): Promise<void> {
    try {
      // At its place, so that what a failed write left behind is written over.
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#handle!.write(bytes, at, bytes.length - at, file.bytes + at);
        at += bytesWritten;
      }
      await this.#handle!.datasync();
      file.bytes += bytes.length;
    } catch (error) {
      // Never written to again: what the disk holds of it beyond the last sync is unknown.
      await this.#handle?.truncate(file.bytes).catch(() => undefined);
      await this.#endFile();
      throw error;
    }
  }

  /** The file to write to. */
  async #file(): Promise<File> {
    const last = this.#files.at(-1);
    if (last && this.#handle && last.bytes < QUEUE_FILE_BYTES_MAX) return last;
    await this.#endFile();
    const file = { number: (last?.number ?? 0) + 1, bytes: 0 };
    this.#handle = await open(this.#path(file.number), "w", 0o600);
    this.#files.push(file);
    syncDirectory(this.#directory);
    return file;
  }

  async #endFile(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  async #read(file: File, bytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(bytes);
    const handle = await open(this.#path(file.number), "r");
    try {
      const { bytesRead } = await handle.read(buffer, 0, bytes, this.#sent);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  async #note(file: File): Promise<void> {
    const path = join(this.#directory, "sent");
    await writeFile(`${path}.new`, JSON.stringify({ file: file.number, bytes: this.#sent }), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  #takeUp(number: number): void {
    const path = this.#path(number);
    const content = readFileSync(path);
    const bytes = content.lastIndexOf(NEWLINE) + 1;
    if (bytes < content.length) truncateSync(path, bytes);
    const sent = this.#files.length === 0 ? Math.min(this.#sentOf(number), bytes) : 0;
    if (sent === bytes) return rmSync(path);
    if (this.#files.length === 0) this.#sent = sent;
    this.#files.push({ number, bytes });
    const waiting = content.subarray(sent, bytes);
    this.#room.give(-waiting.reduce((lines, byte) => lines + Number(byte === NEWLINE), 0), -waiting.length);
  }

  /** How much of a file was sent. */
  #sentOf(number: number): number {
    try {
      const noted = JSON.parse(readFileSync(join(this.#directory, "sent"), "utf8")) as Record<
        string,
        unknown
      >;
      return noted["file"] === number && typeof noted["bytes"] === "number" ? noted["bytes"] : 0;
    } catch {
      return 0;
    }
  }

  #path(number: number): string {
    return join(this.#directory, `${String(number).padStart(8, "0")}.jsonl`);
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  fsyncSync(handle);
  closeSync(handle);
}

/** Takes the lock. That of a process that is no more, or of this one before a restart of its container, does not count. */
function lock(path: string): void {
  const own = `${process.pid} ${startOf(process.pid)}`;
  try {
    writeFileSync(path, own, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const [owner, start] = readFileSync(path, "utf8").split(" ");
    if (runs(Number(owner), start)) {
      throw new Error(
        `process ${owner} uses this queue; give each process a directory of its own (${path})`,
        {
          cause: error,
        },
      );
    }
    writeFileSync(path, own);
  }
}

/** Whether a process runs, and is not another that has got its number since. */
function runs(pid: number, start: string | undefined): boolean {
  // What is no lock was cut off by a crash.
  if (start === undefined) return false;
  if (start !== UNTOLD) return startOf(pid) === start;
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process started, in ticks since the machine did. */
function startOf(pid: number): string {
  try {
    // Behind the name, which may hold anything: the state, and as the 20th field the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (fields[0] !== "Z" && fields[19]) || UNTOLD;
  } catch {
    return UNTOLD;
  }
}
