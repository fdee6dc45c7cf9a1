import { describe, expect, it, test } from "vitest";
import type { WallRows } from "../../../../../web/client/state/wall-rows.ts";
import { groupWall, searchWall, takeCards } from "../../../../../web/client/state/wall-view.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const rows = {
  machines: [
    makeMachine({ id: "m1", name: "Été", host: "rack-10", owner: "anna", imageTitle: "Debian 12" }),
    makeMachine({ id: "m2", name: "build", host: null, owner: "ben", addresses: ["10.0.2.15"] }),
  ],
  desktops: [makeDesktop({ id: "d1", name: "bench", agent: { id: "a9", name: "rack-9" } })],
};
const idsOf = ({ machines, desktops }: WallRows) => [...machines, ...desktops].map(({ id }) => id);

describe("searchWall", () => {
  it.each([
    ["", ["m1", "m2", "d1"]],
    ["  ete ", ["m1"]],
    ["ÉTÉ debian", ["m1"]],
    ["rack", ["m1", "d1"]],
    ["anna rack-9", []],
    ["10.0.2", ["m2"]],
  ])("finds by every word of %j", (search, found) => {
    expect(idsOf(searchWall(rows, search))).toEqual(found);
  });
});

describe("groupWall", () => {
  it("puts machines and desktops of a host together, by its number, those without one last", () => {
    const groups = groupWall(rows, "host");
    expect(groups.map(({ title }) => title)).toEqual(["rack-9", "rack-10", null]);
    expect(groups.map((group) => [...group.machines, ...group.desktops].map(({ id }) => id))).toEqual([
      ["d1"],
      ["m1"],
      ["m2"],
    ]);
  });

  it("has desktops of agents under nobody", () => {
    expect(groupWall(rows, "owner").map(({ title }) => title)).toEqual(["anna", "ben", null]);
  });
});

test.each([
  [0, []],
  [1, [["rack-9", ["d1"]]]],
  [
    2,
    [
      ["rack-9", ["d1"]],
      ["rack-10", ["m1"]],
    ],
  ],
  [
    9,
    [
      ["rack-9", ["d1"]],
      ["rack-10", ["m1"]],
      [null, ["m2"]],
    ],
  ],
])("the first %i cards come group by group", (count, found) => {
  const taken = takeCards(groupWall(rows, "host"), count);
  expect(taken.map((group) => [group.title, idsOf(group)])).toEqual(found);
});
