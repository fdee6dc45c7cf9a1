import { expect, it } from "vitest";
import { AUDIT_ACTIONS } from "../../../proxy/model/audit-actions.ts";
import { findText, readDocument } from "./source-codes.ts";

it("docs/auditor.md lists every action, and the sources use no other", async () => {
  const [, table = ""] = (await readDocument("auditor.md")).split(/^\| Action .*$/m);
  const listed = table
    .split("\n")
    .flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([a-z.]+)`/g)].map(([, action]) => action!));
  expect([...listed].sort()).toEqual([...AUDIT_ACTIONS].sort());
  const used = await findText(/(?:action: |(?:audit\w*|entry|describe)\(\w+, )"([a-z]+\.[a-z]+)"/g);
  expect(used).toEqual(expect.arrayContaining(["session.start", "machine.look", "token.create"]));
  expect(used.filter((action) => !listed.includes(action))).toEqual([]);
});
