import { expect, it } from "vitest";
import { isToolbarNeeded } from "../../../../../web/client/viewer/toolbar-need.ts";
import type { ViewerConnectionState } from "../../../../../web/client/viewer/viewer-connection-state.ts";
import { makeMachine } from "../api-records.ts";

const open: ViewerConnectionState = { phase: "open", attempt: 0, since: 0, silence: null };

it("a machine that is being switched off brings the bar over its picture", () => {
  expect(isToolbarNeeded(open, makeMachine({ state: "stopping" }))).toBe(true);
  expect(isToolbarNeeded(open, makeMachine({ ending: true }))).toBe(true);
});

it("the bar is there while the picture is not current, and hides otherwise", () => {
  expect(isToolbarNeeded({ ...open, silence: "desktop" }, null)).toBe(true);
  expect(isToolbarNeeded({ phase: "connecting", attempt: 0, failure: null }, makeMachine())).toBe(true);
  expect(isToolbarNeeded(open, makeMachine())).toBe(false);
  expect(isToolbarNeeded(open, null)).toBe(false);
});
