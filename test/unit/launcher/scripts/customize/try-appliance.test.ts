// Programs with libguestfs's words stand in for it: it is not installed where the unit tests run, and takes a minute.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunAs } from "../../../../../launcher/system/system-account.ts";
import { tryAppliance } from "../../../../../launcher/scripts/customize/try-appliance.ts";
import { CleanupStack } from "../../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let folder: string;

beforeEach(async () => {
  folder = await cleanup.makeFolder();
  await mkdir(join(folder, "scratch"));
});
afterEach(() => cleanup.close());

async function tryWith(script: string, runAs: RunAs = { kind: "self" }, timeoutMs = 20_000) {
  const virtCustomize = join(folder, "virt-customize");
  await writeFile(virtCustomize, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return tryAppliance({
    ...{ virtCustomize, qemuImg: "/usr/bin/qemu-img", accel: "tcg", runAs, environment: process.env },
    ...{ scratchDir: join(folder, "scratch"), timeoutMs },
  });
}

test("an appliance that looked at the empty disk works, and nothing is left", async () => {
  const said = "virt-customize: error: no operating systems were found in the guest image";
  expect(await tryWith(`[ -s "$4" ] && echo "${said}" >&2; exit 1`)).toEqual({ kind: "works" });
  expect(await readdir(join(folder, "scratch"))).toEqual([]);
});

test("one that cannot be unpacked is told by the words of the program that failed", async () => {
  const words = [
    "supermin: version: 5.2.2",
    "tar: etc: Cannot change ownership to uid 2952, gid 1009: Operation not permitted",
    "virt-customize: error: libguestfs error: /usr/bin/supermin exited with error status 1.",
  ];
  expect(await tryWith(`cat >&2 <<'.'\n${words.join("\n")}\n.\nexit 1`)).toEqual({
    kind: "failed",
    words: words[1],
  });
});

test("root's supermin is told to leave owners alone, an account's is not", async () => {
  const script = 'echo "error: $TAR_OPTIONS"; exit 1';
  expect(await tryWith(script, { kind: "root", why: "" })).toEqual({
    kind: "failed",
    words: "error: --no-same-owner",
  });
  expect(await tryWith(script)).toEqual({ kind: "failed", words: "error:" });
});

test("one that does not come in time is slow", async () => {
  expect(await tryWith("exec sleep 60", { kind: "self" }, 300)).toEqual({ kind: "slow" });
});
