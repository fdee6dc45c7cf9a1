import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startServer, type FirstLoginCredentials } from "../../../../bin/programs/start-server.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
let folder: string;
beforeEach(async () => {
  folder = await cleanup.makeFolder();
  vi.stubEnv("POSTERN_RUNTIME_DIR", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await cleanup.close();
});

function start(rfbPort: number) {
  const logins: FirstLoginCredentials[] = [];
  const log = pino({ level: "silent" });
  const options = {
    listen: { host: "127.0.0.1", port: 0 },
    rfbListen: { host: "127.0.0.1", port: rfbPort },
    ...{ repeaterViewers: null, repeaterServers: null, advertise: null, database: null },
    ...{
      allowOrigins: [],
      siteCertificate: null,
      proxyProtocolFrom: [],
      trustedProxies: [],
      imagesDir: null,
    },
    dataDir: path.join(folder, "data"),
    mip1: { allow: [], endpoint: { host: "localhost", port: 5900 } },
    signInFile: null,
    requireFactorFor: [],
    plainSignIn: false,
    limits: { file: null, user: {} },
    onFirstLogin: (login: FirstLoginCredentials) => void logins.push(login),
  };
  return { logins, started: startServer(options, log) };
}

test("a start that fails on its second port leaves no account; the next one makes it and tells its password", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  cleanup.add({
    stop: () =>
      new Promise<void>(
        (resolve) =>
          void other.close(() => {
            resolve();
          }),
      ),
  });
  const failed = start((other.address() as AddressInfo).port);
  await expect(failed.started).rejects.toMatchObject({ code: "LISTEN_FAILED" });
  expect(failed.logins).toEqual([]);

  const next = start(0);
  const server = await next.started;
  expect(next.logins).toMatchObject([{ name: "admin" }]);
  await server.close();
  const third = start(0);
  await (await third.started).close();
  expect(third.logins).toEqual([]);
});
