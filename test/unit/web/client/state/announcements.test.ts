import { describe, expect, it } from "vitest";
import { describeChanges } from "../../../../../web/client/state/announcements.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";
import { makeDesktop, makeMachine } from "../api-records.ts";

const { en } = catalogues;

const none = { machines: {}, desktops: {} };

describe("describeChanges", () => {
  it("says each change of state once", () => {
    const before = { ...none, machines: { m1: makeMachine({ state: "booting" }) } };
    const after = { ...none, machines: { m1: makeMachine({ state: "running" }) } };
    expect(describeChanges(before, after, en)).toEqual(["memtest: Running."]);
    expect(describeChanges(after, after, en)).toEqual([]);
  });

  it("says once that a machine is switched off soon, while that can be cancelled", () => {
    const running = { ...none, machines: { m1: makeMachine() } };
    const stopping = { ...none, machines: { m1: makeMachine({ state: "stopping" }) } };
    const counted = { ...none, machines: { m1: makeMachine({ state: "stopping", powerOffAt: 31_000 }) } };
    const ending = {
      ...none,
      machines: { m1: makeMachine({ state: "stopping", powerOffAt: 31_000, ending: true }) },
    };
    const warning = "memtest is switched off soon, unless it is kept on.";
    expect(describeChanges(running, counted, en)).toEqual([warning, "memtest: Shutting down."]);
    expect(describeChanges(stopping, counted, en)).toEqual([warning]);
    expect(describeChanges(counted, counted, en)).toEqual([]);
    expect(describeChanges(running, ending, en)).toEqual(["memtest: Shutting down."]);
  });

  it("says that a machine's host went away, and what the machine is when it is back", () => {
    const here = { ...none, machines: { m1: makeMachine() } };
    const away = { ...none, machines: { m1: makeMachine({ reachable: false }) } };
    expect(describeChanges(here, away, en)).toEqual(["memtest: Not connected."]);
    const lost = {
      ...none,
      machines: { m1: makeMachine({ reachable: false, state: "failed", reason: "?" }) },
    };
    expect(describeChanges(away, lost, en)).toEqual([]);
    expect(describeChanges(away, here, en)).toEqual(["memtest: Running."]);
  });

  it("gives the reason of a failure", () => {
    const failed = makeMachine({ state: "failed", reason: "The disk is full." });
    expect(describeChanges(none, { ...none, machines: { m1: failed } }, en)).toEqual([
      "memtest: Failed. The disk is full.",
    ]);
  });

  it("says what was removed, and when a desktop goes away", () => {
    const before = { machines: { m1: makeMachine() }, desktops: { d1: makeDesktop() } };
    const after = { machines: {}, desktops: { d1: makeDesktop({ state: "offline" }) } };
    expect(describeChanges(before, after, en)).toEqual(["memtest: removed.", "office: Offline."]);
  });

  it("leaves a machine's desktop to its machine", () => {
    const after = { ...none, desktops: { d: makeDesktop({ machineId: "m1" }) } };
    expect(describeChanges(none, after, en)).toEqual([]);
  });
});
