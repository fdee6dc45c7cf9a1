import { describe, expect, it } from "vitest";
import { arrangeSessions, initialSessionView } from "../../../../../web/client/admin/arrange-sessions.ts";
import { makeSession } from "../api-records.ts";

const rows = [
  makeSession({ id: "1", name: "b", startedAt: 10, bytesToViewer: 5 }),
  makeSession({ id: "2", name: "a", startedAt: 30, endedAt: 40, state: "closed", cause: "Viewer left" }),
  makeSession({ id: "3", name: "c", startedAt: 20, bytesToViewer: 900, source: "2001:db8::7" }),
];
const ids = (change: Partial<typeof initialSessionView>) =>
  arrangeSessions(rows, { ...initialSessionView, ...change }, 100).map(({ id }) => id);

describe("arrangeSessions", () => {
  it("starts with the newest", () => {
    expect(ids({})).toEqual(["2", "3", "1"]);
  });

  it("sorts by text and by number, both ways", () => {
    expect(ids({ column: "name", descending: false })).toEqual(["2", "1", "3"]);
    expect(ids({ column: "traffic", descending: true })).toEqual(["3", "2", "1"]);
    expect(ids({ column: "duration", descending: false })).toEqual(["2", "3", "1"]);
  });

  it("filters by state and by what is written in a row", () => {
    expect(ids({ state: "open" })).toEqual(["3", "1"]);
    expect(ids({ filter: " viewer LEFT " })).toEqual(["2"]);
    expect(ids({ filter: "db8" })).toEqual(["3"]);
    expect(ids({ filter: "nothing" })).toEqual([]);
  });
});
