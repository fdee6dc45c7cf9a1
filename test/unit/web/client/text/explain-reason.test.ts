import { describe, expect, it } from "vitest";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";
import { explainReason } from "../../../../../web/client/text/explain-reason.ts";
import { findText } from "../../../docs/source-codes.ts";

const { en, fr } = catalogues;
const missing = {
  reason: "This host has no QEMU for aarch64. Install it with: apt install qemu-system-arm",
  cause: { code: "QEMU_MISSING", details: { arch: "aarch64", package: "qemu-system-arm" } },
};

describe("why a machine failed", () => {
  it("is said in the person's language, with what the host filled in", () => {
    expect(explainReason(missing, en)).toBe(missing.reason);
    expect(explainReason(missing, fr)).toBe(
      "Cet hôte n’a pas de QEMU pour aarch64. Son administrateur peut l’installer : apt install qemu-system-arm",
    );
  });

  it("stays the host's sentence where it has no code, one that is not known, or too few details", () => {
    const { reason } = missing;
    expect(explainReason({ reason, cause: null }, fr)).toBe(reason);
    expect(explainReason({ reason, cause: { code: "NEW_ONE", details: {} } }, fr)).toBe(reason);
    expect(explainReason({ reason, cause: { code: "QEMU_MISSING", details: { arch: "x" } } }, fr)).toBe(
      reason,
    );
    expect(explainReason({ reason: null, cause: null }, fr)).toBeNull();
  });

  it("never fills a blank with what stands in another detail", () => {
    const details = { arch: "{package}", package: "$& {arch}" };
    expect(explainReason({ ...missing, cause: { code: "QEMU_MISSING", details } }, fr)).toContain(
      "pour {package}. Son administrateur peut l’installer : apt install $& {arch}",
    );
  });

  it("has a French sentence for every reason of the launcher and the server, and none for codes that are gone", async () => {
    const given = await findText(/\b(?:makeReason|failed|statusReason)\(\s*"([A-Z]+_[A-Z_]+)"/g);
    expect(given.length).toBeGreaterThan(12);
    expect(given.filter((code) => !Object.hasOwn(fr.reasons, code))).toEqual([]);
    const used = await findText(/"([A-Z]+_[A-Z_]+)"/g);
    expect(Object.keys(fr.reasons).filter((code) => !used.includes(code))).toEqual([]);
  });
});
