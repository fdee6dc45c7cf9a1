import path from "node:path";
import { type XDisplay, startXServer } from "./x-display.ts";
import { findFreePort } from "./free-port.ts";
import { CleanupStack } from "./cleanup-stack.ts";
import type { TestProcess } from "./test-process.ts";
import { writeVncPassword } from "./vnc-password.ts";

export interface XvncOptions {
  /** The desktop's own name, as its ServerInit tells it. */
  readonly name?: string;
  /** At most 8 bytes; absent: security type None. */
  readonly password?: string;
  readonly width?: number;
  readonly height?: number;
  /** Listen on a Unix socket instead of TCP. */
  readonly onUnixSocket?: boolean;
  /** Listen on this port, for instance that of a server that was stopped. */
  readonly port?: number;
  /** Without it a viewer that asks for exclusive access drops the others, as in a default installation. */
  readonly alwaysShared?: boolean;
  readonly args?: readonly string[];
}

export interface Xvnc {
  readonly display: XDisplay;
  readonly server: TestProcess;
  /** TCP port on 127.0.0.1; -1 on a Unix socket. */
  readonly port: number;
  /** The Unix socket; empty on TCP. */
  readonly socket: string;
  /** What follows `--desktop NAME=`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a real VNC server of TigerVNC on a display of its own. */
export async function startXvnc(cleanup: CleanupStack, options: XvncOptions = {}): Promise<Xvnc> {
  const own = cleanup.add(new StoppableCleanupStack());
  const folder = await own.makeFolder();
  const socket = options.onUnixSocket === true ? path.join(folder, "rfb") : "";
  const port = socket === "" ? (options.port ?? (await findFreePort())) : -1;
  const args = [
    ...["-geometry", `${options.width ?? 640}x${options.height ?? 480}`, "-depth", "24"],
    ...["-desktop", options.name ?? "xvnc"],
    ...(socket === ""
      ? ["-rfbport", String(port), "-localhost"]
      : ["-rfbport", "-1", "-rfbunixpath", socket]),
    ...(options.alwaysShared === true ? ["-AlwaysShared"] : []),
    // A test that guesses passwords on purpose is not to be locked out by the server's own defence.
    ...["-BlacklistThreshold", "1000"],
  ];
  if (options.password === undefined) args.push("-SecurityTypes", "None");
  else args.push("-SecurityTypes", "VncAuth", "-rfbauth", await writeVncPassword(folder, options.password));
  const { display, server } = await startXServer(own, "Xvnc", [...args, ...(options.args ?? [])]);
  const endpoint = socket === "" ? `tcp:127.0.0.1:${port}` : `unix:${socket}`;
  return { display, server, port, socket, endpoint, stop: () => own.close() };
}

class StoppableCleanupStack extends CleanupStack {
  stop(): Promise<void> {
    return this.close();
  }
}
