import type { Duplex } from "node:stream";
import type { Clock } from "../../protocol/index.ts";
import type { Viewer } from "../admit/viewer.ts";
import { finishStream } from "./finish-stream.ts";
import type { Arrival } from "./ports.ts";

/** A viewer that speaks RFB on its own TCP connection. */
export function receiveRfbViewer({ socket, source, admitted }: Arrival, clock: Clock): Viewer {
  let stream: Duplex = socket;
  let finished = false;
  return {
    get stream() {
      return stream;
    },
    transport: "rfb",
    source,
    ticket: null,
    admitted,
    continueOn: (next) => {
      stream = next;
    },
    finish: () => {
      if (finished) return;
      finished = true;
      finishStream(stream, clock);
    },
  };
}
