/** Each thing that Better Auth does, and what the log says of it: the right outcome, actor and target. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { RecordedEvent } from "@indelible/client";
import { Server } from "@indelible/testing";
import { jwt } from "better-auth/plugins";

import { type App, PASSWORD, brief, startApp, targets, unique } from "./app.js";

let server: Server;
let app: App;
before(async () => {
  server = await Server.start();
  app = await startApp(server);
});
after(() => server.remove());

/** The events of what is done in between. */
async function during(act: () => Promise<unknown>): Promise<RecordedEvent[]> {
  const before = (await app.log()).length;
  await act();
  return (await app.log()).slice(before);
}

test("signing up is an account created by the one it belongs to", async () => {
  const browser = app.browser();
  let id = "";
  const events = await during(async () => {
    id = await browser.signUp();
  });
  assert.deepEqual(events.map(brief), [["sign-up:email", "account.created", "success", id]]);
  assert.deepEqual(targets(events[0]), [`user:${id}`]);
});

test("signing in is a login of the user, with session, address and agent", async () => {
  const email = unique();
  const id = await app.browser().signUp(email);
  const browser = app.browser({ "x-forwarded-for": "2001:db8::7", "user-agent": "test/1" });
  const events = await during(() => browser.post("/sign-in/email", { email, password: PASSWORD }));
  assert.deepEqual(events.map(brief), [["sign-in:email", "auth.login.succeeded", "success", id]]);
  const [event] = events;
  assert.equal(event?.actor?.email, email);
  assert.ok(event?.session_id);
  assert.deepEqual(event?.context, { ip: "2001:db8::7", user_agent: "test/1" });
  assert.equal(event?.http?.route, "/api/auth/sign-in/email");
  assert.equal(event?.http?.status, 200);
});

test("a wrong password is a failed login by nobody, at the account that was tried", async () => {
  const email = unique();
  const id = await app.browser().signUp(email);
  const events = await during(() => app.browser().post("/sign-in/email", { email, password: "wrong horse" }));
  assert.deepEqual(events.map(brief), [["sign-in:email", "auth.login.failed", "failure", "anonymous"]]);
  const [event] = events;
  assert.equal(event?.reason, "invalid_credentials");
  assert.equal(event?.severity, "medium");
  const [user, identifier] = targets(event);
  assert.equal(user, `user:${id}`);
  assert.match(identifier ?? "", /^identifier:hmac:[0-9a-f]{32}$/);
});

test("why it failed is told in clear, under the names that every layer of the log has", async () => {
  // On purpose: the audit plugin has it under `error.code`, which redaction takes for an authorization code.
  const events = await during(() =>
    app.browser().post("/sign-in/email", { email: unique(), password: "wrong horse" }),
  );
  assert.deepEqual(events[0]?.metadata, {
    error_code: "INVALID_EMAIL_OR_PASSWORD",
    error_message: "Invalid email or password",
    original_action: "sign-in:email",
  });
  assert.equal(events[0]?.http?.status, 401);
});

test("who is signed in and fails to sign in as another tried that other's account", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const email = unique();
  const other = await app.browser().signUp(email);
  const events = await during(() => browser.post("/sign-in/email", { email, password: "wrong horse" }));
  assert.deepEqual(events.map(brief), [["sign-in:email", "auth.login.failed", "failure", id]]);
  const [user, identifier] = targets(events[0]);
  assert.equal(user, `user:${other}`);
  assert.match(identifier ?? "", /^identifier:hmac:[0-9a-f]{32}$/);
});

test("with `onAPIError.throw` what is refused is in the log, once", async () => {
  const own = await startApp(server, { auth: { onAPIError: { throw: true } } });
  const browser = own.browser();
  const id = await browser.signUp();
  await browser.post("/change-password", { currentPassword: "wrong", newPassword: PASSWORD });
  await browser.send("/sign-out", { method: "POST", headers: { origin: "https://evil.example.com" } });
  await browser.get("/reset-password/no-such-token?callbackURL=%2Fx");
  assert.deepEqual((await own.log()).map(brief), [
    ["sign-up:email", "account.created", "success", id],
    ["change-password", "auth.password.change_failed", "failure", id],
    ["sign-out", "auth.logout", "denied", id],
    ["reset-password::token", "auth.verification.failed", "failure", id],
  ]);
});

