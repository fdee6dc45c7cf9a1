import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { runProcess } from "../support/test-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TRIAL = path.join(ROOT, "test/support/vfio-trial");
const QEMU = "/usr/bin/qemu-system-x86_64";
const QEMU_MODULE = "/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so";
const TRIAL_MS = 540_000;
const cleanup = new CleanupStack();

afterAll(() => cleanup.close());

/** The newest kernel here that has its modules. */
async function findKernel(): Promise<{ image: string; modules: string }> {
  const names = (await readdir("/boot")).filter((name) => name.startsWith("vmlinuz-")).sort();
  const version = names.at(-1)?.slice("vmlinuz-".length);
  if (version === undefined) throw new Error("No kernel is in /boot: apt install linux-image-cloud-amd64");
  return { image: `/boot/vmlinuz-${version}`, modules: `/lib/modules/${version}/kernel` };
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await runProcess("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, file = ""]) => file);
}

/** A whole system in a folder: Node.js, QEMU, VFIO's modules, and our code. */
async function installSystem(root: string, modules: string): Promise<void> {
  for (const folder of ["bin", "dev", "proc", "sys", "tmp", "mods", "app/node_modules"])
    await mkdir(path.join(root, folder), { recursive: true });
  const programs = [process.execPath, QEMU];
  const libraries = await Promise.all(programs.map((program) => librariesOf(program)));
  const files = [QEMU, QEMU_MODULE, "/usr/share/seabios/bios-256k.bin", ...libraries.flat()];
  for (const file of new Set(files)) await cp(file, path.join(root, file), { dereference: true });
  await cp(process.execPath, path.join(root, "bin/node"), { dereference: true });
  await cp("/bin/busybox", path.join(root, "bin/busybox"), { dereference: true });
  await symlink("busybox", path.join(root, "bin/sh"));
  for (const folder of ["drivers/vfio", "drivers/vfio/pci", "virt/lib"])
    for (const name of await readdir(path.join(modules, folder)))
      if (name.endsWith(".ko")) await cp(path.join(modules, folder, name), path.join(root, "mods", name));
  await cp(path.join(TRIAL, "init"), path.join(root, "init"));
  await cp(path.join(TRIAL, "trial.mjs"), path.join(root, "app/trial.mjs"));
  await writeFile(path.join(root, "app/package.json"), '{"type":"module"}');
  for (const part of ["protocol", "launcher"])
    await cp(path.join(ROOT, "dist", part), path.join(root, "app/dist", part), { recursive: true });
  const zod = path.join(root, "app/node_modules/zod");
  await cp(path.join(ROOT, "node_modules/zod"), zod, { recursive: true, dereference: true });
}

it(
  "takes a card of two functions from a real kernel, shows both to a second guest, and gives them back",
  async () => {
    const folder = await cleanup.makeFolder();
    const { image, modules } = await findKernel();
    await installSystem(path.join(folder, "root"), modules);
    const pack = "chmod 755 root/init && cd root && find . | cpio -o -H newc --quiet > ../initrd";
    const packed = await runProcess("sh", ["-c", `cd '${folder}' && ${pack}`]);
    expect(packed).toMatchObject({ code: 0, stderr: "" });
    const serial = path.join(folder, "serial.log");
    await runProcess(
      QEMU,
      [
        ...[
          "-nodefaults",
          "-no-reboot",
          "-display",
          "none",
          "-machine",
          "q35",
          "-accel",
          "tcg",
          "-cpu",
          "max",
        ],
        ...["-smp", "2", "-m", "1500", "-kernel", image, "-initrd", path.join(folder, "initrd")],
        ...["-append", "console=ttyS0 quiet intel_iommu=on iommu=pt", "-serial", `file:${serial}`],
        ...["-device", "intel-iommu,intremap=on", "-device", "pcie-root-port,id=port1,chassis=1"],
        // Stands for a GPU; its second function, as the sound of a card, has a driver.
        ...["-device", "bochs-display,bus=port1,addr=0.0,multifunction=on"],
        ...["-blockdev", "driver=null-co,node-name=null0,size=16777216"],
        ...["-device", "nvme,bus=port1,addr=0.1,serial=x,drive=null0"],
      ],
      { timeoutMs: TRIAL_MS },
    );
    const said = await readFile(serial, "utf8");
    expect(said).toContain("DOCTOR ok gpu-iommu The IOMMU is on");
    expect(said).toContain(
      "DOCTOR ok gpu-group PCI 1234:1111 can be given to a machine and back: 0000:01:00.0 (no driver), 0000:01:00.1 (nvme).",
    );
    expect(said).toContain("TAKEN 0000:01:00.0=vfio-pci 0000:01:00.1=vfio-pci");
    expect(said).toMatch(/PCI: init bdf=01:00\.0 id=1234:1111\s+PCI: init bdf=01:00\.1 id=1b36:0010/);
    expect(said).toContain("GIVEN BACK 0000:01:00.0=none 0000:01:00.1=nvme");
  },
  TRIAL_MS + 60_000,
);
