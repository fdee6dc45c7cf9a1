import type RFB from "@novnc/novnc";
import type { RefObject } from "preact";
import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import { useApp } from "../state/app-context.ts";
import { DesktopKeyboard } from "./desktop-keyboard.ts";
import { dialDesktop } from "./dial-desktop.ts";
import type { LineMeter } from "./line-meter.ts";
import {
  findAnswerPatience,
  initialConnectionState,
  reduceConnection,
  type ViewerConnectionState,
} from "./viewer-connection-state.ts";

interface ViewerConnection {
  readonly connection: ViewerConnectionState;
  readonly rfb: RFB | null;
  /** Keys and pointer do not reach the desktop. */
  readonly watchOnly: boolean;
  /** Of `rfb`. */
  readonly keyboard: DesktopKeyboard | null;
  /** Of `rfb`. */
  readonly meter: LineMeter | null;
  /** The last text that the desktop put on its clipboard. */
  readonly received: string;
  readonly retryNow: () => void;
}

interface OpenScreen {
  readonly rfb: RFB;
  readonly keyboard: DesktopKeyboard;
  readonly watchOnly: boolean;
  readonly meter: LineMeter;
}

/** Copies noVNC's last picture, so that it stays visible while the connection is lost. */
function copyCanvas(from: HTMLCanvasElement | null, to: HTMLCanvasElement | null): void {
  if (from === null || to === null || from.width === 0) return;
  to.width = from.width;
  to.height = from.height;
  to.getContext("2d")?.drawImage(from, 0, 0);
}

/**
 * Keeps a connection to the desktop open and reconnects when it is lost, with a new ticket each time. It does
 * not connect while `paused` (the machine is off).
 */
export function useViewerConnection(
  desktopId: string,
  paused: boolean,
  place: RefObject<HTMLElement | null>,
  frozen: RefObject<HTMLCanvasElement | null>,
): ViewerConnection {
  const { api } = useApp();
  const [connection, send] = useReducer(reduceConnection, initialConnectionState);
  const [screen, setScreen] = useState<OpenScreen | null>(null);
  const [received, setReceived] = useState("");
  const shown = useRef<HTMLCanvasElement | null>(null);
  const dialling = connection.phase !== "waiting" && !(paused && connection.phase === "connecting");

  const lastMeter = useRef<LineMeter | null>(null);
  const patience = useRef(0);
  patience.current = findAnswerPatience(connection, lastMeter.current?.latencyMs ?? 0);
  useEffect(() => {
    const target = place.current;
    if (!dialling || target === null) return;
    const end = dialDesktop(api, desktopId, {
      ...{ target, answerMs: patience.current },
      onOpen({ rfb, watchOnly, meter }) {
        shown.current = target.querySelector("canvas");
        lastMeter.current = meter;
        setScreen({ rfb, keyboard: new DesktopKeyboard(rfb), watchOnly, meter });
        send({ type: "opened", now: Date.now() });
      },
      onClose(cause, detail) {
        copyCanvas(shown.current, frozen.current);
        setScreen(null);
        send({ type: "closed", now: Date.now(), random: Math.random(), cause, detail });
      },
      onSilence: (silence) => send({ type: "silence", silence }),
      onClipboard: setReceived,
    });
    return () => {
      end();
      setScreen(null);
    };
  }, [api, desktopId, dialling, place, frozen]);

  const before = useRef(desktopId);
  useEffect(() => {
    if (before.current === desktopId) return;
    before.current = desktopId;
    send({ type: "reset" });
  }, [desktopId]);

  const retryNow = useCallback(() => send({ type: "retry" }), []);
  useEffect(() => {
    if (!paused) retryNow();
  }, [paused, retryNow]);
  useEffect(() => {
    if (connection.phase !== "waiting" || paused) return;
    const timer = window.setTimeout(retryNow, Math.max(0, connection.retryAt - Date.now()));
    const look = () => {
      if (!document.hidden) retryNow();
    };
    window.addEventListener("online", retryNow);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener("online", retryNow);
      document.removeEventListener("visibilitychange", look);
    };
  }, [connection, paused, retryNow]);

  return {
    ...{ connection, received, retryNow },
    rfb: screen?.rfb ?? null,
    watchOnly: screen?.watchOnly ?? false,
    keyboard: screen?.keyboard ?? null,
    meter: screen?.meter ?? null,
  };
}
