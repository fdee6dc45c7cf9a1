// What is compared: the product, and haproxy doing the same two hops with TLS between them.
import { execFileSync, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const POSTERN = here("../../bin/postern");
export const folder = mkdtempSync(path.join(tmpdir(), "pb-"));
const children = [];

export function stopAll() {
  for (const child of children) child.kill();
}

function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  return child;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function waitFor(what, condition) {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not come`);
}

const answers = (port) =>
  new Promise((resolve) => {
    const probe = net.connect(port, "127.0.0.1", () => resolve(true) || probe.destroy());
    probe.on("error", () => resolve(false));
  });

export async function startSource() {
  const child = fork(here("vnc-source.mjs"));
  children.push(child);
  const { port } = await new Promise((resolve) => child.once("message", resolve));
  return port;
}

export async function startPostern(source) {
  const ask = (...args) =>
    JSON.parse(execFileSync(POSTERN, [...args, "--data", `${folder}/server`, "--json"]));
  const ports = ["--listen", "127.0.0.1:0", "--rfb-listen", "127.0.0.1:0"];
  const serverReady = `${folder}/server.json`;
  const quiet = ["--log-level", "warn"];
  const server = start(POSTERN, [
    "server",
    ...ports,
    "--data",
    `${folder}/server`,
    "--ready-file",
    serverReady,
    ...quiet,
  ]);
  await waitFor("the server", () => existsSync(serverReady));
  const { listen, rfb } = JSON.parse(readFileSync(serverReady, "utf8"));
  const { secret, fingerprint } = ask("join", "create");
  writeFileSync(`${folder}/join`, secret);
  const trust = [
    "--proxy",
    `127.0.0.1:${listen}`,
    "--fingerprint",
    fingerprint,
    "--join-file",
    `${folder}/join`,
  ];
  const desktop = ["--desktop", `bench=tcp:127.0.0.1:${source}`, "--data", `${folder}/agent`];
  const agentReady = `${folder}/agent.json`;
  const agent = start(POSTERN, ["agent", ...trust, ...desktop, "--ready-file", agentReady, ...quiet]);
  await waitFor("the agent", () => existsSync(agentReady));
  const { token } = ask("token", "create", "--desktop", "bench", "--ttl", "86400");
  return { name: "postern", port: rfb, token, pids: [server.pid, agent.pid] };
}

/** Null where haproxy is not installed. */
export async function startHaproxy(source) {
  if (!existsSync("/usr/sbin/haproxy")) return null;
  const [front, back] = [await freePort(), await freePort()];
  const key = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync(
    "openssl",
    [...key, "-subj", "/CN=localhost", "-keyout", `${folder}/k`, "-out", `${folder}/c`],
    {
      stdio: "ignore",
    },
  );
  writeFileSync(`${folder}/pem`, readFileSync(`${folder}/c`, "utf8") + readFileSync(`${folder}/k`, "utf8"));
  const common =
    "global\n maxconn 4000\ndefaults\n mode tcp\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n";
  const hop = (name, bind, target) =>
    writeFileSync(
      `${folder}/${name}.cfg`,
      `${common}listen a\n bind 127.0.0.1:${bind}\n server s 127.0.0.1:${target}\n`,
    );
  hop("front", front, `${back} ssl verify none`);
  hop("back", `${back} ssl crt ${folder}/pem`, source);
  const pids = ["front", "back"].map(
    (name) => start("/usr/sbin/haproxy", ["-db", "-f", `${folder}/${name}.cfg`]).pid,
  );
  await waitFor("haproxy", async () => (await answers(front)) && (await answers(back)));
  return { name: "haproxy two-hop", port: front, pids };
}
