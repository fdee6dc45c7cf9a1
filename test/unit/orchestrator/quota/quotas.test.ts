import { expect, it } from "vitest";
import type { Rights } from "../../../../proxy/index.ts";
import { CreateRights } from "../../../../orchestrator/quota/create-rights.ts";
import { groupLimits, quotaOf, quotaTable } from "../../../../orchestrator/quota/quota.ts";
import { Quotas } from "../../../../orchestrator/quota/quotas.ts";

const ANNA = { userId: "u", name: "anna", role: "user" } as const;

/** A person of these groups. */
function rightsWith(limits: readonly object[]): Pick<Rights, "of"> {
  return { of: () => Promise.resolve({ limits }) as unknown as ReturnType<Rights["of"]> };
}

it("takes the most generous group for each number, then what is for everybody", () => {
  const table = quotaTable.parse({ roles: { user: { machines: 3, cpus: 8, tokens: 7 } } });
  const groups = [
    { machines: 1, memoryMb: 4096, may: ["gpu"] },
    { machines: 2, memoryMb: null, extend: false, may: ["script"] },
  ].map((one) => groupLimits.parse(one));
  expect(quotaOf(table, ANNA, groups)).toEqual({
    machines: 2,
    tokens: 7,
    cpus: 8,
    memoryMb: null,
    diskGb: null,
    lifetimeSeconds: null,
    extend: false,
    may: ["script", "gpu"],
  });
});

it("takes a person's own entry first, and leaves operators and administrators alone", () => {
  const table = quotaTable.parse({ users: { anna: { machines: 9 } } });
  const groups = [groupLimits.parse({ machines: 1, cpus: 1 })];
  expect(quotaOf(table, ANNA, groups)).toMatchObject({ machines: 9, cpus: 1 });
  for (const role of ["operator", "admin"] as const)
    expect(quotaOf(table, { name: "ben", role }, groups)).toMatchObject({ machines: null, cpus: null });
});

it("passes over what it does not know", async () => {
  const quotas = new Quotas(quotaTable.parse({}), rightsWith([{ machines: 2 }, { flights: 3 }]));
  expect(await quotas.of(ANNA)).toMatchObject({ machines: 2 });
  const nobody = new Quotas(quotaTable.parse({}), { of: () => Promise.resolve(null) });
  expect(await nobody.of(ANNA)).toMatchObject({ machines: 20 });
});

it("lets everybody without an account here create machines", async () => {
  const rights = new CreateRights({
    of: () => Promise.resolve(null),
    isReserved: () => Promise.resolve(true),
  });
  expect(await rights.mayUseImage("socket", "debian")).toBe(true);
  expect(await rights.mayUseHost("socket", { id: "h", name: "host", labels: ["x"] })).toBe(true);
});
