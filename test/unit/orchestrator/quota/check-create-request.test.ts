import { describe, expect, it } from "vitest";
import type { ImageSummary } from "../../../../protocol/index.ts";
import { machineOptions, type MachineOptions } from "../../../../proxy/index.ts";
import {
  checkCreateRequest,
  checkRunQuota,
  type CreateCheck,
  type CreateRejection,
  type ResolvedCreateRequest,
} from "../../../../orchestrator/quota/check-create-request.ts";
import { quotaOf, quotaTable, type Quota, type Usage } from "../../../../orchestrator/quota/quota.ts";

const ANNA = { name: "anna", role: "user" } as const;
const ADMIN = { name: "root", role: "admin" } as const;
const IMAGE: ImageSummary = {
  id: "debian",
  title: "Debian",
  description: "",
  memoryMb: { default: 2048, min: 1024 },
  cpus: { default: 2, min: 2 },
  diskGb: { default: 20, min: 10 },
  displays: ["virtio", "std"],
  networks: ["none", "isolated", "internet"],
  script: "cloud-init",
  available: true,
};
const NOTHING: Usage = { machines: 0, cpus: 0, memoryMb: 0, diskGb: 0, dataDisks: new Map() };
const FREE: Quota = {
  machines: null,
  tokens: null,
  cpus: null,
  memoryMb: null,
  diskGb: null,
  lifetimeSeconds: null,
  extend: true,
  may: ["script", "internet", "gpu", "master"],
};

function makeCreateRequest(
  wish: Partial<MachineOptions> = {},
  change: Partial<ResolvedCreateRequest> = {},
): ResolvedCreateRequest {
  return {
    image: "debian",
    cpus: 2,
    memoryMb: 2048,
    wish: machineOptions.parse({ diskGb: 20, ...wish }),
    lifetimeSeconds: null,
    ...change,
  };
}

/** Anna asks for the image, with a quota without limits, unless the test changes that. */
function check(change: Partial<CreateCheck>): CreateRejection | null {
  return checkCreateRequest({
    ...{ request: makeCreateRequest(), who: ANNA, usage: NOTHING, image: IMAGE, quota: FREE },
    ...change,
  });
}

describe("an order is allowed", () => {
  it.each<[string, ResolvedCreateRequest, Partial<Quota>, Partial<Usage>]>([
    [
      "that takes the last of everything",
      makeCreateRequest(),
      { machines: 3, cpus: 4, memoryMb: 4096, diskGb: 50, lifetimeSeconds: 60 },
      { machines: 2, cpus: 2, memoryMb: 2048, diskGb: 30 },
    ],
    [
      "with the image's own scripts, by who may give none",
      makeCreateRequest({ script: "catalogue" }),
      { may: [] },
      {},
    ],
    ["with a network that goes nowhere", makeCreateRequest({ network: "isolated" }), { may: [] }, {}],
    [
      "with a data disk that no machine has",
      makeCreateRequest({ dataDisk: { name: "home", sizeGb: 1 } }),
      {},
      { dataDisks: new Map([["work", "m"]]) },
    ],
    [
      "with the longest lifetime",
      makeCreateRequest({}, { lifetimeSeconds: 3600 }),
      { lifetimeSeconds: 3600 },
      {},
    ],
  ])("%s", (_name, asked, limits, usage) => {
    expect(
      check({ request: asked, usage: { ...NOTHING, ...usage }, quota: { ...FREE, ...limits } }),
    ).toBeNull();
  });

  it("of whatever image, while no host is there to ask", () => {
    expect(check({ request: makeCreateRequest({}, { cpus: 0, memoryMb: 0 }), image: null })).toBeNull();
  });

  it("of an image for this person, and of any for administrators", () => {
    const own = { ...IMAGE, allow: ["user:anna"] };
    expect(check({ image: own })).toBeNull();
    expect(check({ who: ADMIN, image: own })).toBeNull();
    expect(check({ who: { name: "ben", role: "user" }, image: own })).toMatchObject({
      code: "IMAGE_FORBIDDEN",
    });
  });
});

