// Every secret that there is goes its ordinary way, and is then looked for wherever it has no business.
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Canary, findCanaries } from "../support/capture/canaries.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  type PosternProgram,
  type PosternServer,
  startAgentProgram,
  startServerProgram,
} from "../support/postern.ts";
import { connectRfb, connectRfbOverWebSocket } from "../support/rfb-client.ts";
import { type ExecRecord, findInFiles, recordExecs } from "../support/secret-search.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";
import { readFirstLogin } from "./browser-steps.ts";

const VNC_PASSWORD = "cAnary88";
const FORWARDER_PASSWORD = "forwarder-canary-1";
const DATABASE_PASSWORD = "database-canary-1";
const TYPED_WRONG = "mistyped-canary-1";
const LINE = "GET / HTTP/1.1\r\nHost: a\r\n";

const cleanup = new CleanupStack();
let server: PosternServer;
let agent: PosternProgram;
let execs: ExecRecord;
let secrets: Canary[];
let cookie: string;
let heard = "";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly setCookie: string;
}

/** A request as a page of ours makes it. */
async function ask(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Answer> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const own = { "sec-fetch-site": "same-origin", "content-type": "application/json" };
  const options = { method, rejectUnauthorized: false, agent: false, headers: { ...own, ...headers } };
  return new Promise((resolve, reject) => {
    const request = https.request(`${server.origin}${url}`, options, (response) => {
      const done = (raw: Buffer) => {
        const text = `${JSON.stringify(response.rawHeaders)}\n${raw.toString("latin1")}`;
        resolve({
          status: response.statusCode ?? 0,
          text,
          setCookie: String(response.headers["set-cookie"]),
        });
      };
      buffer(response).then(done, reject);
    });
    request.on("error", reject).end(payload);
  });
}

beforeAll(async () => {
  execs = await recordExecs(cleanup);
  const xvnc = await startXvnc(cleanup, { password: VNC_PASSWORD });
  const forwarder = `http://user:${FORWARDER_PASSWORD}@127.0.0.1:9`;
  server = await startServerProgram(cleanup, {
    command: "up",
    args: ["--accel", "tcg", "--log-level", "trace"],
    env: { HTTPS_PROXY: forwarder, PGPASSWORD: DATABASE_PASSWORD, POSTERN_HTTP_PROXY: forwarder },
    via: execs.via,
  });
  const { endpoint } = xvnc;
  agent = await startAgentProgram(cleanup, server, {
    desktops: { lab: { endpoint, password: VNC_PASSWORD }, locked: { endpoint, password: "wr0ngpwd" } },
    args: ["--log-level", "trace"],
    env: { HTTPS_PROXY: forwarder },
    via: execs.via.map((word) => (word.endsWith("execs") ? `${word}-agent` : word)),
  });
  const { name, password } = readFirstLogin(server);
  const first = await ask("POST", "/api/v1/login", {}, { name, password });
  cookie = first.setCookie.split(";")[0]!;
  const join = await server.createJoin();
  const [token, lockedToken] = [await server.createToken("lab"), await server.createToken("locked")];
  const { protocols } = await server.createTicket("lab");
  const ticket = protocols
    .find((text) => text.startsWith("postern.ticket."))!
    .split(".")
    .at(-1)!;
  const masterKey = (await readFile(path.join(server.data, "master.key"), "utf8")).trim();
  const keyText = await readFile(path.join(agent.data, "agent-key.json"), "utf8");
  const { secretKey } = JSON.parse(keyText) as { secretKey: string };
  const seed = Buffer.from(secretKey, "base64").subarray(0, 32);
  const joinUsed = (await readFile(path.join(agent.folder, "secrets", "join"), "utf8")).trim();
  secrets = [
    { what: "token", text: token },
    { what: "token", text: lockedToken },
    { what: "ticket", text: ticket },
    { what: "join secret", text: join.secret },
    { what: "used join secret", text: joinUsed },
    { what: "VNC password", text: VNC_PASSWORD },
    { what: "administrator's password", text: password },
    { what: "mistyped password", text: TYPED_WRONG },
    { what: "login cookie", text: cookie.split("=")[1]! },
    { what: "agent's key", text: secretKey },
    { what: "agent's key", text: seed.toString("latin1"), kind: "bytes" },
    { what: "master key", text: masterKey },
    { what: "master key", text: Buffer.from(masterKey, "hex").toString("latin1"), kind: "bytes" },
    { what: "forwarder's password", text: FORWARDER_PASSWORD },
    { what: "database's password", text: DATABASE_PASSWORD },
  ];
  await useEverything(token, lockedToken, protocols, ticket, password);
});
afterAll(() => cleanup.close());

