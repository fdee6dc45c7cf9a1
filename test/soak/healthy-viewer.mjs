// A healthy viewer, in a process of its own so that the load of the others is not in its clock: round trips, one after another.
import { answer } from "./ipc.mjs";
import { pause } from "./service.mjs";
import { Viewer } from "../bench/viewer.ts";

const BETWEEN_MS = 5;
let times = [];
let running = true;
let failure;

async function start({ port, token }) {
  const viewer = new Viewer({ port });
  await viewer.enter(token);
  void (async () => {
    while (running) {
      times.push(await viewer.ping(64, 64));
      await pause(BETWEEN_MS);
    }
    viewer.close();
  })().catch((error) => {
    // At the end of a measurement the server goes first.
    failure = error;
  });
}

answer({
  start,
  /** The times since the last call, in milliseconds. */
  take: () => {
    if (failure) throw failure;
    const taken = times;
    times = [];
    return taken;
  },
  stop: () => {
    running = false;
  },
});
