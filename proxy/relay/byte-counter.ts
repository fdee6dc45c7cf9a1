import type { RelayTraffic, StreamTap } from "./stream-stage.ts";

/** How many bytes a session has moved: by the relay's own counters, without a look at the bytes. */
export class ByteCounter implements StreamTap {
  #traffic: RelayTraffic = { bytesToViewer: 0, bytesToServer: 0 };

  onStart(traffic: RelayTraffic): void {
    this.#traffic = traffic;
  }

  get current(): RelayTraffic {
    const { bytesToViewer, bytesToServer } = this.#traffic;
    return { bytesToViewer, bytesToServer };
  }
}
