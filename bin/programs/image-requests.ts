import type { imageMethods } from "../../protocol/index.ts";
import type { Answers } from "./host-requests.ts";

/** A host's answers about images that come from its server. */
export const IMAGE_ANSWERS: Answers<keyof typeof imageMethods> = {
  "image.import": ({ arrivals }, arrival) => arrivals.begin(arrival),
  "image.write": async ({ arrivals }, { offset, data, ...version }) => ({
    bytes: await arrivals.write(version, offset, Buffer.from(data, "base64")),
  }),
  "image.check": ({ arrivals }, version) => arrivals.check(version),
};
