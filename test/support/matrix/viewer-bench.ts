import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Page } from "playwright-core";
import { lookAtCanvas, openWall } from "../../e2e/wall.ts";
import type { Owner } from "../owner.ts";
import { Picture } from "../pixels.ts";
import { type PosternServer, runPostern } from "../postern.ts";
import type { TestProcess } from "../process.ts";
import { decodeJpeg } from "../viewers.ts";
import { writeVncPassword } from "../vnc-password.ts";
import { type Screen, startScreen } from "./screen.ts";
import { describeTunnel, type ProgramKind, type ViewerKind, type Words } from "./viewer-kinds.ts";

export const [SCREEN_WIDTH, SCREEN_HEIGHT] = [800, 600];

/** A published desktop, and what lets a viewer in. */
export interface Desk {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly number: string;
}

/** A viewer at a desktop. */
export interface OpenViewer {
  /** The desktop as the viewer shows it; undefined where it shows none yet. */
  look(): Promise<Picture | undefined>;
  /** What a person sees: the whole screen, window or file. */
  photograph(): Promise<Picture>;
  /** Its windows' titles and its output. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Opens the viewers of the matrix, one at a time, on one screen and in one browser. */
export class ViewerBench {
  readonly #server: PosternServer;
  readonly #repeater: number;
  readonly #screen: Screen;
  readonly #page: Page;
  readonly #ca: string;

  private constructor(server: PosternServer, repeater: number, screen: Screen, page: Page, ca: string) {
    this.#server = server;
    this.#repeater = repeater;
    this.#screen = screen;
    this.#page = page;
    this.#ca = ca;
  }

  static async start(owner: Owner, server: PosternServer, repeater: number): Promise<ViewerBench> {
    const screen = await startScreen(owner, SCREEN_WIDTH, SCREEN_HEIGHT);
    const page = await openWall(owner, server);
    await page.setViewportSize({ width: SCREEN_WIDTH, height: SCREEN_HEIGHT });
    const ca = path.join(screen.display.folder, "ca.pem");
    await writeFile(ca, (await runPostern(["ca", "--data", server.data])).stdout);
    return new ViewerBench(server, repeater, screen, page, ca);
  }

  async open(kind: ViewerKind, desk: Desk): Promise<OpenViewer> {
    return kind.shows === "page" ? this.#openPage(desk) : this.#openProgram(kind, await this.#fillIn(desk));
  }

  async #fillIn(desk: Desk): Promise<Words> {
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

  async #openProgram(kind: ProgramKind, words: Words): Promise<OpenViewer> {
    const { display } = this.#screen;
    const { command, args, env = {} } = kind.describe(words);
    // TigerVNC is to write what it does, and to end rather than ask whether to try again.
    const quiet = ["-AlertOnFatalError", "0", "-ReconnectOnError", "0", "-Log", "*:stderr:30"];
    const all = command === "vncviewer" ? [...quiet, ...args] : args;
    const viewer = display.start(command, all, { env });
    if (kind.shows === "file") return openFile(viewer, words.picture);
    return {
      look: () => this.#screen.look(),
      photograph: () => this.#screen.look(),
      listen: async () => [...(await display.listWindowTitles()), viewer.output].join("\n"),
      close: async () => {
        await viewer.stop();
      },
    };
  }

  async #openPage(desk: Desk): Promise<OpenViewer> {
    const page = this.#page;
    await page.goto(`${this.#server.origin}/view/${desk.id}`);
    return {
      look: () => lookAtCanvas(page).catch(() => undefined),
      photograph: async () => Picture.decode(await page.screenshot()),
      listen: () => page.title(),
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
    look: photograph,
    photograph,
    listen: () => Promise.resolve(viewer.output),
    close: async () => {
      await viewer.stop();
    },
  };
}
