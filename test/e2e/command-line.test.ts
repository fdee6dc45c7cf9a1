// What the command line promises about programs that stay: server, agent, host, up.
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  PosternProgram,
  type PosternServer,
  runPostern,
  startAgentProgram,
  startHostProgram,
  startServerProgram,
} from "../support/postern.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const CLEAN = { code: 0, signal: null };
const cleanup = new CleanupStack();
let server: PosternServer;
let open: Xvnc;
let locked: Xvnc;

beforeAll(async () => {
  [server, open, locked] = await Promise.all([
    startServerProgram(cleanup),
    startXvnc(cleanup, { width: 320, height: 200 }),
    startXvnc(cleanup, { width: 400, height: 300, password: "inside77", onUnixSocket: true }),
  ]);
});
afterAll(() => cleanup.close());

/** The size of the desktop that a viewer with a fresh token gets to see. */
async function measure(desktop: string): Promise<string> {
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  const { width, height } = await viewer.handshake({ password: await server.createToken(desktop) });
  await viewer.stop();
  return `${width}x${height}`;
}

async function writeJoinFile(folder: string): Promise<{ file: string; fingerprint: string; secret: string }> {
  const { secret, fingerprint } = await server.createJoin();
  const file = path.join(folder, "join");
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  return { file, fingerprint, secret };
}

describe("server", () => {
  test("port 0 takes any, and the ready file names both as integers", async () => {
    const text = await readFile(server.readyFile, "utf8");
    const ready = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(ready).sort()).toEqual(["listen", "rfb"]);
    for (const port of Object.values(ready)) {
      expect(Number.isInteger(port)).toBe(true);
      expect(port).toBeGreaterThan(0);
    }
  });

  test("works without a plain listener, and ends with status 0 on SIGTERM", async () => {
    const folder = await cleanup.makeFolder();
    const args = ["server", "--listen", "127.0.0.1:0", "--rfb-listen", "none"];
    const other = cleanup.add(new PosternProgram(folder, args));
    expect(JSON.parse(await other.start())).toEqual({ listen: expect.any(Number) as number });
    expect(await other.stopProcess()).toEqual(CLEAN);
  });

  test("says so when somebody listens there already, or runs on the same data", async () => {
    const folder = await cleanup.makeFolder();
    const taken = ["server", "--listen", `127.0.0.1:${server.listen}`, "--rfb-listen", "none"];
    const env = { POSTERN_RUNTIME_DIR: folder };
    const refused = await runPostern([...taken, "--data", path.join(folder, "data")], env);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("already listens") as string });
    const second = ["server", "--listen", "127.0.0.1:0", "--rfb-listen", "none", "--data", server.data];
    const twice = await runPostern(second, { POSTERN_RUNTIME_DIR: server.folder });
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("already runs") as string });
  });
});

describe("agent", () => {
  test("publishes TCP and Unix desktops, with the VNC server's password from a file", async () => {
    const agent = await startAgentProgram(cleanup, server, {
      desktops: { "on-tcp": open.endpoint, "on-unix": { endpoint: locked.endpoint, password: "inside77" } },
    });
    expect(JSON.parse(await readFile(agent.readyFile, "utf8"))).toMatchObject({ ready: true });
    expect(await measure("on-tcp")).toBe("320x200");
    expect(await measure("on-unix")).toBe("400x300");
    expect(await agent.stopProcess()).toEqual(CLEAN);
  });

  test("takes its join secret from a file or from POSTERN_JOIN, and a secret works once", async () => {
    const folder = await cleanup.makeFolder();
    const { fingerprint, secret } = await writeJoinFile(folder);
    const args = ["agent", "--proxy", `127.0.0.1:${server.listen}`, "--fingerprint", fingerprint];
    const desktop = ["--desktop", `by-env=${open.endpoint}`];
    const first = cleanup.add(new PosternProgram(folder, [...args, ...desktop], { POSTERN_JOIN: secret }));
    await first.start();
    expect(await measure("by-env")).toBe("320x200");
    await first.stop();
    const again = [...args, "--data", path.join(await cleanup.makeFolder(), "data")];
    const refused = await runPostern(again, { POSTERN_JOIN: secret });
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("join secret") as string });
  });

  test("goes on to the next --proxy, and a stored key makes the join file unnecessary and harmless", async () => {
    const folder = await cleanup.makeFolder();
    const { file, fingerprint } = await writeJoinFile(folder);
    const proxies = ["--proxy", "127.0.0.1:1", "--proxy", `127.0.0.1:${server.listen}`];
    const args = ["agent", ...proxies, "--fingerprint", fingerprint, "--desktop", `kept=${open.endpoint}`];
    const agent = cleanup.add(new PosternProgram(folder, args));
    await agent.start(["--join-file", file]);
    await agent.start(["--join-file", file]);
    await writeFile(file, "something else\n");
    await agent.start(["--join-file", file]);
    await rm(file);
    await agent.start(["--join-file", file]);
    await agent.start();
    expect(await measure("kept")).toBe("320x200");
    expect((await server.listDesktops()).filter(({ name }) => name === "kept")).toHaveLength(1);
    await agent.stop();
  });

  test("of two connections of one agent the newest wins", async () => {
    const folder = await cleanup.makeFolder();
    const { file, fingerprint } = await writeJoinFile(folder);
    const args = ["agent", "--proxy", `127.0.0.1:${server.listen}`, "--fingerprint", fingerprint];
    const older = cleanup.add(new PosternProgram(folder, [...args, "--join-file", file]));
    await older.start(["--desktop", `twin=${open.endpoint}`]);
    expect(await measure("twin")).toBe("320x200");
    const copy = await cleanup.makeFolder();
    const newer = cleanup.add(new PosternProgram(copy, args));
    await cp(older.data, newer.data, { recursive: true });
    await newer.start(["--desktop", `twin=unix:${locked.socket}`, ...(await passwordFor("twin", copy))]);
    await older.process.waitForOutput(/REPLACED/);
    await older.stop();
    expect(await measure("twin")).toBe("400x300");
    expect((await server.listDesktops()).filter(({ name }) => name === "twin")).toHaveLength(1);
    await newer.stop();
  });

  test("does not start with options that make no sense", async () => {
    const data = ["--data", await cleanup.makeFolder()];
    const proxy = ["--proxy", "127.0.0.1:1"];
    const trust = ["--fingerprint", "0".repeat(64)];
    const cases: [string[], RegExp][] = [
      [[...proxy, ...data], /--fingerprint/],
      [[...proxy, ...data, "--fingerprint", "abc"], /64 hex digits/],
      [["--proxy", "nowhere", ...trust, ...data], /HOST:PORT/],
      [[...proxy, ...trust, ...data, "--desktop", "a=http://x"], /tcp:HOST:PORT/],
      [[...proxy, ...trust, ...data, "--desktop", "a/b=tcp:h:1"], /cannot name a desktop/],
      [
        [...proxy, ...trust, ...data, "--desktop", "a=tcp:h:1", "--vnc-password-file", "a=/nothing"],
        /cannot be read/,
      ],
      [[...trust, ...data], /--proxy/],
    ];
    for (const [args, words] of cases) {
      const { code, stderr } = await runPostern(["agent", ...args]);
      expect({ args, code, stderr }).toMatchObject({
        args,
        code: 2,
        stderr: expect.stringMatching(words) as string,
      });
    }
  });

  async function passwordFor(desktop: string, folder: string): Promise<string[]> {
    const file = path.join(folder, "vnc");
    await writeFile(file, "inside77", { mode: 0o600 });
    return ["--vnc-password-file", `${desktop}=${file}`];
  }
});

