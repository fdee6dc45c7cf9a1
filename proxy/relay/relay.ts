import type { Duplex } from "node:stream";
import { isPosternError, PeerClosed, pipe, type Clock, type Pipe } from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import type { EndCause } from "./end-cause.ts";
import type { StreamFilter, StreamStages } from "./stream-stage.ts";

/** The two streams of a session, both past ServerInit. */
interface RelayEnds {
  readonly viewer: Duplex;
  readonly server: Duplex;
}

export interface Relay {
  /** Settles with the first cause; the caller closes both ends. Never rejects. */
  readonly ended: Promise<EndCause>;
  /** From now on nothing passes either way; both ends stay open. Idempotent. */
  stop(): void;
}

/**
 * Moves bytes both ways through the filters, and shows the taps what passes. A direction without either is moved in
 * place. When one direction ends, the other may finish what it has.
 */
export function startRelay({ viewer, server }: RelayEnds, stages: StreamStages, clock: Clock): Relay {
  const down = pipe(server, viewer, composeStages(stages, "toViewer"));
  const up = pipe(viewer, server, composeStages(stages, "toServer"));
  const traffic = {
    get bytesToViewer() {
      return down.bytes;
    },
    get bytesToServer() {
      return up.bytes;
    },
  };
  for (const tap of stages.taps) tap.onStart?.(traffic);
  const ended = awaitEnd(down, up, { viewer, server }, clock);
  for (const tap of stages.taps) if (tap.onEnd) void ended.then((cause) => tap.onEnd?.(cause));
  return {
    ended,
    stop: () => {
      down.stop();
      up.stop();
    },
  };
}

/** One function for a direction; undefined: no filter and no tap looks at its bytes. */
function composeStages(
  { filters, taps }: StreamStages,
  direction: keyof StreamFilter,
): StreamFilter["toServer"] {
  const stages = filters.flatMap((filter) => filter[direction] ?? []);
  const watchers = taps.flatMap((tap) => tap[direction] ?? []);
  if (watchers.length > 0)
    stages.push((chunk, forward) => {
      for (const watch of watchers) watch(chunk);
      forward(chunk);
    });
  if (stages.length < 2) return stages[0];
  return stages.reduce((before, next) => (chunk, forward) => {
    before(chunk, (passed) => {
      next(passed, forward);
    });
  });
}

interface DirectionEnd {
  readonly cause: EndCause;
  readonly graceful: boolean;
}

async function awaitEnd(down: Pipe, up: Pipe, ends: RelayEnds, clock: Clock): Promise<EndCause> {
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

async function describeEnd(direction: Pipe, cause: EndCause, ends: RelayEnds): Promise<DirectionEnd> {
  try {
    await direction.ended;
    return { cause, graceful: true };
  } catch (error) {
    if (isPosternError(error) && !(error instanceof PeerClosed)) {
      // A pipe also fails by the error of its destination; a filter's error is of its source.
      const { viewer, server } = ends;
      const isViewers = cause === "VIEWER_LEFT" ? server.errored !== error : viewer.errored === error;
      return { cause: isViewers ? "VIEWER_PROTOCOL" : "DESKTOP_PROTOCOL", graceful: false };
    }
    return { cause: toLossCause(ends), graceful: false };
  }
}

/** A side that had ended its stream before the connection broke has left. */
function toLossCause({ viewer, server }: RelayEnds): EndCause {
  if (viewer.readableEnded) return "VIEWER_LEFT";
  if (viewer.destroyed) return "VIEWER_LOST";
  return server.readableEnded ? "DESKTOP_ENDED" : "DESKTOP_LOST";
}

/** Settles once nothing has moved for a while. */
function awaitSilence(direction: Pipe, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const watch = (before: number): void => {
      clock.after(PROXY_LIMITS.halfCloseMs, () => {
        if (direction.bytes === before) resolve();
        else watch(direction.bytes);
      });
    };
    watch(direction.bytes);
  });
}
