// Several monitors of a machine in a Linux: what the viewer of each moves there, and which of them are plugged in.
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Launcher } from "../../launcher/index.ts";
import { LauncherFixture } from "../contract/launcher/launcher-fixture.ts";
import { buildModuleGuest } from "../support/guest/module-guest.ts";
import { connectRfb, type RfbClient } from "../support/rfb-client.ts";

const MODULES = ["xhci-pci", "usbhid", "hid-generic", "evdev", "virtio_pci", "virtio-gpu"];

/** Says `tablet PORT` and the position, in hexadecimal, whenever one is moved; and which monitors there are. */
const SCRIPT = `
watch() {
  port=$(sed 's/.*-\\([0-9]*\\)\\/input0/\\1/' $1/device/phys)
  exec 3</dev/input/$(basename $1)
  echo "tablet $port ready"
  while event=$(dd bs=24 count=1 <&3 2>/dev/null | hexdump -v -e '24/1 "%02x" "\\n"'); do
    case $event in ????????????????????????????????0300*) echo "tablet $port $(echo $event | cut -c37-44)" ;; esac
  done
}
until [ $(grep -l usb /sys/class/input/event*/device/phys | wc -l) = 2 ]; do sleep 1; done
for event in /sys/class/input/event*; do grep -q usb $event/device/phys && watch $event & done
while true; do
  for monitor in /sys/class/drm/card0-*; do echo "$(basename $monitor) $(cat $monitor/status) $(head -n 1 $monitor/modes)"; done
  sleep 5
done
`;

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
});
afterEach(() => launcherFixture.close());

async function view(launcher: Launcher, index: number): Promise<RfbClient> {
  const { socketPath, vncPassword } = launcher.displays()[index]!.display;
  const viewer = await connectRfb(launcherFixture.cleanup, { path: socketPath });
  await viewer.handshake({ password: vncPassword! });
  viewer.setEncodings(0);
  return viewer;
}

test("a guest finds all its monitors plugged in, and each viewer moves the tablet of its own screen", async () => {
  const { kernel, initrd } = await buildModuleGuest(launcherFixture.folder, MODULES, SCRIPT);
  const image = {
    ...{ id: "linux", memoryMb: { default: 256, min: 16 }, display: "virtio" },
    boot: { kind: "kernel", kernel, initrd, cmdline: "console=ttyS0 quiet panic=-1" },
  };
  const launcher = await launcherFixture.openWith([image]);
  await launcher.create({ id: "m1", name: "one", image: "linux", monitors: 2 });
  await launcherFixture.waitForSerial(launcher, "m1", /tablet 1 ready/, 150_000);
  await launcherFixture.waitForSerial(launcher, "m1", /tablet 2 ready/, 20_000);
  await launcherFixture.waitForSerial(launcher, "m1", /card0-Virtual-2 connected 1280x800/, 20_000);
  for (const [index, tablet] of [
    [1, 2],
    [0, 1],
  ] as const) {
    const before = (await launcher.bootLog("m1")).text.length;
    const viewer = await view(launcher, index);
    viewer.movePointer(viewer.framebuffer.width - 1, viewer.framebuffer.height - 1);
    const text = await launcherFixture.waitForSerial(
      launcher,
      "m1",
      new RegExp(`tablet ${tablet} 0100..7f`),
      20_000,
    );
    expect(text.slice(before)).not.toMatch(new RegExp(`tablet ${3 - tablet} `));
  }
}, 240_000);
