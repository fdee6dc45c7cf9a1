import { expect, test } from "vitest";
import type { AccountRole } from "../../../../../proxy/index.ts";
import { hasPower, powersOf } from "../../../../../web/server/guard/powers.ts";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const ROLES: readonly AccountRole[] = ["user", "operator", "admin", "auditor"];

/** Routes that need a power, and who has it. What they ask for does not exist: whoever passes the guard is told so. */
const ROUTES: readonly (readonly [method: string, path: string, roles: readonly AccountRole[]])[] = [
  ["GET", "/users", ["admin", "auditor"]],
  ["GET", "/users/none", ["admin", "auditor"]],
  ["GET", "/users/none/holdings", ["admin", "auditor"]],
  ["GET", "/users/none/logins", ["admin", "auditor"]],
  ["POST", "/users", ["admin"]],
  ["PATCH", "/users/none", ["admin"]],
  ["DELETE", "/users/none", ["admin"]],
  ["POST", "/users/none/password", ["admin"]],
  ["DELETE", "/users/none/logins", ["admin"]],
  ["DELETE", "/users/none/logins/none", ["admin"]],
  ["GET", "/audit", ["admin", "auditor"]],
  ["GET", "/audit/key", ["admin", "auditor"]],
  ["POST", "/join-secrets", ["admin"]],
  ["POST", "/agents/none/role", ["admin"]],
  ["DELETE", "/agents/none", ["admin"]],
  ["GET", "/ca/status", ["admin"]],
  ["POST", "/agents/none/rotate", ["operator", "admin"]],
  ["DELETE", "/sessions/none", ["operator", "admin"]],
  ["DELETE", "/desktops/none", ["operator", "admin"]],
  ["POST", "/hosts/none/drain", ["operator", "admin"]],
  ["GET", "/agents", ["operator", "admin", "auditor"]],
  ["GET", "/sessions", ["operator", "admin", "auditor"]],
  ["GET", "/hosts", ["operator", "admin", "auditor"]],
];

test("each route lets those roles in that have its power, and refuses the others the same way", async () => {
  const { ask, proxy, signIn, annaId } = await openWebFixture();
  const { passwordHash } = (await proxy.stores.users.find(annaId))!;
  const cookies = new Map<AccountRole, string>();
  for (const role of ROLES) {
    await proxy.stores.users.add({ name: `the-${role}`, role, passwordHash });
    cookies.set(role, await signIn(`the-${role}`));
  }
  const admitted: string[] = [];
  for (const [method, path, allowed] of ROUTES)
    for (const role of ROLES) {
      const { status, body } = await ask(method, `/api/v1${path}`, { as: cookies.get(role) });
      const refused = (body as { error?: { code?: string } } | undefined)?.error?.code === "ADMIN_REQUIRED";
      expect({ method, path, role, refused, status: refused ? status : 403 }).toEqual({
        ...{ method, path, role, status: 403 },
        refused: !allowed.includes(role),
      });
      if (!refused) admitted.push(`${role} ${path}`);
    }
  expect(admitted.some((one) => one.startsWith("user "))).toBe(false);
});

test("what a role may do", () => {
  expect(Object.fromEntries(ROLES.map((role) => [role, powersOf(role)]))).toEqual({
    user: [],
    operator: ["oversee", "operate"],
    admin: ["oversee", "operate", "administer", "audit"],
    auditor: ["oversee", "audit"],
  });
  expect(hasPower({ role: "auditor" }, "operate")).toBe(false);
  expect(hasPower({ role: "operator" }, "administer")).toBe(false);
});
