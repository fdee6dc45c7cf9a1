// Viewers by the dozen in one process: those that ask and do not read, those that come and leave, and those that only connect.
import net from "node:net";
import tls from "node:tls";
import { Viewer } from "../bench/viewer.ts";
import { answer } from "./ipc.mjs";
import { pause } from "./service.mjs";

const FRAME_MS = 33;
let viewers = [];
let sockets = [];
let cancel = () => undefined;

/** Each asks for a full screen thirty times a second, and reads nothing of what comes. */
async function stall({ port, token, count }) {
  for (let i = 0; i < count; i += 1) {
    const viewer = new Viewer({ port });
    await viewer.enter(token);
    viewer.stopReading();
    viewers.push(viewer);
  }
  // Each at its own moment, as people's viewers are, and not all in the same instant.
  const timers = [];
  const begin = (viewer) => timers.push(setInterval(() => viewer.request(1920, 1080), FRAME_MS));
  viewers.forEach((viewer, i) => timers.push(setTimeout(begin, (i * FRAME_MS) / count, viewer)));
  cancel = () => timers.forEach((timer) => clearTimeout(timer));
}

function leave() {
  cancel();
  for (const viewer of viewers) viewer.close();
  viewers = [];
}

/** What a viewer may do before it goes. */
const VISITS = [
  async ({ port, token }) => {
    const viewer = new Viewer({ port });
    await viewer.enter(token);
    await viewer.ping(64, 64);
    return viewer;
  },
  async ({ port, token }) => {
    const viewer = new Viewer({ port });
    await viewer.enter(token);
    for (let i = 0; i < 4; i += 1) viewer.request(1920, 1080);
    return viewer;
  },
  /** Gone in the middle of the login. */
  async ({ port, token }) => {
    const viewer = new Viewer({ port });
    viewer.enter(token).catch(() => undefined);
    await pause(Math.random() * 10);
    return viewer;
  },
];

let visits = 0;
/** Reasons for which a visit failed, and how often. */
const refusals = new Map();
let visiting = false;
let over = [];

async function visitRepeatedly(details) {
  while (visiting) {
    const visit = VISITS[visits % VISITS.length];
    visits += 1;
    try {
      (await visit(details)).close();
    } catch (error) {
      refusals.set(error.message, (refusals.get(error.message) ?? 0) + 1);
    }
  }
}

/** Opens so many connections as fast as it can, from many addresses, in three kinds: silent, half a login, a TLS handshake. */
async function flood({ listen, rfb, count }) {
  const kinds = [
    (local) => net.connect({ port: listen, host: "127.0.0.1", localAddress: local }),
    (local) =>
      net.connect({ port: rfb, host: "127.0.0.1", localAddress: local }).on("data", function () {
        this.write("RFB 003.008\n");
      }),
    (local) =>
      tls.connect({
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
        socket: net
          .connect({ port: listen, host: "127.0.0.1", localAddress: local })
          .on("error", () => undefined),
      }),
  ];
  const settled = [];
  for (let i = 0; i < count; i += 1) {
    const socket = kinds[i % kinds.length](`127.0.${1 + (i % 50)}.1`);
    sockets.push(socket);
    settled.push(new Promise((resolve) => socket.once("connect", resolve).once("close", resolve)));
    socket.on("error", () => undefined);
    if (i % 500 === 499) await new Promise(setImmediate);
  }
  await Promise.all(settled);
  return sockets.filter((socket) => !socket.destroyed).length;
}

answer({
  stall,
  leave,
  visit: (details) => {
    visiting = true;
    over = Array.from({ length: details.atOnce }, () => visitRepeatedly(details));
  },
  countVisits: () => visits,
  listRefusals: () => Object.fromEntries(refusals),
  stopVisits: async () => {
    visiting = false;
    await Promise.all(over);
    return visits;
  },
  flood,
  endFlood: () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
  },
  /** Milliseconds until a viewer that comes now has its first picture. */
  enter: async (details) => {
    const start = performance.now();
    const viewer = await VISITS[0](details);
    const ms = performance.now() - start;
    viewer.close();
    return ms;
  },
});
