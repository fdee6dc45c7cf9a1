import { expect, it } from "vitest";
import { ViewerRefusal } from "../../../../../proxy/model/viewer-refusal.ts";
import { classifyRefusal } from "../../../../../web/client/viewer/classify-refusal.ts";

it.each([
  ["HOST_OFFLINE", "hostAway"],
  ["HOST_TIMEOUT", "hostSilent"],
  ["DESKTOP_UNREACHABLE", "noDesktop"],
  ["SERVER_BUSY", "serverTrouble"],
  ["SESSION_ENDED", "sessionEnded"],
  ["DESKTOP_GONE", "gone"],
  ["TICKET_INVALID", "refused"],
] as const)("the server's sentence for %s is said as %s", (code, cause) => {
  const { safeMessage } = new ViewerRefusal(code, { waitMs: 9_000 });
  expect(classifyRefusal(safeMessage, "lost")).toBe(cause);
});

it("a sentence that nobody knows says nothing", () => {
  expect(classifyRefusal("?", "lost")).toBe("lost");
  expect(classifyRefusal(null, "noDesktop")).toBe("noDesktop");
});
