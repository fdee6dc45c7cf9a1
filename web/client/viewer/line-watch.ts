import { repeatInWindow, SilenceWatch } from "../live/silence-watch.ts";
import type { LineMeter } from "./line-meter.ts";
import type { Silence } from "./viewer-connection-state.ts";

/** A silent connection is replaced after this: a new one is faster than TCP's next retransmission, which is seconds away. */
const GIVE_UP_MS = 1_000;

interface LineWatchOptions {
  readonly meter: LineMeter;
  readonly onSilence: (silence: Silence | null) => void;
  readonly onGivenUp: () => void;
}

/** A message of a server of before has no `took`. */
interface Ping {
  readonly ping: number;
  readonly desktop: boolean;
  readonly took?: number | null;
}

/**
 * Answers the server's pings on the viewer's WebSocket and says which side has gone silent. It takes text messages away from
 * noVNC, which is attached later. A server that sends no pings is not watched.
 * @returns a function that ends it
 */
export function watchLine(socket: WebSocket, { meter, onSilence, onGivenUp }: LineWatchOptions): () => void {
  let silence: Silence | null = null;
  let timer: number | undefined;
  const tell = (next: Silence | null) => {
    if (next === silence) return;
    silence = next;
    window.clearTimeout(timer);
    if (next === "server") timer = window.setTimeout(onGivenUp, GIVE_UP_MS);
    onSilence(next);
  };
  const watch = new SilenceWatch(() => tell("server"), repeatInWindow);
  socket.addEventListener("message", (event: MessageEvent<unknown>) => {
    watch.hear();
    if (typeof event.data !== "string") {
      if (event.data instanceof ArrayBuffer) meter.countBytes(event.data.byteLength);
      if (silence === "server") tell(null);
      return;
    }
    event.stopImmediatePropagation();
    const { ping, desktop, took } = JSON.parse(event.data) as Ping;
    if (typeof took === "number") meter.noteLatency(took);
    // Behind everything typed so far: the answer proves to the server that none of it still comes.
    if (socket.readyState === WebSocket.OPEN) socket.send(String(ping));
    watch.start();
    tell(desktop ? null : "desktop");
  });
  return () => {
    watch.stop();
    window.clearTimeout(timer);
  };
}
