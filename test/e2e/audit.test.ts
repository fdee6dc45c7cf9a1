// The audit log of a real server: killed under load, out of disk space, tampered with, and read.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { PosternServer, runPostern, startAgentProgram, startServerProgram } from "../support/postern.ts";
import { runProcess } from "../support/test-process.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "lab-1";
const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string | null;
  readonly sessionId: string | null;
  readonly tokenId: string | null;
  readonly desktop: { readonly name: string | null };
}

interface VerifyResult {
  readonly ok: boolean;
  readonly lines: number;
  readonly bad: { readonly line: number; readonly code: string } | null;
  readonly last: { readonly sequence: number; readonly hash: string };
}

async function publish(server: PosternServer) {
  const xvnc = await startXvnc(cleanup);
  await startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint } });
  const made = await server.ask<{ id: string; token: string }>("token", "create", "--desktop", DESKTOP);
  const view = async () => {
    const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
    await viewer.handshake({ password: made.token });
    return viewer;
  };
  return { tokenId: made.id, token: made.token, view };
}

async function verify(
  server: PosternServer,
  ...more: string[]
): Promise<VerifyResult & { code: number | null }> {
  const { code, stdout, stderr } = await runPostern([
    "audit",
    "verify",
    "--data",
    server.data,
    "--json",
    ...more,
  ]);
  if (code !== 0 && code !== 1) throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as VerifyResult) };
}

function auditFile(server: PosternServer): string {
  return path.join(server.data, "audit/audit.jsonl");
}

describe("SIGKILL under load", () => {
  test("loses no committed line, and the log stays right through its deaths", async () => {
    const server = await startServerProgram(cleanup);
    const { view } = await publish(server);
    const seen = new Set<string>();
    let sessions = 0;
    for (let death = 0; death < 4; death += 1) {
      await waitFor("the desktop", async () =>
        (await server.listDesktops()).some(({ state }) => state === "online"),
      );
      let killed = false;
      // Whoever has seen ServerInit has a session whose line is on the disk.
      const load = Array.from({ length: 8 }, async () => {
        while (!killed) {
          try {
            const viewer = await view();
            sessions += 1;
            await viewer.stop();
          } catch {
            // The server was killed meanwhile.
          }
        }
      });
      const goal = sessions + 5 + death;
      await waitFor("some sessions", () => sessions >= goal, { timeoutMs: 30_000 });
      await server.stopProcess("SIGKILL");
      killed = true;
      await Promise.all(load);
      expect(await verify(server), `death ${death}`).toMatchObject({ ok: true, code: 0 });
      await server.restart();
    }
    await server.stopProcess();
    const { ok, lines } = await verify(server);
    expect(ok).toBe(true);
    const text = (await readFile(auditFile(server), "utf8")).trimEnd().split("\n");
    expect(text).toHaveLength(lines);
    for (const line of text) {
      const { event, postern } = JSON.parse(line) as {
        event: { action: string };
        postern: { session?: { id: string } };
      };
      if (event.action === "session.start") seen.add(postern.session!.id);
    }
    expect(seen.size).toBeGreaterThanOrEqual(sessions);
  });
});

/** A small disk needs root to be mounted; for others the unit tests write to a disk that is always full. */
const testOnSmallDisk = process.getuid?.() === 0 ? test : () => undefined;

