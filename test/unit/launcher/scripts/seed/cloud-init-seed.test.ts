import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { writeIso } from "../../../../../launcher/scripts/seed/iso9660.ts";
import {
  writeSeed,
  hostnameOf,
  writeMetaData,
  writeUserData,
} from "../../../../../launcher/scripts/seed/cloud-init-seed.ts";
import { seedArguments } from "../../../../../launcher/argv/boot-arguments.ts";
import { specOf } from "../../argv/spec-fixture.ts";

describe("cloud-init's files", () => {
  it("user-data holds the scripts byte by byte, in their order", () => {
    const scripts = ["#!/bin/sh\necho é\n", `#!/bin/sh\n${"--==postern==--\n".repeat(50)}`];
    const parts = writeUserData(scripts).split("\n--==postern==");
    expect(parts).toHaveLength(scripts.length + 2);
    expect(parts.at(-1)).toBe("--\n");
    const bodies = parts.slice(1, -1).map((part) => {
      const [head = "", body = ""] = part.split("\n\n");
      return { name: /filename="(.*)"/.exec(head)?.[1], text: Buffer.from(body, "base64").toString() };
    });
    expect(bodies).toEqual([
      { name: "postern-01", text: scripts[0] },
      { name: "postern-02", text: scripts[1] },
    ]);
  });

  it("meta-data names the machine", () => {
    expect(JSON.parse(writeMetaData("m-42", "lab-1"))).toEqual({
      "instance-id": "m-42",
      "local-hostname": "lab-1",
    });
  });

  it.each([
    ["Lab 1", "lab-1"],
    ["Zoë's!", "zoe-s"],
    ["--", "machine"],
    ["x".repeat(80), "x".repeat(63)],
  ])("the host's name of %j is %s", (name, expected) => {
    expect(hostnameOf(name)).toBe(expected);
  });
});

describe("the seed's file system", () => {
  const data = Buffer.alloc(5000, "ab");
  const image = writeIso("CIDATA", [
    { name: "user-data", data },
    { name: "meta-data", data: Buffer.from("m") },
    { name: "empty", data: Buffer.alloc(0) },
  ]);

  it.each([
    [16, false],
    [17, true],
  ])("the tree of the descriptor in sector %i has each file where it says", (sector, joliet) => {
    const text = (bytes: Buffer): string =>
      joliet ? Buffer.from(bytes).swap16().toString("utf16le") : bytes.toString("latin1");
    const descriptor = image.subarray(sector * 2048, (sector + 1) * 2048);
    expect(descriptor.toString("latin1", 1, 6)).toBe("CD001");
    expect(text(descriptor.subarray(40, 72)).trim()).toBe("CIDATA");
    expect(descriptor.readUInt32LE(80)).toBe(image.length / 2048);
    const root = descriptor.readUInt32LE(156 + 2);
    // The path table's only entry is the same folder.
    expect(image.readUInt32LE(descriptor.readUInt32LE(140) * 2048 + 2)).toBe(root);
    expect(image.readUInt32BE(descriptor.readUInt32BE(148) * 2048 + 2)).toBe(root);
    const found: Record<string, Buffer> = {};
    for (let at = root * 2048; image[at] !== 0; at += image[at]!) {
      expect(image.readUInt32LE(at + 2)).toBe(image.readUInt32BE(at + 6));
      const name = image.subarray(at + 33, at + 33 + image[at + 32]!);
      const start = image.readUInt32LE(at + 2) * 2048;
      if (image[at + 25] === 0)
        found[text(name)] = image.subarray(start, start + image.readUInt32LE(at + 10));
    }
    const names = ["empty", "meta-data", "user-data"];
    expect(Object.keys(found)).toEqual(joliet ? names : names.map((name) => `${name.toUpperCase()}.;1`));
    expect(Object.values(found).map(String)).toEqual(["", "m", data.toString()]);
  });

  it("is known to Linux by the label that cloud-init looks for", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "postern-seed-"));
    try {
      const file = path.join(folder, "seed.iso");
      writeFileSync(file, writeSeed({ id: "m-42", name: "Lab" }, ["#!/bin/sh\ntrue\n"]));
      const output = execFileSync("/sbin/blkid", ["-p", "-o", "export", file], { encoding: "utf8" });
      expect(output).toMatch(/^LABEL=CIDATA$/m);
      expect(output).toMatch(/^TYPE=iso9660$/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses more than one folder's sector holds, and long names of the volume", () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ name: `file-${index}`, data: Buffer.alloc(1) }));
    expect(() => writeIso("CIDATA", many)).toThrow("too many files");
    expect(() => writeIso("x".repeat(17), [])).toThrow("too long");
  });

  it("is shown read-only, its format named", () => {
    expect(
      seedArguments(specOf({}), "/a,b/seed.iso").map((text) =>
        text.startsWith("{") ? JSON.parse(text) : text,
      ),
    ).toEqual([
      "-blockdev",
      {
        driver: "raw",
        "node-name": "seed0",
        "read-only": true,
        file: { driver: "file", filename: "/a,b/seed.iso" },
      },
      "-device",
      { driver: "virtio-blk-pci", drive: "seed0" },
    ]);
  });
});
