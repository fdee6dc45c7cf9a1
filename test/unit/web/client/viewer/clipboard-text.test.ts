import { expect, it } from "vitest";
import { CLIENT_MESSAGE_LIMITS } from "../../../../../protocol/rfb/client-stream/client-messages.ts";
import { countExcessBytes } from "../../../../../web/client/viewer/clipboard-text.ts";

const MOST = CLIENT_MESSAGE_LIMITS.clientCutText;

it("a text is as long as its bytes, and the longest is the one that the server passes on", () => {
  expect(countExcessBytes("")).toBe(0);
  expect(countExcessBytes("a".repeat(MOST))).toBe(0);
  expect(countExcessBytes("a".repeat(MOST + 1))).toBe(1);
  expect(countExcessBytes("€".repeat(Math.ceil(MOST / 3)))).toBe(3 * Math.ceil(MOST / 3) - MOST);
});
