import { describe, expect, it } from "vitest";
import {
  listConnectableDisplays,
  findDisplayNumber,
} from "../../../../../web/client/state/connectable-displays.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const second = { number: 2, desktop: "lab-2", desktopId: "d-2" };
const third = { number: 3, desktop: "lab-3", desktopId: "d-3" };
const machine = makeMachine({ name: "lab", desktop: "lab", desktopId: "d-1", screens: [second, third] });

describe("a machine's screens", () => {
  it("are the first and those beside it", () => {
    expect(listConnectableDisplays(machine)).toEqual([
      { number: 1, desktop: "lab", desktopId: "d-1" },
      second,
      third,
    ]);
  });

  it("are without the first while that is away", () => {
    expect(listConnectableDisplays({ ...machine, desktopId: null })).toEqual([second, third]);
    expect(listConnectableDisplays({ ...machine, desktopId: null, screens: [] })).toEqual([]);
  });
});

describe("the number of one", () => {
  const off = { ...machine, desktopId: null, screens: [] };
  it.each([
    ["listed", machine, "d-3", null, 3],
    ["the first, listed", machine, "d-1", null, 1],
    ["away, by its name", off, "d-2", makeDesktop({ id: "d-2", name: "lab-2" }), 2],
    ["the first, away", off, "d-1", makeDesktop({ id: "d-1", name: "lab" }), 1],
    [
      "a first one whose name ends with a number",
      { ...off, name: "lab-2" },
      "d",
      makeDesktop({ name: "lab-2" }),
      1,
    ],
    ["unknown", machine, "d-9", null, null],
  ])("%s", (_what, known, id, desktop, number) => {
    expect(findDisplayNumber(known, id, desktop)).toBe(number);
  });
});
