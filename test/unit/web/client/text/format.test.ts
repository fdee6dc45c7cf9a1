import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDuration,
  formatExact,
  formatMemory,
  formatRelative,
} from "../../../../../web/client/text/format.ts";

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, " ");

describe("numbers and times", () => {
  it("says memory in the unit that fits", () => {
    expect(plain(formatMemory(512, "en"))).toBe("512 MB");
    expect(plain(formatMemory(1024, "en"))).toBe("1 GB");
    expect(plain(formatMemory(1536, "fr"))).toBe("1,5 Go");
  });

  it("says traffic in the unit that fits", () => {
    expect(plain(formatBytes(0, "en"))).toBe("0 byte");
    expect(plain(formatBytes(1_500, "en"))).toBe("1.5 kB");
    expect(plain(formatBytes(48_200_000, "en"))).toBe("48 MB");
    expect(plain(formatBytes(9e18, "en"))).toMatch(/TB$/);
  });

  it("says durations in one unit, rounded down", () => {
    expect(plain(formatDuration(-5, "en"))).toBe("0 sec");
    expect(plain(formatDuration(59_999, "en"))).toBe("59 sec");
    expect(plain(formatDuration(3_599_999, "en"))).toBe("59 min");
    expect(plain(formatDuration(7_200_000, "en"))).toBe("2 hr");
    expect(plain(formatDuration(2 * 86_400_000, "fr"))).toBe("2 j");
  });

  it("says how long ago something was, and never that it is still to come", () => {
    const now = 1_000_000_000;
    expect(formatRelative(now + 5_000, now, "en")).toBe("now");
    expect(formatRelative(now - 90_000, now, "en")).toBe("1 min. ago");
    expect(formatRelative(now - 3 * 3_600_000, now, "en")).toBe("3 hr. ago");
    expect(formatRelative(now - 86_400_000, now, "en")).toBe("yesterday");
    expect(formatExact(now, "en")).toContain("1970");
  });
});
