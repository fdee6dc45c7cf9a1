import { useEffect, useRef, useState } from "preact/hooks";
import { useText, useWall } from "../state/context.ts";
import { useShown } from "../live/use-shown.ts";
import { useMachineActions } from "../wall/use-machine-actions.ts";
import { useDesktop } from "./use-desktop.ts";
import { useLine } from "./use-line.ts";
import { ViewerBar } from "./viewer-bar.tsx";
import { ViewerMessage } from "./viewer-message.tsx";

/** The whole window for one screen. */
export function ViewerPage({ desktopId: routeId }: { readonly desktopId: string }) {
  const text = useText();
  const loaded = useWall((state) => state.loaded);
  const { desktopId, desktop, machine, screen, others, name: called } = useDesktop(routeId);
  const actions = useMachineActions(machine?.id ?? "");
  const place = useRef<HTMLDivElement>(null);
  const frozen = useRef<HTMLCanvasElement>(null);
  const [fit, setFit] = useState(true);
  // Not by itself: others may look at the same screen.
  const [follow, setFollow] = useState(false);
  const paused = machine !== null && (screen === null || ["stopped", "failed"].includes(machine.state));
  const { line, rfb, received, retryNow } = useLine(desktopId, paused, place, frozen);
  const name = called ?? (loaded ? text.viewer.toolbar : "");
  // The server knows more than the broken line: a host that is away explains it.
  const hostAway = line.phase === "waiting" && line.detail === null && desktop?.state === "offline";
  const shownLine = hostAway ? { ...line, cause: "hostAway" as const } : line;

  useEffect(() => {
    document.title = `${name} · ${text.product}`;
  }, [name, text]);
  const online = desktop?.state === "online";
  useShown(online ? desktop.id : null, place);
  useEffect(() => {
    if (online) retryNow();
  }, [online, retryNow]);
  useEffect(() => {
    if (rfb === null) return;
    rfb.background = "transparent";
    rfb.scaleViewport = fit;
    rfb.resizeSession = follow;
    rfb.focus();
  }, [rfb, fit, follow]);

  return (
    <main class="viewer" data-phase={line.phase} data-fit={fit}>
      <canvas class="frozen" ref={frozen} width={0} height={0} aria-hidden="true" />
      <div class="viewer-place" ref={place} role="application" aria-label={text.viewer.screen(name)} />
      {shownLine.phase !== "open" && (
        <ViewerMessage name={name} line={shownLine} machine={machine} actions={actions} onRetry={retryNow} />
      )}
      <ViewerBar
        name={name}
        others={others}
        line={line}
        rfb={rfb}
        received={received}
        fit={fit}
        onFit={setFit}
        follow={follow}
        onFollow={setFollow}
        machine={machine}
        actions={actions}
      />
    </main>
  );
}
