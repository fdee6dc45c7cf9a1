import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { loadAgentIdentity } from "../../../../agent/enrol/agent-identity.ts";
import { agentIdOf } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const makeDataDir = async (): Promise<string> => path.join(await cleanup.makeFolder(), "new", "data");

test("the key is made once, for its owner's eyes alone, and leaves nothing beside it", async () => {
  const dataDir = await makeDataDir();
  const identity = await loadAgentIdentity(dataDir);
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  expect(await readdir(dataDir)).toEqual(["agent-key.json"]);
  expect((await stat(path.join(dataDir, "agent-key.json"))).mode & 0o777).toBe(0o600);
  expect(identity.agentId).toBe(agentIdOf(identity.publicKey));
  expect((await loadAgentIdentity(dataDir)).agentId).toBe(identity.agentId);
});

test("two that start at the same time agree on one key", async () => {
  const dataDir = await makeDataDir();
  const identities = await Promise.all(Array.from({ length: 8 }, () => loadAgentIdentity(dataDir)));
  expect(new Set(identities.map(({ agentId }) => agentId)).size).toBe(1);
  expect(await readdir(dataDir)).toHaveLength(1);
});

test("services that welcomed the key are remembered", async () => {
  const dataDir = await makeDataDir();
  const identity = await loadAgentIdentity(dataDir);
  expect(identity.isKnownTo("one")).toBe(false);
  await identity.recordWelcome("one", identity.agentId);
  await identity.recordWelcome("two", identity.agentId);
  const again = await loadAgentIdentity(dataDir);
  expect([again.isKnownTo("one"), again.isKnownTo("two"), again.isKnownTo("three")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(again.agentId).toBe(identity.agentId);
  expect((await stat(path.join(dataDir, "agent-key.json"))).mode & 0o777).toBe(0o600);
});

test("a key that others can read is not used", async () => {
  const dataDir = await makeDataDir();
  await loadAgentIdentity(dataDir);
  await chmod(path.join(dataDir, "agent-key.json"), 0o640);
  await expect(loadAgentIdentity(dataDir)).rejects.toMatchObject({ code: "KEY_FILE_MODE" });
});

test("a damaged key is neither used nor replaced", async () => {
  const dataDir = await makeDataDir();
  await mkdir(dataDir, { recursive: true });
  const file = path.join(dataDir, "agent-key.json");
  for (const content of ["", "{", '{"version":1,"secretKey":"AAAA"}']) {
    await writeFile(file, content, { mode: 0o600 });
    await expect(loadAgentIdentity(dataDir)).rejects.toMatchObject({ code: "KEY_FILE" });
    expect(await readFile(file, "utf8")).toBe(content);
  }
});

test("a data folder that cannot be made is named in the error", async () => {
  const file = path.join(await cleanup.makeFolder(), "file");
  await writeFile(file, "");
  await expect(loadAgentIdentity(path.join(file, "data"))).rejects.toMatchObject({
    code: "KEY_FILE",
    safeMessage: expect.stringContaining(file) as string,
  });
});
