import { createServer } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkStart, locateAdminSocket } from "../../../../bin/programs/check-start.ts";
import { openRuntimeDir } from "../../../../bin/programs/data-dirs.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { listenOnLoopback } from "../../../support/listen-on-loopback.ts";

const cleanup = new CleanupStack();
let dataDir: string;
beforeEach(async () => {
  const folder = await cleanup.makeFolder();
  vi.stubEnv("POSTERN_RUNTIME_DIR", folder);
  dataDir = path.join(folder, "data");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cleanup.close();
});

const at = (port: number) => ({ host: "127.0.0.1", port });
const listenSomewhere = () => listenOnLoopback(cleanup, createServer(), new Set());
const check = (listen: number, rfb: number, startedBy: string | null = null) => {
  const places = { listen: at(listen), rfbListen: at(rfb), repeaterViewers: null, repeaterServers: null };
  return checkStart({ ...places, dataDir }, startedBy);
};

test("every taken port is named, with the options that choose others", async () => {
  const [one, other] = [await listenSomewhere(), await listenSomewhere()];
  await expect(check(one, other, "npm start --")).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringMatching(
      new RegExp(
        `^Another program already listens on 127\\.0\\.0\\.1:${one} and 127\\.0\\.0\\.1:${other}\\. Stop it, or choose other ports: ` +
          "npm start -- --listen 127\\.0\\.0\\.1:\\d+ --rfb-listen 127\\.0\\.0\\.1:\\d+$",
      ),
    ) as string,
  });
  await expect(check(0, other)).rejects.toMatchObject({
    message: expect.stringMatching(/choose another port: --rfb-listen 127\.0\.0\.1:\d+$/) as string,
  });
  await check(0, 0);
});

test("an address that is none of this machine's is told as it is", async () => {
  const places = { listen: { host: "192.0.2.1", port: 8443 }, rfbListen: null };
  const started = checkStart({ ...places, repeaterViewers: null, repeaterServers: null, dataDir }, null);
  await expect(started).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringContaining("192.0.2.1:8443") as string,
  });
});

test("a server that runs on the folder is named before its ports", async () => {
  await openRuntimeDir(dataDir);
  const running = createServer();
  await new Promise<void>((resolve) => running.listen(locateAdminSocket(dataDir), resolve));
  cleanup.add({ stop: () => new Promise((resolve) => running.close(resolve)) });
  await expect(check(await listenSomewhere(), 0)).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
});
