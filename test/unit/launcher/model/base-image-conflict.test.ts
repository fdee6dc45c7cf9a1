import { expect, test } from "vitest";
import { findBaseImageConflict } from "../../../../launcher/model/base-image-conflict.ts";

const on = (file: string, master = false) =>
  ({ boot: { kind: "disk", format: "qcow2", file }, master }) as const;
const iso = { boot: { kind: "iso", file: "/a" }, master: false } as const;

test.each([
  ["overlays share a base", on("/a"), [on("/a"), on("/a")], null],
  ["a master is alone", on("/a", true), [on("/a")], /^Other machines are based/],
  ["nobody joins a master", on("/a"), [on("/a", true)], /^Another machine works/],
  ["nor does a second master", on("/a", true), [on("/a", true)], /^Another machine works/],
  ["other images do not matter", on("/a", true), [on("/b"), on("/c", true), iso], null],
  ["an ISO is only read", iso, [on("/a", true)], null],
] as const)("%s", (_what, wanted, others, conflict) => {
  const found = findBaseImageConflict(wanted, others);
  if (conflict === null) expect(found).toBeNull();
  else expect(found).toMatch(conflict);
});
