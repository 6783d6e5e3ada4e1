// Better Auth with the log: the one line is `indelible({ ... })`.

import { indelible } from "@indelible/better-auth";
import { DiskSpool } from "@indelible/client/disk";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { admin, twoFactor } from "better-auth/plugins";
import { SqliteDialect } from "kysely";
import Database from "libsql";

/** @param {{ origin: string, secret: string, database: string, url: string, key: string, queue: string }} options */
export async function makeAuth({ origin, secret, database, url, key, queue }) {
  const auth = betterAuth({
    baseURL: origin,
    secret,
    database: { dialect: new SqliteDialect({ database: new Database(database) }), type: "sqlite" },
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    plugins: [
      twoFactor(),
      admin(),
      indelible({
        url,
        key,
        queue: { spool: new DiskSpool(queue) },
        mayReadAll: (user) => user.role === "admin",
      }),
    ],
  });
  await (await getMigrations(auth.options)).runMigrations();
  return auth;
}