testOnSmallDisk(
  "a full disk: no session without its line, and it goes on by itself when there is room",
  async () => {
    const folder = await cleanup.makeFolder();
    const server = new PosternServer(folder, [
      "server",
      "--listen",
      "127.0.0.1:0",
      "--rfb-listen",
      "127.0.0.1:0",
    ]);
    const audit = path.join(server.data, "audit");
    await mkdir(audit, { recursive: true });
    const mounted = await runProcess("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", audit]);
    expect(mounted).toMatchObject({ code: 0, stderr: "" });
    cleanup.add({ stop: () => runProcess("umount", ["-l", audit]) });
    cleanup.add(server);
    server.readPorts(await server.start());
    const { view } = await publish(server);
    await (await view()).stop();
    const filler = path.join(audit, "filler");
    const full = await runProcess("sh", ["-c", 'cat /dev/zero > "$1"', "sh", filler]);
    expect(full.stderr).toMatch(/No space left/);
    // The page that the log's end is on may still have room for some lines.
    await waitFor("a refusal", async () => {
      const refusal = await view().then(
        (viewer) => viewer.stop(),
        (error: unknown) => error,
      );
      return refusal instanceof Error && /cannot write its audit log/.test(refusal.message);
    });
    const countStarts = async () =>
      (await readFile(auditFile(server), "utf8")).split('"session.start"').length - 1;
    const before = await countStarts();
    await expect(view()).rejects.toThrow(/cannot write its audit log/);
    expect(await server.ask("session", "list", "--state", "open")).toEqual([]);
    // A shorter line, such as that of the refusal, may still find room; what counts is that nobody was let in.
    expect(await countStarts()).toBe(before);
    await rm(filler);
    await (await view()).stop();
    await server.stopProcess();
    expect(await verify(server)).toMatchObject({ ok: true, code: 0 });
  },
);

describe("audit list and verify", () => {
  test("tell who came in and who did not, and that somebody read it", async () => {
    const server = await startServerProgram(cleanup);
    const { view, token, tokenId } = await publish(server);
    await (await view()).stop();
    const wrong = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
    await expect(wrong.handshake({ password: "nope2345" })).rejects.toThrow();
    await waitFor("the session's end", async () => (await list("--action", "session.end")).length === 1);

    const [refused] = await list("--outcome", "failure");
    expect(refused).toMatchObject({ name: "session.refuse", reason: "TOKEN_WRONG" });
    const sessions = await list("--action", "session", "--desktop", DESKTOP);
    expect(sessions).toMatchObject([
      { name: "session.end", tokenId },
      { name: "session.start", tokenId },
    ]);
    expect(await list("--action", "token.create", "--actor", "admin")).toMatchObject([{ tokenId }]);
    expect((await list("--action", "audit.read")).length).toBeGreaterThanOrEqual(4);
    expect(await list("--since", "2000-01-01", "--limit", "3")).toHaveLength(3);
    expect(await list("--until", "1h")).toEqual([]);
    const table = await runPostern(["audit", "list", "--data", server.data, "--limit", "2"]);
    expect(table.stdout).toMatch(/^TIME +ACTION.*\n.*audit\.read/);
    expect(await runPostern(["audit", "list", "--data", server.data, "--since", "soon"])).toMatchObject({
      code: 2,
    });

    // It may be checked while the server goes on.
    expect(await verify(server)).toMatchObject({ ok: true, code: 0 });
    const { code, stdout: key } = await runPostern(["audit", "key", "--data", server.data]);
    expect(code).toBe(0);
    await server.stopProcess();
    const offline = await list("--action", "server");
    expect(offline).toMatchObject([{ name: "server.stop" }, { name: "server.start" }]);
    const text = await readFile(auditFile(server), "utf8");
    expect(text).not.toContain(token);

    const { last } = await verify(server);
    const keyFile = path.join(server.folder, "safe.pub");
    await writeFile(keyFile, key);
    const noted = ["--public-key", keyFile, "--expect", `${last.sequence}:${last.hash}`];
    expect(await verify(server, ...noted)).toMatchObject({ ok: true });
    await writeFile(
      auditFile(server),
      text.replace('"session.refuse","outcome":"failure"', '"session.refuse","outcome":"success"'),
    );
    const { ok, bad } = await verify(server, ...noted);
    const edited = text.split("\n").findIndex((line) => line.includes("session.refuse")) + 1;
    expect({ ok, bad }).toMatchObject({ ok: false, bad: { line: edited, code: "AUDIT_LINE_CHANGED" } });
    const said = await runPostern(["audit", "verify", "--data", server.data]);
    expect(said).toMatchObject({ code: 1, stdout: expect.stringContaining(`line ${edited}`) as string });
    expect(await runPostern(["audit", "verify", "--data", await cleanup.makeFolder()])).toMatchObject({
      code: 2,
    });
    expect(await runPostern(["audit", "verify"])).toMatchObject({ code: 2 });

    function list(...args: string[]): Promise<Row[]> {
      return server.ask<Row[]>("audit", "list", ...args);
    }
  });
});
