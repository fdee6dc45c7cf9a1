import path from "node:path";
import { pino } from "pino";
import { z } from "zod";
import { AdminApi } from "../../../bin/admin-api.ts";
import { RUNTIME_FILE } from "../../../bin/programs/data-dirs.ts";
import { handleHostRequest, type Launcher } from "../../../launcher/index.ts";
import {
  hostMethods,
  isPosternError,
  RequestError,
  systemClock,
  type DiskCopy,
} from "../../../protocol/index.ts";
import { openStores, type MachineRecord, type Stores } from "../../../proxy/index.ts";
import type { Web } from "../../../web/index.ts";
import { writeFile } from "node:fs/promises";
import { COUNTER, BOOT_COUNTER, writeBootDisk } from "../../support/boot-sector.ts";
import { FakeProxy } from "../../support/fake-proxy.ts";
import { waitFor } from "../../support/wait-for.ts";
import { LauncherFixture } from "../launcher/launcher-fixture.ts";
import { openWebAndOrchestrator } from "../../support/open-web-and-orchestrator.ts";

export const HOME = { owner: "anna", name: "home" };
/** A request to a host; may throw, before it is answered. */
type RequestHook = (host: string, method: string) => void | Promise<void>;

/** A server's web, its state, and two hosts `a` and `b` with real launchers and a machine's room each. */
export class DiskFixture {
  readonly launchers = new Map<string, Launcher>();
  /** What people could read about machines, in order. */
  readonly reasons: string[] = [];
  readonly stores: Stores;
  proxy: FakeProxy;
  onRequest: RequestHook = () => undefined;
  readonly #launcherFixtures = new Map<string, LauncherFixture>();
  readonly #folder: string;
  readonly #ownerId: string;
  #web: Web | undefined;

  private constructor(stores: Stores, folder: string, ownerId: string) {
    this.stores = stores;
    this.#folder = folder;
    this.#ownerId = ownerId;
    this.proxy = new FakeProxy(stores);
    const update = stores.machines.update.bind(stores.machines);
    stores.machines.update = (id, change) => {
      if (typeof change.reason === "string") this.reasons.push(change.reason);
      return update(id, change);
    };
  }

  /** @param userDataGb of one person on `b` */
  static async make(userDataGb?: number): Promise<DiskFixture> {
    const first = await LauncherFixture.make();
    const database = `sqlite:${path.join(first.folder, "db")}`;
    const stores = await openStores({ database, masterKey: Buffer.alloc(32, 7) }, systemClock);
    first.cleanup.add({ stop: () => stores.close() });
    const { id } = await stores.users.add({ name: HOME.owner, role: "admin", passwordHash: "-" });
    const diskFixture = new DiskFixture(stores, first.folder, id);
    for (const [host, launcherFixture] of [
      ["a", first] as const,
      ["b", await LauncherFixture.make()] as const,
    ]) {
      diskFixture.#launcherFixtures.set(host, launcherFixture);
      await stores.agents.add({
        id: host,
        name: `rack-${host}`,
        kind: "host",
        admitted: true,
        publicKey: "k",
      });
      const images = [];
      for (const [image, code] of [["keeper", BOOT_COUNTER] as const, ["counter", COUNTER] as const]) {
        const file = path.join(launcherFixture.folder, `${image}.raw`);
        await writeBootDisk(file, code);
        images.push({ id: image, boot: { kind: "disk", format: "raw", file } });
      }
      const limits = { ...launcherFixture.options.limits, maxInstances: 1 };
      const more = host === "b" && userDataGb !== undefined ? { userDataGb } : {};
      const launcher = await launcherFixture.openWith(images, { limits: { ...limits, ...more } });
      diskFixture.launchers.set(host, launcher);
      launcher.on("state", (machine) => {
        diskFixture.proxy.emit("machine.state", { agentId: host, machine });
      });
    }
    await diskFixture.openServer();
    return diskFixture;
  }

