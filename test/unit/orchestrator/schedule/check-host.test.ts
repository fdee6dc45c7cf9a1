import { describe, expect, it } from "vitest";
import type { HostFacts, ImageSummary } from "../../../../protocol/index.ts";
import { checkHost } from "../../../../orchestrator/schedule/check-host.ts";
import { rankHosts } from "../../../../orchestrator/schedule/rank-hosts.ts";
import type { CandidateHost, Need } from "../../../../orchestrator/schedule/candidate.ts";
import { MEMTEST } from "../../../support/web-fixture.ts";

const FACTS: HostFacts = {
  cpus: 8,
  memoryMb: { total: 16_384, free: 8192 },
  diskMb: { total: 100_000, free: 50_000 },
  load: 0.1,
  instances: { running: 1, max: 8 },
  accel: "kvm",
  gpus: [],
  dataDisks: [],
};
const NEED: Need = { cpus: 2, memoryMb: 4096, gpu: "none", dataDisk: null };

function host(change: Partial<CandidateHost> = {}, facts: Partial<HostFacts> = {}): CandidateHost {
  return {
    id: "h1",
    name: "rack-1",
    drained: false,
    image: offered(MEMTEST),
    facts: { kind: "known", facts: { ...FACTS, ...facts } },
    placed: 0,
    ...change,
  };
}
const offered = (image: ImageSummary) => ({ kind: "offered", image, fetch: null }) as const;
const disk = (hostId: string | null) => ({ owner: "anna", name: "home", hostId, wait: null });
const gpu = (free: boolean) => ({ name: "GT 1030", mode: "passthrough", free }) as const;

describe("a host", () => {
  it.each<[string, CandidateHost, Partial<Need>, boolean]>([
    ["does not answer", host({ facts: { kind: "noAnswer" } }), {}, false],
    ["does not answer", host({ image: { kind: "noAnswer" } }), {}, false],
    ["does not offer the image", host({ image: { kind: "notOffered" } }), {}, false],
    [
      "Install it.",
      host({ image: offered({ ...MEMTEST, available: false, reason: "Install it." }) }),
      {},
      false,
    ],
    ["takes no new machines", host({ drained: true }), {}, false],
    ["8 CPUs in all", host({ drained: true, image: { kind: "notOffered" } }), { cpus: 9 }, true],
    ["2 CPUs in all", host({}, { cpus: 2 }), { cpus: 4 }, true],
    ["memory 4 GB in all", host({}, { memoryMb: { total: 4096, free: 4000 } }), { memoryMb: 4097 }, true],
    ["memory 1.2 of 4 GB free", host({}, { memoryMb: { total: 4096, free: 1229 } }), {}, false],
    ["8 of 8 machines run", host({}, { instances: { running: 8, max: 8 } }), {}, false],
    ["no such GPU", host(), { gpu: "passthrough" }, true],
    ["no such GPU", host({}, { gpus: [gpu(true)] }), { gpu: "mdev" }, true],
    ["its GPUs are in use", host({}, { gpus: [gpu(false)] }), { gpu: "passthrough" }, false],
    ["disk 0.5 of 100 GB free", host({}, { diskMb: { total: 102_400, free: 512 } }), {}, false],
  ])("%s", (why, candidate, need, permanent) => {
    const rejection = checkHost({ ...NEED, ...need }, candidate);
    expect({ why: rejection?.why, permanent: rejection?.kind === "never" }).toEqual({ why, permanent });
  });

  it.each<[string, CandidateHost, Partial<Need>]>([
    ["with just enough", host({}, { cpus: 2, memoryMb: { total: 4096, free: 4096 } }), {}],
    [
      "of an older release, which says nothing",
      host({ facts: { kind: "unsupported" } }),
      { memoryMb: 1_000_000 },
    ],
    ["where the data disk lies", host(), { dataDisk: disk("h1") }],
    ["where it does not lie, because it can travel", host(), { dataDisk: disk("h2") }],
    ["when the data disk lies nowhere yet", host(), { dataDisk: disk(null) }],
    ["with a GPU that is free", host({}, { gpus: [gpu(false), gpu(true)] }), { gpu: "passthrough" }],
  ])("fits %s", (_name, candidate, need) => {
    expect(checkHost({ ...NEED, ...need }, candidate)).toBeNull();
  });
});

describe("hosts that fit", () => {
  const names = (hosts: readonly CandidateHost[], need: Partial<Need> = {}) =>
    rankHosts({ ...NEED, ...need }, hosts).map(({ name }) => name);
  const named = (name: string, facts: Partial<HostFacts>, placed = 0) =>
    host({ id: name, name, placed }, facts);

  it("stand in the order of the memory that they keep free", () => {
    const roomy = named("roomy", { memoryMb: { total: 16_384, free: 16_000 } });
    const tight = named("tight", { memoryMb: { total: 16_384, free: 5000 } });
    expect(names([tight, roomy])).toEqual(["roomy", "tight"]);
  });

  it("and with as much memory of their load, and then of their machines", () => {
    expect(names([named("busy", { load: 2 }), named("calm", {})])).toEqual(["calm", "busy"]);
    expect(names([named("a", {}, 3), named("b", {}, 1)])).toEqual(["b", "a"]);
  });

  it("keep their GPUs for those who want one", () => {
    const rich = named("rich", { gpus: [gpu(true)], memoryMb: { total: 65_536, free: 65_000 } });
    const plain = named("plain", {});
    expect(names([rich, plain])).toEqual(["plain", "rich"]);
    expect(names([plain, rich], { gpu: "passthrough" })[0]).toBe("rich");
  });

  it("begin with the one where the data disk lies, and end with those that say nothing", () => {
    const old = host({ id: "old", name: "old", facts: { kind: "unsupported" } });
    const full = named("full", { memoryMb: { total: 16_384, free: 4100 } });
    expect(names([old, named("a", {}), full], { dataDisk: disk("full") })).toEqual(["full", "a", "old"]);
  });
});
