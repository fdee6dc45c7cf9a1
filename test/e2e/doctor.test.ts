import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { arch, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPostern } from "../support/postern.ts";

interface Finding {
  readonly code: string;
  readonly state: "ok" | "advice" | "missing";
  readonly text: string;
  readonly remedy?: string;
}

interface Answer {
  readonly fine: boolean;
  readonly findings: readonly Finding[];
}

let folder: string;
/** Folder with all programs of this machine but virt-customize, which takes half a minute to try. */
let programs: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "doctor-"));
  programs = await mkdtemp(path.join(tmpdir(), "doctor-programs-"));
  const seen = new Set(["virt-customize"]);
  for (const place of (process.env["PATH"] ?? "").split(path.delimiter).filter((place) => existsSync(place)))
    for (const name of readdirSync(place)) {
      if (!seen.has(name)) await symlink(path.join(place, name), path.join(programs, name));
      seen.add(name);
    }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(programs, { recursive: true, force: true });
});

async function ask(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; answer: Answer }> {
  const data = path.join(folder, "data");
  const { code, stdout, stderr } = await runPostern(["doctor", "--data", data, "--json", ...args], env);
  expect(stderr).toBe("");
  return { code, answer: JSON.parse(stdout) as Answer };
}

/** Classes of this machine's PCI devices, read apart from the program. */
function hasGpu(): boolean {
  const devices = "/sys/bus/pci/devices";
  if (!existsSync(devices)) return false;
  return readdirSync(devices).some((name) =>
    readFileSync(path.join(devices, name, "class"), "utf8").startsWith("0x03"),
  );
}

describe("postern doctor", () => {
  it("says what is true of this machine, and changes nothing", async () => {
    const { code, answer } = await ask(["--listen", "127.0.0.1:0"]);
    const { findings } = answer;
    const find = (wanted: string): Finding => findings.find((finding) => finding.code === wanted)!;
    // The tests run on the Node that bin/postern takes: the system's, or the one that set-up brought along.
    const origin = process.execPath.includes("/bin/runtime/") ? ", brought along by set-up" : "";
    expect(find("node")).toEqual({ code: "node", state: "ok", text: `Node.js ${process.version}${origin}.` });
    expect(find("qemu")).toMatchObject({
      state: "ok",
      text: expect.stringMatching(/^QEMU \d+\.\d+\.\d+\.$/) as string,
    });
    expect(find("qemu-img").state).toBe("ok");
    expect(find("memory").text).toMatch(/GiB of memory are free; \d+ processors/);
    expect(find("disk").text).toContain(path.join(folder, "data", "machines"));
    if (!hasGpu()) expect(find("gpu").text).toBe("This host has no GPU. Machines show emulated screens.");
    else expect(find("gpu").text).toMatch(/^GPUs: [0-9a-f]{4}:/);
    if (!existsSync("/dev/kvm")) expect(find("kvm").text).toMatch(/^\/dev\/kvm is missing/);
    // Whatever stands in /dev, the finding comes from a guest that ran.
    else if (arch() === "x64") expect(find("kvm").text).toMatch(/not worth using: KVM|KVM works|closed/);
    for (const { state, text, remedy } of findings) {
      expect(text).toMatch(/\.$/);
      expect(remedy === undefined, text).toBe(state === "ok");
    }
    expect(answer.fine).toBe(findings.every(({ state }) => state !== "missing"));
    expect(code).toBe(answer.fine ? 0 : 1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("ends with 1 and names what must be mended: a port that is taken, a GPU that is not there", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const { code, answer } = await ask(["--listen", `127.0.0.1:${port}`, "--gpu", "99:1f.7"], {
      PATH: programs,
    });
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(answer.fine).toBe(false);
    const wrong = answer.findings.filter(({ state }) => state === "missing");
    expect(wrong.find((finding) => finding.code === "port")?.text).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:${port} is taken by .+ \\(process ${process.pid}\\)\\.$`),
    );
    expect(wrong.map((finding) => finding.code)).toContain(hasGpu() ? "gpu-address" : "gpu");
  });

  it("looks where the server of the data folder listens", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const runtime = { pid: process.pid, adminSocket: "/run/a.sock", listen: { host: "127.0.0.1", port } };
    await mkdir(path.join(folder, "other"));
    await writeFile(path.join(folder, "other", "runtime.json"), JSON.stringify(runtime));
    const { answer } = await ask(["--data", path.join(folder, "other")], { PATH: programs });
    await new Promise((resolve) => server.close(resolve));
    const ports = answer.findings.filter(({ code }) => code === "port");
    expect(ports.map(({ text }) => text)).toEqual([`The server listens on 127.0.0.1:${port}.`]);
  });

  it("refuses an address that is none", async () => {
    const { code, stderr } = await runPostern(["doctor", "--gpu", "nvidia"]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "--gpu nvidia: write a PCI address as lspci shows it, for example 4c:00.0, or all.",
    );
  });
});
