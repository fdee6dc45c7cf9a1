import type { imageMethods } from "../../protocol/index.ts";
import type { HostRequestHandlers } from "./request-handlers.ts";

/** A host's answers about images that come from its server. */
export const IMAGE_REQUEST_HANDLERS: HostRequestHandlers<keyof typeof imageMethods> = {
  "image.import": ({ incomingImages: arrivals }, arrival) => arrivals.start(arrival),
  "image.write": async ({ incomingImages: arrivals }, { offset, data, ...version }) => ({
    bytes: await arrivals.write(version, offset, Buffer.from(data, "base64")),
  }),
  "image.check": ({ incomingImages: arrivals }, version) => arrivals.check(version),
};
