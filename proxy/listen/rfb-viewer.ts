import type { Clock } from "../../protocol/index.ts";
import type { Viewer } from "../admit/viewer.ts";
import { finishStream } from "./finish-socket.ts";
import type { Arrival } from "./ports.ts";

/** A viewer that speaks RFB on its own TCP connection. */
export function receiveRfbViewer({ socket, source, admitted }: Arrival, clock: Clock): Viewer {
  return {
    stream: socket,
    transport: "rfb",
    source,
    ticket: null,
    admitted,
    finish: () => {
      finishStream(socket, clock);
    },
  };
}
