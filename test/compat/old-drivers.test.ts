import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseHardware, importImage, ImageStore } from "../../launcher/index.ts";
import { imageEntry, resolveHardware } from "../../protocol/index.ts";
import { LauncherFixture } from "../contract/launcher/launcher-fixture.ts";
import { installGuest } from "../support/guest/disk-guest.ts";
import { buildModuleGuest } from "../support/guest/module-guest.ts";

let fixture: LauncherFixture;
beforeEach(async () => {
  fixture = await LauncherFixture.make();
});
afterEach(() => fixture.close());

/** As an old Linux, or one that was made for another hypervisor: it has these drivers and no others. */
const DRIVERS = ["ahci", "sd_mod", "e1000"];
const SCRIPT = `
for try in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/sda ] && break; sleep 1; done
[ -b /dev/sda ] && echo "DISK $(cat /sys/block/sda/device/vendor)" || echo NO-DISK
cat /sys/class/net/eth0/address || echo NO-CARD
`;

test("a guest without virtio drivers finds disk and network card, imported from VirtualBox's format", async () => {
  const vdi = await installGuest(
    fixture.folder,
    await buildModuleGuest(fixture.folder, DRIVERS, SCRIPT),
    "vdi",
  );
  const store = await ImageStore.open({ folder: fixture.options.imagesDir, catalogueFile: null });
  const work = { signal: new AbortController().signal, onProgress: () => undefined };
  await importImage(
    store,
    {
      ...{ id: "old", file: vdi, declared: null, compress: false },
      describe: (imported) =>
        imageEntry.parse({
          ...{ id: "old", title: "Old", description: "", network: "isolated" },
          ...{ memoryMb: { default: 256, min: 256 }, cpus: { default: 1, min: 1 } },
          boot: { kind: "disk", format: "qcow2", file: imported.file },
          hardware: chooseHardware(imported),
        }),
    },
    work,
  );
  store.close();
  expect(resolveHardware(store.find("old").hardware)).toMatchObject({ disk: "sata", card: "e1000" });
  const launcher = await fixture.open();
  await launcher.create({ id: "m1", name: "m1", image: "old" });
  const said = await fixture.waitForSerial(launcher, "m1", /GUEST-DONE/, 120_000);
  expect(said).toMatch(/DISK ATA/);
  expect(said).toContain(addressOfSpec());
}, 180_000);

/** A machine that has switched itself off has no process: its record says the address. */
function addressOfSpec(): string {
  const spec = JSON.parse(readFileSync(join(fixture.options.stateDir, "m1", "spec.json"), "utf8")) as {
    mac: string;
  };
  return spec.mac;
}
