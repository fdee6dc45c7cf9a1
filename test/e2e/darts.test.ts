import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../launcher/images/read-catalogue.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runPostern } from "../support/postern.ts";

const cleanup = new CleanupStack();
let machines: string;
let config: string;
let folder: string;

beforeAll(async () => {
  folder = await cleanup.makeFolder();
  machines = path.join(folder, "machines.conf");
  config = path.join(folder, "config.pl");
  await writeFile(machines, "[tiny.iso]\nurl=https://example.org/tiny.iso\ndescription=Tiny\n[odd.xyz]\n");
  await writeFile(
    config,
    `$config{snapshot_lifetime} = 7200;
$config{service_proxy} = "http://proxy.example.org:3128";
system("touch ${path.join(folder, "executed")}");
$config{dir_cfg} = system("touch ${path.join(folder, "executed")}");
`,
  );
});
afterAll(() => cleanup.close());

it("writes a catalogue that a host takes, and says what to do with the rest", async () => {
  const out = path.join(folder, "catalogue.json");
  const { code, stdout, stderr } = await runPostern([
    "darts",
    "convert",
    "--machines",
    machines,
    "--config",
    config,
    "--out",
    out,
  ]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr.split("\n")).toEqual([
    "1 image",
    "postern server … --max-lifetime 7200",
    "http_proxy=http://proxy.example.org:3128 https_proxy=http://proxy.example.org:3128 postern host … --catalogue FILE",
    "warning: config.pl, line 4: dir_cfg is computed there; set it by hand.",
    "warning: odd.xyz: its ending names no format that is known. It was left out.",
    "",
  ]);
  expect(await readCatalogue(out)).toMatchObject([{ id: "tiny", title: "Tiny", network: "internet" }]);
  await expect(readFile(path.join(folder, "executed"))).rejects.toMatchObject({ code: "ENOENT" });
});

it("prints the catalogue alone, or everything as one value", async () => {
  const plain = await runPostern(["darts", "convert", "--machines", machines]);
  expect(JSON.parse(plain.stdout)).toMatchObject({ images: [{ id: "tiny" }] });
  const all = await runPostern(["darts", "convert", "--machines", machines, "--config", config, "--json"]);
  expect(JSON.parse(all.stdout)).toMatchObject({
    catalogue: { images: [{ id: "tiny" }] },
    server: ["--max-lifetime 7200"],
    warnings: [expect.any(String), expect.any(String)],
  });
});

it("says which file cannot be read", async () => {
  const { code, stderr } = await runPostern(["darts", "convert", "--machines", "/nowhere"]);
  expect([code, stderr]).toEqual([
    2,
    "postern: /nowhere cannot be read. Check the path and its permissions.\n",
  ]);
});
