import { describe, expect, it } from "vitest";
import { AGENT_LIMITS } from "../../../agent/agent-limits.ts";
import { MIP1_LIMITS } from "../../../protocol/mip1/mip1-messages.ts";
import { MIP2_LIMITS } from "../../../protocol/mip2/frames.ts";
import { CLIENT_MESSAGE_LIMITS } from "../../../protocol/rfb/client-stream/client-messages.ts";
import { SERVER_STREAM_LIMITS } from "../../../protocol/rfb/server-stream/skip-grammar.ts";
import { PROXY_LIMITS } from "../../../proxy/model/proxy-limits.ts";
import { listSourceFiles, readDocument, readSource } from "./source-codes.ts";

const TABLES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "proxy/model/proxy-limits.ts": PROXY_LIMITS,
  "agent/agent-limits.ts": AGENT_LIMITS,
  "protocol/mip2/frames.ts": MIP2_LIMITS,
  "protocol/mip1/mip1-messages.ts": MIP1_LIMITS,
  "protocol/rfb/client-stream/client-messages.ts": CLIENT_MESSAGE_LIMITS,
  "protocol/rfb/server-stream/skip-grammar.ts": SERVER_STREAM_LIMITS,
};

interface Section {
  readonly text: string;
  readonly rows: readonly string[][];
}

async function readSections(): Promise<Section[]> {
  const [, ...sections] = (await readDocument("limits.md")).split(/^## /m);
  return sections.map((text) => {
    const lines = text.split("\n").filter((line) => line.startsWith("| `"));
    const rows = lines.map((line) => line.split("|").slice(1, -1));
    return { text, rows: rows.map((cells) => cells.map((cell) => cell.trim().replaceAll("`", ""))) };
  });
}

/** Names of limits. Pages are left out: what they bound is their own. */
const LIMIT_NAME = /^(MAX|MIN)_|_(MAX|LIMIT|LIMIT_MS|TIMEOUT_MS)$/;
const CONSTANT = /^(?:export )?const ([A-Z][A-Z0-9_]*) = [\d_ *]+;/gm;

/** Files and folders whose constants are named like limits and bound nothing that a peer or a person can meet. */
const NO_LIMITS: Readonly<Record<string, string>> = {
  "bin/darts/": "defaults of the converter",
  "protocol/rfb/picture/encode-update.ts": "hextile's number of subrectangles",
  "launcher/display/scale-screenshot.ts": "a brightness",
  "launcher/images/formats/qcow2.ts": "the format's own",
  "launcher/images/formats/vhdx.ts": "the format's own",
  "launcher/scripts/seed/iso9660.ts": "the format's own",
  "protocol/bytes/read-buffers.ts": "sizes of memory, chosen by measurement (docs/performance.md)",
  "protocol/rfb/rsa-aes/rsa-aes-records.ts": "the largest number of the length field",
  "protocol/rfb/server-stream/tight.ts": "Tight's smallest compressed length",
};

/** `FILE NAME` of each constant that is named like a limit. */
async function findNamedLimits(): Promise<string[]> {
  const files = (await listSourceFiles()).filter((file) => !file.startsWith("web/client/"));
  const found = await Promise.all(
    files.map(async (file) =>
      [...(await readSource(file)).matchAll(CONSTANT)]
        .map(([, name = ""]) => name)
        .filter((name) => LIMIT_NAME.test(name))
        .map((name) => `${file} ${name}`),
    ),
  );
  return found.flat();
}

/** `1,024 bytes` → 1024 */
function readNumber(text: string): number {
  return Number(text.replaceAll(",", "").split(" ")[0]);
}

/** `256 * 1024`, `65_535`, `3600_000` */
function evaluate(expression: string): number {
  return expression
    .replaceAll("_", "")
    .split("*")
    .reduce((product, factor) => product * Number(factor.trim()), 1);
}

describe("docs/limits.md", () => {
  it.each(Object.keys(TABLES))("has every limit of %s with its value and a reason", async (file) => {
    const section = (await readSections()).find(({ text }) => text.includes(`in \`${file}\`.`));
    expect(section, file).toBeDefined();
    const listed = section!.rows.map(([name, value]) => [name, readNumber(value!)]);
    expect(Object.fromEntries(listed)).toEqual(TABLES[file]);
    for (const [name, , why] of section!.rows) expect(why, name).toMatch(/^.{10,}\.$/);
  });

  it("has the single limits with their values", async () => {
    const single = (await readSections()).find(({ text }) => text.startsWith("Single limits"))!;
    expect(single.rows.length).toBeGreaterThan(15);
    for (const [name, value, file] of single.rows) {
      const [, expression = ""] = new RegExp(`const ${name} = ([^;]+);`).exec(await readSource(file!)) ?? [];
      expect([name, readNumber(value!)]).toEqual([name, evaluate(expression)]);
    }
  });

  it("has a row for every single constant that is named like a limit", async () => {
    const single = (await readSections()).find(({ text }) => text.startsWith("Single limits"))!;
    const rows = new Set(single.rows.map(([name, , file]) => `${file!} ${name!}`));
    const named = await findNamedLimits();
    expect(named.length).toBeGreaterThan(80);
    const isLimit = (key: string) => !Object.keys(NO_LIMITS).some((place) => key.startsWith(place));
    expect(named.filter((key) => isLimit(key) && !rows.has(key))).toEqual([]);
  });
});
