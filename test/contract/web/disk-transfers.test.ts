import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { handleHostRequest, type Launcher } from "../../../launcher/index.ts";
import { LocalDiskStore } from "../../../launcher/disks/local-disk-store.ts";
import { hostMethods, systemClock, type DiskCopy, type HostMethod } from "../../../protocol/index.ts";
import { planDiskTransfers } from "../../../orchestrator/disks/disk-location.ts";
import { runDiskTransfer } from "../../../orchestrator/disks/run-disk-transfer.ts";
import type { RequestHost } from "../../../orchestrator/hosts/host-access.ts";
import { pino } from "pino";
import { runProcess } from "../../support/test-process.ts";
import { LauncherFixture } from "../launcher/launcher-fixture.ts";

const ref = { owner: "anna", name: "home" };
const plan = { ...ref, journey: "j1", from: "a", to: "b" };
/** What changes something, in the order of a journey; the disk comes in three pieces. */
const STEPS = [
  ...["disk.export", "disk.import", "disk.write", "disk.check", "disk.yield", "disk.settle", "disk.forget"],
] as const;

/** Two hosts, and a server between them that may lose its way. */
class TransferFixture {
  readonly #launcherFixtures = new Map<string, LauncherFixture>();
  readonly launchers = new Map<string, Launcher>();
  readonly asked: string[] = [];

  static async make(): Promise<TransferFixture> {
    const transferFixture = new TransferFixture();
    for (const host of ["a", "b"]) transferFixture.#launcherFixtures.set(host, await LauncherFixture.make());
    await transferFixture.restart();
    return transferFixture;
  }

  /** Both launchers end and come back: what they knew by heart is gone. */
  async restart(): Promise<void> {
    for (const [host, launcherFixture] of this.#launcherFixtures) {
      await this.launchers.get(host)?.close();
      this.launchers.set(host, await launcherFixture.open());
    }
  }

  /** Where the disk's content lies on a host. */
  fileOn(host: string): string {
    const folder = `${this.#launcherFixtures.get(host)!.options.stateDir}/.data-disks`;
    return LocalDiskStore.open(folder, pino({ level: "silent" })).fileOf(ref);
  }

  /** Answers as hosts do. @param fault is asked before and after each request, and may throw */
  ask(fault: (method: string, moment: "before" | "after") => void = () => undefined): RequestHost {
    return async (host, method, params) => {
      fault(method, "before");
      this.asked.push(method);
      const result = await handleHostRequest(this.launchers.get(host)!, method, params);
      fault(method, "after");
      await this.expectOneDisk();
      return hostMethods[method satisfies HostMethod].result.parse(
        JSON.parse(JSON.stringify(result)),
      ) as never;
    };
  }

  copies(host: string): Promise<DiskCopy[]> {
    return this.launchers.get(host)!.disks.list();
  }

  /** Never two copies that a machine could write to. */
  async expectOneDisk(): Promise<void> {
    const all = [...(await this.copies("a")), ...(await this.copies("b"))];
    expect(all.filter(({ state }) => state === "here").length).toBeLessThanOrEqual(1);
    expect(all.length).toBeGreaterThanOrEqual(1);
  }

