/** A `fetch` that does what a test tells it, call by call, and pauses that take no time but are remembered. */

import type { Server } from "@indelible/testing";

/** What becomes of one call; `lost` reaches the server, but its answer does not come back. */
export type Answer = "real" | "lost" | "refused" | "never" | Response | (() => Promise<Response>);

export class Calls {
  count = 0;
  readonly pauses: number[] = [];

  /** Answers calls in turn; the last answer stands for all further ones. */
  answering(...answers: Answer[]) {
    return {
      fetch: ((input, init) => {
        const answer = answers[Math.min(this.count++, answers.length - 1)];
        return this.#answer(answer ?? "real", input, init);
      }) as typeof fetch,
      pause: async (ms: number) => {
        this.pauses.push(ms);
      },
    };
  }

  async #answer(answer: Answer, ...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    if (answer === "refused") throw new TypeError("fetch failed");
    if (answer === "never") {
      const { signal } = init ?? {};
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    }
    if (answer instanceof Response) return answer.clone();
    if (typeof answer === "function") return answer();
    const response = await fetch(input, init);
    if (answer === "lost") {
      await response.text();
      throw new TypeError("fetch failed");
    }
    return response;
  }
}

/** Where a server is. */
export function at({ url, key }: Server) {
  return { url, key };
}

export function problem(status: number, headers: Record<string, string> = {}): Response {
  return Response.json({ title: "Problem", status, detail: "made up" }, { status, headers });
}
