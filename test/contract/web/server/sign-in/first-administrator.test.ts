import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../../../protocol/index.ts";
import { openStores } from "../../../../../proxy/index.ts";
import { Passwords } from "../../../../../web/server/sign-in/passwords.ts";
import { FakeProxy } from "../../../../support/fake-proxy.ts";
import { openWebAndOrchestrator } from "../../../../support/open-web-and-orchestrator.ts";

test("the first start makes one administrator, says the password once, and keeps only its hash", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-first-"));
  const stores = await openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32) }, systemClock);
  onTestFinished(async () => {
    await stores.close();
    await rm(dir, { recursive: true });
  });
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const proxy = new FakeProxy(stores);
  const open = () =>
    openWebAndOrchestrator({
      proxy,
      adminSocket: path.join(dir, "s"),
      clientDir: dir,
      log,
      clock: systemClock,
    });

  const first = await open();
  expect(await stores.users.count()).toBe(0);
  const { name, password } = (await first.createFirstAdministrator()) ?? {};
  await first.close();
  expect(name).toBe("admin");
  expect(password).toMatch(/^[\w-]{20}$/);
  const [user, ...others] = await stores.users.list({ limit: 10 });
  expect(others).toEqual([]);
  expect(user).toMatchObject({ name: "admin", role: "admin" });
  expect(await new Passwords().verify(password ?? "", user?.passwordHash ?? null)).toBe(true);

  const second = await open();
  expect(await second.createFirstAdministrator()).toBeNull();
  await second.close();
  expect(await stores.users.count()).toBe(1);
  expect(lines.join("")).not.toContain(password);
  for (const file of ["db", "db-wal"]) {
    const bytes = await readFile(path.join(dir, file)).catch(() => Buffer.alloc(0));
    expect(bytes.includes(password ?? "?")).toBe(false);
  }
});
