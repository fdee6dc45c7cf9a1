import { describe, expect, it } from "vitest";
import { readPreferences } from "../../../../../web/client/state/preferences.ts";

describe("readPreferences", () => {
  it("starts with the browser's language and the system's theme", () => {
    expect(readPreferences(null, ["fr-FR"])).toEqual({ theme: "system", language: "fr" });
  });

  it("keeps what was chosen", () => {
    const stored = JSON.stringify({ theme: "dark", language: "en" });
    expect(readPreferences(stored, ["fr"])).toEqual({ theme: "dark", language: "en" });
  });

  it.each(["", "{", "null", "7", '{"theme":"pink","language":"xx"}'])("does without %j", (stored) => {
    expect(readPreferences(stored, ["en"])).toEqual({ theme: "system", language: "en" });
  });
});
