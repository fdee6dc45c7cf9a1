import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Picture } from "../pixels.ts";
import { runProcess } from "../process.ts";
import { drawContactSheet } from "./contact-sheet.ts";
import { describeMatrix } from "./page.ts";
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
const PACKAGES = [
  ...["tigervnc-viewer", "xtightvncviewer", "ssvnc", "stunnel4", "vncsnapshot", "chromium"],
  ...["tigervnc-standalone-server", "x11vnc", "qemu-system-x86"],
];

export async function readVersions(): Promise<Record<string, string>> {
  const format = "-f=${Package}\\t${Version}\\n";
  const { stdout } = await runProcess("dpkg-query", ["-W", format, ...PACKAGES]);
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t") as [string, string]),
  );
}

/** The results of one run, kept in test/results/compatibility. */
export class Results {
  readonly #cells: CellResult[] = [];
  readonly #pictures = new Map<string, Map<string, Picture>>();

  add(cell: CellResult, picture: Picture): void {
    this.#cells.push(cell);
    const row = this.#pictures.get(cell.viewer) ?? new Map<string, Picture>();
    this.#pictures.set(cell.viewer, row.set(cell.server, picture));
  }

  /** Writes what was found, and, when no cell is missing, the page and its pictures. */
  async save(): Promise<void> {
    await mkdir(FOLDER, { recursive: true });
    const versions = await readVersions();
    const found = JSON.stringify({ versions, cells: this.#cells }, undefined, 2);
    await writeFile(path.join(FOLDER, "results.json"), `${found}\n`);
    if (this.#cells.length < VIEWER_KINDS.length * SERVER_KINDS.length) return;
    await writeFile(path.join(FOLDER, "compatibility.md"), describeMatrix(versions));
    for (const { id } of VIEWER_KINDS) {
      const labelled = SERVER_KINDS.map(
        (kind) => [kind.title, this.#pictures.get(id)!.get(kind.id)!] as const,
      );
      await drawContactSheet(path.join(FOLDER, `compat-${id}.png`), labelled);
    }
  }
}
