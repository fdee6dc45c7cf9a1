import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadSignInOptions } from "../../../../bin/programs/sign-in-file.ts";

async function writeFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-sign-in-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(dir, name), content, { mode: 0o600 });
  return path.join(dir, "sign-in.json");
}

test("providers come in their order, and a secret is read from the file beside it that is named in its place", async () => {
  const file = await writeFiles({
    "sign-in.json": JSON.stringify([
      { provider: "local" },
      {
        provider: "ldap",
        bindPassword: { file: "bind.secret" },
        nested: [{ deep: { file: "./bind.secret" } }],
      },
    ]),
    "bind.secret": "s3cret\n",
  });
  expect(await loadSignInOptions(file)).toEqual([
    { provider: "local" },
    { provider: "ldap", bindPassword: "s3cret", nested: [{ deep: "s3cret" }] },
  ]);
});

test("what only looks like a reference stays as it is", async () => {
  const options = [{ provider: "x", one: { file: "bind.secret", more: 1 }, two: { file: "" }, three: null }];
  const file = await writeFiles({ "sign-in.json": JSON.stringify(options) });
  expect(await loadSignInOptions(file)).toEqual(options);
});

test.each([
  ["{", "no JSON"],
  ['{"provider":"local"}', "write a list"],
  ['"local"', "write a list"],
])("%s is no sign-in file, and the error says so without its content", async (content, says) => {
  const file = await writeFiles({ "sign-in.json": content });
  await expect(loadSignInOptions(file)).rejects.toMatchObject({
    code: "SIGN_IN_OPTIONS",
    message: expect.stringContaining(says) as string,
  });
});

test("files that are missing or empty are named", async () => {
  const file = await writeFiles({
    "sign-in.json": JSON.stringify([{ provider: "ldap", bindPassword: { file: "none.secret" } }]),
  });
  await expect(loadSignInOptions(file)).rejects.toThrow(/none\.secret/);
  await expect(loadSignInOptions(`${file}.none`)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  await writeFile(path.join(path.dirname(file), "none.secret"), "\n", { mode: 0o600 });
  await expect(loadSignInOptions(file)).rejects.toMatchObject({ code: "FILE_EMPTY" });
});
