import type { LiveEvent } from "../../api/schemas.ts";
import { API_PREFIX } from "../api/api-client.ts";
import { EventBatches, onNextFrame } from "./event-batches.ts";
import type { AppContext } from "../state/app-context.ts";
import { repeatInWindow, SilenceWatch } from "./silence-watch.ts";
import { backoffDelay, type BackoffRange } from "../../../protocol/backoff.ts";

/** The upper half of each wait is random, so that pages do not reconnect at the same time. */
const BACKOFF: BackoffRange = { firstMs: 1_000, maxMs: 20_000 };
const EVENT_NAMES = ["message", "hello", "machine", "desktop", "gone", "images", "beat"];

async function fetchWall({ api, wall }: AppContext): Promise<void> {
  const [machines, desktops, images, service] = await Promise.all([
    api.machines(),
    api.desktops(),
    api.images(),
    api.service(),
  ]);
  wall.dispatch({ type: "service", service });
  wall.dispatch({ type: "lists", machines, desktops, images });
}

/** Keeps the wall in sync with the server; reconnects after failures. Returns a function that stops it. */
export function followEvents(app: AppContext): () => void {
  const { api, wall } = app;
  let source: EventSource | null = null;
  let timer: number | undefined;
  let attempt = 0;
  let ended = false;
  /** An older server sends no beats, and none are missed. */
  let hasBeats = false;

  const reconnectLater = () => {
    if (ended) return;
    source?.close();
    source = null;
    silence.stop();
    wall.dispatch({ type: "connection", connection: "lost" });
    attempt += 1;
    window.clearTimeout(timer);
    const wait = backoffDelay(BACKOFF, { failures: attempt, random: Math.random(), jitter: "half" });
    timer = window.setTimeout(open, Math.round(wait));
    // An event stream does not say why it was refused. A plain request does, and ends the page's session on
    // 401.
    void api.me().catch(() => undefined);
  };

  const batches = new EventBatches(onNextFrame, (events) => {
    wall.dispatch({ type: "events", events });
    if (events.some(({ type }) => type === "images")) fetchImages();
  });
  let fetching = false;
  let fetchAgain = false;
  const fetchImages = () => {
    fetchAgain = fetching;
    if (fetching) return;
    fetching = true;
    api
      .images()
      .then(
        (images) => wall.dispatch({ type: "images", images }),
        () => undefined,
      )
      .finally(() => {
        fetching = false;
        if (fetchAgain && !ended) fetchImages();
      });
  };

  const silence = new SilenceWatch(reconnectLater, repeatInWindow);

  const receive = (message: MessageEvent<string>) => {
    const event = JSON.parse(message.data) as LiveEvent;
    silence.hear();
    if (event.type === "beat") {
      hasBeats = true;
      silence.start();
      return;
    }
    batches.add(event);
    if (event.type !== "hello") return;
    // Before the lists that are asked for now.
    batches.flush();
    attempt = 0;
    fetchWall(app).catch(reconnectLater);
  };

  const open = () => {
    source?.close();
    source = new EventSource(`${API_PREFIX}/events`);
    source.onerror = reconnectLater;
    if (hasBeats) silence.start();
    for (const name of EVENT_NAMES) source.addEventListener(name, receive);
  };

  const reconnectNow = () => {
    if (wall.get().connection !== "lost") return;
    window.clearTimeout(timer);
    open();
  };

  open();
  window.addEventListener("online", reconnectNow);
  return () => {
    ended = true;
    window.removeEventListener("online", reconnectNow);
    window.clearTimeout(timer);
    silence.stop();
    source?.close();
    batches.close();
  };
}
