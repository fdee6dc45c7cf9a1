import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { SysTree } from "../../launcher/system/sys-tree.ts";

export interface FakePciDevice {
  readonly address: string;
  /** As sysfs writes it: `0x030000`. */
  readonly class: string;
  /** `10de:1d01` */
  readonly ids: string;
  readonly driver?: string;
  readonly group?: string;
  readonly bootVga?: boolean;
  /** A monitor is lit at this card's connector. */
  readonly drivesMonitor?: boolean;
  readonly renderNode?: string;
  readonly mdevTypes?: Readonly<Record<string, { name: string; description: string; available: number }>>;
}

export interface FakePciHost {
  readonly devices: readonly FakePciDevice[];
  readonly cpu?: "GenuineIntel" | "AuthenticAMD";
  readonly commandLine?: string;
  /** KiB of locked memory; absent: without limit. */
  readonly memlock?: number;
  readonly vfio?: boolean;
}

/** `/sys`, `/proc` and `/dev` of a host in a folder, with the part of the kernel that moves drivers. */
export class FakeKernel extends SysTree {
  /** What was written, in order: `PATH=VALUE`. */
  readonly writes: string[] = [];
  readonly ownershipChanges: string[] = [];
  /** Writes to paths that end like this fail, as the kernel lets them. */
  failing: string | null = null;
  readonly #natural = new Map<string, string>();

  static async build(host: FakePciHost): Promise<FakeKernel> {
    const kernel = new FakeKernel(await mkdtemp(join(tmpdir(), "fake-host-")));
    await kernel.#writeFile("proc/cmdline", `BOOT_IMAGE=/vmlinuz ${host.commandLine ?? "quiet"}\n`);
    await kernel.#writeFile("proc/cpuinfo", `vendor_id\t: ${host.cpu ?? "AuthenticAMD"}\n`);
    await kernel.#writeFile("proc/meminfo", "MemTotal:       33554432 kB\n");
    const limit = host.memlock === undefined ? "unlimited" : String(host.memlock * 1024);
    await kernel.#writeFile("proc/self/limits", `Max locked memory         ${limit}  ${limit}  bytes\n`);
    await kernel.#writeFile("sys/bus/pci/drivers_probe", "");
    if (host.vfio !== false) {
      await mkdir(kernel.at("sys/bus/pci/drivers/vfio-pci"), { recursive: true });
      await kernel.#writeFile("dev/vfio/vfio", "");
    }
    for (const device of host.devices) await kernel.#plug(device);
    return kernel;
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  driverOf(address: string): Promise<string | null> {
    return this.linkName(`sys/bus/pci/devices/${address}/driver`);
  }

  override async write(path: string, value: string): Promise<void> {
    this.writes.push(`${path}=${value.trim()}`);
    if (this.failing !== null && path.endsWith(this.failing)) throw new Error("EBUSY: the kernel refuses");
    const folder = dirname(path);
    switch (basename(path)) {
      case "driver_override":
        return writeFile(this.at(path), value.trim());
      case "unbind":
        return this.#unbind(value);
      case "drivers_probe":
        return this.#probe(value);
      case "bind":
        return this.#bind(value, basename(folder));
      case "create":
        return this.#createMdev(folder, value);
      case "remove":
        return this.#removeMdev(basename(folder));
      default:
        throw new Error(`the kernel has no file ${path}`);
    }
  }

  override changeOwner(path: string, owner: { uid: number; gid: number }): Promise<void> {
    this.ownershipChanges.push(`${path} ${owner.uid}:${owner.gid}`);
    return Promise.resolve();
  }

  async #plug(device: FakePciDevice): Promise<void> {
    const folder = `sys/bus/pci/devices/${device.address}`;
    const [vendor, id] = device.ids.split(":");
    await this.#writeFile(`${folder}/class`, `${device.class}\n`);
    await this.#writeFile(`${folder}/vendor`, `0x${vendor}\n`);
    await this.#writeFile(`${folder}/device`, `0x${id}\n`);
    await this.#writeFile(`${folder}/driver_override`, "(null)\n");
    if (device.bootVga !== undefined)
      await this.#writeFile(`${folder}/boot_vga`, device.bootVga ? "1\n" : "0\n");
    if (device.renderNode !== undefined)
      await mkdir(this.at(`${folder}/drm/${device.renderNode}`), { recursive: true });
    if (device.drivesMonitor === true)
      await this.#writeFile(`${folder}/drm/card0/card0-DP-1/enabled`, "enabled\n");
    if (device.driver !== undefined) {
      this.#natural.set(device.address, device.driver);
      await mkdir(this.at(`sys/bus/pci/drivers/${device.driver}`), { recursive: true });
      await this.#bind(device.address, device.driver);
    }
    if (device.group !== undefined) {
      const members = `sys/kernel/iommu_groups/${device.group}/devices`;
      await mkdir(this.at(members), { recursive: true });
      await symlink(`../../../../bus/pci/devices/${device.address}`, this.at(`${members}/${device.address}`));
      await symlink(`../../../../kernel/iommu_groups/${device.group}`, this.at(`${folder}/iommu_group`));
    }
    for (const [type, { name, description, available }] of Object.entries(device.mdevTypes ?? {})) {
      const types = `${folder}/mdev_supported_types/${type}`;
      await this.#writeFile(`${types}/name`, `${name}\n`);
      await this.#writeFile(`${types}/description`, `${description}\n`);
      await this.#writeFile(`${types}/available_instances`, `${available}\n`);
    }
  }

