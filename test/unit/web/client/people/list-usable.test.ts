import { expect, test } from "vitest";
import { listUsable } from "../../../../../web/client/people/list-usable.ts";

test("a machine is listed once, not with its screen, and all are in the order of their names", () => {
  const machines = [{ id: "m1", name: "thesis", level: "manage" as const }];
  const desktops = [
    { id: "d1", name: "thesis", agent: "rack-2", level: "manage" as const },
    { id: "d2", name: "bench", agent: "lab", level: "view" as const },
  ];
  expect(listUsable({ machines, desktops })).toEqual([
    { key: "d2", name: "lab/bench", level: "view" },
    { key: "m1", name: "thesis", level: "manage" },
  ]);
});
