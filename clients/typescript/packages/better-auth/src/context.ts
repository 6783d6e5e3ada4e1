/** The little that capturing needs of Better Auth's context, behind one door. */

import type { AuthContext, HookEndpointContext } from "better-auth";
import { getIp, getSessionFromCtx } from "better-auth/api";

export interface Person {
  id: string;
  name?: string | null;
  email?: string | null;
}

export interface Session {
  user: Person;
  session: { id: string; token: string; impersonatedBy?: string | null };
}

type Fields = Record<string, unknown>;
/** What middlewares of Better Auth are given. */
export type MiddlewareContext = Parameters<typeof getSessionFromCtx>[0] & Partial<HookEndpointContext>;

export class HookContext {
  readonly #ctx: MiddlewareContext;

  constructor(ctx: MiddlewareContext) {
    this.#ctx = ctx;
  }

  /** The context of a request that reached no endpoint: what its path and headers tell. */
  static ofRequest(request: Request, context: AuthContext): HookContext {
    const { headers, method, url } = request;
    const base = new URL(context.baseURL).pathname.replace(/\/$/, "");
    const path = new URL(url).pathname.replace(base, "");
    const getSignedCookie = async () => null;
    return new HookContext({
      request,
      headers,
      method,
      path,
      context,
      getSignedCookie,
    } as unknown as MiddlewareContext);
  }

  /** The template: `/callback/:id`. */
  get path(): string {
    return this.#ctx.path ?? "";
  }

  get method(): string {
    return this.#ctx.method ?? this.#ctx.request?.method ?? "POST";
  }

  get body(): Fields {
    return fields(this.#ctx.body);
  }

  get query(): Fields {
    return fields(this.#ctx.query);
  }

  get params(): Fields {
    return fields(this.#ctx.params);
  }

  get headers(): Headers | undefined {
    return this.#ctx.headers ?? this.#ctx.request?.headers;
  }

  get isRequest(): boolean {
    return this.headers !== undefined;
  }

  get secret(): string {
    return this.#ctx.context.secret;
  }

  get basePath(): string {
    return new URL(this.#ctx.context.baseURL || "http://localhost").pathname;
  }

  /** What the endpoint returned, as it stands after all hooks that ran so far. */
  get returned(): unknown {
    return this.#ctx.context.returned;
  }

  /** The session that the call made. */
  get newSession(): Session | null {
    return this.#ctx.context.newSession as Session | null;
  }

  /** The session that the endpoint itself found. */
  get usedSession(): Session | null {
    return this.#ctx.context.session as Session | null;
  }

  get ip(): string | null {
    return addressOf(this.headers, this.#ctx.context);
  }

  /** The session of the request now. Looked up beside the call, which neither sees it nor loses a cookie by it. */
  async sessionNow(): Promise<Session | null> {
    if (!this.isRequest) return null;
    const aside = {
      ...this.#ctx,
      context: { ...this.#ctx.context },
      query: {},
      responseHeaders: new Headers(),
    };
    return (await getSessionFromCtx(aside as never, { disableRefresh: true })) as Session | null;
  }

  async sessionOf(token: string): Promise<Session | null> {
    return (await this.#ctx.context.internalAdapter.findSession(token)) as Session | null;
  }

  async userOf(email: string): Promise<Person | null> {
    return (await this.#ctx.context.internalAdapter.findUserByEmail(email.toLowerCase()))?.user ?? null;
  }

  /** Whom a verification of Better Auth's belongs to. */
  async holderOf(identifier: string): Promise<Person | null> {
    const verification = await this.#ctx.context.internalAdapter.findVerificationValue(identifier);
    return verification ? await this.#ctx.context.internalAdapter.findUserById(verification.value) : null;
  }

  async signedCookie(name: string): Promise<string | null> {
    const cookie = this.#ctx.context.createAuthCookie(name);
    return (await this.#ctx.getSignedCookie(cookie.name, this.secret)) || null;
  }
}

/** The client's address, as Better Auth trusts proxies, and whole: an address of an audit log is no rate limit's key. */
export function addressOf(headers: Headers | undefined, { options }: Pick<AuthContext, "options">) {
  const { ipAddress } = options.advanced ?? {};
  if (!headers) return null;
  return getIp(headers, {
    ...options,
    advanced: { ...options.advanced, ipAddress: { ipv6Subnet: 128 as never, ...ipAddress } },
  });
}

/** The user agent, no longer than the log takes one. */
export function userAgentOf(headers: Headers | undefined): string | null {
  return headers?.get("user-agent")?.slice(0, 2048) ?? null;
}

export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