test("nobody stays out of the log by what they send", async () => {
  const own = await startApp(server, { options: { capture: { requestBody: true, identifier: "clear" } } });
  const long = "\u0000\ud800é".repeat(2000);
  for (const agent of ["", "é".repeat(2000)]) {
    const browser = own.browser({ "user-agent": agent, "x-request-id": "x".repeat(600) });
    const email = unique();
    const id = await browser.signUp(email, `Alice ${long}`);
    await browser.post("/revoke-session", { token: long });
    await browser.post("/admin/ban-user", { userId: long, n: 1e300, deep: { a: [[[[[[[[[[long]]]]]]]]]] } });
    await browser.post("/sign-in/email", {
      email: `${"x".repeat(5000)}@example.com`,
      password: long,
      [long]: 1,
    });
    await browser.post("/audit-log/insert", { action: "page.turned", metadata: { [long]: long, n: 1e300 } });
    assert.deepEqual(
      (await own.log()).slice(-5).map((event) => [event.action, event.actor?.id]),
      ["account.created", "session.revoked", "account.disabled", "auth.login.failed", "page.turned"].map(
        (action) => [action, id],
      ),
    );
  }
});

test("an unknown address is told by the same hash each time, and failures that repeat are severe", async () => {
  const email = unique();
  const events = await during(async () => {
    for (let n = 0; n < 6; n++)
      await app.browser().post("/sign-in/email", { email, password: "wrong horse" });
  });
  assert.equal(new Set(events.map((event) => targets(event).join())).size, 1);
  assert.ok(!JSON.stringify(events).includes(email));
  assert.deepEqual(
    events.map((event) => event.severity),
    ["medium", "medium", "medium", "medium", "high", "high"],
  );
});

test("signing out is done by who was signed in; without a session by nobody", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const events = await during(async () => {
    await browser.post("/sign-out");
    await app.browser().post("/sign-out");
  });
  assert.deepEqual(events.map(brief), [
    ["sign-out", "auth.logout", "success", id],
    ["sign-out", "auth.logout", "success", "anonymous"],
  ]);
});

test("a password change fails and succeeds as it does", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const change = { newPassword: "another horse battery", revokeOtherSessions: true };
  const events = await during(async () => {
    await browser.post("/change-password", { ...change, currentPassword: "wrong horse" });
    await browser.post("/change-password", { ...change, currentPassword: PASSWORD });
  });
  assert.deepEqual(events.map(brief), [
    ["change-password", "auth.password.change_failed", "failure", id],
    ["change-password", "auth.password.changed", "success", id],
  ]);
  assert.equal(events[0]?.severity, "high");
});

test("a password reset is asked for, followed by its link and done by its user, or fails", async () => {
  const email = unique();
  const id = await app.browser().signUp(email);
  const browser = app.browser();
  const events = await during(async () => {
    await browser.post("/request-password-reset", { email, redirectTo: "/new-password" });
    const mail = app.mails.at(-1);
    await browser.get(mail?.url ?? "");
    await browser.get("/reset-password/no-such-token?callbackURL=%2Fnew-password");
    await browser.post("/reset-password", { newPassword: "third horse battery", token: mail?.token });
    await browser.post("/reset-password", { newPassword: "third horse battery", token: mail?.token });
  });
  assert.deepEqual(events.map(brief), [
    ["request-password-reset", "auth.password.reset_requested", "success", "anonymous"],
    ["reset-password::token", "auth.verification.succeeded", "success", "anonymous"],
    ["reset-password::token", "auth.verification.failed", "failure", "anonymous"],
    ["reset-password", "auth.password.reset", "success", id],
    ["reset-password", "auth.password.reset_failed", "failure", "anonymous"],
  ]);
  assert.equal(events[2]?.reason, "invalid_token");
  const { token } = app.mails.at(-1) ?? { token: "" };
  assert.ok(!JSON.stringify(events).includes(token), "the token stands in the path and in the body");
});