/** Each secret where it belongs and where somebody may put it by mistake; what is answered is kept. */
async function useEverything(
  token: string,
  lockedToken: string,
  protocols: readonly string[],
  ticket: string,
  password: string,
): Promise<void> {
  const rfb = { port: server.rfb, host: "127.0.0.1" };
  const viewer = await connectRfb(cleanup, rfb);
  await viewer.handshake({ password: token });
  viewer.requestUpdate();
  await viewer.readUpdate();
  const ticketed = await connectRfbOverWebSocket(cleanup, `wss://127.0.0.1:${server.listen}/rfb`, protocols);
  await ticketed.handshake();
  for (const wrong of [lockedToken, "wr0ngt0k"]) {
    const refused = await connectRfb(cleanup, rfb);
    await expect(refused.handshake({ password: wrong })).rejects.toThrow();
    heard += refused.received().toString("latin1");
  }
  heard += [viewer, ticketed].map((client) => client.received().toString("latin1")).join("");
  const machine = { name: "canary", image: "memtest86+" };
  const made = await ask("POST", "/api/v1/machines", { cookie }, machine);
  expect(made.status, made.text).toBeLessThan(300);
  await waitFor("QEMU", async () => /qemu-system[^\n]*-vnc/.test(await execs.read()), { timeoutMs: 60_000 });
  // The recorder lives as long as the machine does, and the server's output as long as the recorder.
  // Its line is recorded as it begins, a moment before the process shows its new command line.
  const machines = await waitFor("QEMU's process", async () => {
    const pids = await listPids("qemu-system", "-vnc");
    return pids.length > 0 && pids;
  });
  cleanup.add({
    stop: async () => {
      for (const pid of machines) process.kill(pid, "SIGKILL");
      await Promise.resolve();
    },
  });
  const answers = [
    await ask("POST", "/api/v1/login", {}, { name: "admin", password: TYPED_WRONG }),
    await ask("POST", `/api/v1/login?password=${encodeURIComponent(password)}`, {}, { password }),
    await ask("POST", `/api/v1/machines/${token}/start`, { cookie }, { ticket, token, password }),
    await ask("GET", `/rfb?token=${token}&ticket=${ticket}`, { cookie, authorization: `Bearer ${ticket}` }),
    await ask("GET", `/${ticket}/%zz?${token}`, { cookie: `${cookie}; a=${TYPED_WRONG}` }),
  ];
  for (const route of [
    "me",
    "desktops",
    "machines",
    "images",
    "tokens",
    "agents",
    "sessions",
    "audit",
    "service",
  ])
    answers.push(await ask("GET", `/api/v1/${route}?token=${token}`, { cookie }));
  heard += answers.map(({ text }) => text).join("\n");
  heard += await speakBadly(`${LINE}Cookie: ${cookie}\r\nX: ${ticket}\0\r\n\r\n`);
}

/** Processes of the server's folder whose program is called so and has this argument. */
async function listPids(program: string, argument: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    const [called = "", ...args] = line.split("\0");
    if (!line.includes(server.folder) || !called.includes(program) || !args.includes(argument)) continue;
    found.push(Number(entry));
  }
  return found;
}

