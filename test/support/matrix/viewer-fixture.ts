import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Page } from "playwright-core";
import { readCanvas, openWall } from "../../e2e/browser-steps.ts";
import type { CleanupStack } from "../cleanup-stack.ts";
import { Bitmap } from "../bitmap.ts";
import { type PosternServer, runPostern } from "../postern.ts";
import type { TestProcess } from "../test-process.ts";
import { decodeJpeg } from "../debian-viewers.ts";
import { writeVncPassword } from "../vnc-password.ts";
import { type XvfbScreen, startXvfbScreen } from "./xvfb-screen.ts";
import { describeTunnel, type ProgramKind, type ViewerKind, type CommandLineValues } from "./viewer-kinds.ts";

const [SCREEN_WIDTH, SCREEN_HEIGHT] = [800, 600];

/** A published desktop, and what lets a viewer in. */
export interface MatrixDesktop {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly number: string;
}

/** A viewer at a desktop. */
export interface OpenViewer {
  /** The desktop as the viewer shows it; undefined where it shows none yet. */
  takePicture(): Promise<Bitmap | undefined>;
  /** What a person sees: the whole screen, window or file. */
  takeScreenshot(): Promise<Bitmap>;
  /** Its windows' titles and its output. */
  readText(): Promise<string>;
  close(): Promise<void>;
}

/** Opens the viewers of the matrix, one at a time, on one screen and in one browser. */
export class ViewerFixture {
  readonly #server: PosternServer;
  readonly #repeater: number;
  readonly #screen: XvfbScreen;
  readonly #page: Page;
  readonly #ca: string;

  private constructor(server: PosternServer, repeater: number, screen: XvfbScreen, page: Page, ca: string) {
    this.#server = server;
    this.#repeater = repeater;
    this.#screen = screen;
    this.#page = page;
    this.#ca = ca;
  }

  static async start(cleanup: CleanupStack, server: PosternServer, repeater: number): Promise<ViewerFixture> {
    const screen = await startXvfbScreen(cleanup, SCREEN_WIDTH, SCREEN_HEIGHT);
    const page = await openWall(cleanup, server);
    await page.setViewportSize({ width: SCREEN_WIDTH, height: SCREEN_HEIGHT });
    const ca = path.join(screen.display.folder, "ca.pem");
    await writeFile(ca, (await runPostern(["ca", "--data", server.data])).stdout);
    return new ViewerFixture(server, repeater, screen, page, ca);
  }

  async open(kind: ViewerKind, desk: MatrixDesktop): Promise<OpenViewer> {
    return kind.shows === "page" ? this.#openPage(desk) : this.#openProgram(kind, await this.#fillIn(desk));
  }

  async #fillIn(desk: MatrixDesktop): Promise<CommandLineValues> {
    const { folder } = this.#screen.display;
    const words = { host: "127.0.0.1", listen: String(this.#server.listen), ca: this.#ca };
    const tunnel = path.join(folder, "stunnel.conf");
    await writeFile(tunnel, describeTunnel(words, "localhost"));
    return {
      ...words,
      rfb: String(this.#server.rfb),
      repeater: String(this.#repeater),
      token: desk.token,
      passwordFile: await writeVncPassword(folder, desk.token),
      desktop: desk.name,
      tunnel,
      number: desk.number,
      picture: path.join(folder, `${desk.name}.jpg`),
    };
  }

  async #openProgram(kind: ProgramKind, words: CommandLineValues): Promise<OpenViewer> {
    const { display } = this.#screen;
    const { command, args, env = {} } = kind.describe(words);
    // TigerVNC is to write what it does, and to end rather than ask whether to try again.
    const quiet = ["-AlertOnFatalError", "0", "-ReconnectOnError", "0", "-Log", "*:stderr:30"];
    const all = command === "vncviewer" ? [...quiet, ...args] : args;
    const viewer = display.start(command, all, { env });
    if (kind.shows === "file") return openFile(viewer, words.picture);
    return {
      takePicture: () => this.#screen.takePicture(),
      takeScreenshot: () => this.#screen.takePicture(),
      readText: async () => [...(await display.listWindowTitles()), viewer.output].join("\n"),
      close: async () => {
        await viewer.stop();
      },
    };
  }

  async #openPage(desk: MatrixDesktop): Promise<OpenViewer> {
    const page = this.#page;
    await page.goto(`${this.#server.origin}/view/${desk.id}`);
    return {
      takePicture: () => readCanvas(page).catch(() => undefined),
      takeScreenshot: async () => Bitmap.decode(await page.screenshot()),
      readText: () => page.title(),
      close: async () => {
        await page.goto("about:blank");
      },
    };
  }
}

function openFile(viewer: TestProcess, file: string): OpenViewer {
  const photograph = async () => {
    const { code } = await viewer.waitForExit();
    if (code !== 0) throw new Error(`It ended with ${code}: ${viewer.output}`);
    return decodeJpeg(file);
  };
  return {
    takePicture: photograph,
    takeScreenshot: photograph,
    readText: () => Promise.resolve(viewer.output),
    close: async () => {
      await viewer.stop();
    },
  };
}
