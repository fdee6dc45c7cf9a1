import { expect, test } from "vitest";
import { ServerRefusal } from "../../../../agent/enrol/server-refusal.ts";

test("who was revoked is told to remove the key alone: people's disks lie in the same folder", () => {
  const { safeMessage } = new ServerRefusal({ code: "AGENT_REVOKED", message: "This agent was revoked." });
  expect(safeMessage).toContain("remove the one file agent-key.json from its data folder");
  expect(safeMessage).not.toMatch(/remove (its|the) data folder/i);
});