test("a mail that verifies an address is a success though it ends in a redirect", async () => {
  const browser = app.browser();
  const email = unique();
  await browser.signUp(email);
  const events = await during(async () => {
    await browser.post("/send-verification-email", { email, callbackURL: "/welcome" });
    await browser.get(app.mails.at(-1)?.url ?? "");
  });
  assert.deepEqual(
    events.map((event) => [event.action, event.outcome, event.http?.status]),
    [
      ["auth.verification.sent", "success", 200],
      ["auth.verification.succeeded", "success", 302],
    ],
  );
});

test("a sign-in that waits for the second factor is no login yet", async () => {
  for (const first of [false, true]) {
    const own = await startApp(server, { first });
    const email = unique();
    const browser = own.browser();
    const id = await browser.signUp(email);
    const enabled = await browser.post("/two-factor/enable", { password: PASSWORD });
    const [code] = enabled.json["backupCodes"] as string[];
    // Only a device that proved itself once makes the second factor required.
    const { adapter } = await own.auth.$context;
    await adapter.update({
      model: "user",
      where: [{ field: "id", value: id }],
      update: { twoFactorEnabled: true },
    });
    const again = own.browser();
    await again.post("/sign-in/email", { email, password: PASSWORD });
    await again.post("/two-factor/verify-backup-code", { code: "wrong-code" });
    await again.post("/two-factor/verify-backup-code", { code });
    const events = await own.log();
    assert.deepEqual(events.map(brief), [
      ["sign-up:email", "account.created", "success", id],
      ["two-factor:enable", "auth.mfa.enrolled", "success", id],
      ["sign-in:email", "auth.mfa.challenged", "success", "anonymous"],
      ["two-factor:verify-backup-code", "auth.mfa.failed", "failure", "anonymous"],
      ["two-factor:verify-backup-code", "auth.mfa.recovery_code_used", "success", id],
    ]);
    assert.deepEqual(targets(events[3]), [`user:${id}`], "whose second factor it was");
    assert.ok(!JSON.stringify(events).includes(code ?? ""));
  }
});

test("deleting an account fails with a wrong password and succeeds with the right one", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const events = await during(async () => {
    await browser.post("/delete-user", { password: "wrong horse" });
    await browser.post("/delete-user", { password: PASSWORD });
  });
  assert.deepEqual(events.map(brief), [
    ["delete-user", "account.deleted", "failure", id],
    ["delete-user", "account.deleted", "success", id],
  ]);
  assert.deepEqual(
    events.map((event) => [event.severity, targets(event).join()]),
    [
      ["high", `user:${id}`],
      ["high", `user:${id}`],
    ],
  );
});

test("a deletion that only sent a mail has deleted nothing yet", async () => {
  const own = await startApp(server, {
    auth: { user: { deleteUser: { enabled: true, sendDeleteAccountVerification: async () => undefined } } },
  });
  const browser = own.browser();
  const id = await browser.signUp();
  await browser.post("/delete-user", { password: PASSWORD });
  assert.deepEqual(brief((await own.log())[1]!), ["delete-user", "auth.verification.sent", "success", id]);
});

test("revoking sessions names the session, and never its token", async () => {
  const email = unique();
  const browser = app.browser();
  const id = await browser.signUp(email);
  const other = await app.browser().post("/sign-in/email", { email, password: PASSWORD });
  const token = other.json["token"] as string;
  const events = await during(async () => {
    await browser.post("/revoke-session", { token });
    await browser.post("/revoke-other-sessions");
    await browser.post("/revoke-sessions");
    await browser.post("/revoke-sessions");
  });
  assert.deepEqual(events.map(brief), [
    ["revoke-session", "session.revoked", "success", id],
    ["revoke-other-sessions", "session.revoked", "success", id],
    ["revoke-sessions", "session.revoked", "success", id],
    ["revoke-sessions", "session.revoked", "failure", "anonymous"],
  ]);
  assert.match(targets(events[0])[0] ?? "", /^session:\w+$/);
  assert.ok(!JSON.stringify(events).includes(token));
});

