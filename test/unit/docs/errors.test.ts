import { describe, expect, it } from "vitest";
import { isRefusalCode, ViewerRefusal, type RefusalCode } from "../../../proxy/model/viewer-refusal.ts";
import { describeForCaller, refuse, type WebErrorCode } from "../../../web/server/http-errors.ts";
import { findCodes, readDocument } from "./source-codes.ts";

interface Row {
  readonly section: string;
  readonly cells: readonly string[];
}

/** The rows of all tables that begin with a code. */
async function readRows(): Promise<Row[]> {
  const rows: Row[] = [];
  let section = "";
  for (const line of (await readDocument("errors.md")).split("\n")) {
    section = /^## (.*)$/.exec(line)?.[1] ?? section;
    if (!line.startsWith("| `")) continue;
    const cells = line.split("|").map((cell) => cell.trim().replaceAll("`", ""));
    rows.push({ section, cells: cells.slice(1, -1) });
  }
  return rows;
}

describe("docs/errors.md", () => {
  it("has every code of the sources, and no other", async () => {
    const listed = new Set((await readRows()).map(({ cells }) => cells[0]!));
    const used = await findCodes();
    const missing = [...used]
      .filter(([code]) => !listed.has(code))
      .map(([code, file]) => `${code} (${file})`);
    expect(missing, "codes without a row").toEqual([]);
    expect(
      [...listed].filter((code) => !used.has(code)),
      "rows without a code",
    ).toEqual([]);
  });

  it("names no code twice in one room", async () => {
    const keys = (await readRows()).map(({ section, cells }) => `${section}: ${cells[0]!}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it("tells what viewers read, and their close codes", async () => {
    const rows = (await readRows()).filter(({ section }) => section === "Viewers");
    const refusals = rows.filter(({ cells }) => isRefusalCode(cells[0]!));
    expect(refusals.length).toBeGreaterThan(10);
    for (const { cells } of refusals) {
      const [code, reason, closeCode] = cells;
      const refusal = new ViewerRefusal(code as RefusalCode, { waitMs: 7_000 });
      expect([code, refusal.safeMessage, refusal.closeCode]).toEqual([
        code,
        reason!.replace("{seconds}", "7"),
        Number(closeCode),
      ]);
    }
  });

  it("tells the REST API's sentences and statuses", async () => {
    for (const { section, cells } of await readRows()) {
      if (section !== "REST API") continue;
      const [code, message, status] = cells;
      expect(describeForCaller(refuse(code as WebErrorCode)), code).toMatchObject({
        status: Number(status),
        body: { error: { code, message } },
      });
    }
  });
});
