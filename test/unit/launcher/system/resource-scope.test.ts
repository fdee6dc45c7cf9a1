import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { findScopeBackend, inScope } from "../../../../launcher/system/resource-scope.ts";

const qemu = { program: "/usr/bin/qemu", args: ["-m", "64M"] };
const limits = { memoryMb: 512, cpus: 2 };
const nothing = { uid: 0, runtimeDir: undefined, systemd: false };
const root = mkdtempSync(join(tmpdir(), "pt-"));
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it("asks systemd where it runs, root's own or the user's", () => {
  const system = findScopeBackend("/usr/bin/systemd-run", { ...nothing, systemd: true });
  expect(inScope(qemu, system, "abc", limits)).toEqual({
    program: "/usr/bin/systemd-run",
    args: [
      ...["--scope", "--quiet", "--collect", "--unit=postern-abc", "--description=A machine of Postern"],
      ...["-p", "MemoryMax=1073741824", "-p", "CPUQuota=200%", "--", "/usr/bin/qemu", "-m", "64M"],
    ],
  });
  mkdirSync(join(root, "systemd", "private"), { recursive: true });
  const surroundings = { uid: 1000, runtimeDir: root, systemd: true };
  expect(findScopeBackend("/usr/bin/systemd-run", surroundings)).toMatchObject({
    kind: "systemd",
    user: true,
  });
});

it("makes a control group itself where there is no systemd and root may", () => {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "cgroup.controllers"), "cpuset cpu io memory pids\n");
  writeFileSync(join(root, "cgroup.subtree_control"), "");
  const keeper = findScopeBackend(null, nothing, [root]);
  const { args } = inScope(qemu, keeper, "abc", limits);
  const folder = join(root, "postern", "abc");
  expect(args.slice(2)).toEqual([folder, "/usr/bin/qemu", "-m", "64M"]);
  expect(readFileSync(join(folder, "memory.max"), "utf8")).toBe("1073741824");
  expect(readFileSync(join(folder, "cpu.max"), "utf8")).toBe("200000 100000");
});

it("leaves the command as it is where there is neither", () => {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "cgroup.controllers"), "hugetlb\n");
  const keeper = findScopeBackend("/usr/bin/systemd-run", nothing, [root]);
  expect(keeper.kind).toBe("none");
  expect(inScope(qemu, keeper, "abc", limits)).toEqual(qemu);
});
