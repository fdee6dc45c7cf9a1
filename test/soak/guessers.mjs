// People and strangers who send passwords: each source has an address of its own in 127.0.0.0/8.
import https from "node:https";
import { setPriority } from "node:os";
import { answer } from "./ipc.mjs";
import { pause } from "./service.mjs";

const DEVICE = /__Host-postern-device=([^;]+)/;
/** A guesser whom the server asks to wait tries again after this. */
const AGAIN_MS = 2_000;
/** They would not be on this machine, and do not take its processors from the server. */
const CROWD_PRIORITY = 10;

let guessing = false;
let crowd = [];
/** Answers by their status; `none`: no connection. */
const statuses = {};

function logIn({ port, name, password, address, device, agent }) {
  const body = JSON.stringify({ name, password });
  const cookie = device ? { cookie: `__Host-postern-device=${device}` } : {};
  const origin = `https://127.0.0.1:${port}`;
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    origin,
    ...cookie,
  };
  const target = { host: "127.0.0.1", port, localAddress: address, rejectUnauthorized: false, agent };
  return new Promise((resolve, reject) => {
    const asked = { ...target, method: "POST", path: "/api/v1/login", headers };
    const request = https.request(asked, (response) => {
      response.resume();
      response.on("error", reject);
      const device = DEVICE.exec((response.headers["set-cookie"] ?? []).join("\n"))?.[1];
      response.on("end", () => resolve({ status: response.statusCode, device }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function guess({ port, names }, index) {
  const address = `127.${1 + (index >> 14)}.${(index >> 7) & 127}.${1 + (index & 127)}`;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  for (let round = 0; guessing; round += 1) {
    // Every other time at a name of which there is none: that takes as long.
    const name = round % 2 === 0 ? names[index % names.length] : `person-${index}-${round}`;
    const status = await logIn({ port, name, password: `guess-${index}-${round}`, address, agent }).then(
      (reply) => reply.status,
      () => "none",
    );
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status !== 401) await pause(AGAIN_MS);
  }
  agent.destroy();
}

answer({
  /** One sign-in, as a browser makes it. */
  signIn: async (details) => {
    const start = performance.now();
    const reply = await logIn({ ...details, agent: false });
    return { ...reply, ms: performance.now() - start };
  },
  begin: ({ count, ...details }) => {
    setPriority(CROWD_PRIORITY);
    guessing = true;
    crowd = Array.from({ length: count }, (_, index) => guess(details, index));
  },
  end: async () => {
    guessing = false;
    await Promise.all(crowd);
    return statuses;
  },
});
