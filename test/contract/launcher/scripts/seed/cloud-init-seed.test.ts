import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { seedArguments } from "../../../../../launcher/argv/boot-arguments.ts";
import { machineSpec } from "../../../../../launcher/model/machine-spec.ts";
import { runSeedGuest } from "../../../../support/guest/seed-guest.ts";
import { ScriptsFixture } from "../scripts-fixture.ts";

const spec = machineSpec.parse({
  ...{ id: "m1", name: "One", image: "x", cpus: 1, memoryMb: 64 },
  boot: { kind: "iso", file: "/a.iso" },
});
let scriptsFixture: ScriptsFixture;
beforeEach(async () => {
  scriptsFixture = await ScriptsFixture.make();
});
afterEach(async () => {
  await scriptsFixture.cleanup.close();
});

it("a guest finds the seed by its label and runs the scripts in order, those whose condition holds", async () => {
  const file = path.join(scriptsFixture.scripts, "third.sh");
  await writeFile(file, "#!/bin/sh\necho THIRD @VM@\n");
  const prepared = await scriptsFixture.prepare(
    [
      'exec: echo "FIRST @USER@"; echo "EXACT $POSTERN_USER"',
      'if("@VM@" =~ /windows/i): exec: echo WRONG',
      'if("@VM@" =~ /^Debian/i): #!/bin/sh\necho SECOND @SESSION_NAME@',
      file,
      "exec: echo CREDENTIAL @CREDENTIAL@",
    ],
    { user: "$(touch /x)" },
  );
  expect(prepared).toEqual({ seed: expect.any(String), credential: expect.stringMatching(/^\w{20}$/) });
  const output = await runSeedGuest(scriptsFixture.cleanup, seedArguments(spec, prepared.seed!));
  const lines = output
    .split("\n")
    .filter((line) => /^(META|FIRST|EXACT|SECOND|THIRD|CREDENTIAL|WRONG)/.test(line));
  expect(lines, output).toEqual([
    'META {"instance-id":"m-42","local-hostname":"lab-1"}',
    "FIRST __touch__x_",
    "EXACT $(touch /x)",
    "SECOND m-42",
    "THIRD debian-desktop",
    `CREDENTIAL ${prepared.credential!}`,
  ]);
  expect(output).not.toMatch(/NAME-WAS-RUN|SEED-WRITABLE/);
}, 180_000);

it("is made once, for its owner's eyes: later starts find the same", async () => {
  const first = await scriptsFixture.prepare(["exec: echo @CREDENTIAL@"]);
  const before = await readFile(first.seed!);
  expect(await scriptsFixture.prepare(["exec: echo @CREDENTIAL@"])).toEqual(first);
  expect(await readFile(first.seed!)).toEqual(before);
  for (const file of [first.seed!, path.join(scriptsFixture.machineFolder("m-42"), "scripts.json")])
    expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it("is not made without a script that runs", async () => {
  expect(await scriptsFixture.prepare([])).toEqual({});
  expect(await scriptsFixture.prepare(["catalogue", 'if("@USER@" eq "bob"): exec: true'])).toEqual({});
});

it.each([
  [{ scriptRoute: "none" }, "exec: true", "SCRIPT_ROUTE"],
  [{ scriptRoute: "virt-customize" }, "exec: true", "SCRIPT_DISK"],
  [{}, "virt-customize: touch /a", "SCRIPT_DISK"],
  [
    { boot: { kind: "disk", format: "raw", file: "/dev/null" }, master: true },
    "virt-customize: touch /a",
    "SCRIPT_DISK",
  ],
  [
    { boot: { kind: "disk", format: "raw", file: "/dev/null" } },
    "virt-customize: touch /a",
    "SCRIPT_CUSTOMIZER",
  ],
] as const)("%j refuses %s", async (spec, script, code) => {
  await expect(scriptsFixture.prepare([script], spec)).rejects.toMatchObject({ code });
});
