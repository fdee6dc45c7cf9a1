import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findFreePort } from "./free-port.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { runProcess, startProcess } from "./test-process.ts";
import { isPortOpen } from "./is-port-open.ts";

export interface ReverseProxy {
  /** Where it ends TLS with a certificate of its own, on 127.0.0.1. */
  readonly port: number;
}

/** Debian's nginx with the example of deploy/ in front of a server on 127.0.0.1. */
export async function startNginxExample(cleanup: CleanupStack, serverPort: number): Promise<ReverseProxy> {
  const folder = await cleanup.makeFolder();
  const port = await findFreePort();
  const { certificate, key } = await makeCertificate(folder);
  const example = await readExample("nginx/postern.conf", [
    ["listen 443", `listen 127.0.0.1:${port}`],
    ["127.0.0.1:8443", `127.0.0.1:${serverPort}`],
    ["/etc/ssl/desk.example.org/fullchain.pem", certificate],
    ["/etc/ssl/desk.example.org/privkey.pem", key],
  ]);
  const config = path.join(folder, "nginx.conf");
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const temporary = folders.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  await writeFile(
    config,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {} http { access_log off; ${temporary}\n${example}}`,
  );
  const program = startProcess(cleanup, "nginx", ["-p", folder, "-e", "stderr", "-c", config]);
  await program.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  return { port };
}

/** Debian's haproxy with the example of deploy/ in front of a server on 127.0.0.1. */
export async function startHaproxyExample(cleanup: CleanupStack, serverPort: number): Promise<ReverseProxy> {
  const folder = await cleanup.makeFolder();
  const port = await findFreePort();
  const { certificate, key } = await makeCertificate(folder);
  const both = path.join(folder, "both.pem");
  await writeFile(both, `${await readFile(certificate, "utf8")}${await readFile(key, "utf8")}`);
  const config = path.join(folder, "haproxy.cfg");
  const example = await readExample("haproxy/haproxy.cfg", [
    ["bind :443", `bind 127.0.0.1:${port}`],
    ["/etc/haproxy/desk.example.org.pem", both],
    ["127.0.0.1:8443", `127.0.0.1:${serverPort}`],
  ]);
  await writeFile(config, example);
  const program = startProcess(cleanup, "haproxy", ["-db", "-f", config]);
  await program.waitUntil("its port", () => isPortOpen("127.0.0.1", port));
  return { port };
}

/** @throws Error when the example no longer says what a test has to change */
async function readExample(name: string, changes: readonly [string, string][]): Promise<string> {
  const file = fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));
  let text = await readFile(file, "utf8");
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${name} does not contain "${from}".`);
    text = text.replaceAll(from, to);
  }
  return text;
}

async function makeCertificate(folder: string): Promise<{ certificate: string; key: string }> {
  const certificate = path.join(folder, "cert.pem");
  const key = path.join(folder, "key.pem");
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", "/CN=desk.example.org", "-addext", "subjectAltName=DNS:desk.example.org"];
  const files = ["-keyout", key, "-out", certificate, "-days", "2"];
  const { code, stderr } = await runProcess("openssl", ["req", "-x509", ...curve, ...names, ...files]);
  if (code !== 0) throw new Error(`openssl failed: ${stderr}`);
  return { certificate, key };
}
