import { describe, expect, it } from "vitest";
import { readPreferences } from "../../../../../web/client/state/preferences.ts";

const WALL = { wallGroup: "kind", cardSize: "large" };

describe("readPreferences", () => {
  it("starts with the browser's language and the system's theme", () => {
    expect(readPreferences(null, ["fr-FR"])).toEqual({ theme: "system", language: "fr", ...WALL });
  });

  it("keeps what was chosen", () => {
    const chosen = { theme: "dark", language: "en", wallGroup: "host", cardSize: "compact" };
    expect(readPreferences(JSON.stringify(chosen), ["fr"])).toEqual(chosen);
  });

  it.each(["", "{", "null", "7", '{"theme":"pink","language":"xx","wallGroup":7,"cardSize":"huge"}'])(
    "does without %j",
    (stored) => {
      expect(readPreferences(stored, ["en"])).toEqual({ theme: "system", language: "en", ...WALL });
    },
  );
});
