import { describe, expect, it } from "vitest";
import {
  deriveShippedToken,
  deriveToken,
  generateToken,
  TOKEN_ALPHABET,
} from "../../../../protocol/index.ts";

const JOB_ID = "354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0";

describe("generated tokens", () => {
  it("have 8 characters of an alphabet of 57 without 0 O 1 I l", () => {
    expect(new Set(TOKEN_ALPHABET).size).toBe(57);
    expect(TOKEN_ALPHABET).not.toMatch(/[0O1Il]/);
    for (let i = 0; i < 200; i++) {
      const token = generateToken();
      expect(token).toHaveLength(8);
      for (const character of token) expect(TOKEN_ALPHABET).toContain(character);
    }
  });

  it("use every character about equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 5700; i++) {
      for (const character of generateToken()) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    // 45,600 characters: 800 of each, standard deviation 28. Six of them is one failure in ten million runs.
    for (const character of TOKEN_ALPHABET) {
      expect(Math.abs((counts.get(character) ?? 0) - 800)).toBeLessThan(6 * 28);
    }
  });

  it("do not repeat", () => {
    expect(new Set(Array.from({ length: 2000 }, generateToken)).size).toBe(2000);
  });
});

describe("derived tokens", () => {
  it("follow the specification's vector", () => {
    expect(deriveToken(JOB_ID)).toBe("^HbD)GJo");
  });

  it("follow the programs' vector", () => {
    expect(deriveShippedToken(JOB_ID)).toBe("^H`QrVTf");
  });

  it("are 8 printable characters for any job", () => {
    for (let job = 0; job < 500; job++) {
      expect(deriveToken(`job-${job}`)).toMatch(/^[ -~]{8}$/);
      expect(deriveShippedToken(`job-${job}`)).toMatch(/^[ -~]{8}$/);
    }
  });
});
