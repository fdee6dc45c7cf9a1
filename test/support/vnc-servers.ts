import { writeFile } from "node:fs/promises";
import path from "node:path";
import { makeCa, makeLeaf } from "../unit/agent/support/certificates.ts";
import { type XDisplay, startDisplay } from "./x-display.ts";
import { findFreePort } from "./free-port.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import { startProcess, type TestProcess } from "./test-process.ts";
import { connectRfb } from "./rfb-client.ts";
import { writeVncPassword } from "./vnc-password.ts";

/** A VNC server's certificate for 127.0.0.1, its key and the CA that issued it; a client's certificate besides. */
export interface TlsFiles {
  readonly folder: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly both: string;
  readonly clientBoth: string;
}

/** Writes them under the names that QEMU looks for. */
export async function makeTlsFiles(cleanup: CleanupStack): Promise<TlsFiles> {
  const folder = await cleanup.makeFolder();
  const ca = makeCa("VNC CA");
  const server = makeLeaf(ca);
  const client = makeLeaf(ca, { extKeyUsage: { clientAuth: true } });
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  return {
    folder,
    ca: await write("ca-cert.pem", ca.pem),
    certificate: await write("server-cert.pem", server.pem),
    key: await write("server-key.pem", server.keyPem),
    both: await write("server-both.pem", `${server.keyPem}${server.pem}`),
    clientBoth: await write("client-both.pem", `${client.keyPem}${client.pem}`),
  };
}

export interface RunningVncServer {
  readonly port: number;
  readonly endpoint: string;
  readonly process: TestProcess;
}

/** What lets OpenSSL 3 do anonymous TLS: of itself, Debian's x11vnc shares no cipher with any viewer for that. */
const ANONYMOUS_CONFIGURATION = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
CipherString = DEFAULT:@SECLEVEL=0
`;

/** Exports a display of its own by x11vnc, with this VNC password and further arguments. */
export async function startX11vnc(
  cleanup: CleanupStack,
  password: string | undefined,
  args: readonly string[] = [],
  anonymous = false,
): Promise<RunningVncServer & { readonly display: XDisplay }> {
  const display = await startDisplay(cleanup, { width: 400, height: 300 });
  const port = await findFreePort();
  const secret = password === undefined ? [] : ["-rfbauth", await writeVncPassword(display.folder, password)];
  const configuration = path.join(display.folder, "openssl.cnf");
  await writeFile(configuration, anonymous ? ANONYMOUS_CONFIGURATION : "");
  const process = display.start("env", [
    ...(anonymous ? [`OPENSSL_CONF=${configuration}`] : []),
    "x11vnc",
    ...[
      "-display",
      display.name,
      "-rfbport",
      String(port),
      "-localhost",
      "-forever",
      "-shared",
      "-noxdamage",
    ],
    ...["-noipv6", "-nolookup", ...secret, ...args],
  ]);
  await process.waitForOutput(/PORT=\d+/);
  return { port, endpoint: `tcp:127.0.0.1:${port}`, process, display };
}

/**
 * A machine without a disk, unless `more` brings one: its firmware's words are the picture. `vnc` follows the address of
 * -vnc.
 */
export async function startQemuVnc(
  cleanup: CleanupStack,
  vnc: string,
  objects: readonly string[] = [],
  more: readonly string[] = [],
): Promise<RunningVncServer> {
  const port = await findFreePort();
  const process = startProcess(cleanup, "qemu-system-x86_64", [
    ...[
      "-accel",
      "tcg",
      "-m",
      "32",
      "-nodefaults",
      "-vga",
      "std",
      "-display",
      "none",
      "-name",
      "NAME-CANARY",
    ],
    ...objects.flatMap((object) => ["-object", object]),
    ...more,
    ...["-vnc", `127.0.0.1:${port - 5900}${vnc}`],
  ]);
  await process.waitUntil("its port", async () => {
    const client = await connectRfb(cleanup, { port, host: "127.0.0.1" });
    await client.stop();
    return true;
  });
  return { port, endpoint: `tcp:127.0.0.1:${port}`, process };
}
