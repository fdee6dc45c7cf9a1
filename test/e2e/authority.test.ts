// `postern ca rotate`, `status` and `retire` against a running server and a real agent.
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

interface Status {
  readonly fingerprint: string;
  readonly previous: { readonly fingerprint: string } | null;
}

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

test("the CA is replaced while an agent is connected, and the agent comes back afterwards with what it was told at first", async () => {
  const [server, xvnc] = await Promise.all([startServerProgram(cleanup), startXvnc(cleanup)]);
  const agent = await startAgentProgram(cleanup, server, { desktops: { bench: xvnc.endpoint } });
  const before = await server.ask<Status>("ca", "status");
  expect(before.previous).toBeNull();
  const early = await runPostern(["ca", "retire", "--data", server.data]);
  expect([early.code, early.stderr]).toEqual([4, expect.stringContaining("no CA to retire") as string]);

  const rotated = await server.ask<Status>("ca", "rotate");
  expect(rotated.previous?.fingerprint).toBe(before.fingerprint);
  expect(await server.createJoin()).toMatchObject({ fingerprint: rotated.fingerprint });
  await waitFor("the agent's notice", () => agent.process.output.includes("trust.followed"));
  const words = await runPostern(["ca", "status", "--data", server.data]);
  expect(words.stdout).toContain("Every agent has been here since");
  await server.ask("ca", "retire");

  await agent.start();
  const pem = await runPostern(["ca", "--data", server.data]);
  expect(pem.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
  const bare = await runPostern(["ca"]);
  expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("--data") as string]);
});
