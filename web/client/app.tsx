import { useEffect, useState } from "preact/hooks";
import type { Me } from "../api/schemas.ts";
import { ConnectHostDialog } from "./admin/connect-host-dialog.tsx";
import { CreateMachineDialog } from "./create/create-machine-dialog.tsx";
import { Notifications } from "./header/notifications.tsx";
import { Header } from "./header/header.tsx";
import { ShortcutsDialog } from "./header/shortcuts-dialog.tsx";
import { followEvents } from "./live/follow-events.ts";
import { LazyPage } from "./components/lazy-page.tsx";
import { followLink, useRoute } from "./page-route.ts";
import { NO_ARRIVAL, takeArrival } from "./sign-in/arrival.ts";
import { ConfirmIdentityDialog } from "./sign-in/confirm-identity-dialog.tsx";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { useApp, useConfirming, useText, useWall } from "./state/app-context.ts";
import { Wall } from "./wall/wall.tsx";

const loadViewer = async () => (await import("./viewer/viewer-page.tsx")).ViewerPage;
const preloadViewer = async () => {
  await Promise.all([loadViewer(), import("@novnc/novnc")]);
};
/** After the wall's own requests: the click on a picture then finds the viewer's code here. */
const PRELOAD_DELAY_MS = 500;
const loadDevice = async () => (await import("./sign-in/device-page.tsx")).DevicePage;
const loadInvitation = async () => (await import("./sign-in/invitation-page.tsx")).InvitationPage;
const loadSessions = async () => (await import("./admin/sessions-page.tsx")).SessionsPage;
const loadPeople = async () => (await import("./people/people-page.tsx")).PeoplePage;
const loadGroups = async () => (await import("./groups/groups-page.tsx")).GroupsPage;
const loadGrants = async () => (await import("./rights/grants-page.tsx")).GrantsPage;
const loadSettings = async () => (await import("./admin/sign-in-settings-page.tsx")).SignInSettingsPage;
const loadAccount = async () => (await import("./account/account-page.tsx")).AccountPage;

type OpenDialog = "create" | "host" | "keys" | null;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;
}

function NothingHere() {
  const text = useText();
  return (
    <main class="loading" id="wall" tabIndex={-1}>
      <p role="status">{text.nothingHere}</p>
      <a class="button primary" href="/" onClick={followLink}>
        {text.back}
      </a>
    </main>
  );
}

function SignedIn({ me }: { readonly me: Me }) {
  const app = useApp();
  const text = useText();
  const route = useRoute();
  const [dialog, setDialog] = useState<OpenDialog>(null);

  useEffect(() => followEvents(app), [app]);
  useEffect(() => {
    if (route.page === "view" || route.page === "device" || route.page === "invitation") return;
    const title = route.page === "unknown" ? text.wall.title : text[route.page].title;
    document.title = `${title} · ${text.product}`;
  }, [route.page, text]);
  useEffect(() => {
    if (route.page !== "wall") return;
    // A failure is harmless: the viewer loads its code itself.
    const timer = window.setTimeout(() => void preloadViewer().catch(() => undefined), PRELOAD_DELAY_MS);
    return () => window.clearTimeout(timer);
  }, [route.page]);
  useEffect(() => {
    if (route.page === "view") return;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") setDialog("keys");
      else if (event.key === "n") setDialog("create");
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [route.page]);

  if (route.page === "view") {
    return (
      <>
        <LazyPage key={route.desktopId} load={loadViewer} props={{ desktopId: route.desktopId }} />
        <Notifications />
      </>
    );
  }
  const close = () => setDialog(null);
  return (
    <>
      <Header
        me={me}
        page={route.page}
        onCreate={() => setDialog("create")}
        onConnectHost={() => setDialog("host")}
        onShortcuts={() => setDialog("keys")}
      />
      {route.page === "unknown" ? (
        <NothingHere />
      ) : route.page === "device" ? (
        <LazyPage key="device" load={loadDevice} props={{}} />
      ) : route.page === "account" ? (
        <LazyPage key="account" load={loadAccount} props={{}} />
      ) : route.page === "sessions" && me.powers.includes("oversee") ? (
        <LazyPage key="sessions" load={loadSessions} props={{}} />
      ) : route.page === "people" && me.powers.includes("audit") ? (
        <LazyPage key="people" load={loadPeople} props={{}} />
      ) : route.page === "groups" && me.powers.includes("audit") ? (
        <LazyPage key="groups" load={loadGroups} props={{}} />
      ) : route.page === "grants" && me.powers.includes("audit") ? (
        <LazyPage key="grants" load={loadGrants} props={{}} />
      ) : route.page === "settings" && me.powers.includes("audit") ? (
        <LazyPage key="settings" load={loadSettings} props={{}} />
      ) : (
        <Wall onCreate={() => setDialog("create")} />
      )}
      {dialog === "create" && <CreateMachineDialog onClose={close} />}
      {dialog === "host" && <ConnectHostDialog onClose={close} />}
      {dialog === "keys" && <ShortcutsDialog onClose={close} />}
      <Notifications />
    </>
  );
}

export function App() {
  const { api, wall } = useApp();
  const text = useText();
  const me = useWall((state) => state.me);
  const { page } = useRoute();
  const [away, setAway] = useState(false);
  const confirming = useConfirming();
  const [arrival, setArrival] = useState(takeArrival);

  useEffect(() => {
    if (me !== null && me !== "unknown") setArrival(NO_ARRIVAL);
  }, [me]);
  useEffect(() => {
    if (me !== "unknown") return;
    let timer: number | undefined;
    const ask = () => {
      api.me().then(
        (answer) => wall.dispatch({ type: "me", me: answer }),
        () => {
          // The API client handles a sign-out; retry after any other error.
          if (wall.get().me !== "unknown") return;
          setAway(true);
          timer = window.setTimeout(ask, 2_000);
        },
      );
    };
    ask();
    return () => window.clearTimeout(timer);
  }, [api, wall, me]);

  if (page === "invitation") return <LazyPage key="invitation" load={loadInvitation} props={{}} />;
  if (me === "unknown")
    return (
      <p class="loading" role="status">
        {away ? text.errors.NETWORK : text.loading}
      </p>
    );
  if (me === null) return <SignInPage arrival={arrival} />;
  return (
    <>
      <SignedIn me={me} />
      {confirming && <ConfirmIdentityDialog me={me} />}
    </>
  );
}
