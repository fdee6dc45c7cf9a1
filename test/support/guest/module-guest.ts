import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { writeCpio, type CpioEntry } from "./cpio.ts";
import type { LinuxGuest } from "./linux-guest.ts";

const [FILE, PROGRAM, FOLDER] = [0o100644, 0o100755, 0o040755];

/**
 * A small Linux (Debian's kernel for any computer: the cloud one has few modules) that runs `script` and switches itself
 * off. What the script prints comes out of the first serial port.
 * @param names of modules that are loaded first; whatever they need comes with them
 */
export async function buildModuleGuest(
  folder: string,
  names: readonly string[],
  script: string,
): Promise<LinuxGuest> {
  const kernel = readdirSync("/boot").findLast((name) => /^vmlinuz-[\d.]+-\d+-amd64$/.test(name));
  if (kernel === undefined) throw new Error("There is no kernel of linux-image-amd64 in /boot.");
  const tree = path.join("/lib/modules", kernel.slice("vmlinuz-".length));
  const modules = orderModules(names, await readFile(path.join(tree, "modules.dep"), "utf8"));
  const entries: CpioEntry[] = [
    ...["bin", "lib", "proc", "sys", "dev"].map((name) => folderEntry(name)),
    { path: "bin/busybox", mode: PROGRAM, data: await readFile("/bin/busybox") },
    { path: "init", mode: PROGRAM, data: Buffer.from(writeInit(modules, script)) },
  ];
  for (const file of modules) {
    const data = await readFile(path.join(tree, file));
    entries.push({ path: `lib/${path.basename(file)}`, mode: FILE, data });
  }
  const initrd = path.join(folder, "module-guest.cpio.gz");
  await writeFile(initrd, gzipSync(writeCpio(entries), { level: 1 }));
  return { kernel: path.join("/boot", kernel), initrd };
}

/** Their files, each behind those that it needs. */
function orderModules(names: readonly string[], dependencies: string): string[] {
  const lines = dependencies
    .split("\n")
    .map((line) => line.split(/:? /).map((file) => file.replace(/:$/, "")));
  const needed = names.flatMap((name) => {
    const found = lines.find(([file = ""]) => path.basename(file, ".ko") === name);
    if (found === undefined) throw new Error(`The kernel has no module ${name}.`);
    return found.toReversed();
  });
  return [...new Set(needed)];
}

function folderEntry(name: string): CpioEntry {
  return { path: name, mode: FOLDER, data: Buffer.alloc(0) };
}

function writeInit(modules: readonly string[], script: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
for module in ${modules.map((file) => path.basename(file)).join(" ")}; do insmod /lib/$module; done
${script}
echo GUEST-DONE
poweroff -f
`;
}
