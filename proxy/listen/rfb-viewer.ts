import type { Clock } from "../../protocol/index.ts";
import type { Viewer, ViewerDoor } from "../admit/viewer.ts";
import { finishStream } from "./finish-stream.ts";
import type { Arrival } from "./ports.ts";

/** A viewer that speaks RFB on a connection of its own, plain or inside TLS. */
export function receiveRfbViewer(
  { socket, source, admitted }: Arrival,
  door: ViewerDoor,
  clock: Clock,
): Viewer {
  let finished = false;
  return {
    stream: socket,
    transport: "rfb",
    door,
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
