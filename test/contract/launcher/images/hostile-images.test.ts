import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { runProcess } from "../../../support/test-process.ts";
import { makeHostileImages, makeHostileNames, type HostileImage } from "./hostile-corpus.ts";

interface Outcome {
  readonly results: {
    readonly file: string;
    readonly inspected: string | null;
    readonly imported: string;
    readonly declared: string;
    readonly started: string | null;
  }[];
  readonly named: { readonly file: string; readonly safe: object | null; readonly imported: string }[];
}

const CHILD = fileURLToPath(new URL("./image-child.mjs", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** What programs read of their system to run at all. */
const SYSTEM = [
  /^\/(usr|lib|lib64|bin|sbin|proc|sys|dev|opt|root\/\.nvm)(\/|$)/,
  /^\/etc\/(ld\.so|localtime|ssl|nsswitch|passwd|group|resolv|hosts|host\.conf|gai\.conf|iproute2|connlabel|qemu)/,
];

describe("hostile images", () => {
  const cleanup = new CleanupStack();
  let folder: string;
  let victim: string;
  let images: HostileImage[];
  let names: string[];
  let outcome: Outcome;
  let opened: Set<string>;
  let connects: string[];

  beforeAll(async () => {
    folder = await cleanup.makeFolder();
    const [corpus, vault] = [join(folder, "corpus"), join(await cleanup.makeFolder(), "vault")];
    for (const made of [corpus, vault]) await mkdir(made);
    victim = join(vault, "secret");
    await writeFile(victim, Buffer.alloc(65_536, "s"));
    images = await makeHostileImages(corpus, victim);
    names = await makeHostileNames(corpus);
    const entries = images.flatMap(({ file, format }, index) =>
      format === "ova" ? [] : [{ id: `hostile-${index}`, boot: { kind: "disk", format, file } }],
    );
    const amounts = { memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } };
    const catalogueFile = join(folder, "catalogue.json");
    const catalogue = entries.map((entry) => ({ ...entry, title: entry.id, description: "", ...amounts }));
    await writeFile(catalogueFile, JSON.stringify({ images: catalogue }));
    const options = {
      ...{ catalogueFile, imagesDir: join(folder, "images"), stateDir: join(folder, "state") },
      ...{
        runtimeDir: join(folder, "run"),
        accel: "tcg",
        stopGraceMs: 0,
        allowedShares: [],
        networks: { allow: [], forward: [] },
        vmUser: "root",
        traversableFolders: [],
      },
      limits: { maxInstances: 100, maxLoad: 10_000, memoryReserveMb: 0 },
    };
    const traces = join(folder, "traces");
    await mkdir(traces);
    const task = JSON.stringify({ hostile: images, names, storeDir: join(folder, "images"), options });
    const strace = [
      // A file for each process: in one file a call that another interrupts has its result on another line.
      "-ff",
      "-qq",
      "--seccomp-bpf",
      "-o",
      join(traces, "of"),
      "-e",
      "trace=open,openat,openat2,creat,execve,connect",
    ];
    const ran = await runProcess("strace", [...strace, process.execPath, CHILD, task], {
      cwd: ROOT,
      timeoutMs: 150_000,
    });
    const [, json] = /^RESULT (.*)$/m.exec(ran.stdout) ?? [];
    if (json === undefined) throw new Error(`the child ended with ${ran.code}: ${ran.stderr}`);
    outcome = JSON.parse(json) as Outcome;
    const texts = (await readdir(traces)).map((name) => readFile(join(traces, name), "utf8"));
    const lines = (await Promise.all(texts)).flatMap((text) => text.split("\n"));
    opened = new Set(lines.flatMap(readPaths));
    connects = lines.filter((line) => /connect\(/.test(line) && /AF_INET/.test(line));
  }, 200_000);
  afterAll(() => cleanup.close());

  test("each is refused when looked at, imported and started, and the reason is told", () => {
    for (const [index, { file, format, why }] of images.entries()) {
      const result = outcome.results[index]!;
      expect(result.imported, file).not.toBe("imported");
      expect(result.declared, file).toMatch(/^(IMAGE_UNSAFE|IMAGE_FORMAT|OVA_INVALID|IMAGE_UNREADABLE): /);
      expect(`${result.imported} ${result.declared} ${result.inspected ?? ""}`, file).toMatch(why);
      if (format === "ova") continue;
      expect(result.inspected, file).not.toBeNull();
      expect(result.started, file).toMatch(/^IMAGE_UNAVAILABLE: /);
    }
  });

  test("a name is only a name", () => {
    expect(outcome.named.map(({ safe, imported }) => [safe, imported])).toEqual(
      names.map(() => [null, "imported"]),
    );
  });

  test("no file was opened that an image led to, nor any outside of what the programs need", () => {
    expect([...opened].filter((path) => path.startsWith(join(victim, "..")))).toEqual([]);
    const allowed = [folder, ROOT.slice(0, -1), process.execPath];
    const strange = [...opened].filter(
      (path) =>
        !allowed.some((prefix) => path.startsWith(prefix)) && !SYSTEM.some((pattern) => pattern.test(path)),
    );
    expect(strange).toEqual([]);
    // The watch itself works: the images and the programs are in it.
    expect([...opened]).toContain(images[0]!.file);
    expect([...opened].some((path) => path.endsWith("/qemu-img"))).toBe(true);
    expect(opened.has(join(folder, "corpus", "their-data"))).toBe(false);
  });

  test("no connection was made", () => {
    expect(connects).toEqual([]);
  });
});

/** The paths of a line of strace, absolute ones: what the programs open by other names is in their own folders. */
function readPaths(line: string): string[] {
  const [, path] =
    /(?:open|openat|openat2|creat|execve)\((?:[A-Z_0-9]+, )?"((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  return path?.startsWith("/") === true && !line.includes("ENOENT") ? [path] : [];
}
