import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { AuditKeys, loadAuditKey } from "../../../../proxy/audit/audit-key.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
const STATEMENT = Buffer.from("so it was");

it("is made once, private, with its public half beside it", async () => {
  const folder = await cleanup.makeFolder();
  const key = await loadAuditKey(folder);
  const again = await loadAuditKey(folder);
  expect(again.id).toBe(key.id);
  expect((await stat(path.join(folder, "audit.key"))).mode & 0o777).toBe(0o600);
  expect(await readFile(path.join(folder, "audit.pub"), "utf8")).toBe(key.publicKey);
  const keys = new AuditKeys(key.publicKey);
  expect(keys.verify(key.id, STATEMENT, again.sign(STATEMENT))).toBe(true);
  expect(keys.verify(key.id, Buffer.from("so it was not"), key.sign(STATEMENT))).toBe(false);
});

it("is made anew when it is gone; the earlier one's signatures can still be checked", async () => {
  const folder = await cleanup.makeFolder();
  const first = await loadAuditKey(folder);
  await rm(path.join(folder, "audit.key"));
  const second = await loadAuditKey(folder);
  expect(second.id).not.toBe(first.id);
  const keys = new AuditKeys(await readFile(path.join(folder, "audit.pub"), "utf8"));
  for (const key of [first, second]) expect(keys.verify(key.id, STATEMENT, key.sign(STATEMENT))).toBe(true);
});

it("is refused when others can read it, or when it is none", async () => {
  const folder = await cleanup.makeFolder();
  await loadAuditKey(folder);
  const file = path.join(folder, "audit.key");
  await chmod(file, 0o640);
  await expect(loadAuditKey(folder)).rejects.toMatchObject({ code: "AUDIT_KEY" });
  await chmod(file, 0o600);
  await writeFile(file, "nothing");
  await expect(loadAuditKey(folder)).rejects.toMatchObject({ code: "AUDIT_KEY" });
});
