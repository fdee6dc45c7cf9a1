// A real server, real agents and the administrator's socket, all on loopback below one temporary folder.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const POSTERN = here("../../dist/bin/main.js");
/** What bin/postern gives to Node. */
const NODE_OPTIONS = ["--max-semi-space-size=1"];
const START_MS = 60_000;
/** For the probe; the product does not know of it. */
const CHANNEL = { stdio: ["ignore", "ignore", "inherit", "ipc"] };

/** Arguments for Node with which {@link ask} may look at the server from within. */
export const PROBE = ["--expose-gc", "--import", new URL("probe.mjs", import.meta.url).href];

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function waitFor(what, condition, ms = START_MS) {
  for (const end = performance.now() + ms; performance.now() < end; await pause(50)) {
    const found = await condition();
    if (found) return found;
  }
  throw new Error(`${what} did not come within ${ms / 1000} s`);
}

/** What one measurement runs, and takes down again. */
export class Service {
  folder = mkdtempSync(path.join(tmpdir(), "soak-"));
  /** Ports of the running server. */
  listen = 0;
  rfb = 0;
  server;
  agent;
  host;
  #children = new Set();

  #spawn(command, args, options = {}) {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Starts the server, or starts it again on the same ports. @param node arguments for Node itself */
  async startServer({ node = [], via = [] } = {}) {
    const ready = `${this.folder}/server.json`;
    rmSync(ready, { force: true });
    const ports = ["--listen", `127.0.0.1:${this.listen}`, "--rfb-listen", `127.0.0.1:${this.rfb}`];
    const files = [
      "--data",
      `${this.folder}/server`,
      "--ready-file",
      ready,
      "--log-level",
      process.env.SOAK_LOG ?? "error",
    ];
    const [command, ...before] = [...via, process.execPath, ...NODE_OPTIONS, ...node];
    this.server = this.#spawn(command, [...before, POSTERN, "server", ...ports, ...files], CHANNEL);
    await waitFor("the server", () => existsSync(ready));
    Object.assign(this, JSON.parse(readFileSync(ready, "utf8")));
  }

  async stopServer(signal) {
    const gone = once(this.server, "exit");
    this.server.kill(signal);
    await gone;
  }

  get adminSocket() {
    return JSON.parse(readFileSync(`${this.folder}/server/runtime.json`, "utf8")).adminSocket;
  }

  /** GET from the REST API as the administrator on the machine. */
  get(route) {
    return this.send("GET", route);
  }

  /** POST to it. */
  post(route, body = {}) {
    return this.send("POST", route, body);
  }

  async send(method, route, body) {
    const { status, text } = await new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const asked = { socketPath: this.adminSocket, method, path: `/api/v1${route}`, headers };
      const request = http.request(asked, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, text }));
      });
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (status >= 400) throw new Error(`${method} ${route}: ${status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** The product's own agent with these desktops, each a source of its own; returns a token for each. */
  async startAgent(...names) {
    const desktops = [];
    for (const name of names) {
      const [{ port }] = await once(this.fork("../bench/vnc-source.mjs"), "message");
      desktops.push("--desktop", `${name}=tcp:127.0.0.1:${port}`);
    }
    this.agent = await this.#join("agent", "agent", desktops);
    const tokens = names.map((desktop) => this.post("/tokens", { desktop, ttlSeconds: 86_400 }));
    return (await Promise.all(tokens)).map(({ token }) => token);
  }

  /** A host with QEMU, let in at once. */
  async startHost() {
    const user = process.getuid?.() === 0 ? ["--vm-user", "postern-vm"] : [];
    // That account passes through it.
    chmodSync(this.folder, 0o711);
    this.host = await this.#join("host", "host", ["--accel", "tcg", ...user], { role: "host", admit: true });
  }

  /** An agent that is killed and started again, each time with another desktop. */
  async startMortalAgent() {
    const [{ port }] = await once(this.fork("../bench/vnc-source.mjs"), "message");
    const start = (round) =>
      this.#join("agent", "mortal", [
        "--name",
        "mortal",
        "--desktop",
        `round-${round % 3}=tcp:127.0.0.1:${port}`,
      ]);
    let running = await start(0);
    return {
      dieAndReturn: async (round) => {
        // One that was too slow to come in has ended already, or has no successor yet.
        if (running.exitCode === null && running.signalCode === null) {
          const gone = once(running, "exit");
          running.kill("SIGKILL");
          await gone;
        }
        running = await start(round + 1);
      },
    };
  }

  /** Starts an agent or a host with a join secret, and waits until it is in. */
  async #join(command, folder, args, grant = {}) {
    const data = `${this.folder}/${folder}`;
    const ready = `${data}.json`;
    rmSync(ready, { force: true });
    const { secret, fingerprint } = await this.post("/join-secrets", grant);
    writeFileSync(`${data}.join`, secret);
    const trust = ["--proxy", `127.0.0.1:${this.listen}`, "--fingerprint", fingerprint];
    const files = ["--join-file", `${data}.join`, "--data", data, "--ready-file", ready];
    const log = ["--log-level", process.env.SOAK_LOG ?? "error"];
    const child = this.#spawn(process.execPath, [POSTERN, command, ...trust, ...files, ...log, ...args]);
    await waitFor(`the ${command}`, () => existsSync(ready));
    return child;
  }

  /** A process of ours that speaks over its channel. */
  fork(name) {
    const child = fork(here(name));
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  async close() {
    for (const child of this.#children) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
