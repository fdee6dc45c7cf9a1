import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkCustomSize, deriveMachineSizes } from "../../../../../web/client/create/sizes.ts";

const needs = { cpus: { min: 1, default: 2 }, memoryMb: { min: 1024, default: 2048 } };

describe("deriveSizes", () => {
  it("goes from the minimum by the suggestion to its double", () => {
    expect(deriveMachineSizes(needs)).toEqual([
      { name: "small", cpus: 1, memoryMb: 1024, recommended: false },
      { name: "medium", cpus: 2, memoryMb: 2048, recommended: true },
      { name: "large", cpus: 4, memoryMb: 4096, recommended: false },
    ]);
  });

  it("takes the suggestion as the small size where it is the minimum", () => {
    const sizes = deriveMachineSizes({ cpus: { min: 1, default: 1 }, memoryMb: { min: 256, default: 256 } });
    expect(sizes.map(({ memoryMb }) => memoryMb)).toEqual([256, 512, 1024]);
    expect(sizes.map(({ recommended }) => recommended)).toEqual([true, false, false]);
  });

  it("never goes below the minimum, always grows, and recommends exactly one", () => {
    const range = fc.record({
      min: fc.integer({ min: 1, max: 64 }),
      default: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(range, range, (cpus, memoryMb) => {
        const sizes = deriveMachineSizes({ cpus, memoryMb });
        sizes.forEach((size, index) => {
          expect(size.cpus).toBeGreaterThanOrEqual(cpus.min);
          expect(size.memoryMb).toBeGreaterThanOrEqual(memoryMb.min);
          const before = sizes[index - 1];
          if (before !== undefined)
            expect(size.cpus + size.memoryMb).toBeGreaterThan(before.cpus + before.memoryMb);
        });
        expect(sizes.filter(({ recommended }) => recommended)).toHaveLength(1);
      }),
    );
  });
});

describe("checkCustom", () => {
  const order = { cpus: "2", memoryMb: "2048", name: "" };

  it("lets a sensible order pass, named or not", () => {
    expect(checkCustomSize(order, needs)).toEqual([]);
    expect(checkCustomSize({ ...order, name: "Müller’s desk" }, needs)).toEqual([]);
  });

  it("finds what cannot be", () => {
    expect(checkCustomSize({ ...order, cpus: "0" }, needs)).toEqual(["cpus"]);
    expect(checkCustomSize({ ...order, cpus: "257" }, needs)).toEqual(["cpus"]);
    expect(checkCustomSize({ ...order, cpus: "1.5" }, needs)).toEqual(["cpus"]);
    expect(checkCustomSize({ ...order, memoryMb: "1023" }, needs)).toEqual(["memory"]);
    expect(checkCustomSize({ ...order, memoryMb: "" }, needs)).toEqual(["memory"]);
    expect(checkCustomSize({ ...order, name: "a/b" }, needs)).toEqual(["name"]);
    expect(checkCustomSize({ ...order, name: "x".repeat(65) }, needs)).toEqual(["name"]);
  });
});
