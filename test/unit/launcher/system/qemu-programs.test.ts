import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findQemuPrograms } from "../../../../launcher/system/qemu-programs.ts";

describe("QEMU's programs", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pt-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("programs are found on the search path, both or none", async () => {
    await writeFile(join(folder, "qemu-system-x86_64"), "", { mode: 0o755 });
    expect(findQemuPrograms(`/nowhere::${folder}`)).toBeNull();
    await writeFile(join(folder, "qemu-img"), "", { mode: 0o755 });
    expect(findQemuPrograms(`/nowhere::${folder}`)?.qemu).toEqual({
      x86_64: join(folder, "qemu-system-x86_64"),
    });
    expect(findQemuPrograms(undefined)).toBeNull();
  });
});
