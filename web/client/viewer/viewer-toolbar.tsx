import { hasDisplay, isOn } from "../../../protocol/mip2/machine-state.ts";
import type RFB from "@novnc/novnc";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { Menu } from "../components/menu.tsx";
import { followLink, navigate, buildViewPath } from "../page-route.ts";
import { allows } from "../state/access.ts";
import { useText } from "../state/app-context.ts";
import type { ConnectableDisplay } from "../state/connectable-displays.ts";
import { StopMenu } from "../machine/stop-menu.tsx";
import { PowerOff } from "../machine/power-off.tsx";
import { TimeLeft } from "../machine/time-left.tsx";
import type { MachineActions } from "../machine/use-machine-actions.ts";
import { ClipboardPanel } from "./clipboard-panel.tsx";
import { toggleFullScreen, useFullScreen } from "./full-screen.ts";
import { KeysPanel } from "./keys-panel.tsx";
import type { ViewerConnectionState } from "./viewer-connection-state.ts";
import { saveScreenshot } from "./save-screenshot.ts";
import type { DesktopKeyboard } from "./desktop-keyboard.ts";
import type { KeyboardChoice } from "./keyboard-choice.ts";
import { LineSignal } from "./line-signal.tsx";
import type { PictureControls } from "./picture-controls.ts";
import { PicturePanel } from "./picture-panel.tsx";
import { ToolbarButton } from "./toolbar-button.tsx";
import { isToolbarNeeded } from "./toolbar-need.ts";
import { useToolbarVisibility } from "./use-toolbar-visibility.ts";

interface ViewerToolbarProps {
  readonly name: string;
  /** The machine's further displays that can be connected to. */
  readonly others: readonly ConnectableDisplay[];
  readonly connection: ViewerConnectionState;
  readonly rfb: RFB | null;
  /** Keys and pointer do not reach the desktop. */
  readonly watchOnly: boolean;
  readonly keyboard: DesktopKeyboard | null;
  readonly keyboardChoice: KeyboardChoice;
  readonly onKeyboardChoice: (choice: KeyboardChoice) => void;
  /** On a Mac: Cmd is sent as Ctrl. */
  readonly commandIsControl: boolean;
  readonly onCommandIsControl: (on: boolean) => void;
  readonly received: string;
  readonly picture: PictureControls;
  /** The keys for a phone are over the picture. */
  readonly touchKeys: boolean;
  readonly onTouchKeys: (shown: boolean) => void;
  readonly machine: Machine | null;
  readonly actions: MachineActions;
}

type Panel = "keys" | "clipboard" | "picture" | null;