/** HTTP that is none, with a secret in it. */
async function speakBadly(text: string): Promise<string> {
  const socket = connect({ port: server.listen, host: "127.0.0.1", rejectUnauthorized: false });
  socket.on("error", () => undefined).end(text);
  return (await buffer(socket)).toString("latin1");
}

test("no answer, refusal, error page or picture's stream tells one", () => {
  expect(heard).toMatch(/LOGIN_REFUSED[^]*HTTP\/1.1 400/);
  // The database's id of a token is no secret; the word of somebody who asks for a machine by a token is his own.
  expect(findCanaries(heard, secrets)).toEqual([]);
});

test("no log", async () => {
  const log = await readFile(path.join(server.data, "postern.log"), "utf8");
  expect(log).toMatch(/"event":"http.request"[^]*"event":"http.malformed"|"event":"http.malformed"/);
  expect(agent.process.stderr).toContain('"event":"setup.failed"');
  expect(findCanaries(log, secrets)).toEqual([]);
  expect(findCanaries(agent.process.output, secrets)).toEqual([]);
  expect(findCanaries(server.process.stderr, secrets)).toEqual([]);
  // Shown once, to whoever starts the server.
  const shown = findCanaries(server.process.stdout, secrets);
  expect(shown.map((name) => name.split(" (")[0])).toEqual(["administrator's password"]);
});

test("no argument, and no environment of a child", async () => {
  const [own, agents] = await Promise.all([execs.read(), readFile(`${execs.via.at(-1)!}-agent`, "utf8")]);
  const lines = [own, agents]
    .join("\n")
    .split("\n")
    .filter((line) => line.includes("execve("));
  const machines = lines.filter((line) => line.includes("qemu-system"));
  const hosts = lines.filter((line) => line.includes('"host", "--proxy"'));
  expect(machines.length).toBeGreaterThan(0);
  expect(hosts.length).toBeGreaterThan(0);
  expect(findCanaries(machines.join("\n"), secrets)).toEqual([]);
  const arguments_ = lines.map((line) => line.slice(0, line.indexOf("], [")));
  expect(findCanaries(arguments_.join("\n"), secrets)).toEqual([]);
  // HTTPS_PROXY stands in the environment of the person who started it all; it goes no further than our own programs.
  const others = secrets.filter(({ what }) => what !== "forwarder's password");
  expect(findCanaries(hosts.join("\n"), others)).toEqual([]);
});

test("no file but its own: the database keeps them sealed or hashed, the audit log not at all", async () => {
  expect(await findInFiles(server.data, secrets)).toEqual({ "master.key": ["master key"] });
  expect(await findInFiles(agent.data, secrets)).toEqual({ "agent-key.json": ["agent's key"] });
  const audit = await readFile(path.join(server.data, "audit", "audit.jsonl"), "utf8");
  expect(audit).toContain('"session.refuse"');
});

test("no core dump: memory is left out, of the machines' QEMU too", async () => {
  const machines = await listPids("qemu-system", "-vnc");
  expect(machines.length).toBeGreaterThan(0);
  const pids = [server.process.pid, agent.process.pid, ...machines, ...(await listPids("/node", "host"))];
  for (const pid of pids)
    expect(await readFile(`/proc/${pid}/coredump_filter`, "utf8"), String(pid)).toBe("00000000\n");
});

test("the search finds what is there", async () => {
  const folder = await cleanup.makeFolder();
  await writeFile(
    path.join(folder, "all"),
    secrets.map(({ text }) => Buffer.from(text).toString("base64")).join("\n"),
  );
  for (const secret of secrets)
    expect(findCanaries(Buffer.from(secret.text, "latin1"), [secret])).toHaveLength(1);
  expect(Object.keys(await findInFiles(folder, secrets))).toEqual(["all"]);
  expect(findCanaries(createHash("sha256").update("x").digest(), secrets)).toEqual([]);
});
