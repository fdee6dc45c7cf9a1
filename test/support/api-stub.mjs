/**
 * The REST API from memory, for looking at the pages without a server: `node test/support/api-stub.mjs [PORT] [VNC_PORT]`
 * after a build. Machines move through their states, their pictures are drawn here, and the viewer's WebSocket goes to
 * a VNC server without password on 127.0.0.1. Sign in as `ada` with `postern`, or as one of the other PEOPLE of stub-people.mjs; `tess`
 * is asked for a code, which is 123456, `nora` to set up an authenticator app. `EMPTY=1` starts with nothing, `MANY=N` with N more desktops, `PROVIDERS=1` offers other services on the sign-in page,
 * `PASSKEYS=1` passkeys, with which nothing can be done here.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { createPeople } from "./stub-people.mjs";
import { createRights } from "./stub-rights.mjs";
import { drawScreen } from "./stub-screens.mjs";
import {
  firstAgents,
  firstDesktops,
  firstImages,
  firstMachines,
  firstSessions,
  machine as makeMachine,
} from "./stub-data.ts";

const port = Number(process.argv[2] ?? 8099);
const vncPort = Number(process.argv[3] ?? 5977);
const root = fileURLToPath(new URL("../../dist/web/client/", import.meta.url));
const CSP =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html" };

const STOP_MS = 10_000;
const empty = process.env.EMPTY === "1";
const machines = new Map(empty ? [] : firstMachines().map((machine) => [machine.id, machine]));
const desktops = new Map(empty ? [] : firstDesktops().map((desktop) => [desktop.id, desktop]));
for (let n = 1; n <= Number(process.env.MANY ?? 0); n += 1) {
  const [first] = firstDesktops();
  const agent = { id: `lab-${n % 7}`, name: `lab-${n % 7}` };
  desktops.set(`many-${n}`, { ...first, id: `many-${n}`, name: `Seat ${n}`, agent, viewers: 0 });
}
const images = firstImages();
const snapshots = [
  { name: "before-update", createdAt: Date.now() - 7_200_000, withMemory: true, bytes: 2_100_000_000 },
  { name: "fresh", createdAt: Date.now() - 90_000_000, withMemory: false, bytes: 310_000_000 },
];
const people = createPeople();
const rights = createRights();
const streams = new Set();

function broadcast(event) {
  for (const stream of streams) stream.write(`data: ${JSON.stringify(event)}\n\n`);
}

function move(machine, state, extra = {}) {
  Object.assign(machine, { state, since: Date.now(), reason: null, cause: null }, extra);
  machine.desktopId = ["booting", "running", "paused", "stopping"].includes(state) ? `d-${machine.id}` : null;
  broadcast({ type: "machine", machine });
}

function boot(machine) {
  const steps = ["queued", "preparing", "booting", "running"];
  steps.forEach((state, index) =>
    setTimeout(() => machines.has(machine.id) && move(machine, state), index * 2500),
  );
}

function refuse(response, status, code, message) {
  answer(response, status, { error: { code, message } });
}

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

/** As far as the role lets them: an auditor sees that there is something, `tess` may watch. */
function showTo(request, things) {
  const { role, name } = people.describe(readCookie(request));
  const access = role === "auditor" ? "see" : name === "tess" ? "view" : "manage";
  return things.map((thing) => ({ ...thing, access }));
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
}

