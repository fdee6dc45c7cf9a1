import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { TestCertificate } from "../certificate-files.ts";
import type { TestComputer } from "./test-computer.ts";
import { type XDisplay, startDisplay, startXServer } from "../x-display.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import type { RgbColour } from "../bitmap.ts";
import type { AgentSettings } from "../postern.ts";
import type { TestProcess } from "../test-process.ts";
import { writeVncPassword } from "../vnc-password.ts";

/** A VNC server at the host that says who it is wherever its protocol has room for that. */
interface IdentifyingServer {
  /** The name under which it is published. */
  readonly name: string;
  readonly port: number;
  readonly display: XDisplay;
  readonly process: TestProcess;
  readonly colour: RgbColour;
}

export const VNC_PASSWORD = "hcanvnc8";
export const CERTIFICATE_NAME = "hcanary-certificate";
const WRONG_PASSWORD = "notright";

export interface IdentifyingHost {
  readonly plain: IdentifyingServer;
  readonly tls: IdentifyingServer;
  readonly x11: IdentifyingServer;
  readonly settings: AgentSettings;
}

/** Xvnc by VncAuth, Xvnc by X509Vnc and x11vnc; and two desktops that fail: no server, and a password that is wrong. */
export async function startIdentifyingHost(
  cleanup: CleanupStack,
  place: TestComputer,
): Promise<IdentifyingHost> {
  const program = await place.writeWrapperScript("Xvnc");
  const certificate = await TestCertificate.make(cleanup, CERTIFICATE_NAME);
  const title = `${place.hostName}:1 (${place.userName})`;
  const startXvnc = async (name: string, port: number, colour: RgbColour, security: readonly string[]) => {
    const secret = await writeVncPassword(await cleanup.makeFolder(), VNC_PASSWORD);
    const screen = ["-geometry", "640x480", "-depth", "24", "-desktop", title, "-rfbport", String(port)];
    // In a network of its own it would take a number that another one has.
    const number = `:${port + (process.pid % 5000) - 40_000}`;
    const all = [
      number,
      ...screen,
      "-BlacklistThreshold",
      "1000",
      "-Log",
      "*:stderr:100",
      "-rfbauth",
      secret,
      ...security,
    ];
    const { display, server } = await startXServer(cleanup, program, all);
    await display.paintRoot(colour);
    return { name, port, display, process: server, colour };
  };
  const x509 = ["-SecurityTypes", "X509Vnc", "-X509Cert", certificate.cert, "-X509Key", certificate.key];
  const [plain, tls, x11] = await Promise.all([
    startXvnc("lab-plain", 59371, [0x60, 0x20, 0xa0], ["-SecurityTypes", "VncAuth"]),
    startXvnc("lab-tls", 59372, [0x20, 0xa0, 0x60], x509),
    startX11vnc(cleanup, place, "lab-x11", 59373, [0xa0, 0x60, 0x20]),
  ]);
  const pin = new X509Certificate(await readFile(certificate.cert)).fingerprint256;
  const at = (port: number, password = VNC_PASSWORD) => ({ endpoint: `tcp:127.0.0.1:${port}`, password });
  const desktops = {
    [plain.name]: at(plain.port),
    [tls.name]: at(tls.port),
    [x11.name]: at(x11.port),
    "lab-down": at(59374),
    "lab-locked": at(plain.port, WRONG_PASSWORD),
  };
  const args = ["--vnc-tls-fingerprint", `${tls.name}=${pin}`];
  return { plain, tls, x11, settings: { via: place.commandPrefix, args, desktops } };
}

async function startX11vnc(
  cleanup: CleanupStack,
  place: TestComputer,
  name: string,
  port: number,
  colour: RgbColour,
): Promise<IdentifyingServer> {
  const display = await startDisplay(cleanup, { width: 640, height: 480 });
  await display.paintRoot(colour);
  const secret = await writeVncPassword(display.folder, VNC_PASSWORD);
  const serve = ["-display", display.name, "-rfbport", String(port), "-rfbauth", secret];
  const process = display.start(await place.writeWrapperScript("x11vnc"), [
    ...serve,
    ...["-forever", "-shared", "-noxdamage", "-noipv6", "-nolookup"],
  ]);
  await process.waitForOutput(/PORT=\d+/);
  return { name, port, display, process, colour };
}