test("a social sign-in begins, succeeds and fails by its callback, all of which are redirects", async () => {
  const events = await during(async () => {
    for (const code of ["7", "wrong"]) {
      const browser = app.browser();
      const begun = await browser.post("/sign-in/social", { provider: "mock", callbackURL: "/home" });
      const state = new URL(begun.json["url"] as string).searchParams.get("state");
      await browser.get(`/callback/mock?code=${code}&state=${state}`);
    }
  });
  const { id } = events[1]?.actor ?? {};
  assert.ok(id);
  assert.deepEqual(events.map(brief), [
    ["sign-in:social", "auth.login.requested", "success", "anonymous"],
    ["callback::id", "auth.login.succeeded", "success", id],
    ["sign-in:social", "auth.login.requested", "success", "anonymous"],
    ["callback::id", "auth.login.failed", "failure", "anonymous"],
  ]);
  assert.equal(events[1]?.http?.status, 302);
  assert.deepEqual(targets(events[1]), ["provider:mock"]);
  assert.equal(events[3]?.reason, "x_invalid_code");
});

test("organisations and their members have who did it and what it was done to", async () => {
  const owner = app.browser();
  const id = await owner.signUp();
  const email = unique();
  const guest = app.browser();
  const guestId = await guest.signUp(email);
  let made = "";
  const events = await during(async () => {
    const created = await owner.post("/organization/create", { name: "Acme", slug: crypto.randomUUID() });
    made = created.json["id"] as string;
    const invited = await owner.post("/organization/invite-member", {
      email,
      role: "member",
      organizationId: made,
    });
    await guest.post("/organization/accept-invitation", { invitationId: invited.json["id"] });
    await guest.post("/organization/delete", { organizationId: made });
  });
  assert.deepEqual(events.map(brief), [
    ["organization:create", "resource.created", "success", id],
    ["organization:invite-member", "member.invited", "success", id],
    ["organization:accept-invitation", "member.added", "success", guestId],
    ["organization:delete", "resource.deleted", "denied", guestId],
  ]);
  for (const event of [events[0], events[1], events[3]])
    assert.ok(targets(event).includes(`organization:${made}`));
  assert.equal(events[3]?.reason, "policy_denied");
});

test("an administrator bans, and acts as another: the administrator is the actor throughout", async () => {
  const boss = app.browser();
  const bossId = await boss.signUp();
  await app.promote(bossId);
  const victim = await app.browser().signUp();
  const events = await during(async () => {
    await boss.post("/admin/ban-user", { userId: victim });
    await boss.post("/admin/unban-user", { userId: victim });
    await boss.post("/admin/impersonate-user", { userId: victim });
    await boss.post("/update-user", { name: "Alice B." });
    await boss.post("/admin/stop-impersonating");
    await boss.post("/update-user", { name: "Boss" });
  });
  assert.deepEqual(events.map(brief), [
    ["admin:ban-user", "account.disabled", "success", bossId],
    ["admin:unban-user", "account.enabled", "success", bossId],
    ["admin:impersonate-user", "session.impersonation.started", "success", bossId],
    ["update-user", "account.updated", "success", bossId],
    ["admin:stop-impersonating", "session.impersonation.ended", "success", bossId],
    ["update-user", "account.updated", "success", bossId],
  ]);
  assert.deepEqual(
    events.map((event) => event.on_behalf_of?.map(({ id }) => id) ?? []),
    [[], [], [], [victim], [victim], []],
  );
  assert.deepEqual(
    events.map((event) => targets(event).includes(`user:${victim}`)),
    [true, true, true, true, true, false],
  );
  assert.deepEqual(
    events.slice(0, 3).map((event) => event.severity),
    ["critical", "medium", "critical"],
  );
});

test("what an administrator may not do is denied, with who tried and at whom", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const victim = await app.browser().signUp();
  const events = await during(() => browser.post("/admin/ban-user", { userId: victim }));
  assert.deepEqual(events.map(brief), [["admin:ban-user", "account.disabled", "denied", id]]);
  assert.deepEqual(targets(events[0]), [`user:${victim}`]);
});

