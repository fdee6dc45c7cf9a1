import { describe, expect, it } from "vitest";
import { isRefusalCode, ViewerRefusal, type RefusalCode } from "../../../../../proxy/model/viewer-refusal.ts";
import { explainRefusal } from "../../../../../web/client/viewer/explain-refusal.ts";
import { catalogues, lookUpText } from "../../../../../web/client/text/translations/languages.ts";
import { readDocument } from "../../../docs/source-codes.ts";

/** The codes in the tables of one section of docs/errors.md. */
async function listCodes(section: string): Promise<string[]> {
  const [, text = ""] = (await readDocument("errors.md")).split(`\n## ${section}\n`);
  return [...text.split("\n## ")[0]!.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code!);
}

const { en, fr } = catalogues;

describe("what a refused viewer reads", () => {
  it("is known by the server's own sentence, and said in French", async () => {
    const codes = (await listCodes("Viewers")).filter(isRefusalCode);
    expect(codes.length).toBeGreaterThan(15);
    expect(Object.keys(en.refusals).sort()).toEqual([...codes].sort());
    for (const code of codes) {
      const { safeMessage } = new ViewerRefusal(code as RefusalCode, { waitMs: 17_000 });
      expect(explainRefusal(safeMessage, en)).toBe(safeMessage);
      const french = explainRefusal(safeMessage, fr);
      expect(french, code).not.toBe(safeMessage);
      expect(french.includes("17"), code).toBe(safeMessage.includes("17"));
      expect(french, code).not.toContain("{");
    }
  });

  it("may be the code of the API's refusal", () => {
    expect(explainRefusal("LOGIN_REQUIRED", fr)).toBe(fr.errors.LOGIN_REQUIRED);
  });

  it("stays as it is when nobody knows it", () => {
    for (const said of ["", "Something else.", "Try again in 5 s.", "NO_SUCH_CODE"])
      expect(explainRefusal(said, fr)).toBe(said);
  });
});

describe("French pages", () => {
  it("say every refusal of the REST API, and why sessions ended, in French", async () => {
    for (const code of await listCodes("REST API")) expect(lookUpText(fr.errors, code), code).toBeDefined();
    const ends = (await listCodes("Viewers")).filter((code) => code in en.sessions.causes);
    expect(ends.length).toBeGreaterThan(20);
    for (const code of ends) expect(lookUpText(fr.sessions.causes, code), code).toBeDefined();
  });
});
