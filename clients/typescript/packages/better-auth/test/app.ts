/** A real Better Auth app on SQLite in memory, browsers that use it, and what the log says of it. */

import { createHash } from "node:crypto";

import { Client, type RecordedEvent } from "@indelible/client";
import type { Server } from "@indelible/testing";
import { type BetterAuthPlugin, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { admin, organization, twoFactor } from "better-auth/plugins";
import { SqliteDialect } from "kysely";
import Database from "libsql";

import {
  type AuditStorage,
  type IndelibleOptions,
  indelible,
  indelibleStorage,
} from "@indelible/better-auth";

export const ORIGIN = "http://localhost:3000";
export const PASSWORD = "correct horse battery";

type Fields = Record<string, unknown>;

/** Passwords are hashed slowly in life. */
const QUICK = {
  hash: async (password: string) => createHash("sha256").update(password).digest("hex"),
  verify: async ({ hash, password }: { hash: string; password: string }) =>
    hash === (await QUICK.hash(password)),
};

export interface Mail {
  to: string;
  url: string;
  token: string;
}

export interface Setup {
  options?: Partial<IndelibleOptions>;
  storage?: AuditStorage;
  plugins?: BetterAuthPlugin[];
  /** Whether our plugin stands before the others. */
  first?: boolean;
  auth?: Fields;
}

export async function startApp(
  server: Server,
  { options = {}, storage, plugins = [], first = false, auth: more = {} }: Setup = {},
) {
  const client = new Client(server);
  const stored = storage ?? indelibleStorage(server.connection);
  /** The entries of this app, among those of others that use the same log. */
  const written = new Set<string>();
  const noted: AuditStorage = {
    write: (entry) => {
      written.add(entry.id);
      return stored.write(entry);
    },
    ...(stored.read && { read: stored.read.bind(stored) }),
    ...(stored.readById && { readById: stored.readById.bind(stored) }),
  };
  const mails: Mail[] = [];
  const send = async ({ user, url, token }: { user: { email: string }; url: string; token: string }) => {
    mails.push({ to: user.email, url, token });
  };
  const ours = indelible({ ...options, storage: noted });
  const others = [twoFactor(), organization(), admin(), mockProvider(), ...plugins];
  const auth = betterAuth({
    baseURL: ORIGIN,
    secret: "a secret of the tests, long enough for anybody 0123456789",
    database: { dialect: new SqliteDialect({ database: new Database(":memory:") }), type: "sqlite" },
    emailAndPassword: { enabled: true, sendResetPassword: send, password: QUICK },
    emailVerification: { sendVerificationEmail: send },
    user: { deleteUser: { enabled: true }, changeEmail: { enabled: true } },
    logger: { disabled: true },
    plugins: first ? [ours, ...others] : [...others, ours],
    ...more,
  });
  await (await getMigrations(auth.options)).runMigrations();
  return {
    auth,
    mails,
    client,
    browser: (headers: Record<string, string> = {}) => new Browser(auth.handler, headers),
    /** What the log got from this app, oldest first. */
    async log(): Promise<RecordedEvent[]> {
      await stored.flush?.();
      const { events } = await client.list({ q: "service:better-auth,client", order: "oldest", limit: 1000 });
      return events.filter((event) => written.has(event.idempotency_key ?? ""));
    },
    /** Makes a user an administrator. */
    async promote(id: string): Promise<void> {
      const { adapter } = await auth.$context;
      await adapter.update({ model: "user", where: [{ field: "id", value: id }], update: { role: "admin" } });
    },
  };
}

export type App = Awaited<ReturnType<typeof startApp>>;

/** Keeps cookies as a browser does. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #handler: (request: Request) => Promise<Response>;
  readonly #headers: Record<string, string>;

  constructor(handler: (request: Request) => Promise<Response>, headers: Record<string, string>) {
    this.#handler = handler;
    this.#headers = headers;
  }

  post(path: string, body: Fields = {}): Promise<Answer> {
    return this.send(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  }

  get(path: string): Promise<Answer> {
    return this.send(path, {});
  }

  async send(path: string, init: RequestInit): Promise<Answer> {
    const url = path.startsWith("http") ? path : `${ORIGIN}/api/auth${path}`;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = {
      origin: ORIGIN,
      ...(cookie && { cookie }),
      ...this.#headers,
      ...(init.headers as Record<string, string>),
    };
    const response = await this.#handler(new Request(url, { ...init, headers }));
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (name)
        value === "" || /max-age=0/i.test(line)
          ? this.cookies.delete(name)
          : this.cookies.set(name, value ?? "");
    }
    const text = await response.text();
    const json = (text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : {}) as Fields;
    return { status: response.status, text, json, headers: response.headers };
  }

  /** Signs a new user up; returns the user's id. */
  async signUp(email = unique(), name = "Alice"): Promise<string> {
    const { json, status } = await this.post("/sign-up/email", { email, password: PASSWORD, name });
    if (status !== 200) throw new Error(JSON.stringify(json));
    return (json["user"] as { id: string }).id;
  }
}

export interface Answer {
  status: number;
  text: string;
  json: Fields;
  headers: Headers;
}

/** An address that no other test uses. */
export function unique(): string {
  return `alice-${crypto.randomUUID().slice(0, 8)}@example.com`;
}

/** A social provider that believes every code but `wrong`. */
function mockProvider(): BetterAuthPlugin {
  const provider = {
    id: "mock",
    name: "Mock",
    options: {},
    createAuthorizationURL: ({ state, redirectURI }: { state: string; redirectURI: string }) =>
      new URL(
        `https://provider.example.com/?${new URLSearchParams({ state, redirect_uri: redirectURI }).toString()}`,
      ),
    validateAuthorizationCode: async ({ code }: { code: string }) => {
      if (code === "wrong") throw new Error("the provider refuses the code");
      return { accessToken: `access-${code}` };
    },
    getUserInfo: async ({ accessToken }: { accessToken: string }) => {
      const user = {
        id: accessToken,
        email: `${accessToken}@example.com`,
        name: "Alice",
        emailVerified: true,
      };
      return { user, data: user };
    },
  };
  return {
    id: "mock-provider",
    init: (context) => ({ context: { socialProviders: [...context.socialProviders, provider] as never } }),
  };
}

/** What a test looks at of an event. */
export function brief({ action, outcome, actor, metadata }: RecordedEvent) {
  return [metadata?.["original_action"], action, outcome, actor?.type === "user" ? actor.id : actor?.type];
}

export function targets(event: RecordedEvent | undefined): string[] {
  return (event?.targets ?? []).map(({ type, id }) => `${type}:${id}`);
}
