import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { json } from "node:stream/consumers";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../protocol/index.ts";
import { openProxy, openStores } from "../../../proxy/index.ts";
import { openWebAndOrchestrator } from "../../support/open-web-and-orchestrator.ts";

const ANY = { host: "127.0.0.1", port: 0 };

async function open() {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-tls-"));
  const clock = systemClock;
  const log = pino({ level: "silent" });
  const stores = await openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32) }, clock);
  const proxy = await openProxy({
    listen: ANY,
    rfbListen: null,
    advertise: null,
    dataDir: dir,
    allowOrigins: [],
    stores,
    log,
    clock,
  });
  const web = await openWebAndOrchestrator({
    proxy,
    adminSocket: path.join(dir, "s"),
    clientDir: dir,
    log,
    clock,
  });
  await proxy.start(web.server);
  onTestFinished(async () => {
    await web.close();
    await proxy.close();
    await stores.close();
    await rm(dir, { recursive: true });
  });
  const { port } = proxy.addresses.listen;
  const send = async (method: string, url: string, headers: object, body?: object) => {
    const options = { host: "127.0.0.1", port, path: url, method, agent: false, ca: proxy.caCertificate };
    const request = https.request({ ...options, headers: { ...headers } });
    request.end(body && JSON.stringify(body));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    return response;
  };
  return { proxy, web, port, send };
}

test("through the proxy's TLS port: nobody at first, then whoever signed in, with the real address in the audit", async () => {
  const { web, port, send } = await open();
  expect((await send("GET", "/api/v1/me", {})).resume().statusCode).toBe(401);
  const { name, password } = (await web.createFirstAdministrator()) ?? {};
  const page = { origin: `https://127.0.0.1:${port}`, "content-type": "application/json" };
  const login = await send("POST", "/api/v1/login", page, { name, password });
  expect(await json(login)).toMatchObject({ name: "admin", role: "admin" });
  const cookie = login.headers["set-cookie"]?.[0]?.split(";")[0];
  expect(await json(await send("GET", "/api/v1/service", { cookie }))).toMatchObject({
    web: { host: "127.0.0.1", port },
    rfb: null,
  });
  const secret = await send("POST", "/api/v1/join-secrets", { ...page, cookie }, {});
  expect(await json(secret)).toMatchObject({ secret: expect.any(String), fingerprint: expect.any(String) });
});

test("a live stream runs through it, and closing the web ends it", async () => {
  const { web, port, send } = await open();
  const page = { origin: `https://127.0.0.1:${port}`, "content-type": "application/json" };
  const login = await send("POST", "/api/v1/login", page, (await web.createFirstAdministrator()) ?? {});
  const cookie = login.resume().headers["set-cookie"]?.[0]?.split(";")[0];
  const stream = await send("GET", "/api/v1/events", { cookie });
  stream.on("error", () => undefined);
  const [hello] = (await once(stream, "data")) as [Buffer];
  expect(hello.toString()).toBe('data: {"type":"hello"}\n\n');
  const closed = new Promise((resolve) => stream.once("close", resolve));
  await web.close();
  await closed;
});

test("headers that come byte by byte are cut at their deadline, however long they go on", async () => {
  const { proxy, port } = await open();
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    ca: proxy.caCertificate,
    ALPNProtocols: ["http/1.1"],
  });
  socket.on("error", () => undefined).resume();
  await once(socket, "secureConnect");
  const since = performance.now();
  socket.write("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ");
  const drip = setInterval(() => socket.write("a"), 200);
  await once(socket, "close");
  clearInterval(drip);
  // 5 s and 1 s for noticing; a busy machine gets three times that.
  expect(performance.now() - since).toBeLessThan(18_000);
});
