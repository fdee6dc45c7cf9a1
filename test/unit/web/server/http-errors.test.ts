import { expect, it } from "vitest";
import {
  AuthError,
  LaunchError,
  LimitError,
  RequestError,
  TimeoutError,
  UNEXPLAINED,
} from "../../../../protocol/index.ts";
import { describeForCaller } from "../../../../web/server/http-errors.ts";

const INSIDE = "/var/lib/postern/disks/7 of 10.0.0.9 is gone";

it.each([RequestError, AuthError, LimitError, LaunchError, TimeoutError])(
  "a %o without a safeMessage is not quoted to a caller",
  (Kind) => {
    const { body } = describeForCaller(new Kind("SOME_CODE", INSIDE));
    expect(body.error).toEqual({ code: "SOME_CODE", message: UNEXPLAINED });
  },
);

it("a code of the catalogue has the catalogue's sentence, not the error's", () => {
  const { body } = describeForCaller(new RequestError("HOST_OFFLINE", INSIDE));
  expect(body.error.message).toBe("The machine's host is not connected. Try again when it is back.");
});

it("a safeMessage passes through", () => {
  const error = new LaunchError("SOME_CODE", INSIDE, { safeMessage: "The disk is full." });
  expect(describeForCaller(error).body.error.message).toBe("The disk is full.");
});
