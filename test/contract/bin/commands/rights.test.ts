// Groups, grants, labels and API tokens, as an administrator on the server's machine gives them.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RunningServer } from "../../../../bin/programs/start-server.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runCommand, startCommandServer } from "../../../support/command-server.ts";

const cleanup = new CleanupStack();
let server: RunningServer;
let data: string;

beforeAll(async () => {
  ({ server, data } = await startCommandServer(await cleanup.makeFolder()));
  const { agents, desktops } = server.proxy.stores;
  for (const [id, name] of [
    ["a1", "mill"],
    ["a2", "press"],
  ] as const) {
    await agents.add({ id, name, kind: "agent", publicKey: "" });
    await desktops.publish(id, "bench", null);
  }
  await run("user", "add", "anna");
  await run("user", "add", "ben");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await cleanup.close();
});

const run = (...command: string[]) => runCommand(...command, "--data", data);
const ask = async <T>(...command: string[]) => JSON.parse(await run(...command, "--json")) as T;

interface Named {
  readonly id: string;
  readonly name: string;
}

test("groups: made, limited, filled, listed, removed", async () => {
  const made = await ask<Named>(
    "group",
    "add",
    "lab",
    "--limit",
    "machines=5",
    "--limit",
    "may=internet,gpu",
  );
  expect(made).toMatchObject({
    name: "lab",
    source: "own",
    limits: { machines: 5, may: ["internet", "gpu"] },
  });
  expect(await run("group", "member", "add", "lab", "anna", "ben")).toBe(
    "anna is in lab now.\nben is in lab now.\n",
  );
  await run("group", "member", "remove", "lab", "ben");
  expect(await ask<Named[]>("group", "member", "list", "LAB")).toMatchObject([{ name: "anna" }]);
  expect(await run("group", "list")).toMatch(/lab +own +1 +machines=5 may=internet,gpu/);
  expect(await ask("group", "limit", "lab", "cpus=none")).toMatchObject({ limits: { cpus: null } });
  const known = ["--source", "ldap", "--known-as", "cn=staff, dc=x"];
  expect(await ask("group", "add", "staff", ...known)).toMatchObject({ source: "ldap" });
  await expect(
    run("group", "add", "other", "--source", "ldap", "--known-as", "CN=staff,dc=x"),
  ).rejects.toMatchObject({ code: "GROUP_EXISTS" });
  await run("group", "remove", "lab");
  expect(await ask<Named[]>("group", "list")).toMatchObject([{ name: "staff" }]);
});

test.each([
  [["group", "add", "x", "--limit", "machines"], "GROUP_LIMIT"],
  [["group", "add", "x", "--limit", "colour=red"], "INPUT_INVALID"],
  [["group", "remove", "nobody"], "GROUP_UNKNOWN"],
  [["group", "member", "add", "staff", "anna"], "GROUP_ELSEWHERE"],
  [["grant", "add", "--to", "user:nobody", "--may", "view", "--on", "desktop:x"], "USER_UNKNOWN"],
  [["grant", "add", "--to", "group:nobody", "--may", "view", "--on", "desktop:x"], "GROUP_UNKNOWN"],
  [["grant", "add", "--to", "user:anna", "--may", "create", "--on", "desktop:x"], "INPUT_INVALID"],
  [["grant", "remove", "none"], "GRANT_UNKNOWN"],
  [["desktop", "label", "mill/bench", "Not A Label"], "INPUT_INVALID"],
  [["api-token", "revoke", "none"], "API_TOKEN_UNKNOWN"],
  [["api-token", "create", "--name", "x", "--scope", "read", "--for", "anna"], "SERVICE_REQUIRED"],
])("%j is refused", async (command, code) => {
  await expect(run(...command)).rejects.toMatchObject({ code });
});

test("grants by names, hosts and labels let a person in, and out again", async () => {
  const { id: userId } = (await server.proxy.stores.users.findByName("anna"))!;
  const desktops = await server.proxy.stores.desktops.list();
  const reached = async () => {
    const { rights } = server.proxy;
    await rights.refresh();
    const may = await Promise.all(desktops.map((desktop) => rights.mayUse(userId, desktop, "view")));
    return desktops.filter((_desktop, index) => may[index]).map(({ agentName }) => agentName);
  };
  const grant = (may: string, on: string) =>
    ask<Named>("grant", "add", "--to", "user:anna", "--may", may, "--on", on);
  expect(await reached()).toEqual([]);
  const named = await grant("view", "desktop:mill/bench");
  expect(await reached()).toEqual(["mill"]);
  const labelled = await grant("control", "label:room-*");
  await run("desktop", "label", "press/bench", "room-12", "windows");
  expect((await reached()).sort()).toEqual(["mill", "press"]);
  await run("desktop", "label", "press/bench");
  expect(await reached()).toEqual(["mill"]);
  await run("agent", "label", "press", "room-1");
  const denied = await grant("none", "host:mill");
  expect(await reached()).toEqual(["press"]);
  expect(await run("grant", "list", "--to", "user:anna")).toMatch(/user:anna +none +host:mill/);
  for (const { id } of [named, labelled, denied]) await run("grant", "remove", id);
  expect(await ask("grant", "list")).toEqual([]);
  expect(await reached()).toEqual([]);
});

test("API tokens of a service account: told once, listed without their value, revoked", async () => {
  await run("user", "add", "ci", "--role", "operator", "--service");
  const command = [
    "api-token",
    "create",
    "--for",
    "ci",
    "--name",
    "pipeline",
    "--scope",
    "read",
    "--ttl",
    "1h",
  ];
  const made = await ask<Named & { token: string }>(...command, "--source", "192.0.2.0/24");
  expect(made).toMatchObject({ name: "pipeline", scopes: ["read"], sources: ["192.0.2.0/24"] });
  expect(made.token).toMatch(/^pst_/);
  const listed = await run("api-token", "list", "--for", "ci");
  expect(listed).toMatch(/pipeline +read +192\.0\.2\.0\/24/);
  expect(listed).not.toContain(made.token);
  await run("api-token", "revoke", made.id, "--for", "ci");
  expect(await ask("api-token", "list", "--for", "ci")).toEqual([]);
});
