import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CleanupStack } from "./cleanup-stack.ts";
import { type RgbColour, Bitmap } from "./bitmap.ts";
import { runProcess, startProcess, type TestProcess } from "./test-process.ts";
import { waitFor } from "./wait-for.ts";

/** An X server's screen: what can be looked at, drawn on, typed into and clicked on. */
export class XDisplay {
  /** For example ":7". */
  readonly name: string;
  readonly folder: string;
  readonly #cleanup: CleanupStack;
  #screenshots = 0;

  constructor(cleanup: CleanupStack, name: string, folder: string) {
    this.#cleanup = cleanup;
    this.name = name;
    this.folder = folder;
  }

  /** The environment for programs on this display; their dot files stay in a folder of the test. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, DISPLAY: this.name, HOME: this.folder, LC_ALL: "C.UTF-8" };
  }

  start(
    command: string,
    args: readonly string[],
    { input, env }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): TestProcess {
    const options = input === undefined ? {} : { input };
    return startProcess(this.#cleanup, command, args, { ...options, env: { ...this.env, ...env } });
  }

  async run(command: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProcess(command, args, { env: this.env });
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Takes a picture of the whole screen, as a PNG file; returns its path. */
  async saveScreenshot(file?: string): Promise<string> {
    this.#screenshots += 1;
    const target = file ?? path.join(this.folder, `screen-${this.#screenshots}.png`);
    await this.run("/usr/bin/import", ["-window", "root", `png24:${target}`]);
    return target;
  }

  async takePicture(): Promise<Bitmap> {
    return Bitmap.decode(await readFile(await this.saveScreenshot()));
  }

  /** Waits until this many pixels have this colour; returns the picture. */
  async waitForColour(colour: RgbColour, atLeast: number, timeoutMs = 15_000): Promise<Bitmap> {
    let found = 0;
    return waitFor(
      `${atLeast} pixels of the colour ${colour.join(",")} on ${this.name}`,
      async () => {
        const picture = await this.takePicture();
        found = picture.count(colour);
        return found >= atLeast && picture;
      },
      { timeoutMs, explain: () => `The last look found ${found}.` },
    );
  }

  /** Fills the root window with one colour. */
  async paintRoot([red, green, blue]: RgbColour): Promise<void> {
    await this.#paint(["-size", "64x64", `xc:rgb(${red},${green},${blue})`]);
    await this.waitForColour([red, green, blue], 1);
  }

  /** Makes a picture the root window's background. */
  async paintRootWith(picture: Bitmap): Promise<void> {
    const file = path.join(this.folder, "root.png");
    await writeFile(file, picture.encode());
    await this.#paint([file]);
    await waitFor("the picture", async () => (await this.takePicture()).countDifferences(picture) === 0);
  }

  /** It ends with status 1 even when it painted: the screen tells. */
  async #paint(what: readonly string[]): Promise<void> {
    await runProcess("/usr/bin/display", ["-window", "root", ...what], { env: this.env });
  }

  /** Opens an xterm with this background at the top left. `shellCommand` runs inside, a shell if absent. */
  openTerminal({ background, shellCommand }: { background: string; shellCommand?: string }): TestProcess {
    const look = ["-fa", "DejaVu Sans Mono", "-fs", "10", "-geometry", "40x10+0+0", "-bg", background];
    const inside = shellCommand === undefined ? [] : ["-e", "sh", "-c", shellCommand];
    return this.start("xterm", [...look, ...inside]);
  }

  /** The titles of all visible windows. */
  async listWindowTitles(): Promise<string[]> {
    const tree = await this.run("xwininfo", ["-root", "-tree"]);
    return [...tree.matchAll(/^\s+0x[0-9a-f]+ "(.*)": \(/gm)].map(([, title]) => title!);
  }

  /** Gives a window the keyboard (there is no window manager to do it) and returns where it is. */
  async focusWindow(title: string): Promise<{ x: number; y: number; width: number; height: number }> {
    const found = await this.run("xdotool", ["search", "--onlyvisible", "--name", title]);
    const id = found.split("\n")[0]!;
    await this.run("xdotool", ["windowfocus", "--sync", id]);
    const geometry = await this.run("xdotool", ["getwindowgeometry", "--shell", id]);
    const read = (key: string) => Number(new RegExp(`^${key}=(-?\\d+)$`, "m").exec(geometry)?.[1]);
    return { x: read("X"), y: read("Y"), width: read("WIDTH"), height: read("HEIGHT") };
  }

  async moveTo(x: number, y: number): Promise<void> {
    await this.run("xdotool", ["mousemove", "--sync", String(x), String(y)]);
  }

  async clickAt(x: number, y: number, button = 1): Promise<void> {
    await this.moveTo(x, y);
    await this.run("xdotool", ["click", String(button)]);
  }

  /** Presses keys by their X names, e.g. "F1", "Return", "ctrl+c". */
  async pressKeys(...keys: string[]): Promise<void> {
    await this.run("xdotool", ["key", "--delay", "40", ...keys]);
  }

  /** Types letters and signs; a line's end is `pressKeys("Return")`. */
  async typeText(text: string): Promise<void> {
    await this.run("xdotool", ["type", "--delay", "40", text]);
  }
}

/** Runs an X server that picks a free display number itself, and waits until it takes clients. */
export async function startXServer(
  cleanup: CleanupStack,
  command: string,
  args: readonly string[],
): Promise<{ readonly display: XDisplay; readonly server: TestProcess }> {
  const folder = await cleanup.makeFolder();
  const env = { ...process.env, HOME: folder };
  const all = ["-displayfd", "3", "-noreset", "-nolisten", "tcp", ...args];
  const server = startProcess(cleanup, command, all, { env, withExtraPipe: true });
  const [, number] = await server.waitUntil("its display number", () => /^(\d+)\n/.exec(server.extra));
  return { display: new XDisplay(cleanup, `:${number!}`, folder), server };
}

/** A screen in memory for viewers and browsers to appear on. */
export async function startDisplay(
  cleanup: CleanupStack,
  { width = 1024, height = 768 } = {},
): Promise<XDisplay> {
  const { display } = await startXServer(cleanup, "Xvfb", ["-screen", "0", `${width}x${height}x24`]);
  return display;
}
