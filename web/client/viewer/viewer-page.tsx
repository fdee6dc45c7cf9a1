import { isOff } from "../../../protocol/mip2/machine-state.ts";
import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useText, useWall } from "../state/app-context.ts";
import { useStoredChoice } from "../state/use-stored-choice.ts";
import { useVisibleDesktop } from "../live/use-visible-desktop.ts";
import { useMachineActions } from "../machine/use-machine-actions.ts";
import { useCommandIsControl } from "./command-key.ts";
import { chooseKeyboardMode, useKeyboardChoice } from "./keyboard-choice.ts";
import { TouchKeyboard } from "./touch-keyboard.tsx";
import { QUALITY_CHOICES } from "./picture-quality.ts";
import { TOUCH_MODES } from "./touch-pointer.ts";
import type { Untyped } from "./type-text.ts";
import { describeUntyped } from "./untyped.ts";
import { useLineFigures } from "./use-line-figures.ts";
import { useTouchPicture } from "./use-touch-picture.ts";
import { useViewedDesktop } from "./use-viewed-desktop.ts";
import { useViewerConnection } from "./use-viewer-connection.ts";
import { ViewerToolbar } from "./viewer-toolbar.tsx";
import { ViewerMessage } from "./viewer-message.tsx";

/** The page of one display, which fills the window. */
export function ViewerPage({ desktopId: routeId }: { readonly desktopId: string }) {
  const { wall } = useApp();
  const text = useText();
  const loaded = useWall((state) => state.loaded);
  const { desktopId, desktop, machine, display, others, name: called } = useViewedDesktop(routeId);
  const actions = useMachineActions(machine?.id ?? "");
  const place = useRef<HTMLDivElement>(null);
  const frozen = useRef<HTMLCanvasElement>(null);
  const [fit, setFit] = useState(true);
  // Off by default: others may be viewing the same desktop.
  const [follow, setFollow] = useState(false);
  const paused = machine !== null && (display === null || isOff(machine.state));
  const [touch, setTouch] = useStoredChoice("postern.touch", TOUCH_MODES, "direct");
  const [quality, setQuality] = useStoredChoice("postern.quality", QUALITY_CHOICES, "auto");
  const [touchKeys, setTouchKeys] = useState(false);
  const { connection, rfb, watchOnly, keyboard, meter, received, retryNow } = useViewerConnection(
    desktopId,
    paused,
    place,
    frozen,
  );
  const figures = useLineFigures(rfb, meter, quality);
  const { zoomed, resetZoom } = useTouchPicture({ place, rfb, mode: touch, fit, onFit: setFit });
  const [choice, setChoice] = useKeyboardChoice(machine?.id ?? desktopId);
  const [commandIsControl, setCommandIsControl] = useCommandIsControl();
  const tellUntyped = (untyped: Untyped) => {
    const notice = describeUntyped(untyped, text);
    if (notice !== null) wall.dispatch({ type: "notice", notice });
  };
  if (keyboard !== null) {
    keyboard.mode = chooseKeyboardMode(choice, machine);
    keyboard.swapsCommand = commandIsControl;
    keyboard.onMissing = (character) => tellUntyped({ missing: [character], cut: 0 });
  }
  const name = called ?? (loaded ? text.viewer.toolbar : "");
  // The server knows more than the broken connection: an offline host explains it.
  const hostAway =
    connection.phase !== "open" && connection.failure?.detail === null && desktop?.state === "offline";
  const shownConnection = hostAway
    ? { ...connection, failure: { cause: "hostAway" as const, detail: null } }
    : connection;
  const silent = connection.phase === "open" && connection.silence !== null;

  useEffect(() => {
    document.title = `${name} · ${text.product}`;
  }, [name, text]);
  const online = desktop?.state === "online";
  useVisibleDesktop(online ? desktop.id : null, place);
  useEffect(() => {
    if (online) retryNow();
  }, [online, retryNow]);
  useEffect(() => {
    if (rfb === null) return;
    rfb.background = "transparent";
    rfb.scaleViewport = fit;
  }, [rfb, fit]);
  useEffect(() => {
    // What fingers and a phone's keyboard make of the window is not the size that is wanted.
    if (rfb !== null) rfb.resizeSession = follow && !zoomed && !touchKeys;
  }, [rfb, follow, zoomed, touchKeys]);
  useEffect(() => {
    rfb?.focus();
    if (rfb === null) setTouchKeys(false);
  }, [rfb]);
  useEffect(() => {
    if (rfb === null) return;
    // noVNC lets go of all keys when the window loses the focus. What is typed from now on is dropped.
    if (silent) {
      // The rest of a text would come with a hole in it.
      keyboard?.stop();
      window.dispatchEvent(new FocusEvent("blur"));
    }
    rfb.viewOnly = silent || watchOnly;
  }, [rfb, keyboard, silent, watchOnly]);

  return (
    <main class="viewer" data-phase={connection.phase} data-silent={silent} data-fit={fit}>
      <canvas class="frozen" ref={frozen} width={0} height={0} aria-hidden="true" />
      <div class="viewer-place" ref={place} role="application" aria-label={text.viewer.screen(name)} />
      {(shownConnection.phase !== "open" || silent) && (
        <ViewerMessage
          name={name}
          connection={shownConnection}
          machine={machine}
          actions={actions}
          onRetry={retryNow}
        />
      )}
      {keyboard !== null && touchKeys && (
        <TouchKeyboard keyboard={keyboard} onLeave={() => setTouchKeys(false)} onUntyped={tellUntyped} />
      )}
      <ViewerToolbar
        name={name}
        others={others}
        connection={connection}
        rfb={rfb}
        watchOnly={watchOnly}
        keyboard={keyboard}
        keyboardChoice={choice}
        onKeyboardChoice={setChoice}
        commandIsControl={commandIsControl}
        onCommandIsControl={setCommandIsControl}
        received={received}
        picture={{
          ...{ fit, zoomed, follow, quality, touch, figures },
          onFit: (next) => {
            setFit(next);
            rfb?.focus();
          },
          onWhole: resetZoom,
          onFollow: (next) => {
            setFollow(next);
            rfb?.focus();
          },
          onQuality: setQuality,
          onTouch: setTouch,
        }}
        touchKeys={touchKeys}
        onTouchKeys={setTouchKeys}
        machine={machine}
        actions={actions}
      />
    </main>
  );
}
