import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { LAYERS, PACKAGES } from "../../../layers.ts";
import { listSourceFiles, readDocument } from "./source-codes.ts";

/** `proxy   model ← state ← audit, trust, admit` */
function formatLayers(): string {
  const width = Math.max(...Object.keys(LAYERS).map((base) => base.length)) + 2;
  return Object.entries(LAYERS)
    .map(([base, layers]) => {
      const names = layers.map((layer) =>
        layer.map((name) => name.replace(/^\.$/, "…").replace(/\.tsx?$/, "")),
      );
      return base.padEnd(width) + names.map((layer) => layer.join(", ")).join(" ← ");
    })
    .join("\n");
}

it("docs/architecture.md draws the order that is enforced", async () => {
  expect(await readDocument("architecture.md")).toContain(`\`\`\`\n${formatLayers()}\n\`\`\``);
});

/** Whether a file has a place in the list of `base`: by its name, or by the folder that it is in. */
function hasPlace(base: string, file: string): boolean {
  const [first = "", ...rest] = file.slice(base.length + 1).split("/");
  const names = (LAYERS[base] ?? []).flat();
  return names.includes(first) || (rest.length === 0 && (names.includes(".") || first === "index.ts"));
}

it("layers.ts has a place for every file", async () => {
  const files = await listSourceFiles();
  const missing = Object.keys(LAYERS).flatMap((base) =>
    files.filter((file) => file.startsWith(`${base}/`) && !hasPlace(base, file)),
  );
  expect(missing).toEqual([]);
  expect(Object.keys(PACKAGES).filter((name) => !(name in LAYERS))).toEqual([]);
});

it("layers.ts names only what exists", () => {
  const missing = Object.entries(LAYERS)
    .flatMap(([base, layers]) => layers.flat().map((name) => `${base}/${name}`))
    .filter((place) => !existsSync(new URL(`../../../${place}`, import.meta.url)));
  expect(missing).toEqual([]);
});

it("docs/architecture.md has a row for each package", async () => {
  const text = await readDocument("architecture.md");
  for (const name of Object.keys(PACKAGES)) expect(text).toContain(`| \`${name}/\` |`);
});

it.each(["../CONTRIBUTING.md", "architecture.md", "glossary.md"])(
  "%s names only what exists",
  async (name) => {
    const text = await readDocument(name);
    const places = [
      ...text.matchAll(/`((?:protocol|proxy|agent|launcher|orchestrator|web|bin|test)\/[\w./-]+)`/g),
    ];
    const missing = places
      .map(([, place = ""]) => place)
      .filter((place) => !existsSync(new URL(`../../../${place}`, import.meta.url)));
    expect(missing).toEqual([]);
  },
);