  async #bind(address: string, driver: string): Promise<void> {
    if (!(await this.exists(`sys/bus/pci/drivers/${driver}`))) throw new Error("ENODEV: no such driver");
    await symlink(`../../drivers/${driver}`, this.at(`sys/bus/pci/devices/${address}/driver`));
    const group = await this.linkName(`sys/bus/pci/devices/${address}/iommu_group`);
    if (driver === "vfio-pci" && group !== null) await this.#writeFile(`dev/vfio/${group}`, "");
  }

  async #unbind(address: string): Promise<void> {
    await rm(this.at(`sys/bus/pci/devices/${address}/driver`));
  }

  async #probe(address: string): Promise<void> {
    const asked = await readFile(this.at(`sys/bus/pci/devices/${address}/driver_override`), "utf8");
    const driver = ["", "(null)"].includes(asked.trim()) ? this.#natural.get(address) : asked.trim();
    if (driver === undefined || (await this.driverOf(address)) !== null) return;
    if (await this.exists(`sys/bus/pci/drivers/${driver}`)) await this.#bind(address, driver);
  }

  async #createMdev(typeFolder: string, uuid: string): Promise<void> {
    const available = Number(await readFile(this.at(`${typeFolder}/available_instances`), "utf8"));
    if (available < 1) throw new Error("ENOSPC: no instance is left");
    await writeFile(this.at(`${typeFolder}/available_instances`), String(available - 1));
    const parent = dirname(dirname(typeFolder));
    await mkdir(this.at(`${parent}/${uuid}`));
    await symlink(`../${basename(typeFolder)}`, this.at(`${parent}/${uuid}/mdev_type`));
    await symlink("../../../../../kernel/iommu_groups/99", this.at(`${parent}/${uuid}/iommu_group`));
    await this.#writeFile("dev/vfio/99", "");
    await mkdir(this.at("sys/bus/mdev/devices"), { recursive: true });
    const link = `../../pci/devices/${basename(parent)}/${uuid}`;
    await symlink(link, this.at(`sys/bus/mdev/devices/${uuid}`));
  }

  async #removeMdev(uuid: string): Promise<void> {
    const link = this.at(`sys/bus/mdev/devices/${uuid}`);
    const parent = basename(dirname(await readlink(link)));
    const types = this.at(`sys/bus/pci/devices/${parent}/mdev_supported_types`);
    const type = basename(await readlink(join(dirname(types), uuid, "mdev_type")));
    const available = Number(await readFile(join(types, type, "available_instances"), "utf8"));
    await writeFile(join(types, type, "available_instances"), String(available + 1));
    await rm(join(dirname(types), uuid), { recursive: true });
    await rm(link);
  }

  async #writeFile(path: string, text: string): Promise<void> {
    await mkdir(dirname(this.at(path)), { recursive: true });
    await writeFile(this.at(path), text);
  }

  /** Mediated devices that exist. */
  async mdevs(): Promise<string[]> {
    return readdir(this.at("sys/bus/mdev/devices")).catch(() => []);
  }
}
