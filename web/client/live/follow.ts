import type { LiveEvent } from "../../api/schemas.ts";
import { API } from "../api/api.ts";
import type { App } from "../state/context.ts";
import { backoffMs, LIVE_BACKOFF } from "./backoff.ts";

const EVENT_NAMES = ["message", "hello", "machine", "desktop", "gone", "images"];

async function fetchLists({ api, wall }: App): Promise<void> {
  const [machines, desktops, images, service] = await Promise.all([
    api.machines(),
    api.desktops(),
    api.images(),
    api.service(),
  ]);
  wall.dispatch({ type: "service", service });
  wall.dispatch({ type: "lists", machines, desktops, images });
}

/** Keeps the wall as the server sees it, over any number of broken lines. Returns what ends it. */
export function followEvents(app: App): () => void {
  const { api, wall } = app;
  let source: EventSource | null = null;
  let timer: number | undefined;
  let attempt = 0;
  let ended = false;

  const breakOff = () => {
    if (ended) return;
    source?.close();
    source = null;
    wall.dispatch({ type: "line", line: "lost" });
    attempt += 1;
    window.clearTimeout(timer);
    timer = window.setTimeout(open, backoffMs(LIVE_BACKOFF, attempt, Math.random()));
    // An event stream does not say why it was refused: a plain request does, and ends the page's session on 401.
    void api.me().catch(() => undefined);
  };

  const receive = (message: MessageEvent<string>) => {
    const event = JSON.parse(message.data) as LiveEvent;
    wall.dispatch({ type: "event", event });
    if (event.type === "hello") {
      attempt = 0;
      fetchLists(app).catch(breakOff);
    } else if (event.type === "images") {
      api.images().then(
        (images) => wall.dispatch({ type: "images", images }),
        () => undefined,
      );
    }
  };

  const open = () => {
    source?.close();
    source = new EventSource(`${API}/events`);
    source.onerror = breakOff;
    for (const name of EVENT_NAMES) source.addEventListener(name, receive);
  };

  const returnNow = () => {
    if (wall.get().line !== "lost") return;
    window.clearTimeout(timer);
    open();
  };

  open();
  window.addEventListener("online", returnNow);
  return () => {
    ended = true;
    window.removeEventListener("online", returnNow);
    window.clearTimeout(timer);
    source?.close();
  };
}
