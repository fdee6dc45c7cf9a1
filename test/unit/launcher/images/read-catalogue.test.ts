import { describe, expect, test } from "vitest";
import { builtInImages } from "../../../../launcher/images/built-in-images.ts";
import { parseCatalogue, readCatalogue } from "../../../../launcher/images/read-catalogue.ts";
import { imageCatalogue, type ImageEntry, imageSummary } from "../../../../protocol/index.ts";
import { summarizeImage } from "../../../../launcher/images/summarize-image.ts";

const entry = {
  id: "tiny",
  title: "Tiny",
  description: "",
  memoryMb: { default: 64, min: 32 },
  cpus: { default: 1, min: 1 },
  boot: { kind: "iso", file: "/nowhere/tiny.iso" },
};

function parse(...images: object[]): readonly ImageEntry[] {
  return parseCatalogue(JSON.stringify({ images }), "c.json");
}

test("the built-in catalogue follows the schema and has two images", async () => {
  expect(imageCatalogue.parse({ images: builtInImages }).images).toEqual(builtInImages);
  expect((await readCatalogue(null)).map(({ id }) => id)).toEqual(["memtest86+", "debian-installer"]);
});

test("fills in display and network", () => {
  expect(parse(entry)[0]).toMatchObject({ display: "std", network: "none" });
});

describe("refuses, naming the place,", () => {
  test.each<[string, object[], RegExp]>([
    ["a relative file", [{ ...entry, boot: { kind: "iso", file: "tiny.iso" } }], /images\.0\.boot\.file/],
    ["a disk without format", [{ ...entry, boot: { kind: "disk", file: "/x" } }], /boot\.format/],
    ["ova", [{ ...entry, boot: { kind: "disk", format: "ova", file: "/x" } }], /boot\.format/],
    ["unknown keys", [{ ...entry, memory: 3 }], /images\.0.*memory/],
    ["a default below the least", [{ ...entry, memoryMb: { default: 16, min: 32 } }], /memoryMb\.default/],
    ["an id twice", [entry, entry], /same id/],
    ["an id with a slash", [{ ...entry, id: "../x" }], /images\.0\.id/],
  ])("%s", (_what, images, message) => {
    expect(() => parse(...images)).toThrow(message);
  });

  test("what is not JSON, or not there", async () => {
    expect(() => parseCatalogue("{", "c.json")).toThrow(/c\.json is not JSON/);
    await expect(readCatalogue("/nowhere/c.json")).rejects.toMatchObject({ code: "CATALOGUE_UNREADABLE" });
  });
});

describe("what is said of an entry", () => {
  const [tiny] = parse({ ...entry, package: "tiny-images" });

  test("a missing file is told with its remedy and without its path", async () => {
    const summary = await summarizeImage(tiny!, true);
    expect(imageSummary.parse(summary)).toEqual(summary);
    expect(summary).toMatchObject({
      available: false,
      reason: "The image's file is missing on this host. Install it with: apt install tiny-images",
    });
    expect(JSON.stringify(summary)).not.toContain("nowhere");
  });

  test("without QEMU nothing is available", async () => {
    expect((await summarizeImage(tiny!, false)).reason).toMatch(/apt install qemu-system-x86/);
  });

  test("a device is no image", async () => {
    const summary = await summarizeImage({ ...tiny!, boot: { kind: "iso", file: "/dev/null" } }, true);
    expect(summary.reason).toBe("The image cannot be used: it is not an ordinary file.");
  });
});
