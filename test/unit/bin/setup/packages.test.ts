import { chmod, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { KeptText, loadSetup, makeProgress, type ProgressLike } from "./load-setup.ts";

interface InstallRequest {
  readonly wanted: string[];
  readonly need: string;
  readonly required: boolean;
  readonly isRoot: boolean;
  /** Where it notes when it fetched the lists. */
  readonly updatedStamp?: string;
}
const packages = await loadSetup<{
  listMissing(wanted: string[], output: string): string[];
  listOffered(wanted: string[], output: string): string[];
  installPackages(progress: ProgressLike, wish: InstallRequest): Promise<string[]>;
}>("packages.mjs");

const cleanup = new CleanupStack();
afterEach(async () => {
  vi.unstubAllEnvs();
  await cleanup.close();
});

test("what dpkg-query does not call installed is missing", () => {
  const output =
    "qemu-utils\tinstalled\nxterm\tconfig-files\ndpkg-query: no packages found matching absent\n";
  expect(packages.listMissing(["qemu-utils", "xterm", "absent"], output)).toEqual(["xterm", "absent"]);
});

test("only what apt-cache has a candidate for is offered", () => {
  const output =
    "xterm:\n  Installed: (none)\n  Candidate: 379-1\n  Version table:\n" +
    "gone:\n  Installed: (none)\n  Candidate: (none)\n";
  expect(packages.listOffered(["xterm", "gone", "unknown"], output)).toEqual(["xterm"]);
});

/** A PATH with a dpkg-query, apt-cache and apt-get of our own; `apt-get install` "installs" what is offered. */
async function pretendDebian({ installed = "", offered = "" }): Promise<string> {
  const folder = await cleanup.makeFolder();
  await writeFile(path.join(folder, "installed"), installed);
  const tools = {
    "dpkg-query": `for name in $(cat ${folder}/installed); do printf '%s\\tinstalled\\n' $name; done`,
    "apt-cache": `for name in ${offered}; do printf '%s:\\n  Installed: (none)\\n  Candidate: 1\\n' $name; done`,
    "apt-get": `echo "$*" >> ${folder}/calls; if [ "$1" = install ]; then echo "$*" >> ${folder}/installed; fi`,
  };
  for (const [name, script] of Object.entries(tools)) {
    await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(folder, name), 0o755);
  }
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  return folder;
}

describe("installing", () => {
  const wish: InstallRequest = {
    wanted: ["aaa", "bbb"],
    need: "Tests need them",
    required: true,
    isRoot: true,
  };

  test("does nothing when everything is there", async () => {
    const folder = await pretendDebian({ installed: "aaa bbb" });
    const kept = new KeptText();
    expect(await packages.installPackages(await makeProgress(kept), wish)).toEqual([]);
    expect(kept.text).toBe("Debian packages: in place\n");
    await expect(readFile(path.join(folder, "calls"))).rejects.toThrow("ENOENT");
  });

  test("uses apt-get as root, for what is missing only", async () => {
    const folder = await pretendDebian({ installed: "aaa", offered: "bbb" });
    const noted = { ...wish, updatedStamp: path.join(folder, "updated") };
    expect(await packages.installPackages(await makeProgress(new KeptText()), noted)).toEqual([]);
    const calls = await readFile(path.join(folder, "calls"), "utf8");
    expect(calls).toMatch(/^install .*--no-install-recommends bbb$/m);
  });

  test("prints the exact command to anybody else", async () => {
    await pretendDebian({ installed: "aaa" });
    const install = packages.installPackages(await makeProgress(new KeptText()), { ...wish, isRoot: false });
    await expect(install).rejects.toThrow("sudo apt-get install --no-install-recommends bbb");
  });

  test("goes on without what a start can do without, and fetches the lists for it once a day", async () => {
    const folder = await pretendDebian({ offered: "aaa" });
    const kept = new KeptText();
    const optional = { ...wish, required: false, updatedStamp: path.join(folder, "updated") };
    for (const round of [1, 2]) {
      const left = await packages.installPackages(await makeProgress(kept), optional);
      expect(left, `round ${round}`).toEqual(["bbb"]);
    }
    expect(kept.text).toContain("Tests need them. apt-get could not install: bbb.");
    const calls = await readFile(path.join(folder, "calls"), "utf8");
    expect(calls.match(/^update/gm)).toHaveLength(1);
  });
});
