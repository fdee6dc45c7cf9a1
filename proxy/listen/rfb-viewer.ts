import type { Clock } from "../../protocol/index.ts";
import type { Viewer } from "../admit/viewer.ts";
import { finishStream } from "./finish-stream.ts";
import type { Arrival } from "./ports.ts";

/** A viewer that speaks RFB on its own TCP connection. */
export function receiveRfbViewer({ socket, source, admitted }: Arrival, clock: Clock): Viewer {
  let finished = false;
  return {
    stream: socket,
    transport: "rfb",
    source,
    ticket: null,
    admitted,
    finish: () => {
      if (finished) return;
      finished = true;
      finishStream(socket, clock);
    },
  };
}
