import { expect, test } from "vitest";
import { grantCreateRequest } from "../../../../../web/api/schemas.ts";
import {
  hasPattern,
  listGrantable,
  nameTarget,
  targetOfDesktop,
  targetOfMachine,
} from "../../../../../web/client/rights/describe-grant.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const { en, fr } = catalogues;

test("what is offered to be granted is what the server takes, and all of it", () => {
  for (const kind of ["desktop", "host", "image", "label"] as const)
    for (const may of grantCreateRequest.shape.may.options) {
      const taken = grantCreateRequest.safeParse({ to: "user:anna", may, on: `${kind}:x` }).success;
      expect([kind, may, listGrantable(kind).includes(may)]).toEqual([kind, may, taken]);
    }
});

test("a grant names one desktop, not all of its name", () => {
  expect(targetOfDesktop(makeDesktop())).toBe("desktop:lab/office");
  expect(targetOfDesktop(makeDesktop({ agent: { id: "a1", name: "" } }))).toBe("desktop:a1/office");
  expect(targetOfMachine(makeMachine())).toBe("desktop:memtest");
});

test("a grant's target is told in both languages", () => {
  const grant = { on: { kind: "label", pattern: "room-*" } } as const;
  expect([nameTarget(grant, en), nameTarget(grant, fr)]).toEqual(["label room-*", "étiquette room-*"]);
  expect(hasPattern(grant)).toBe(true);
  expect(hasPattern({ on: { kind: "label", pattern: "room" } })).toBe(false);
});
