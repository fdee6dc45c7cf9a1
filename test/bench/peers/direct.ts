import type { Peer } from "./peer.ts";

/** The VNC server itself: what is possible without anybody in between. */
export const direct: Peer = {
  name: "direct",
  targets: ["direct"],
  findMissing: () => undefined,
  start: ({ vncPort }) =>
    Promise.resolve([
      {
        name: "direct",
        title: "no gateway",
        reference: "haproxy",
        route: { kind: "rfb", address: { port: vncPort } },
        pids: [],
      },
    ]),
};