const routes = {
  "GET /me": (request, response) => answer(response, 200, people.describe(readCookie(request))),
  "POST /logout": (request, response) => {
    people.signOut(readCookie(request));
    answer(response, 204);
  },
  "GET /service": (_, response) =>
    answer(response, 200, {
      fingerprint: "9f2c41d07be85a36c1904fe27d6b83a5e0f7126c9b4d58aa3e71c06f92d8b415",
      web: { host: "postern.example", port: 8443 },
      rfb: { host: "postern.example", port: 5900 },
      viewerFingerprint: "7f-aa-08-8e-85-34-5e-35",
    }),
  "GET /machines": (request, response) => answer(response, 200, showTo(request, [...machines.values()])),
  "POST /desktops/shown": (_, response) => answer(response, 204),
  "GET /desktops": (request, response) => answer(response, 200, showTo(request, [...desktops.values()])),
  "GET /images": (_, response) => answer(response, 200, images),
  "GET /agents": (_, response) => answer(response, 200, firstAgents()),
  "GET /sessions": (_, response) => answer(response, 200, firstSessions()),
  "GET /events": (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(`data: ${JSON.stringify({ type: "hello" })}\n\n`);
    streams.add(response);
    response.on("close", () => streams.delete(response));
  },
  "POST /machines": async (request, response) => {
    const order = await readBody(request);
    const image = images.find(({ id }) => id === order.image);
    if ([...machines.values()].some(({ name }) => name === order.name))
      return refuse(
        response,
        409,
        "MACHINE_NAME_TAKEN",
        "A machine has this name already. Choose another name.",
      );
    const id = randomBytes(4).toString("hex");
    const name = order.name ?? `${image.id}-${machines.size + 1}`;
    const machine = makeMachine(id, name, "queued", {
      ...{ image: image.id, imageTitle: image.title, oneShot: order.oneShot ?? false, accel: "tcg" },
      ...{ cpus: order.cpus ?? image.cpus.default, memoryMb: order.memoryMb ?? image.memoryMb.default },
      ...{ createdAt: Date.now(), since: Date.now() },
    });
    machines.set(id, machine);
    answer(response, 201, machine);
    boot(machine);
  },
  "GET /allowance": (_, response) =>
    answer(response, 200, {
      limits: { machines: 12, cpus: 24, memoryMb: 65_536, diskGb: 200, lifetimeSeconds: 604_800 },
      used: { machines: machines.size, cpus: 14, memoryMb: 20_480, diskGb: 60 },
      may: ["script", "internet", "gpu", "master", "extend"],
    }),
  "POST /tokens": async (request, response) => {
    const { desktop, role, deny } = await readBody(request);
    const expiresAt = Date.now() + 3_600_000;
    const token = {
      id: randomBytes(4).toString("hex"),
      token: "k7Xm2RpW",
      desktop,
      role,
      denied: deny,
      expiresAt,
    };
    answer(response, 201, { ...token, address: "postern.example:5900" });
  },
  "POST /tickets": async (request, response) => {
    const { desktop } = await readBody(request);
    const known =
      desktops.has(desktop) || [...machines.values()].some(({ desktopId }) => desktopId === desktop);
    if (!known) return refuse(response, 404, "DESKTOP_UNKNOWN", "There is no such desktop.");
    answer(response, 201, {
      url: "wss://elsewhere.example/rfb",
      protocols: ["binary", `ticket.${randomBytes(16).toString("hex")}`],
      expiresAt: Date.now() + 60_000,
      desktop,
    });
  },
  "POST /join-secrets": (_, response) =>
    answer(response, 201, {
      secret: randomBytes(16).toString("base64url"),
      fingerprint: "9f2c41d07be85a36c1904fe27d6b83a5e0f7126c9b4d58aa3e71c06f92d8b415",
      expiresAt: Date.now() + 3_600_000,
    }),
};

const machineRoutes = {
  "POST start": (machine, _, response) => {
    boot(machine);
    answer(response, 200, machine);
  },
  "POST stop": async (machine, request, response) => {
    const { force } = await readBody(request);
    machine.powerOffAt = force ? null : Date.now() + STOP_MS;
    if (!force) move(machine, "stopping");
    const end = () => {
      if (force || machine.powerOffAt !== null) move(machine, "stopped");
    };
    setTimeout(end, force ? 100 : STOP_MS);
    answer(response, 200, machine);
  },
  "POST keep": (machine, _, response) => {
    machine.powerOffAt = null;
    move(machine, "running");
    answer(response, 200, machine);
  },
  "POST pause": (machine, _, response) => {
    move(machine, "paused");
    answer(response, 200, machine);
  },
  "POST resume": (machine, _, response) => {
    move(machine, "running");
    answer(response, 200, machine);
  },
  "POST extend": (machine, _, response) => {
    const expiresAt = Date.now() + machine.lifetimeSeconds * 1000;
    move(machine, machine.state, { expiresAt, expiresSoon: false });
    answer(response, 200, machine);
  },
  "POST close": (machine, _, response) => {
    machines.delete(machine.id);
    broadcast({ type: "gone", kind: "machine", id: machine.id });
    answer(response, 204);
  },
  "GET snapshots": (_machine, _, response) => answer(response, 200, snapshots),
  "POST snapshots": async (_machine, request, response) => {
    const { name } = await readBody(request);
    snapshots.unshift({ name, createdAt: Date.now(), withMemory: true, bytes: 1_900_000_000 });
    answer(response, 200, snapshots);
  },
  "GET credential": (_machine, _, response) => answer(response, 200, { credential: "kQ7mXw3hTz9PbR4nVc2D" }),
  "GET boot-log": (_machine, _, response) =>
    answer(response, 200, {
      text: "[    0.000000] Linux version 6.1.0\n[    1.204511] systemd[1]: Reached target graphical.target\n\ndebian login: ",
      truncated: true,
    }),
  "DELETE ": (machine, _, response) => {
    machines.delete(machine.id);
    broadcast({ type: "gone", kind: "machine", id: machine.id });
    answer(response, 204);
  },
  "GET screen.png": (machine, request, response) => {
    const { etag, png } = drawScreen(machine, Math.floor(Date.now() / 4000));
    if (request.headers["if-none-match"] === etag) return response.writeHead(304, { etag }).end();
    response.writeHead(200, { "content-type": "image/png", etag }).end(png);
  },
};

