import { spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import { gpuArguments } from "./dist/launcher/argv/gpu-arguments.js";
import { GpuAllocator } from "./dist/launcher/gpu/gpu-allocator.js";
import { parseGpuPolicy } from "./dist/launcher/gpu/gpu-policy.js";
import { judgeGpuReadiness, readGpuReadiness } from "./dist/launcher/gpu/gpu-readiness.js";
import { SysTree } from "./dist/launcher/system/sys-tree.js";
import { systemClock } from "./dist/protocol/index.js";

const PATIENCE_MS = 300_000;
const tree = new SysTree();
const policy = parseGpuPolicy(["all"], []);

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** The drivers of these functions, as the kernel shows them. */
function drivers(addresses) {
  const driverOf = (address) => {
    try {
      return basename(readlinkSync(`/sys/bus/pci/devices/${address}/driver`));
    } catch {
      return "none";
    }
  };
  return addresses.map((address) => `${address}=${driverOf(address)}`).join(" ");
}

/** Runs a second machine until its firmware has looked at all its devices. */
function runGuest(argv) {
  return new Promise((done) => {
    const guest = spawn("/usr/bin/qemu-system-x86_64", argv, { stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => guest.kill("SIGKILL"), PATIENCE_MS);
    let text = "";
    guest.stdout.on("data", (data) => {
      text += data;
      process.stdout.write(data);
      if (/PCI: init bdf=01:00\.1/.test(text)) guest.kill("SIGTERM");
    });
    guest.stderr.on("data", (data) => process.stdout.write(`QEMU: ${data}`));
    guest.on("exit", () => {
      clearTimeout(timer);
      done();
    });
  });
}

for (const { state, code, text } of judgeGpuReadiness(await readGpuReadiness(tree, policy, true)))
  say(`DOCTOR ${state} ${code} ${text}`);
const log = { info: () => undefined, warn: (fields, text) => say(`${text} ${fields.err ?? ""}`) };
const allocator = new GpuAllocator({
  tree,
  policy,
  recordFile: "/tmp/gpu.json",
  account: null,
  log,
  clock: systemClock,
});
const assignment = await allocator.reserve("passthrough", "m1");
const addresses = assignment.devices.map(({ address }) => address);
say(`TAKEN ${drivers(addresses)}`);
await runGuest([
  ...["-no-user-config", "-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "64", "-display", "none"],
  ...["-chardev", "stdio,id=marks,signal=off", "-device", "isa-debugcon,iobase=0x402,chardev=marks"],
  ...gpuArguments(assignment),
]);
await allocator.release("m1");
say(`GIVEN BACK ${drivers(addresses)}`);
