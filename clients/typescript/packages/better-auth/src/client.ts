/** The plugin for Better Auth's client: `authClient.auditLog.list({ query })` and `.insert({ … })`. */

import type { BetterAuthClientPlugin } from "better-auth/client";

import type { indelible } from "./plugin.js";

export const indelibleClient = () =>
  ({
    id: "indelible",
    $InferServerPlugin: {} as ReturnType<typeof indelible>,
    pathMethods: {
      "/audit-log/list": "GET",
      "/audit-log/:id": "GET",
      "/audit-log/insert": "POST",
    },
  }) satisfies BetterAuthClientPlugin;
