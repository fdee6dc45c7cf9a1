// A million mutated inputs of MiP and RFB. The grammars and filters get theirs from the fuzz tests, in a process of their own;
// a real server gets thousands of mutated connections, and must neither end, nor stall, nor lose its running session.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import {
  encodeHandshake,
  encodeJsonFrame,
  encodeSetupResponse,
  Mip2IdentifierType,
} from "../../dist/protocol/index.js";
import { ask } from "./ipc.mjs";
import { quantile } from "./measurements.mjs";
import { pause } from "./service.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const AT_ONCE = 32;
const GOAL_STALL_MS = 1_000;
const HELD_MS = 200;
const RFB = Buffer.from("RFB 003.008\n");
const nonce = Buffer.alloc(32, 5);
const names = { identifierType: Mip2IdentifierType.resource, identifier: "ab".repeat(16) };
const proof = { signature: Buffer.alloc(64).toString("base64"), role: "agent", software: "x" };
/** What an honest peer says, by the way it comes in. */
const SPOKEN = [
  ["rfb", null, [RFB, Buffer.of(2), Buffer.alloc(16, 1), Buffer.of(1)]],
  ["rfb", null, [RFB, Buffer.of(19), Buffer.of(0, 2), Buffer.from([0, 0, 1, 5])]],
  ["rfb", null, [RFB, Buffer.of(5), Buffer.alloc(264, 3)]],
  ["listen", null, [Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]],
  ["listen", null, [Buffer.of(0x16, 3, 1, 0, 200), Buffer.alloc(200, 1)]],
  ["listen", "mip/2", [encodeHandshake({ ...names, nonce, versions: [1] }), encodeJsonFrame(4, proof)]],
  ["listen", "mip/2", [encodeSetupResponse({ ticket: Buffer.alloc(16, 1), status: 1, code: "" })]],
  [
    "listen",
    "http/1.1",
    [
      Buffer.from(
        "GET /rfb HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      ),
    ],
  ],
];

function mutate(pieces) {
  const bytes = Buffer.concat(pieces);
  for (let faults = 1 + Math.floor(Math.random() * 4); faults > 0; faults -= 1) {
    const at = Math.floor(Math.random() * bytes.length);
    bytes[at] =
      Math.random() < 0.5
        ? Math.floor(Math.random() * 256)
        : bytes[at] ^ (1 << Math.floor(Math.random() * 8));
  }
  return Math.random() < 0.3 ? bytes.subarray(0, Math.floor(Math.random() * bytes.length)) : bytes;
}

/** One connection that says something wrong and goes, at the latest after a moment. */
async function attack(service) {
  const [port, alpn, pieces] = SPOKEN[Math.floor(Math.random() * SPOKEN.length)];
  const where = {
    port: service[port],
    host: "127.0.0.1",
    localAddress: `127.0.2.${1 + Math.floor(Math.random() * 50)}`,
  };
  const socket = net.connect(where);
  const stream = alpn ? tls.connect({ socket, ALPNProtocols: [alpn], rejectUnauthorized: false }) : socket;
  for (const each of new Set([socket, stream])) each.on("error", () => undefined);
  stream.resume();
  stream.write(mutate(pieces));
  const timer = setTimeout(() => socket.destroy(), HELD_MS);
  await once(socket, "close").catch(() => undefined);
  clearTimeout(timer);
}

export async function measureMutatedInput(service, { quick, say }) {
  const [runs, connections] = quick ? [2_000, 1_000] : [100_000, 50_000];
  const vitest = [`${ROOT}/node_modules/vitest/vitest.mjs`, "run", "--project", "fuzz", "--reporter=json"];
  const fuzz = spawn(process.execPath, vitest, {
    cwd: ROOT,
    env: { ...process.env, FUZZ_RUNS: String(runs) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  fuzz.stdout.on("data", (chunk) => (text += chunk));
  await once(fuzz, "close");
  const { numPassedTests, numTotalTests } = JSON.parse(text);
  const inputs = numTotalTests * runs;
  say(`${numPassedTests} of ${numTotalTests} fuzz tests pass, ${inputs} inputs`);

  await service.startServer();
  const [token] = await service.startAgent("soak");
  const neighbour = service.fork("healthy-viewer.mjs");
  await ask(neighbour, "start", { port: service.rfb, token });
  let left = connections;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      if (left % 5_000 === 0) say(`${left} connections left`);
      await attack(service);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await pause(1_000);
  const times = await ask(neighbour, "take");
  const alive = service.server.exitCode === null && service.agent.exitCode === null;
  const longest = Math.max(...times);
  return {
    title: `${inputs} mutated inputs to parsers, ${connections} mutated connections to a server`,
    goal: "no crash, no stall, the running session goes on",
    figure: `${numPassedTests} of ${numTotalTests} fuzz tests; server ${alive ? "runs" : "ENDED"}, a session's round trip p99 ${quantile(times, 0.99).toFixed(1)} ms, longest ${longest.toFixed(0)} ms`,
    met: alive && numPassedTests === numTotalTests && longest < GOAL_STALL_MS,
    details: { inputs, connections, roundTrips: times.length, longestMs: longest },
  };
}