describe("an order is refused", () => {
  it.each<[string, string, ResolvedCreateRequest, Partial<Quota>, Partial<Usage>]>([
    [
      "LIMIT_MACHINES",
      "You have 2 machines of 2 machines, and this takes 1 machine. Stop or remove a machine first.",
      makeCreateRequest(),
      { machines: 2 },
      { machines: 2 },
    ],
    [
      "LIMIT_CPUS",
      "You have 3 CPUs of 4 CPUs, and this takes 2 CPUs. Choose less, or stop a machine first.",
      makeCreateRequest(),
      { cpus: 4 },
      { cpus: 3 },
    ],
    [
      "LIMIT_CPUS",
      "You may have 1 CPU, and this takes 2 CPUs. Choose less.",
      makeCreateRequest(),
      { cpus: 1 },
      {},
    ],
    [
      "LIMIT_MEMORY",
      "You have 3 GB of memory of 4 GB of memory, and this takes 2 GB of memory. Choose less, or stop a machine first.",
      makeCreateRequest(),
      { memoryMb: 4096 },
      { memoryMb: 3072 },
    ],
    [
      "LIMIT_DISK",
      "You have 20 GB of disk of 30 GB of disk, and this takes 20 GB of disk. Choose less, or stop a machine first.",
      makeCreateRequest(),
      { diskGb: 30 },
      { diskGb: 20 },
    ],
    [
      "LIMIT_LIFETIME",
      "A machine of yours may run for 2 hours at most.",
      makeCreateRequest({}, { lifetimeSeconds: 7201 }),
      { lifetimeSeconds: 7200 },
      {},
    ],
    [
      "SCRIPT_FORBIDDEN",
      "You may not give a machine a boot script. Leave it out, or ask an administrator.",
      makeCreateRequest({ script: "bash: id" }),
      { may: ["internet"] },
      {},
    ],
    [
      "INTERNET_FORBIDDEN",
      "You may not let a machine reach the internet. Leave it out, or ask an administrator.",
      makeCreateRequest({ network: "internet" }),
      { may: [] },
      {},
    ],
    [
      "GPU_FORBIDDEN",
      "You may not give a machine a GPU. Leave it out, or ask an administrator.",
      makeCreateRequest({ gpu: "mdev" }),
      { may: [] },
      {},
    ],
    [
      "MASTER_FORBIDDEN",
      "You may not let a machine write to the image itself. Leave it out, or ask an administrator.",
      makeCreateRequest({ master: true }),
      { may: ["gpu"] },
      {},
    ],
    [
      "IMAGE_LIMIT",
      "Debian needs at least 2 CPUs and 1 GB of memory.",
      makeCreateRequest({}, { cpus: 1 }),
      {},
      {},
    ],
    ["IMAGE_LIMIT", "Debian needs at least 10 GB of disk.", makeCreateRequest({ diskGb: 9 }), {}, {}],
    [
      "IMAGE_CHOICE",
      "Debian has no display qxl. Choose virtio or std.",
      makeCreateRequest({ display: "qxl" }),
      {},
      {},
    ],
    [
      "IMAGE_CHOICE",
      "Say how large the empty disk is to be.",
      makeCreateRequest({ emptyDisk: true, diskGb: undefined }),
      {},
      {},
    ],
    [
      "DATA_DISK_IN_USE",
      "Your machine lab-1 has the data disk home now. Stop it first, or choose another disk.",
      makeCreateRequest({ dataDisk: { name: "home", sizeGb: 1 } }),
      {},
      { dataDisks: new Map([["home", "lab-1"]]) },
    ],
  ])("%s: %s", (code, message, asked, limits, usage) => {
    const quota = { ...FREE, ...limits };
    const rejection = check({ request: asked, usage: { ...NOTHING, ...usage }, quota });
    expect(rejection).toEqual({ code, message });
  });

  it("when the image runs no scripts, or has not so much network", () => {
    const plain: ImageSummary = { ...IMAGE, script: "none", networks: ["none", "isolated"] };
    expect(check({ request: makeCreateRequest({ script: "id" }), image: plain })?.message).toBe(
      "Debian runs no boot scripts. Leave the script out.",
    );
    expect(check({ request: makeCreateRequest({ network: "internet" }), image: plain })?.message).toBe(
      "Debian has no network internet. The most it may have is isolated.",
    );
  });
});

it("a machine that is started again counts with what runs, not with what exists", () => {
  const limits = { ...FREE, machines: 1, cpus: 4 };
  expect(checkRunQuota(makeCreateRequest(), { ...NOTHING, machines: 5, cpus: 2 }, limits)).toBeNull();
  expect(checkRunQuota(makeCreateRequest(), { ...NOTHING, cpus: 3 }, limits)).toMatchObject({
    code: "LIMIT_CPUS",
  });
});

describe("limits", () => {
  const table = quotaTable.parse({
    roles: { user: { machines: 2, cpus: 4 }, admin: { lifetimeSeconds: 3600 } },
    users: { anna: { cpus: 16, may: ["script", "gpu"], extend: false } },
  });

  it("are the role's, and a person's own word goes first", () => {
    expect(quotaOf(table, ANNA)).toEqual({
      ...FREE,
      machines: 2,
      tokens: 100,
      cpus: 16,
      may: ["script", "gpu"],
      extend: false,
    });
    expect(quotaOf(table, { name: "ben", role: "user" })).toMatchObject({ cpus: 4, may: ["internet"] });
    expect(quotaOf(table, ADMIN)).toMatchObject({ machines: null, lifetimeSeconds: 3600 });
  });

  it("of machines and tokens are there where nothing is said, and can be lifted", () => {
    expect(quotaOf(quotaTable.parse({}), ANNA)).toMatchObject({ machines: 20, tokens: 100, cpus: null });
    expect(quotaOf(quotaTable.parse({}), ADMIN)).toMatchObject({ machines: null, tokens: null });
    const free = quotaTable.parse({ users: { [ANNA.name]: { machines: null, tokens: null } } });
    expect(quotaOf(free, ANNA)).toMatchObject({ machines: null, tokens: null });
  });

  it("name nobody by accident", () => {
    expect(quotaOf(table, { name: "constructor", role: "user" })).toMatchObject({ machines: 2, cpus: 4 });
    expect(quotaTable.safeParse({ roles: { user: { memory: 1 } } }).success).toBe(false);
    expect(quotaTable.safeParse({ roles: { users: {} } }).success).toBe(false);
  });
});

it("a machine that works on its image counts no disk of its own, whatever was asked", () => {
  const request = makeCreateRequest({ diskGb: 40, master: true });
  expect(check({ request, quota: { ...FREE, diskGb: 10 } })).toBeNull();
  expect(check({ request: makeCreateRequest({ diskGb: 40 }), quota: { ...FREE, diskGb: 10 } })?.code).toBe(
    "LIMIT_DISK",
  );
});