export function ViewerToolbar(props: ViewerToolbarProps) {
  const {
    name,
    others,
    connection,
    rfb,
    watchOnly,
    keyboard,
    keyboardChoice,
    onKeyboardChoice,
    received,
    picture,
    touchKeys,
    onTouchKeys,
    machine,
    actions,
  } = props;
  const text = useText();
  const { viewer } = text;
  const full = useFullScreen();
  const box = useRef<HTMLDivElement>(null);
  const [panel, setPanel] = useState<Panel>(null);
  const needed = isToolbarNeeded(connection, machine);
  const bar = useToolbarVisibility(box, needed || panel !== null);
  const silent = connection.phase === "open" && connection.silence !== null;
  const phase = silent ? "waiting" : connection.phase;
  const words = {
    connecting: viewer.connecting,
    open: watchOnly ? viewer.watching : viewer.connected,
    waiting: viewer.waiting,
  };

  const away =
    machine !== null &&
    (machine.state === "stopping" ||
      (connection.phase !== "open" && (!isOn(machine.state) || !machine.reachable)));

  useEffect(() => {
    if (rfb === null) setPanel(null);
  }, [rfb]);
  const toggle = (wanted: Panel) => () => setPanel(panel === wanted ? null : wanted);
  const returnToScreen = () => {
    setPanel(null);
    rfb?.focus();
  };

  return (
    <div
      class="viewer-top"
      ref={box}
      data-shown={bar.shown}
      onPointerEnter={bar.cancelHide}
      onPointerLeave={bar.hideLater}
      onKeyDown={(event) => {
        if (event.key === "Escape") returnToScreen();
      }}
    >
      <div class="viewer-bar" role="toolbar" aria-label={viewer.toolbar}>
        <a class="button quiet square" href="/" aria-label={text.back} title={text.back} onClick={followLink}>
          <Icon name="back" />
        </a>
        <strong class="viewer-name">{name}</strong>
        <span class="viewer-state" data-phase={away ? "away" : phase} role="status">
          <span class="dot" aria-hidden="true" />
          <span class="viewer-word">
            {!away && words[phase]}
            {away && (machine.reachable ? text.state[machine.state] : text.monitor.notConnected)}
          </span>
        </span>
        <span class="viewer-gap" />
        {others.length > 0 && (
          <Menu
            label={viewer.otherScreens}
            trigger={<Icon name="screen" />}
            className="button quiet square"
            items={others.flatMap(({ number, desktopId }) => {
              const label = text.monitor.screenNumber(number);
              const path = buildViewPath(desktopId);
              return [
                { label, onChoose: () => navigate(path) },
                {
                  label: viewer.inOwnWindow(label),
                  onChoose: () => void window.open(path, `postern-${desktopId}`, "popup,noopener"),
                },
              ];
            })}
          />
        )}
        {machine !== null && (
          <PowerOff machine={machine} actions={actions} className="time-left viewer-left" />
        )}
        {machine?.expiresSoon === true && (
          <TimeLeft machine={machine} actions={actions} className="time-left viewer-left" />
        )}
        {!watchOnly && (
          <>
            <ToolbarButton
              icon="keycap"
              label={viewer.keys}
              pressed={panel === "keys"}
              disabled={rfb === null}
              onClick={toggle("keys")}
            />
            <ToolbarButton
              icon="keys"
              label={viewer.keyboard}
              className="touch-only"
              leavesFocus
              pressed={touchKeys}
              disabled={rfb === null}
              onClick={() => {
                setPanel(null);
                onTouchKeys(!touchKeys);
              }}
            />
            <ToolbarButton
              icon="clipboard"
              label={viewer.clipboard}
              pressed={panel === "clipboard"}
              disabled={rfb === null}
              onClick={toggle("clipboard")}
            />
          </>
        )}
        <ToolbarButton
          icon="camera"
          label={viewer.screenshot}
          disabled={rfb === null}
          onClick={() => {
            if (rfb !== null) saveScreenshot(rfb, name);
          }}
        />
        <ToolbarButton
          icon="fit"
          label={picture.zoomed ? viewer.whole : viewer.actual}
          pressed={picture.zoomed || !picture.fit}
          onClick={() => {
            if (picture.zoomed) picture.onWhole();
            else picture.onFit(!picture.fit);
          }}
        />
        <button
          type="button"
          class="button quiet square"
          aria-label={viewer.picture}
          title={viewer.picture}
          aria-pressed={panel === "picture"}
          onClick={toggle("picture")}
        >
          <LineSignal figures={picture.figures} />
        </button>
        {!watchOnly && (
          <ToolbarButton
            icon="follow"
            label={viewer.follow}
            pressed={picture.follow}
            disabled={rfb === null}
            onClick={() => picture.onFollow(!picture.follow)}
          />
        )}
        <ToolbarButton
          icon={full ? "shrink" : "expand"}
          label={full ? viewer.leaveFullScreen : viewer.fullScreen}
          onClick={() => {
            // The browser refused: nothing changes, and the button keeps its state.
            toggleFullScreen().then(returnToScreen, () => undefined);
          }}
        />
        {machine !== null &&
          hasDisplay(machine.state) &&
          allows(machine.access, machine.oneShot ? "manage" : "control") && (
            <StopMenu
              machine={machine}
              actions={actions}
              trigger={<Icon name="power" />}
              className="button quiet square"
            />
          )}
        <ToolbarButton
          icon="up"
          label={viewer.hideBar}
          disabled={needed}
          onClick={() => {
            returnToScreen();
            bar.hide();
          }}
        />
      </div>
      {rfb !== null && keyboard !== null && panel === "keys" && (
        <KeysPanel
          rfb={rfb}
          keyboard={keyboard}
          choice={keyboardChoice}
          onChoose={onKeyboardChoice}
          commandIsControl={props.commandIsControl}
          onCommandIsControl={props.onCommandIsControl}
        />
      )}
      {rfb !== null && keyboard !== null && panel === "clipboard" && (
        <ClipboardPanel rfb={rfb} keyboard={keyboard} received={received} />
      )}
      {panel === "picture" && (
        <PicturePanel
          picture={picture}
          watchOnly={watchOnly}
          findCanvas={() => document.querySelector(".viewer-place canvas")}
        />
      )}
      <button
        type="button"
        class="viewer-handle"
        aria-label={viewer.showBar}
        title={`${viewer.showBar} (${viewer.barKey})`}
        tabIndex={bar.shown ? -1 : 0}
        onClick={bar.show}
      >
        <Icon name="down" />
      </button>
    </div>
  );
}
