import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { LAYERS, PACKAGES } from "../../../layers.ts";
import { readDocument } from "./source-codes.ts";

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
