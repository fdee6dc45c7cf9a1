import { readdir, mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProcess } from "../support/test-process.ts";
import { ScriptsFixture } from "../contract/launcher/scripts/scripts-fixture.ts";

const PROGRAM = "/usr/bin/virt-customize";
/** libguestfs's appliance starts by emulation. */
const APPLIANCE_MS = 600_000;

describe("virt-customize", () => {
  let scriptsFixture: ScriptsFixture;
  let file: string;

  /** A disk that libguestfs takes for a Debian: a file system with BusyBox and what it looks for. */
  beforeAll(async () => {
    scriptsFixture = await ScriptsFixture.make();
    const root = path.join(scriptsFixture.folder, "root");
    for (const folder of ["bin", "etc", "usr/lib", "var/lib/dpkg", "root", "tmp", "dev", "proc", "sys"])
      await mkdir(path.join(root, folder), { recursive: true });
    for (const folder of ["etc/systemd/system", "usr/sbin", "boot"])
      await mkdir(path.join(root, folder), { recursive: true });
    await run("cp", "/bin/busybox", path.join(root, "bin/sh"));
    await writeFile(path.join(root, "etc/fstab"), "/dev/sda / ext4 defaults 0 1\n");
    await writeFile(path.join(root, "etc/debian_version"), "12.0\n");
    await writeFile(
      path.join(root, "etc/os-release"),
      'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
    );
    await writeFile(path.join(root, "etc/hostname"), "before\n");
    file = path.join(scriptsFixture.folder, "base.img");
    await run("/sbin/mke2fs", "-q", "-t", "ext4", "-d", root, file, "64M");
  });
  afterAll(async () => {
    await scriptsFixture.cleanup.close();
  });

  async function run(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runProcess(program, args);
    expect(code, `${program} ${args.join(" ")}: ${stderr}`).toBe(0);
    return stdout;
  }

  /** What a file of a customized disk says; empty where there is none. */
  async function read(disk: string, name: string): Promise<string> {
    const raw = path.join(scriptsFixture.folder, "look.raw");
    await run("qemu-img", "convert", "-O", "raw", disk, raw);
    return run("/sbin/debugfs", "-R", `cat ${name}`, raw);
  }

  it(
    "leaves its marks in the machine's disk, none for a false condition, and the base as it was",
    async () => {
      const before = await stat(file);
      const spec = { scriptRoute: "virt-customize", boot: { kind: "disk", format: "raw", file } } as const;
      const scripts = [
        "virt-customize: write /root/mark:for @USER@\nrun-command sh -c 'echo $((6*7)) > /root/sum'\nhostname after",
        'if("@VM@" =~ /windows/i): virt-customize: write /root/wrong:x',
        "exec: echo @USER@",
      ];
      const prepare = (id: string, more: readonly string[] = []) =>
        scriptsFixture.prepare(
          [...scripts, ...more],
          { ...spec, id, user: "$(touch /x)\nupload /etc/passwd:/x" },
          {
            program: PROGRAM,
          },
        );
      const { base } = await prepare("m-1");
      expect(await read(base!, "/root/mark")).toBe("for __touch__x__upload__etc_passwd__x");
      expect(await read(base!, "/root/sum")).toBe("42\n");
      expect(await read(base!, "/etc/hostname")).toBe("after\n");
      expect(await read(base!, "/root/wrong")).toBe("");
      expect(await read(base!, "/x")).toBe("");
      const firstboot = await run(
        "/sbin/debugfs",
        "-R",
        "ls -p /usr/lib/virt-sysprep/scripts",
        path.join(scriptsFixture.folder, "look.raw"),
      );
      expect(firstboot).toMatch(/firstboot/);
      const after = await stat(file);
      expect([after.mtimeMs, after.size]).toEqual([before.mtimeMs, before.size]);

      // The next machine gets the same disk at once, under a name of its own.
      const second = await prepare("m-2");
      expect((await stat(second.base!)).ino).toBe((await stat(base!)).ino);
      const cache = path.join(scriptsFixture.folder, "cache");
      expect(await readdir(cache)).toHaveLength(1);
      await rm(cache, { recursive: true });
      expect(await read(second.base!, "/root/sum")).toBe("42\n");
    },
    APPLIANCE_MS,
  );

  it(
    "that fails says why, and leaves nothing behind",
    async () => {
      const spec = {
        scriptRoute: "virt-customize",
        boot: { kind: "disk", format: "raw", file },
        id: "m-3",
      } as const;
      await expect(
        scriptsFixture.prepare(
          ["virt-customize: run-command sh -c 'exit 3'\ntouch /root/@CREDENTIAL@"],
          spec,
          {
            program: PROGRAM,
          },
        ),
      ).rejects.toMatchObject({
        code: "SCRIPT_FAILED",
        safeMessage: expect.stringContaining("command exited with an error"),
      });
      expect(await readdir(scriptsFixture.machineFolder("m-3"))).toEqual([]);
    },
    APPLIANCE_MS,
  );
});