describe("host and up", () => {
  test("a host publishes its demo desktop and ends with status 0 on SIGTERM", async () => {
    const host = await startHostProgram(cleanup, server, { args: ["--demo", "always"] });
    expect(JSON.parse(await readFile(host.readyFile, "utf8"))).toMatchObject({ ready: true });
    await waitFor("the demo desktop", async () =>
      (await server.listDesktops()).some(({ name, state }) => name === "demo" && state === "online"),
    );
    expect(await measure("demo")).toMatch(/^\d+x\d+$/);
    expect(await host.stopProcess()).toEqual(CLEAN);
  });

  test("up makes machines, refuses a name in use, lists them, and ends with status 0 on SIGTERM", async () => {
    const up = await startServerProgram(cleanup, { command: "up", args: ["--accel", "tcg"] });
    const made = await up.ask<{ id: string; desktop: string; state: string }>(
      ...["vm", "create", "memtest86+", "--name", "check-1"],
    );
    expect(made).toMatchObject({ desktop: "check-1", state: expect.any(String) as string });
    const create = ["vm", "create", "memtest86+", "--name", "check-1", "--data", up.data];
    const refused = await runPostern(create);
    expect(refused).toMatchObject({
      code: 4,
      stdout: "",
      stderr: expect.stringContaining("exists") as string,
    });
    expect(await up.ask("vm", "list")).toMatchObject([{ id: made.id, name: "check-1" }]);
    const images = await up.ask<Record<string, unknown>[]>("vm", "images");
    expect(images.map(({ id }) => id)).toContain("memtest86+");
    for (const row of images)
      expect(Object.keys(row)).toEqual(expect.arrayContaining(["id", "name", "state"]));
    const stopped = await up.ask<{ id: string }>("vm", "stop", "check-1", "--force");
    expect(stopped.id).toBe(made.id);
    const unknown = await runPostern(["vm", "start", "check-2", "--data", up.data]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("check-2") as string });
    expect(await up.ask("vm", "remove", made.id)).toEqual({ id: made.id });
    expect(await up.stopProcess()).toEqual(CLEAN);
  });
});

describe("wrong usage", () => {
  test("an unknown command or option ends with status 2 and points to the help", async () => {
    const data = await cleanup.makeFolder();
    const wrong = [
      ["fly"],
      ["server", "--fly"],
      ["token", "create", "--data", data],
      ["token", "fly"],
      ["vm"],
    ];
    for (const args of [...wrong, ["token"], []]) {
      const { code, stdout, stderr } = await runPostern(args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect({ args, words: `${stdout}${stderr}` }).toMatchObject({
        words: expect.stringMatching(/--help|Usage:/) as string,
      });
    }
  });

  test("the help lists the commands and what their exit codes mean, and that of a command has an example", async () => {
    const overview = await runPostern(["--help"]);
    expect(overview).toMatchObject({ code: 0, stdout: expect.stringContaining("Exit codes:") as string });
    const [, listed = ""] = /^Commands:\n((?: {2}.*\n)+)/m.exec(overview.stdout) ?? [];
    const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!);
    expect(commands).toEqual(expect.arrayContaining(["up", "server", "agent", "vm", "session"]));
    expect(await runPostern(["vm", "--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Examples?:\n {2}\S*postern /m) as string,
    });
  });

  test("without a running server a command ends with status 3 and says how to start it", async () => {
    const data = await cleanup.makeFolder();
    const asks = [
      ["desktop", "list"],
      ["join", "create"],
      ["token", "create", "--desktop", "x"],
    ];
    for (const args of asks) {
      const { code, stdout, stderr } = await runPostern([...args, "--data", data]);
      expect({ args, code, stdout }).toEqual({ args, code: 3, stdout: "" });
      expect(stderr).toContain("postern server");
    }
  });
});