const readCookie = (request) => /postern=(\w+)/.exec(request.headers.cookie ?? "")?.[1];

async function serveApi(request, response, path) {
  const cookie = readCookie(request);
  const signIn = people.signInRoutes[`${request.method} ${path}`];
  if (signIn !== undefined) {
    const { status, body, cookie: set } = signIn(await readBody(request));
    if (set !== undefined)
      response.setHeader("set-cookie", `postern=${set}; HttpOnly; SameSite=Strict; Path=/`);
    return answer(response, status, body);
  }
  if (people.describe(cookie) === null)
    return answer(response, 401, {
      error: { code: "LOGIN_REQUIRED", message: "Sign in first.", signIn: people.form },
    });
  const { searchParams: query } = new URL(request.url, "http://stub");
  if (/^\/(groups|grants|sign-in-settings)|\/access$/.test(path)) {
    const { status, body } = rights.serve({ method: request.method, path, query }, await readBody(request));
    return answer(response, status, body);
  }
  if (/^\/(users|me\/|invitations|sign-up-requests)/.test(path)) {
    const { status, body } = people.serve(
      { method: request.method, path, query, cookie },
      await readBody(request),
    );
    return answer(response, status, body);
  }
  const route = routes[`${request.method} ${path}`];
  if (route !== undefined) return route(request, response);
  if (request.method === "DELETE" && path.startsWith("/tokens/")) return answer(response, 204);
  if (request.method === "PATCH" && path.startsWith("/tokens/")) {
    const { role, deny } = await readBody(request);
    return answer(response, 200, { id: path.slice("/tokens/".length), role, denied: deny });
  }
  const [, id, action = ""] = /^\/machines\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  const machine = machines.get(id);
  const perform = machineRoutes[`${request.method} ${action}`];
  if (machine === undefined || perform === undefined)
    return refuse(response, 404, "NOT_FOUND", "There is nothing here.");
  return perform(machine, request, response);
}

function serveFile(response, path) {
  const file = extname(path) === "" ? "index.html" : path.slice(1);
  try {
    const content = readFileSync(join(root, file));
    response.writeHead(200, { "content-type": TYPES[extname(file)], "content-security-policy": CSP });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://stub");
  if (!pathname.startsWith("/api/v1")) return serveFile(response, pathname);
  serveApi(request, response, pathname.slice("/api/v1".length)).catch(() => response.destroy());
});
const viewers = new WebSocketServer({ server, path: "/rfb", handleProtocols: () => "binary" });
viewers.on("connection", (viewer) => {
  const desktop = connect(vncPort, "127.0.0.1");
  desktop.setNoDelay(true);
  desktop.on("data", (chunk) => viewer.send(chunk));
  desktop.on("close", () => viewer.close(1011, "The desktop's VNC server ended the connection."));
  desktop.on("error", () => undefined);
  let asked = 0;
  let askedAt = 0;
  let took = null;
  const ask = () => {
    askedAt = performance.now();
    viewer.send(JSON.stringify({ ping: (asked += 1), desktop: true, took }));
  };
  ask();
  const pings = setInterval(ask, 2_000);
  viewer.on("message", (data, isBinary) => {
    if (isBinary) desktop.write(data);
    else took = Math.round(performance.now() - askedAt);
  });
  viewer.on("close", () => {
    clearInterval(pings);
    desktop.destroy();
  });
});
server.listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}\n`));
