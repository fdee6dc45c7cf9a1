// Loaded into the server's process beside the product (`node --expose-gc --import`), to look at it from within.
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

process.on("message", ({ command }) => {
  if (command === "heap") {
    // What the first one finalizes, the second one frees.
    globalThis.gc();
    globalThis.gc();
    process.send({ done: command, result: process.memoryUsage() });
  } else if (command === "watch") {
    delays.reset();
    delays.enable();
    process.send({ done: command });
  } else if (command === "delays") {
    delays.disable();
    const [max, p99, p50] = [delays.max, delays.percentile(99), delays.percentile(50)];
    process.send({ done: command, result: { maxMs: max / 1e6, p99Ms: p99 / 1e6, p50Ms: p50 / 1e6 } });
  }
});
process.channel?.unref();
