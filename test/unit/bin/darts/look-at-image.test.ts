import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDartsHost } from "../../../../bin/darts/darts-host.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { convert } from "./darts-fixture.ts";

// Real files, as they lie there.
describe("the content of an image decides", () => {
  const QCOW2 = Buffer.concat([Buffer.from("514649fb00000002", "hex"), Buffer.alloc(65_536)]);
  const cleanup = new CleanupStack();
  let folder: string;
  let dirs: string;
  beforeAll(async () => {
    folder = await cleanup.makeFolder();
    dirs = `$config{dir_machines} = "${folder}/machines";`;
    await mkdir(path.join(folder, "machines/downloads/a"), { recursive: true });
    const write = (name: string, content: Buffer) => writeFile(path.join(folder, "machines", name), content);
    QCOW2.writeUInt32BE(16, 20);
    await write("downloads/a/a-1.qcow2", QCOW2);
    await write("other.img", QCOW2);
    await write("old.qcow2.old", QCOW2);
    await write("live.iso", Buffer.alloc(65_536));
    await write("plain.qcow2", Buffer.alloc(65_536));
    await write("notes.txt", Buffer.from("notes"));
    await write("packed.img", Buffer.from("1f8b08", "hex"));
    await write(
      "appliance.qcow2",
      Buffer.concat([Buffer.alloc(257), Buffer.from("ustar\0"), Buffer.alloc(512)]),
    );
    await writeFile(path.join(folder, "away.qcow2"), QCOW2);
    const link = (to: string, name: string) => symlink(to, path.join(folder, "machines", name));
    await link("downloads/a/a-1.qcow2", "a.qcow2");
    await link("../away.qcow2", "away.img");
    await link("downloads/none.iso", "none.iso");
    await link("circle.qcow2", "circle.qcow2");
    await mkdir(path.join(folder, "machines/folder.qcow2"));
  });
  afterAll(() => cleanup.close());

  const convertHere = (name: string) =>
    convert(`[${name}]`, dirs, { lookAtImage: openDartsHost().lookAtImage });

  it.each<[string, object, RegExp[]]>([
    ["a.qcow2", { kind: "disk", format: "qcow2", file: "machines/a.qcow2" }, []],
    [
      "other.img",
      { kind: "disk", format: "qcow2", file: "machines/other.img" },
      [/^other\.img: it is a qcow2 image, whatever its name says\.$/],
    ],
    ["old.qcow2.old", { kind: "disk", format: "qcow2", file: "machines/old.qcow2.old" }, [/a qcow2 image/]],
    ["plain.qcow2", { kind: "disk", format: "raw", file: "machines/plain.qcow2" }, [/a raw image/]],
    ["live.iso", { kind: "iso", file: "machines/live.iso" }, []],
    ["none.iso", { kind: "iso", file: "machines/none.iso" }, []],
    [
      "away.img",
      { kind: "disk", format: "qcow2", file: "away.qcow2" },
      [/a link to .*\/away\.qcow2, which the catalogue names now/, /a qcow2 image/],
    ],
  ])("%s", async (name, boot, expected) => {
    const { catalogue: written, warnings } = await convertHere(name);
    const found = written.images[0]?.boot as { file: string };
    expect({ ...found, file: path.relative(folder, found.file) }).toEqual(boot);
    // The test's folder is closed to others.
    expect(warnings.filter((text) => !text.includes("may not read it"))).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern) as unknown),
    );
  });

  it.each([
    ["notes.txt", /neither its ending nor its content/],
    ["packed.img", /it is an archive/],
    ["appliance.qcow2", /import it/],
    ["folder.qcow2", /not an ordinary file/],
    ["circle.qcow2", /its links lead in a circle/],
  ])("%s is left out", async (name, why) => {
    expect(await convertHere(name)).toMatchObject({
      catalogue: { images: [] },
      warnings: [expect.stringMatching(why)],
    });
  });
});
