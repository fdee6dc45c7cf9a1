import type { Logger } from "pino";
import type { StreamTap } from "./stream-stage.ts";

/** Keeps a tap's fault away from its session: the first is logged, and the tap is not called again. */
export function isolateTap(tap: StreamTap, log: Logger): StreamTap {
  let hasFailed = false;
  const attempt = (step: () => void): void => {
    if (hasFailed) return;
    try {
      step();
    } catch (error) {
      hasFailed = true;
      log.error({ event: "session.tap", err: error }, "a tap failed");
    }
  };
  return {
    onStart: (traffic) => {
      attempt(() => tap.onStart?.(traffic));
    },
    ...(tap.toServer && {
      toServer: (chunk: Buffer) => {
        attempt(() => {
          tap.toServer?.(chunk);
        });
      },
    }),
    ...(tap.toViewer && {
      toViewer: (chunk: Buffer) => {
        attempt(() => {
          tap.toViewer?.(chunk);
        });
      },
    }),
    onEnd: (cause) => {
      attempt(() => tap.onEnd?.(cause));
    },
  };
}
