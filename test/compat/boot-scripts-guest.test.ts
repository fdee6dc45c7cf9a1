// Boot scripts by every route in a real Debian, made here: read back by the guest's agent.
import { once } from "node:events";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machinePaths } from "../../launcher/model/machine-paths.ts";
import { GuestAgent } from "../support/guest-agent.ts";
import type { Launcher } from "../../launcher/index.ts";
import { systemClock, type ImageEntry } from "../../protocol/index.ts";
import { LauncherFixture } from "../contract/launcher/launcher-fixture.ts";
import { runProcess } from "../support/test-process.ts";
import { makeSystemAccount } from "../support/system-account.ts";
import { startTinyproxy } from "../support/tinyproxy.ts";
import { waitFor } from "../support/wait-for.ts";

/** Five minutes on two free processors; four times as long on a busy machine. */
const BUILD_MS = 2_400_000;
const BOOT_MS = 900_000;
/** What a hostile user would be called. */
const USER = "$(touch /x)`touch /x`;touch /x";

describe("boot scripts in a Debian", () => {
  let launcherFixture: LauncherFixture;
  let launcher: Launcher;
  let file: string;
  let asked: () => string;
  const opened: GuestAgent[] = [];

  beforeAll(async () => {
    launcherFixture = await LauncherFixture.make();
    await chmod(launcherFixture.folder, 0o711);
    const { imagesDir } = launcherFixture.options;
    const command = ["image", "build", "test/support/guest/small-debian.json", "--images", imagesDir];
    const { code, stdout, stderr } = await runProcess("bin/postern", [...command, "--json"], {
      timeoutMs: BUILD_MS,
    });
    expect(code, stderr.slice(-2000)).toBe(0);
    const { boot, login: _login, ...entry } = JSON.parse(stdout) as ImageEntry & { readonly login: object };
    if (boot.kind !== "disk") throw new Error("it is no disk");
    ({ file } = boot);

    const folder = join(launcherFixture.folder, "scripts");
    await mkdir(folder);
    await writeFile(join(folder, "mark.sh"), mark("path @VM@"));
    const server = createServer((_request, response) => response.end(mark("url @VM@")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    launcherFixture.cleanup.add({
      async stop() {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      },
    });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = await startTinyproxy(launcherFixture.cleanup, { address: "127.0.0.1" });
    asked = () => proxy.program.output.replaceAll(host, "HOST");
    const before = process.env["http_proxy"];
    process.env["http_proxy"] = `http://127.0.0.1:${proxy.port}`;
    launcherFixture.cleanup.add({
      stop() {
        if (before === undefined) delete process.env["http_proxy"];
        else process.env["http_proxy"] = before;
        return Promise.resolve();
      },
    });

    const { id: _id, ...rest } = entry;
    const common = { ...rest, boot, memoryMb: { default: 512, min: 256 } };
    const seeded = {
      ...{ ...common, id: "seeded", script: "cloud-init" },
      scripts: [
        join(folder, "mark.sh"),
        `http://${host}/mark`,
        "exec: echo exec @USER@ >> /root/marks",
        'bash: words=(bash "$POSTERN_USER"); echo "${words[*]}" >> /root/marks',
        'if("@VM@" =~ /windows/i): exec: echo wrong >> /root/marks',
        'if("@VM@" =~ /^SEED/i): exec: echo condition >> /root/marks',
        "virt-customize: write /root/changed:for @USER@\nrun-command sh -c 'echo $((6*7)) > /root/sum'",
        'if("@VM@" eq "other"): virt-customize: write /root/wrong:x',
      ],
    };
    const changed = { ...common, id: "changed", script: "virt-customize" };
    const { user } = await makeSystemAccount(launcherFixture.cleanup);
    launcher = await launcherFixture.openWith([seeded, changed], {
      ...{ vmUser: user, accel: "auto", bootScripts: { folder, allowHosts: [host], network: false } },
    });
  }, BUILD_MS + 60_000);
  afterAll(async () => {
    for (const agent of opened) agent.close();
    await launcherFixture.close();
  }, 180_000);

  /** Waits for the guest's agent, and for a file that says it. */
  async function hear(id: string, name: string, what: RegExp): Promise<string> {
    const { stateDir, runtimeDir } = launcherFixture.options;
    const { guestAgentSocket } = machinePaths(stateDir, runtimeDir, id);
    let said = "";
    const explain = () => JSON.stringify([launcher.machines(), said]);
    const agent = await waitFor(
      `the agent of ${id}`,
      () => GuestAgent.open(guestAgentSocket, systemClock, 5000).catch(() => undefined),
      { timeoutMs: BOOT_MS, explain },
    );
    opened.push(agent);
    return waitFor(
      `${name} of ${id}`,
      async () => {
        said = (await agent.execute("/bin/cat", [name])).stdout.toString();
        return what.test(said) ? said : undefined;
      },
      { timeoutMs: BOOT_MS, explain },
    );
  }

  async function run(id: string, program: string, args: readonly string[]): Promise<string> {
    const agent = opened.at(-1)!;
    const { stdout } = await agent.execute(program, args);
    return `${id}: ${stdout.toString()}`;
  }

  it(
    "leave their marks by path, URL, exec, bash, virt-customize and cloud-init's seed, and none for a false condition",
    async () => {
      const before = await stat(file);
      const reasons: (string | undefined)[] = [];
      launcher.on("state", ({ reason }) => reasons.push(reason));
      await launcher.create({
        ...{ id: "s1", name: "Lab 1", image: "seeded", owner: USER },
        script: '#!/bin/sh\necho own @CREDENTIAL@ "$POSTERN_SESSION_NAME" >> /root/marks\n',
      });
      const marks = await hear("s1", "/root/marks", /^own /m);
      expect(asked()).toContain("GET http://HOST/mark");
      const credential = await launcher.credential("s1");
      expect(credential).toMatch(/^\w{20}$/);
      expect(marks.trim().split("\n")).toEqual([
        "path seeded",
        "url seeded",
        `exec ${USER.replaceAll(/[^\w]/g, "_")}`,
        `bash ${USER}`,
        "condition",
        `own ${credential!} s1`,
      ]);
      expect(await run("s1", "/bin/cat", ["/root/changed", "/root/sum"])).toBe(
        `s1: for ${USER.replaceAll(/[^\w]/g, "_")}42\n`,
      );
      expect(await run("s1", "/bin/ls", ["/", "/root"])).not.toMatch(/^(x|wrong)$/m);
      expect(await run("s1", "/bin/hostname", [])).toBe("s1: lab-1\n");
      expect(reasons.join()).toMatch(/changes the machine's disk first/);
      const after = await stat(file);
      expect([after.mtimeMs, after.size]).toEqual([before.mtimeMs, before.size]);
    },
    2 * BOOT_MS,
  );

  it(
    "run at the first boot of a disk without cloud-init, once",
    async () => {
      await launcher.create({
        ...{ id: "c1", name: "lab-2", image: "changed", owner: USER },
        script: 'exec: echo first "$POSTERN_USER" >> /root/marks',
      });
      expect(await hear("c1", "/root/marks", /first/)).toBe(`first ${USER}\n`);
      expect(await run("c1", "/bin/ls", ["/"])).not.toMatch(/^x$/m);
      expect(await launcher.credential("c1")).toBeNull();
      const made = JSON.parse(
        await readFile(join(launcherFixture.options.stateDir, "c1", "scripts.json"), "utf8"),
      ) as object;
      expect(Object.keys(made)).toEqual(["version", "base"]);
    },
    2 * BOOT_MS,
  );
});

function mark(what: string): string {
  return `#!/bin/sh\necho ${what} >> /root/marks\n`;
}
