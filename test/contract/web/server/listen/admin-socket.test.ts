import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";
import { openWebAndOrchestrator } from "../../../../support/open-web-and-orchestrator.ts";

const API = "/api/v1";

test("on the Unix socket the caller is the administrator, without login, cookie or Origin", async () => {
  const { askLocally, proxy, adminId, socket } = await openWebFixture();
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  expect(await askLocally("GET", `${API}/me`)).toMatchObject({ body: { name: "admin", role: "admin" } });
  expect((await askLocally("POST", `${API}/join-secrets`)).status).toBe(201);
  const made = await askLocally("POST", `${API}/machines`, { image: "debian", name: "box" });
  expect(made).toMatchObject({ status: 201, body: { name: "box", owner: "admin", state: "queued" } });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "machine.create", actor: adminId });
  expect(proxy.audited.at(-1)?.source).toBeUndefined();
  expect((await askLocally("GET", `${API}/sessions`)).body).toEqual([]);
});

test("a POST without body and type works on the socket", async () => {
  const { socket, askLocally } = await openWebFixture();
  const { id } = (await askLocally("POST", `${API}/machines`, { image: "debian" })).body as { id: string };
  const url = `${API}/machines/${id}/stop`;
  const request = http.request({ socketPath: socket, method: "POST", path: url, agent: false }).end();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(200);
});

test("a connection that was handed over is nobody, however it names itself", async () => {
  const { ask } = await openWebFixture();
  for (const headers of [
    { "x-forwarded-for": "127.0.0.1" },
    { forwarded: "for=unix:" },
    { host: "localhost" },
    { "x-real-ip": "::1" },
  ])
    expect((await ask("GET", `${API}/me`, { headers })).status).toBe(401);
});

test("a Unix socket connection that somebody else accepted is nobody either", async () => {
  const { web, dir } = await openWebFixture();
  const front = net.createServer((socket) => web.server.emit("connection", socket));
  const socketPath = path.join(dir, "front.sock");
  front.listen(socketPath);
  await once(front, "listening");
  onTestFinished(() => void front.close());
  const request = http.get({ socketPath, path: `${API}/me`, agent: false });
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(401);
});

test("a socket that a killed server left is replaced; one that answers is not; closing removes it", async () => {
  const { proxy, dir, clock, socket } = await openWebFixture();
  const log = pino({ level: "silent" });
  const open = (adminSocket: string) =>
    openWebAndOrchestrator({ proxy, adminSocket, clientDir: dir, log, clock });
  const umask = process.umask();
  await expect(open(socket)).rejects.toMatchObject({ code: "ADMIN_SOCKET_IN_USE" });
  await expect(open(path.join(dir, "x".repeat(120)))).rejects.toMatchObject({ code: "ADMIN_SOCKET_PATH" });
  const stale = path.join(dir, "stale.sock");
  await writeFile(stale, "");
  const web = await open(stale);
  expect((await stat(stale)).isSocket()).toBe(true);
  expect(process.umask()).toBe(umask);
  await web.close();
  await web.close();
  await expect(stat(stale)).rejects.toMatchObject({ code: "ENOENT" });
});

test("the socket keeps answering while the login is throttled", async () => {
  const { ask, askLocally } = await openWebFixture();
  const body = { name: "admin", password: "wrong" };
  for (let n = 0; n < 6; n += 1) await ask("POST", `${API}/login`, { body });
  expect((await ask("POST", `${API}/login`, { body })).status).toBe(429);
  expect((await askLocally("GET", `${API}/me`)).status).toBe(200);
});