test("a request from a foreign origin never reaches its endpoint, and is in the log", async () => {
  const browser = app.browser();
  const id = await browser.signUp();
  const events = await during(() =>
    browser.send("/sign-out", { method: "POST", headers: { origin: "https://evil.example.com" } }),
  );
  assert.deepEqual(
    events.map((event) => [event.action, event.outcome, event.actor?.id, event.reason]),
    [["auth.logout", "denied", id, "policy_denied"]],
  );
});

test("an endpoint that breaks is a failure of the server", async () => {
  const own = await startApp(server, {
    auth: {
      databaseHooks: {
        user: {
          create: {
            before: async () => {
              throw new Error("the database is gone");
            },
          },
        },
      },
    },
  });
  const { status } = await own
    .browser()
    .post("/sign-up/email", { email: unique(), password: PASSWORD, name: "Alice" });
  assert.ok(status >= 400);
  const events = await own.log();
  assert.deepEqual(
    events.map(({ action, outcome }) => [action, outcome]),
    [["account.created", "failure"]],
  );
});

test("calls of auth.api are in the log too: by the session of their headers, or by the system", async () => {
  const email = unique();
  const browser = app.browser();
  const id = await browser.signUp(email);
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const events = await during(async () => {
    await app.auth.api.updateUser({ body: { name: "Alice C." }, headers: new Headers({ cookie }) });
    await app.auth.api.signInEmail({ body: { email, password: PASSWORD } });
    await app.auth.api.signInEmail({ body: { email, password: "wrong horse" } }).catch(() => undefined);
  });
  assert.deepEqual(events.map(brief), [
    ["update-user", "account.updated", "success", id],
    ["sign-in:email", "auth.login.succeeded", "success", id],
    ["sign-in:email", "auth.login.failed", "failure", "system"],
  ]);
});

test("questions are no events: sessions, lists, and the log itself", async () => {
  const browser = app.browser();
  await browser.signUp();
  const events = await during(async () => {
    await browser.get("/get-session");
    await browser.get("/list-sessions");
    await browser.get("/organization/list");
    await browser.get("/audit-log/list");
    await browser.get("/no-such-thing");
    await browser.post("/organization/check-slug", { slug: "acme" });
  });
  assert.deepEqual(events, []);
});

test("a JWT that a session gets is a token issued to its user", async () => {
  const own = await startApp(server, { plugins: [jwt()] });
  const browser = own.browser();
  const id = await browser.signUp();
  await browser.get("/token");
  await own.browser().get("/token");
  const [, issued, failed] = await own.log();
  assert.deepEqual(brief(issued!), ["token", "oauth.token.issued", "success", id]);
  assert.deepEqual([failed?.action, failed?.outcome], ["oauth.token.failed", "failure"]);
});

test("a session is renewed as it would be without the plugin", async () => {
  const own = await startApp(server, { auth: { session: { updateAge: 0 } } });
  const browser = own.browser();
  await browser.signUp();
  const { headers } = await browser.post("/update-user", { name: "Alice D." });
  assert.ok(headers.getSetCookie().some((line) => line.startsWith("better-auth.session_token=")));
});

test("requests at the same time are kept apart", async () => {
  const own = await startApp(server);
  const visitors = Array.from({ length: 12 }, () => ({ email: unique(), browser: own.browser() }));
  const ids = await Promise.all(visitors.map(({ email, browser }) => browser.signUp(email)));
  await Promise.all(visitors.map(({ browser }) => browser.post("/update-user", { name: "Alice E." })));
  const events = await own.log();
  for (const action of ["account.created", "account.updated"]) {
    const actors = events.filter((event) => event.action === action).map((event) => event.actor?.id);
    assert.deepEqual(actors.sort(), [...ids].sort());
  }
});

test("a base URL that comes with each request changes nothing", async () => {
  const baseURL = { allowedHosts: ["localhost:3000"] };
  const own = await startApp(server, { auth: { baseURL } });
  const browser = own.browser();
  const id = await browser.signUp();
  await browser.post("/sign-out");
  assert.deepEqual((await own.log()).map(brief), [
    ["sign-up:email", "account.created", "success", id],
    ["sign-out", "auth.logout", "success", id],
  ]);
});
