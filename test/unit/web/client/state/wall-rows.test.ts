import { describe, expect, it } from "vitest";
import { arrangeWall } from "../../../../../web/client/state/wall-rows.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const index = <T extends { id: string }>(...items: T[]) =>
  Object.fromEntries(items.map((item) => [item.id, item]));

describe("arrangeWall", () => {
  it("puts the newest machine first", () => {
    const { machines } = arrangeWall({
      machines: index(makeMachine({ id: "old", createdAt: 1 }), makeMachine({ id: "new", createdAt: 2 })),
      desktops: {},
    });
    expect(machines.map(({ id }) => id)).toEqual(["new", "old"]);
  });

  it("shows a machine's desktop once, and one whose machine is unknown on its own", () => {
    const { desktops } = arrangeWall({
      machines: index(makeMachine()),
      desktops: index(
        makeDesktop({ id: "d-m1", machineId: "m1" }),
        makeDesktop({ id: "d-m9", machineId: "m9" }),
      ),
    });
    expect(desktops.map(({ id }) => id)).toEqual(["d-m9"]);
  });

  it("puts desktops that are online first, each group by name", () => {
    const { desktops } = arrangeWall({
      machines: {},
      desktops: index(
        makeDesktop({ id: "1", name: "z" }),
        makeDesktop({ id: "2", name: "a", state: "offline" }),
        makeDesktop({ id: "3", name: "b" }),
      ),
    });
    expect(desktops.map(({ name }) => name)).toEqual(["b", "z", "a"]);
  });

  it("puts desk-9 before desk-10", () => {
    const names = ["desk-10", "desk-9", "Desk-1"];
    const { desktops } = arrangeWall({
      machines: {},
      desktops: index(...names.map((name) => makeDesktop({ id: name, name }))),
    });
    expect(desktops.map(({ name }) => name)).toEqual(["Desk-1", "desk-9", "desk-10"]);
  });
});
