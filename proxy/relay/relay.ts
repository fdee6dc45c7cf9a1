import type { Duplex } from "node:stream";
import {
  ClientFilter,
  isPosternError,
  PeerClosed,
  pump,
  type Clock,
  type Pump,
} from "../../protocol/index.ts";
import { LIMITS } from "../admit/limits.ts";
import type { EndCause } from "../pair/session-state.ts";

/** The two streams of a session, both past ServerInit. */
export interface RelayEnds {
  readonly viewer: Duplex;
  readonly server: Duplex;
}

export interface Relay {
  readonly bytesToViewer: number;
  readonly bytesToServer: number;
  /** Settles with the first cause; the caller closes both ends. Never rejects. */
  readonly ended: Promise<EndCause>;
}

/**
 * Moves bytes both ways. The server's are not looked at; the viewer's go through the filter, message by
 * message. When one direction ends, the other may finish what it has.
 */
export function startRelay({ viewer, server }: RelayEnds, control: boolean, clock: Clock): Relay {
  let forward: (chunk: Buffer) => void = () => undefined;
  const filter = new ClientFilter({ control }, (chunk) => {
    forward(chunk);
  });
  const down = pump(server, viewer);
  const up = pump(viewer, server, (chunk, onward) => {
    forward = onward;
    filter.push(chunk);
  });
  return {
    get bytesToViewer() {
      return down.bytes;
    },
    get bytesToServer() {
      return up.bytes;
    },
    ended: awaitEnd(down, up, { viewer, server }, clock),
  };
}

interface End {
  readonly cause: EndCause;
  readonly graceful: boolean;
}

async function awaitEnd(down: Pump, up: Pump, ends: RelayEnds, clock: Clock): Promise<EndCause> {
  const downEnd = describeEnd(down, "DESKTOP_ENDED", ends);
  const upEnd = describeEnd(up, "VIEWER_LEFT", ends);
  const first = await Promise.race([downEnd, upEnd]);
  if (first.graceful) {
    const [other, otherEnd] = first.cause === "DESKTOP_ENDED" ? [up, upEnd] : [down, downEnd];
    await Promise.race([otherEnd, awaitSilence(other, clock)]);
  }
  down.stop();
  up.stop();
  return first.cause;
}

async function describeEnd(run: Pump, cause: EndCause, ends: RelayEnds): Promise<End> {
  try {
    await run.ended;
    return { cause, graceful: true };
  } catch (error) {
    if (isPosternError(error) && !(error instanceof PeerClosed)) {
      return { cause: "VIEWER_PROTOCOL", graceful: false };
    }
    return { cause: nameLoss(ends), graceful: false };
  }
}

/** A side that has said goodbye before the connection broke has left. */
function nameLoss({ viewer, server }: RelayEnds): EndCause {
  if (viewer.readableEnded) return "VIEWER_LEFT";
  if (viewer.destroyed) return "VIEWER_LOST";
  return server.readableEnded ? "DESKTOP_ENDED" : "DESKTOP_LOST";
}

/** Settles once nothing has moved for a while. */
function awaitSilence(run: Pump, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const watch = (before: number): void => {
      clock.after(LIMITS.halfCloseMs, () => {
        if (run.bytes === before) resolve();
        else watch(run.bytes);
      });
    };
    watch(run.bytes);
  });
}
