import { describe, expect, it } from "vitest";
import { chooseThumbnailWidth } from "../../../../../web/client/wall/thumbnail-width.ts";

describe("chooseThumbnailWidth", () => {
  it("asks for the next of a few widths", () => {
    expect(chooseThumbnailWidth(0, 1)).toBe(320);
    expect(chooseThumbnailWidth(320, 1)).toBe(320);
    expect(chooseThumbnailWidth(378, 1)).toBe(480);
    expect(chooseThumbnailWidth(346, 2)).toBe(960);
    expect(chooseThumbnailWidth(800, 3)).toBe(1280);
  });
});