  /** A server's program on the state and the hosts that are there. */
  async openServer(): Promise<void> {
    const adminSocket = path.join(this.#folder, "admin.sock");
    const log = pino({ level: "silent" });
    const { proxy } = this;
    this.#web = await openWebAndOrchestrator({
      proxy,
      adminSocket,
      clientDir: this.#folder,
      log,
      clock: systemClock,
    });
    await writeFile(path.join(this.#folder, RUNTIME_FILE), JSON.stringify({ pid: process.pid, adminSocket }));
  }

  async closeServer(): Promise<void> {
    await this.#web?.close();
    const old = this.proxy;
    this.proxy = new FakeProxy(this.stores);
    for (const { id } of old.connectedAgents()) this.connect(id);
  }

  connect(host: string): void {
    const methods = Object.keys(hostMethods).map((method) => [method, this.#answer(host, method)]);
    this.proxy.connectHost(host, Object.fromEntries(methods) as Parameters<FakeProxy["connectHost"]>[1]);
  }

  /** Nobody has asked for it on the pages: hosts are looked for when one of them is heard of. */
  async queueMachine(
    id: string,
    dataDisk: { readonly name: string; readonly sizeGb: number },
  ): Promise<void> {
    await this.stores.machines.add({
      ...{ id, name: id, image: "keeper", ownerId: this.#ownerId, state: "queued" },
      ...{
        cpus: 1,
        memoryMb: 32,
        wish: { gpu: "none", master: false, emptyDisk: false, monitors: 1, dataDisk },
      },
    });
  }

  triggerScheduling(): void {
    this.proxy.emit("agent.changed", { agentId: this.proxy.connectedAgents()[0]!.id });
  }

  /** Starts it as an administrator does. */
  start(id: string): Promise<unknown> {
    return new AdminApi(this.#folder).post(`/machines/${id}/start`, {}, z.unknown());
  }

  /** What the keeper counted when it was last there: on its system disk, and on the data disk. */
  async readCounters(host: string, id: string): Promise<string> {
    const launcher = this.launchers.get(host)!;
    const launcherFixture = this.#launcherFixtures.get(host)!;
    await waitFor(`${id} on ${host}`, () => launcher.machines().some((machine) => machine.id === id), {
      timeoutMs: 40_000,
      explain: () => JSON.stringify({ reasons: this.reasons, asked: this.proxy.asked.slice(-30) }),
    });
    return (await launcherFixture.waitForSerial(launcher, id, /S.D.E/)).match(/S.D.E/g)!.at(-1)!;
  }

  async expectRecord(id: string, what: (record: MachineRecord) => boolean): Promise<MachineRecord> {
    let record: MachineRecord | null = null;
    return waitFor(
      `the record of ${id}`,
      async () => {
        record = await this.stores.machines.find(id);
        return record !== null && what(record) ? record : undefined;
      },
      { timeoutMs: 30_000, explain: () => JSON.stringify({ record, reasons: this.reasons }) },
    );
  }

  async stop(host: string, id: string): Promise<void> {
    const launcher = this.launchers.get(host)!;
    await launcher.stop(id, true);
    await this.#launcherFixtures.get(host)!.waitForState(launcher, id, "stopped");
    await this.expectRecord(id, ({ state }) => state === "stopped");
  }

  copies(host: string): Promise<DiskCopy[]> {
    return this.launchers.get(host)!.disks.list();
  }

  async close(): Promise<void> {
    await this.#web?.close();
    for (const launcherFixture of [...this.#launcherFixtures.values()].reverse())
      await launcherFixture.close();
  }

  #answer(host: string, method: string) {
    return async (params: unknown): Promise<unknown> => {
      await this.onRequest(host, method);
      try {
        const answer = await handleHostRequest(this.launchers.get(host)!, method, params);
        await this.#expectOneDisk();
        return answer;
      } catch (error) {
        // As it comes over the wire.
        if (!isPosternError(error)) throw error;
        throw new RequestError(error.code, error.message, { safeMessage: error.safeMessage });
      }
    };
  }

  /** Never two copies that a machine could write to. */
  async #expectOneDisk(): Promise<void> {
    const all = [...(await this.copies("a")), ...(await this.copies("b"))];
    const disks = all.filter(({ state }) => state === "here" || state === "new");
    if (disks.length > 1) throw new Error(`two disks: ${JSON.stringify(disks)}`);
  }
}
