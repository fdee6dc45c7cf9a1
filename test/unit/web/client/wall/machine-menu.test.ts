import { expect, it } from "vitest";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";
import { listMachineMenuItems } from "../../../../../web/client/wall/machine-menu.ts";
import { describeChanges } from "../../../../../web/client/state/announcements.ts";
import { makeMachine } from "../api-records.ts";

const { en } = catalogues;

it.each([
  ["queued", false, []],
  ["preparing", false, []],
  ["running", false, ["Pause", "Save and switch off", "Snapshots…", "Boot log…", "Reset"]],
  ["running", true, ["Pause", "Boot log…", "Reset"]],
  ["paused", false, ["Save and switch off", "Snapshots…", "Boot log…", "Reset"]],
  ["saving", false, []],
  ["stopping", false, []],
  ["stopped", false, ["Snapshots…", "Boot log…", "Remove"]],
  ["failed", false, ["Boot log…"]],
] as const)("a machine that is %s (one-shot: %s) offers %j", (state, oneShot, labels) => {
  const done: string[] = [];
  const actions = {
    ...{ busy: false, start: () => undefined, stop: () => undefined, remove: () => undefined },
    ...{ close: () => undefined, sendCommand: (command: string) => done.push(command) },
  };
  const items = listMachineMenuItems(
    { state, reachable: true, oneShot, credential: false, access: "manage" },
    en,
    actions,
    (dialog) => done.push(dialog),
  );
  expect(items.map(({ label }) => label)).toEqual(labels);
  for (const item of items) item.onChoose();
  expect(done).toHaveLength(labels.length);
  expect(new Set(done).size).toBe(labels.length);
});

it.each([
  ["see", []],
  ["view", []],
  ["control", ["Pause", "Save and switch off", "Reset"]],
] as const)("who may only %s is offered %j", (access, labels) => {
  const actions = {
    ...{ busy: false, start: () => undefined, stop: () => undefined, remove: () => undefined },
    ...{ close: () => undefined, sendCommand: () => undefined },
  };
  const list = (state: "running" | "stopped") =>
    listMachineMenuItems(
      { state, reachable: true, oneShot: false, credential: false, access },
      en,
      actions,
      () => undefined,
    ).map(({ label }) => label);
  expect(list("running")).toEqual(labels);
  expect(list("stopped")).toEqual([]);
});

it.each([
  ["booting", true],
  ["paused", true],
  ["stopped", true],
  ["preparing", false],
  ["failed", false],
] as const)("one of its owner's with boot scripts that is %s shows its secret: %s", (state, shown) => {
  const actions = {
    ...{ busy: false, start: () => undefined, stop: () => undefined, remove: () => undefined },
    ...{ close: () => undefined, sendCommand: () => undefined },
  };
  const opened: string[] = [];
  const items = listMachineMenuItems(
    { state, reachable: true, oneShot: false, credential: true, access: "manage" },
    en,
    actions,
    (dialog) => opened.push(dialog),
  );
  items.find(({ label }) => label === "Secret of the boot script…")?.onChoose();
  expect(opened).toEqual(shown ? ["credential"] : []);
});

it("what its host would do cannot be chosen while that is away, and says why", () => {
  const actions = {
    ...{ busy: false, start: () => undefined, stop: () => undefined, remove: () => undefined },
    ...{ close: () => undefined, sendCommand: () => undefined },
  };
  const list = (reachable: boolean) =>
    listMachineMenuItems(
      { state: "stopped", reachable, oneShot: false, credential: true, access: "manage" },
      en,
      actions,
      () => undefined,
    );
  const reason = "Not connected";
  expect(list(false).map(({ label, disabled, hint }) => [label, disabled, hint])).toEqual([
    ["Snapshots…", true, reason],
    ["Boot log…", true, reason],
    ["Secret of the boot script…", true, reason],
    ["Remove", undefined, undefined],
  ]);
  expect(list(true).some(({ disabled }) => disabled === true)).toBe(false);
});

it("screen readers hear that a machine ends soon, once", () => {
  const before = { machines: { m1: makeMachine() }, desktops: {} };
  const after = { machines: { m1: makeMachine({ expiresSoon: true }) }, desktops: {} };
  expect(describeChanges(before, after, en)).toEqual(["memtest ends soon."]);
  expect(describeChanges(after, after, en)).toEqual([]);
});