  async close(): Promise<void> {
    for (const launcher of this.launchers.values()) await launcher.close();
    for (const launcherFixture of this.#launcherFixtures.values()) await launcherFixture.close();
  }
}

let transferFixture: TransferFixture;
let content: Buffer;
beforeEach(async () => {
  transferFixture = await TransferFixture.make();
  const { disks } = transferFixture.launchers.get("a")!;
  // As a machine would have left it.
  disks.reserve({ ...ref, sizeGb: 1 });
  const file = transferFixture.fileOn("a");
  const raw = `${file}.raw`;
  writeFileSync(raw, randomBytes(400_000));
  await runProcess("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, file]);
  await runProcess("qemu-img", ["resize", "-q", "-f", "qcow2", file, "1G"]);
  const record = file.replace("disk.qcow2", "disk.json");
  writeFileSync(record, readFileSync(record, "utf8").replace('"new"', '"here"'));
  await transferFixture.restart();
  content = readFileSync(file);
});
afterEach(() => transferFixture.close());

async function expectArrived(): Promise<void> {
  expect(await transferFixture.copies("a")).toEqual([]);
  expect(await transferFixture.copies("b")).toMatchObject([
    { ...ref, state: "here", sizeGb: 1, bytes: content.length },
  ]);
  expect(readFileSync(transferFixture.fileOn("b")).equals(content)).toBe(true);
}

const runTransfer = (ask: RequestHost) =>
  runDiskTransfer(plan, { request: ask, clock: systemClock, signal: AbortSignal.timeout(50_000) });

describe("the journey of a data disk", () => {
  test("brings it whole to another host, and leaves nothing behind", async () => {
    await runTransfer(transferFixture.ask());
    await expectArrived();
    expect(transferFixture.asked.filter((method) => method === "disk.write").length).toBeGreaterThan(1);
    expect((await transferFixture.launchers.get("b")!.facts()).dataDisks).toEqual(["anna/home"]);
    // And back: what it came by is no obstacle.
    const back = { ...plan, journey: "j2", from: "b", to: "a" };
    const signal = AbortSignal.timeout(50_000);
    await runDiskTransfer(back, { request: transferFixture.ask(), clock: systemClock, signal });
    expect(readFileSync(transferFixture.fileOn("a")).equals(content)).toBe(true);
  });

  test.for(STEPS.flatMap((step) => [[step, "before"] as const, [step, "after"] as const]))(
    "goes on when everybody crashes at %s, %s it was done",
    async ([step, moment]) => {
      let times = 0;
      const crash = (method: string, when: string): void => {
        // Of the pieces it is the second one.
        if (method === step && when === moment && ++times === (step === "disk.write" ? 2 : 1))
          throw new Error("crash");
      };
      await expect(runTransfer(transferFixture.ask(crash))).rejects.toThrow("crash");
      await transferFixture.restart();
      await transferFixture.expectOneDisk();
      const begun = planDiskTransfers(
        new Map([
          ["a", await transferFixture.copies("a")],
          ["b", await transferFixture.copies("b")],
        ]),
      );
      // Whoever looks at the hosts finds the journey again, unless it had not begun or was over.
      const isOn =
        !(step === "disk.export" && moment === "before") && !(step === "disk.forget" && moment === "after");
      expect(begun).toEqual(isOn ? [plan] : []);
      await runTransfer(transferFixture.ask());
      await expectArrived();
    },
  );

  test("keeps machines from a disk that travels, on both hosts", async () => {
    const stop = (method: string): void => {
      if (method === "disk.settle") throw new Error("crash");
    };
    await expect(runTransfer(transferFixture.ask(stop))).rejects.toThrow("crash");
    for (const launcher of transferFixture.launchers.values()) {
      expect(() => {
        launcher.disks.reserve({ ...ref, sizeGb: 1 });
      }).toThrowError(expect.objectContaining({ code: "DISK_TRAVELS" }) as Error);
      await expect(launcher.disks.remove(ref)).rejects.toMatchObject({ code: "DISK_TRAVELS" });
    }
    // Nobody may make it anew elsewhere meanwhile.
    expect((await transferFixture.launchers.get("a")!.facts()).dataDisks).toEqual(["anna/home"]);
    await expect(transferFixture.launchers.get("a")!.disks.transfers.stay("j1")).rejects.toMatchObject({
      code: "DISK_JOURNEY",
    });
  });

  test("sends it again when it came damaged", async () => {
    let spoilt = false;
    const spoil = (method: string): void => {
      if (method !== "disk.check" || spoilt) return;
      spoilt = true;
      const file = transferFixture.fileOn("b");
      const bytes = readFileSync(file);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(file, bytes);
    };
    await runTransfer(transferFixture.ask(spoil));
    await expectArrived();
  });

  test("stays when the other host has no room for it", async () => {
    transferFixture.launchers.get("b")!.disks.reserve({ ...ref, sizeGb: 1 });
    await expect(
      transferFixture.launchers.get("b")!.disks.transfers.startImport({
        ...{ ...ref, journey: "j1", partner: "a", sizeGb: 1, bytes: 1, sha256: "0".repeat(64) },
      }),
    ).rejects.toMatchObject({ code: "DISK_EXISTS" });
    await expect(runTransfer(transferFixture.ask())).rejects.toMatchObject({ code: "DISK_STUCK" });
    expect(await transferFixture.copies("a")).toMatchObject([{ state: "here" }]);
    await transferFixture.launchers.get("b")!.disks.remove(ref);
  });

  test("does not let a copy become the disk that names a file of the host", async () => {
    const { transfers: journeys } = transferFixture.launchers.get("b")!.disks;
    const evil = `${transferFixture.fileOn("b")}`.replace(/[^/]+\/disk\.qcow2$/, "evil.qcow2");
    await runProcess("mkdir", ["-p", evil.replace("/evil.qcow2", "")]);
    await runProcess("qemu-img", [
      "create",
      "-q",
      "-u",
      "-f",
      "qcow2",
      "-F",
      "raw",
      "-b",
      "/etc/passwd",
      evil,
      "1G",
    ]);
    const bytes = readFileSync(evil);
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await journeys.startImport({
      ...ref,
      journey: "j9",
      partner: "a",
      sizeGb: 1,
      bytes: bytes.length,
      sha256,
    });
    await journeys.write("j9", 0, bytes);
    await expect(
      (async () => {
        for (;;) {
          if ((await journeys.check("j9")).state === "arrived") return;
        }
      })(),
    ).rejects.toMatchObject({ safeMessage: "The data disk cannot be used: it names a backing file." });
    await journeys.drop("j9");
    expect(await transferFixture.copies("b")).toEqual([]);
  });
});
