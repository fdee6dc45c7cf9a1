import { describe, expect, it } from "vitest";
import {
  catalogues,
  chooseLanguage,
  type Text,
} from "../../../../../../web/client/text/translations/languages.ts";

type Leaf = string | ((...args: never[]) => string);

function listLeaves(node: object, path = ""): [string, Leaf][] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]): [string, Leaf][] =>
    typeof value === "object" && value !== null
      ? listLeaves(value, `${path}${key}.`)
      : [[path + key, value as Leaf]],
  );
}

function speak(leaf: Leaf): string {
  return typeof leaf === "string" ? leaf : (leaf as (...args: unknown[]) => string)("2", "x", "y");
}

const english = new Map(listLeaves(catalogues.en));
const french = new Map(listLeaves(catalogues.fr));

describe("text catalogues", () => {
  it("say the same things in both languages", () => {
    // The server's own sentences about errors, reasons and images are English already: French may know more of them.
    const extra = [...french.keys()].filter((key) => !english.has(key));
    expect(extra.filter((key) => !/^(errors|reasons|imageDescriptions)\./.test(key))).toEqual([]);
    expect([...english.keys()].filter((key) => !french.has(key))).toEqual([]);
  });

  it("take the same parameters", () => {
    for (const [key, leaf] of english) {
      const other = french.get(key);
      expect(typeof other, key).toBe(typeof leaf);
      if (typeof leaf === "function")
        expect((other as Leaf & { length: number }).length, key).toBe(leaf.length);
    }
  });

  it.each(["en", "fr"] as const)("%s leaves nothing empty and does not shout", (language) => {
    for (const [key, leaf] of listLeaves(catalogues[language])) {
      const said = speak(leaf);
      expect(said.trim(), key).not.toBe("");
      expect(said, key).not.toContain("!");
      expect(said, key).not.toContain("undefined");
    }
  });

  it("counts people and processors in both languages", () => {
    const count = (text: Text) => [text.monitor.viewers(1), text.monitor.viewers(3), text.monitor.cpus(1)];
    expect(count(catalogues.en)).toEqual(["1 person connected", "3 people connected", "1 CPU"]);
    expect(count(catalogues.fr)).toEqual(["1 personne connectée", "3 personnes connectées", "1 processeur"]);
  });

  it("chooses the first language that it speaks", () => {
    expect(chooseLanguage(["de-CH", "fr-CH", "en"])).toBe("fr");
    expect(chooseLanguage(["en-GB", "fr"])).toBe("en");
    expect(chooseLanguage(["da"])).toBe("en");
    expect(chooseLanguage([])).toBe("en");
  });
});
