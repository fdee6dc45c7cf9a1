import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const FOLDER = new URL("../../../../../../web/client/text/translations/", import.meta.url);
const COMMENT = /^\s*(?:\/\/|\/?\*)/;

test("texts of the pages have one kind of apostrophe", async () => {
  const files = await readdir(FOLDER);
  const straight: string[] = [];
  for (const file of files) {
    const lines = (await readFile(new URL(file, FOLDER), "utf8")).split("\n");
    straight.push(...lines.filter((line) => !COMMENT.test(line) && /\p{L}'\p{L}/u.test(line)));
  }
  expect(files.length).toBeGreaterThan(10);
  expect(straight).toEqual([]);
});
