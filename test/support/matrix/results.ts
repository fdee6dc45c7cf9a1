import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Bitmap } from "../bitmap.ts";
import { runProcess } from "../test-process.ts";
import { drawContactSheet } from "./contact-sheet.ts";
import { describeMatrix } from "./compatibility-page.ts";
import { SERVER_KINDS } from "./server-kinds.ts";
import { VIEWER_KINDS } from "./viewer-kinds.ts";

/** What came of one cell; there is none for a cell that failed. */
export interface CellResult {
  readonly viewer: string;
  readonly server: string;
  readonly width: number;
  readonly height: number;
  /** The part of the desktop's pixels that were right, 0 to 1. */
  readonly right: number;
  /** From the viewer's start to the picture. */
  readonly tookMs: number;
  /** What the viewer said of the way it came in, and how the agent entered. */
  readonly said: string;
  readonly entered: string;
}

const FOLDER = fileURLToPath(new URL("../../results/compatibility/", import.meta.url));
const FOUND = path.join(FOLDER, "results.json");
const SHRINK = 4;
const PACKAGES = [
  ...["tigervnc-viewer", "xtightvncviewer", "ssvnc", "stunnel4", "vncsnapshot", "chromium"],
  ...["tigervnc-standalone-server", "x11vnc", "qemu-system-x86"],
];

async function readVersions(): Promise<Record<string, string>> {
  const format = "-f=${Package}\\t${Version}\\n";
  const { stdout } = await runProcess("dpkg-query", ["-W", format, ...PACKAGES]);
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t") as [string, string]),
  );
}

/** What came of each cell when it was run last, kept in test/results/compatibility. */
export class Results {
  readonly #cells: Map<string, CellResult>;

  private constructor(cells: readonly CellResult[]) {
    this.#cells = new Map(cells.map((cell) => [nameCell(cell.viewer, cell.server), cell]));
  }

  static async open(): Promise<Results> {
    await mkdir(FOLDER, { recursive: true });
    const text = await readFile(FOUND, "utf8").catch(() => undefined);
    return new Results(text === undefined ? [] : (JSON.parse(text) as { cells: CellResult[] }).cells);
  }

  /** A cell that is run again has no result until it passed. */
  async forget(viewer: string, server: string): Promise<void> {
    this.#cells.delete(nameCell(viewer, server));
    await rm(pictureOf(viewer, server), { force: true });
  }

  async add(cell: CellResult, picture: Bitmap): Promise<void> {
    this.#cells.set(nameCell(cell.viewer, cell.server), cell);
    await writeFile(pictureOf(cell.viewer, cell.server), picture.shrink(SHRINK).encode());
    const found = { cells: [...this.#cells.values()] };
    await writeFile(FOUND, `${JSON.stringify(found, undefined, 2)}\n`);
  }

  /** Writes the page and its pictures, unless a cell is without a result. */
  async savePage(): Promise<void> {
    const isThere = (viewer: string, server: string) => this.#cells.has(nameCell(viewer, server));
    if (!VIEWER_KINDS.every((viewer) => SERVER_KINDS.every((server) => isThere(viewer.id, server.id))))
      return;
    await writeFile(path.join(FOLDER, "compatibility.md"), describeMatrix(await readVersions()));
    for (const { id } of VIEWER_KINDS) {
      const labelled = SERVER_KINDS.map((kind) => [kind.title, pictureOf(id, kind.id)] as const);
      await drawContactSheet(path.join(FOLDER, `compat-${id}.png`), labelled);
    }
  }
}

function nameCell(viewer: string, server: string): string {
  return `${viewer}--${server}`;
}

function pictureOf(viewer: string, server: string): string {
  return path.join(FOLDER, `${nameCell(viewer, server)}.png`);
}
