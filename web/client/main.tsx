import { render } from "preact";
import "./style/index.css";
import { createApi } from "./api/api-client.ts";
import { App } from "./app.tsx";
import { clearTokens } from "./native/token-cache.ts";
import { AppProvider, type AppContext } from "./state/app-context.ts";
import { VisibleDesktops } from "./live/visible-desktops.ts";
import { createConfirmation } from "./state/confirmation.ts";
import { openPreferences } from "./state/preferences.ts";
import { reduceWall } from "./state/reduce-wall.ts";
import { createStore } from "./state/store.ts";
import { emptyWall } from "./state/wall-state.ts";

const wall = createStore(emptyWall, reduceWall);
const confirmation = createConfirmation();
const api = createApi({
  onSignedOut: () => {
    clearTokens();
    confirmation.settle(false);
    wall.dispatch({ type: "me", me: null });
  },
  confirmIdentity: confirmation.ask,
});
const visibleDesktops = new VisibleDesktops(
  (desktops) => api.reportVisibleDesktops(desktops),
  (ms, run) => {
    const timer = window.setTimeout(run, ms);
    return () => window.clearTimeout(timer);
  },
);
const preferences = openPreferences();
const app: AppContext = { api, wall, preferences, confirmation, visibleDesktops };

const container = document.getElementById("page");
if (container !== null) {
  render(
    <AppProvider value={app}>
      <App />
    </AppProvider>,
    container,
  );
}
