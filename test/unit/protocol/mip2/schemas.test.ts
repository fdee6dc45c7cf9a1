import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  cleanName,
  imageSummary,
  agentIdOf,
  desktopName,
  hostEvents,
  hostMethods,
  machineCreate,
  proof,
  proofMessage,
  refused,
  reply,
} from "../../../../protocol/index.ts";

describe("a desktop's name", () => {
  it.each(["a", "lab 3", "Ünïcode ☃", "x".repeat(64)])("may be %j", (name) => {
    expect(desktopName.safeParse(name).success).toBe(true);
  });

  it.each(["", "a/b", "line\nbreak", "bell\u0007", "\u0085", "x".repeat(65)])("may not be %j", (name) => {
    expect(desktopName.safeParse(name).success).toBe(false);
  });
});

describe("proof", () => {
  const signature = Buffer.alloc(64, 1).toString("base64");
  const plain = { signature, role: "host", software: "postern 0.1.0" };

  it("is taken with and without an enrolment, unknown keys ignored", () => {
    expect(proof.parse({ ...plain, novelty: 1 })).toEqual(plain);
    const enrol = { secret: "s", publicKey: Buffer.alloc(32).toString("base64"), name: "rack 4" };
    expect(proof.parse({ ...plain, enrol })).toEqual({ ...plain, enrol });
  });

  it.each([63, 65, 0])("needs a signature of 64 bytes, not %i", (length) => {
    const other = Buffer.alloc(length, 1).toString("base64");
    expect(proof.safeParse({ ...plain, signature: other }).success).toBe(false);
  });

  it("signs every field, each with its own place", () => {
    const fields = {
      version: 1,
      proxyId: "p",
      agentId: "a",
      agentNonce: Buffer.alloc(32, 1),
      serverNonce: Buffer.alloc(32, 2),
      exporter: Buffer.alloc(32, 3),
    };
    const messages = [
      fields,
      { ...fields, version: 2 },
      { ...fields, proxyId: "pa", agentId: "" },
      { ...fields, proxyId: "", agentId: "pa" },
      { ...fields, agentNonce: fields.serverNonce, serverNonce: fields.agentNonce },
      { ...fields, exporter: Buffer.alloc(32, 4) },
    ].map((each) => proofMessage(each).toString("hex"));
    expect(new Set(messages).size).toBe(messages.length);
  });

  it("names an agent by its key", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    expect(agentIdOf(raw)).toBe(createHash("sha256").update(raw).digest("hex").slice(0, 32));
  });
});

describe("replies and refusals", () => {
  it("say either a result or an error", () => {
    expect(reply.safeParse({ id: 1, ok: true, result: {} }).success).toBe(true);
    expect(reply.safeParse({ id: 1, ok: false, error: { code: "X", message: "y" } }).success).toBe(true);
    expect(reply.safeParse({ id: 1, ok: false, result: {} }).success).toBe(false);
    expect(reply.safeParse({ id: -1, ok: true, result: {} }).success).toBe(false);
  });

  it("have codes from a list", () => {
    expect(refused.safeParse({ code: "AGENT_REVOKED", message: "m" }).success).toBe(true);
    expect(refused.safeParse({ code: "WHATEVER", message: "m" }).success).toBe(false);
  });
});

describe("requests to hosts", () => {
  it.each(["../etc", "A", "", "x".repeat(65), "a b"])("make no machine with the id %j", (id) => {
    expect(machineCreate.safeParse({ id, name: "n", image: "i" }).success).toBe(false);
  });

  it("keep processors and memory within reason", () => {
    const base = { id: "m-1", name: "n", image: "i" };
    for (const [cpus, memoryMb, ok] of [
      [1, 16, true],
      [256, 4_194_304, true],
      [0, 512, false],
      [257, 512, false],
      [1, 15, false],
      [1, 4_194_305, false],
      [1.5, 512, false],
    ] as const) {
      expect(machineCreate.safeParse({ ...base, cpus, memoryMb }).success).toBe(ok);
    }
  });

  it("have schemas for each method and event", () => {
    for (const method of Object.values(hostMethods))
      expect(method.params.safeParse(null).success).toBe(false);
    for (const event of Object.values(hostEvents)) expect(event.safeParse(null).success).toBe(false);
    expect(hostMethods["machine.screenshot"].params.parse({ id: "m" })).toEqual({ id: "m", maxWidth: 320 });
    expect(hostMethods["machine.stop"].params.parse({ id: "m" })).toEqual({ id: "m", force: false });
  });
});

describe("names of peers", () => {
  const UNSAFE = [
    "\u001b[2Jx",
    "a\nb",
    "x\u202egnp",
    "a\u200bb",
    "\u2066a",
    "a\u2028b",
    "\u0085x",
    "\ud800",
    " a",
    "a ",
    " ",
  ];

  it.each(UNSAFE)("no desktop is called %j", (name) => {
    expect(desktopName.safeParse(name).success).toBe(false);
  });

  it.each(["lab-1", "Prüfstand 3", "研究室", "a'b\"<b>&", "é"])("a desktop may be called %j", (name) => {
    expect(desktopName.safeParse(name).success).toBe(true);
    expect(cleanName(name)).toBe(name);
  });

  it("texts of an image become one visible line", () => {
    const amount = { default: 1, min: 1 };
    const image = { id: "a", memoryMb: amount, cpus: amount, available: true };
    const read = imageSummary.parse({
      ...image,
      title: "x\u202egnp\u001b[2J",
      description: "one\r\n two\u2028three",
    });
    expect(read).toMatchObject({ title: "xgnp[2J", description: "one two three" });
  });
});

describe("words of guests and images in a host's frame", () => {
  const status = { id: "m", name: "m", image: "i", state: "running", cpus: 1, memoryMb: 16, since: 1 };
  const read = (more: object) => hostEvents["machine.state"].safeParse({ ...status, ...more });

  it.each([[["2001:db8::1%x"]], [Array.from({ length: 9 }, () => "10.0.0.1")], ["10.0.0.1"], [[1]]])(
    "addresses like %j are passed over",
    (addresses) => {
      expect(read({ addresses })).toEqual({ success: true, data: { ...status, addresses: undefined } });
    },
  );

  it("a reason or a detail that is too long is cut", () => {
    const cause = { code: "QEMU_SAID", details: { said: "y".repeat(1000) } };
    const { data } = read({ reason: "x".repeat(10_000), cause });
    expect(data?.reason).toHaveLength(500);
    expect(data?.cause?.details["said"]).toHaveLength(300);
  });
});
