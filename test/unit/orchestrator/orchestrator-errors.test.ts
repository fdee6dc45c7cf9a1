import { expect, it } from "vitest";
import { describeForOwner } from "../../../orchestrator/orchestrator-errors.ts";
import { LaunchError, RequestError, UNEXPLAINED } from "../../../protocol/index.ts";

const INSIDE = "/var/lib/postern/disks/7 of 10.0.0.9 is gone";

it("an error without a safeMessage is not quoted to a machine's owner", () => {
  expect(describeForOwner(new LaunchError("SOME_CODE", INSIDE))).toEqual({
    code: "SOME_CODE",
    message: UNEXPLAINED,
  });
});

it("a code of the catalogue has the catalogue's sentence, not the error's", () => {
  expect(describeForOwner(new RequestError("HOST_OFFLINE", INSIDE)).message).toBe(
    "The machine's host is not connected. Try again when it is back.",
  );
});
