import { expect, test } from "vitest";
import { describeMachine, describeState } from "../../../../bin/commands/describe-machine.ts";
import { machine } from "../../../support/stub-data.ts";

test("a machine whose host is away is not shown as if it ran", () => {
  const row = machine("m1", "lab", "running", { reachable: false });
  expect(describeState(row)).toBe("not connected (last known: running)");
  expect(describeMachine(row)).toContain("lab: not connected (last known: running)\n");
  expect(describeMachine(row)).toContain("Its host is not connected at the moment.");
});

test("one whose host is here has its state, and the progress of the work", () => {
  expect(describeState(machine("m1", "lab", "running"))).toBe("running");
  expect(describeMachine(machine("m1", "lab", "running"))).not.toContain("not connected");
  const fetching = machine("m1", "lab", "preparing", { fetching: true, progress: 0.434 });
  expect(describeState(fetching)).toBe("preparing (fetching the image: 43 %)");
});
