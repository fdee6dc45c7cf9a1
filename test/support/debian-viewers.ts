import { readFile } from "node:fs/promises";
import path from "node:path";
import type { XDisplay } from "./x-display.ts";
import { Bitmap } from "./bitmap.ts";
import { runProcess, type TestProcess } from "./test-process.ts";
import { writeVncPassword } from "./vnc-password.ts";

export interface ViewerTarget {
  readonly port: number;
  /** The VNC password, or a Postern token. */
  readonly password?: string;
  readonly args?: readonly string[];
}

/**
 * Opens TigerVNC's viewer. It writes what it does to its output, refusals with the server's reason included. With
 * `withErrorBox` it shows a refusal in a window and stays, otherwise it ends.
 */
export async function openTigerViewer(
  display: XDisplay,
  { port, password, args = [], withErrorBox = false }: ViewerTarget & { readonly withErrorBox?: boolean },
): Promise<TestProcess> {
  return display.start("vncviewer", [
    ...["-AlertOnFatalError", withErrorBox ? "1" : "0", "-ReconnectOnError", "0", "-Log", "*:stderr:30"],
    ...(await passwordArguments(display, password)),
    ...args,
    `127.0.0.1::${port}`,
  ]);
}

/** Opens TightVNC's viewer of Debian, which speaks RFB 3.8 and asks for shared access. */
export async function openTightViewer(
  display: XDisplay,
  { port, password, args = [] }: ViewerTarget,
): Promise<TestProcess> {
  const secret = await passwordArguments(display, password);
  return display.start("xtightvncviewer", ["-shared", ...secret, ...args, `127.0.0.1::${port}`]);
}

/** Opens ssvnc's viewer; `args` may name a repeater's ID or an address. */
export async function openSsvncViewer(
  display: XDisplay,
  { port, password, args = [] }: ViewerTarget,
): Promise<TestProcess> {
  const secret = await passwordArguments(display, password);
  return display.start("ssvncviewer", ["-shared", ...secret, ...args, `127.0.0.1::${port}`]);
}

export interface ViewerSnapshot {
  readonly code: number | null;
  readonly output: string;
  /** Undefined when it was refused. */
  readonly picture: Bitmap | undefined;
}

/**
 * Takes one picture with vncsnapshot, which speaks RFB 3.3 and needs no display. Its picture is a JPEG of good
 * quality: compare colours with a tolerance of some 8 steps.
 */
export async function takeViewerSnapshot(
  folder: string,
  { port, password, args = [] }: ViewerTarget,
): Promise<ViewerSnapshot> {
  const file = path.join(folder, `snapshot-${process.hrtime.bigint()}.jpg`);
  const secret = password === undefined ? [] : ["-passwd", await writeVncPassword(folder, password)];
  // Xvnc answers its list of encodings with one that it cannot read, unless only raw is asked for.
  const all = ["-encodings", "raw", "-quality", "100", ...secret, ...args, `127.0.0.1::${port}`, file];
  const { code, stdout, stderr } = await runProcess("vncsnapshot", all, { timeoutMs: 60_000 });
  const output = `${stdout}${stderr}`;
  return { code, output, picture: code === 0 ? await decodeJpeg(file) : undefined };
}

export async function decodeJpeg(file: string): Promise<Bitmap> {
  const png = `${file}.png`;
  const { code, stderr } = await runProcess("/usr/bin/convert-im6", [file, `png24:${png}`]);
  if (code !== 0) throw new Error(`convert: ${stderr}`);
  return Bitmap.decode(await readFile(png));
}

async function passwordArguments(display: XDisplay, password: string | undefined): Promise<string[]> {
  return password === undefined ? [] : ["-passwd", await writeVncPassword(display.folder, password)];
}
