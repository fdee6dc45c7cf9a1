import { render } from "preact";
import "./style/index.css";
import { createApi } from "./api/api.ts";
import { Page } from "./app.tsx";
import { forgetTokens } from "./native/held-tokens.ts";
import { AppProvider, type App } from "./state/context.ts";
import { ShownDesktops } from "./live/shown-desktops.ts";
import { openPreferences } from "./state/preferences.ts";
import { reduceWall } from "./state/reduce-wall.ts";
import { createStore } from "./state/store.ts";
import { emptyWall } from "./state/wall-state.ts";

const wall = createStore(emptyWall, reduceWall);
const api = createApi(() => {
  forgetTokens();
  wall.dispatch({ type: "who", who: null });
});
const shown = new ShownDesktops(
  (desktops) => api.tellShown(desktops),
  (ms, run) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  },
);
const app: App = { api, wall, preferences: openPreferences(), shown };

const place = document.getElementById("page");
if (place !== null) {
  render(
    <AppProvider value={app}>
      <Page />
    </AppProvider>,
    place,
  );
}
