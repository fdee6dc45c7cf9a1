import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { identifyMip1Agent } from "../../../../proxy/mip1/mip1-identity.ts";

const JOB = "354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0";
const key = Buffer.alloc(32, 1);

test("an identifier gives both tokens, and a pseudonym that tells nothing of it", () => {
  const identity = identifyMip1Agent(JOB, key);
  expect(identity.tokens).toEqual(["^HbD)GJo", "^H`QrVTf"]);
  expect(identity.agentId).toMatch(/^[0-9a-f]{32}$/);
  expect(identity.name).toBe(`mip1-${identity.agentId.slice(0, 10)}`);
  // Whoever can try identifiers must not recognise the right one by its pseudonym.
  for (const algorithm of ["md5", "sha1", "sha256"]) {
    const digest = createHash(algorithm).update(JOB).digest("hex");
    expect(digest).not.toContain(identity.name.slice(5));
  }
  expect(identifyMip1Agent(JOB, key)).toEqual(identity);
  expect(identifyMip1Agent(JOB, Buffer.alloc(32, 2)).agentId).not.toBe(identity.agentId);
});

test("two derivations that agree are one token", () => {
  let job = 0;
  const isSmall = (byte: number): boolean => byte < 94;
  while (!createHash("md5").update(String(job)).digest().subarray(0, 8).every(isSmall)) job += 1;
  expect(identifyMip1Agent(String(job), key).tokens).toHaveLength(1);
});

test.each(["", "job-\uFFFD"])("%j is refused", (identifier) => {
  expect(() => identifyMip1Agent(identifier, key)).toThrow(/MiP 1/);
});
