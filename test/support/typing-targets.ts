import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { CleanupStack } from "./cleanup-stack.ts";
import { startQemuVnc, startX11vnc } from "./vnc-servers.ts";
import { waitFor } from "./wait-for.ts";
import { startXServer, type XDisplay } from "./x-display.ts";
import { startXvnc } from "./xvnc.ts";

/** A desktop that writes down the characters that its keys make. */
export interface TypingTarget {
  /** What follows `--desktop NAME=`. */
  readonly endpoint: string;
  /** From now on {@link read} begins. */
  clear(): Promise<void>;
  read(): Promise<string>;
}

/** A terminal over the whole screen, whose characters land in a file. */
async function openRecorder(display: XDisplay): Promise<string> {
  const file = path.join(display.folder, "typed");
  display.start("xterm", [
    ...["-u8", "-geometry", "200x60+0+0", "-bg", "white"],
    ...["-e", "sh", "-c", `stty raw -echo; echo ready > ${file}.ready; exec cat > ${file}`],
  ]);
  await waitFor("the terminal", () => stat(`${file}.ready`).catch(() => undefined));
  // Without a window manager the keys go to the window under the pointer.
  await display.moveTo(100, 100);
  return file;
}

function recordFile(endpoint: string, file: string): TypingTarget {
  let from = 0;
  const readAll = () => readFile(file).catch(() => Buffer.alloc(0));
  return {
    endpoint,
    clear: async () => {
      from = (await readAll()).length;
    },
    // Terminals differ in what the backspace key sends.
    read: async () => (await readAll()).subarray(from).toString("utf8").replaceAll("\x7f", "\b"),
  };
}

export async function startXvncTarget(cleanup: CleanupStack): Promise<TypingTarget> {
  const { display, endpoint } = await startXvnc(cleanup);
  return recordFile(endpoint, await openRecorder(display));
}

export async function startX11vncTarget(cleanup: CleanupStack): Promise<TypingTarget> {
  const { display, endpoint } = await startX11vnc(cleanup, undefined);
  return recordFile(endpoint, await openRecorder(display));
}

/** X's key codes of a PC's keyboard by QEMU's names. */
const KEY_CODES: Readonly<Record<string, number>> = Object.fromEntries([
  ...[..."1234567890"].map((key, index) => [key, 10 + index] as const),
  ...["minus", "equal", "backspace", "tab"].map((key, index) => [key, 20 + index] as const),
  ...[..."qwertyuiop", "bracket_left", "bracket_right", "ret"].map(
    (key, index) => [key, 24 + index] as const,
  ),
  ...[..."asdfghjkl", "semicolon", "apostrophe", "grave_accent"].map(
    (key, index) => [key, 38 + index] as const,
  ),
  ...["shift", "backslash"].map((key, index) => [key, 50 + index] as const),
  ...[..."zxcvbnm", "comma", "dot", "slash", "shift_r"].map((key, index) => [key, 52 + index] as const),
  ...Object.entries({ ctrl: 37, alt: 64, spc: 65, less: 94, alt_r: 108 }),
]);

/**
 * A machine of QEMU, started with `-k keymap`. What its keyboard controller is told is pressed again on a screen whose
 * keyboard has the same layout: there are the characters that a system inside would get.
 */
export async function startQemuTarget(cleanup: CleanupStack, keymap: "us" | "fr"): Promise<TypingTarget> {
  // Without repetition: a key may be down for long here.
  const { display: guest } = await startXServer(cleanup, "Xvfb", ["-r", "-screen", "0", "1024x768x24"]);
  const file = await openRecorder(guest);
  await guest.run("setxkbmap", [keymap]);
  const trace = path.join(guest.folder, "trace");
  const { endpoint } = await startQemuVnc(
    cleanup,
    "",
    [],
    ["-trace", "input_event_key_qcode", "-D", trace, "-k", keymap === "us" ? "en-us" : keymap],
  );
  const typed = recordFile(endpoint, file);
  let from = 0;
  const readTrace = () => readFile(trace, "utf8").catch(() => "");
  let seen = 0;
  const press = async (): Promise<void> => {
    const text = await readTrace();
    // The text is not over yet.
    const isGrowing = text.length > seen;
    seen = text.length;
    if (isGrowing) return;
    const events = [...text.slice(from).matchAll(/key qcode (\S+), down (\d)/g)];
    from = text.length;
    const keys = events.flatMap(([, key = "", down]) => {
      const code = KEY_CODES[key];
      if (code === undefined) throw new Error(`There is no key code for QEMU's ${key}.`);
      return [down === "1" ? "keydown" : "keyup", String(code)];
    });
    if (keys.length > 0) await guest.run("xdotool", keys);
  };
  return {
    endpoint,
    clear: async () => {
      from = (await readTrace()).length;
      await typed.clear();
    },
    read: async () => {
      await press();
      return typed.read();
    },
  };
}
